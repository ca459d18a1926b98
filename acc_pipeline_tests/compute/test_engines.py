"""What every engine promises, shown on each of them, and what only the spawn pool has to do."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acc_pipeline.compute.engine import Engine, ItemError
from acc_pipeline.compute.engines import make_engine
from acc_pipeline.compute.inprocess import InProcessEngine
from acc_pipeline.compute.needs import Needs
from acc_pipeline.compute.spawn_pool import SpawnPoolEngine
from acc_pipeline_tests.compute import work


@pytest.fixture(scope="module")
def pool() -> Iterator[SpawnPoolEngine]:
    with SpawnPoolEngine(workers=2) as engine:
        yield engine


@pytest.fixture(params=["inprocess", "spawn"])
def engine(request: pytest.FixtureRequest, pool: SpawnPoolEngine) -> Engine:
    return pool if request.param == "spawn" else InProcessEngine()


def _collect(results: Iterator[int], into: list[int], *, pause: float = 0) -> None:
    for value in results:
        into.append(value)
        time.sleep(pause)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers=st.lists(st.integers(), max_size=30), ordered=st.booleans())
def test_every_item_once(engine: Engine, numbers: list[int], ordered: bool) -> None:
    results = list(engine.map(work.square, numbers, ordered=ordered))
    wanted = [n * n for n in numbers]
    assert results == wanted if ordered else sorted(results) == sorted(wanted)


def test_items_are_taken_only_as_there_is_room(engine: Engine) -> None:
    taken: list[int] = []

    def endless() -> Iterator[int]:
        n = 0
        while True:
            taken.append(n)
            yield n
            n += 1

    results = engine.map(work.square, endless())
    assert taken == []
    assert [next(results) for _ in range(5)] == [0, 1, 4, 9, 16]
    assert len(taken) <= 5 + 4
    results.close()  # type: ignore[attr-defined]
    assert list(engine.map(work.square, [3])) == [9], "a caller that stops early leaves the engine usable"


def test_the_first_error_names_its_item_and_stops(engine: Engine) -> None:
    taken: list[int] = []

    def items() -> Iterator[work.Named]:
        for n in range(1000):
            taken.append(n)
            yield work.Named(key=f"log-{n}", value=n)

    done: list[int] = []
    with pytest.raises(ItemError, match=r"item 3 \(log-3\).*KeyError: 'no such column'") as caught:
        _collect(engine.map(work.fail_on_three, items()), done)
    assert done == [0, 1, 2]
    assert isinstance(caught.value.__cause__, KeyError)
    assert len(taken) < 20
    assert list(engine.map(work.square, [1, 2])) == [1, 4]


def test_results_that_are_ready_are_not_lost_to_an_error_when_order_is_free(pool: SpawnPoolEngine) -> None:
    items = [work.Named(key=str(n), value=n) for n in (0, 1, 2, 3)]
    seen: list[int] = []
    with pytest.raises(ItemError, match=r"item 3"):
        _collect(pool.map(work.fail_on_three, items, ordered=False), seen, pause=0.2)
    assert sorted(seen) == [0, 1, 2]


def test_a_slow_item_holds_nobody_up_when_order_is_free(pool: SpawnPoolEngine) -> None:
    list(pool.map(work.square, range(4)))  # both workers are up
    assert next(iter(pool.map(work.slow_first, [0, 1, 2], ordered=False))) != 0
    assert list(pool.map(work.slow_first, [0, 1, 2])) == [0, 1, 2]


def test_work_is_spread_and_the_processes_are_kept(pool: SpawnPoolEngine) -> None:
    first = set(pool.map(work.pid, range(40)))
    assert len(first) == 2
    assert os.getpid() not in first
    assert set(pool.map(work.pid, range(40))) == first


def test_an_item_of_several_cores_takes_as_many_slots(pool: SpawnPoolEngine) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for n in range(4):
            taken.append(n)
            yield n

    results = pool.map(work.square, items(), needs=Needs(cpus=2))
    next(results)
    assert taken == [0]
    assert list(results) == [1, 4, 9]


def test_a_callable_is_unpickled_once_a_worker(pool: SpawnPoolEngine) -> None:
    assert max(pool.map(work.Counter(), range(20))) >= 10


def test_an_error_that_cannot_travel_still_says_what_happened(pool: SpawnPoolEngine) -> None:
    with pytest.raises(ItemError, match=r"item 1 \(1\): Picky: 1 and 2"):
        list(pool.map(work.fail_picky, [0, 1]))


def test_what_does_not_pickle_is_named(pool: SpawnPoolEngine) -> None:
    with pytest.raises(TypeError, match="function of a module"):
        pool.map(lambda n: n, [1])
    with pytest.raises(ItemError, match=r"item 0 .*pickle"):
        list(pool.map(work.square, [lambda: 1]))  # type: ignore[arg-type]
    with pytest.raises(ItemError, match=r"item 0 .*pickle"):
        list(pool.map(work.unpicklable, [1]))


@pytest.mark.kills
def test_a_killed_worker_is_an_error_that_names_the_suspects(pool: SpawnPoolEngine) -> None:
    items = [work.Named(key=f"log-{n}", value=n) for n in range(6)]
    with pytest.raises(ItemError, match=r"log-2.*killed or ran out of memory"):
        list(pool.map(work.die_on_two, items))
    assert list(pool.map(work.square, [5])) == [25]


def test_after_an_error_nothing_goes_on(pool: SpawnPoolEngine, tmp_path: Path) -> None:
    def items() -> Iterator[str]:
        yield str(tmp_path / "a")
        yield str(tmp_path / "b")
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        list(pool.map(work.touch_slowly, items()))
    time.sleep(0.6)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.kills
def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    script = (
        "from acc_pipeline.compute.spawn_pool import SpawnPoolEngine\n"
        "from acc_pipeline_tests.compute import work\n"
        "import time\n"
        "if __name__ == '__main__':\n"
        "    pool = SpawnPoolEngine(workers=2)\n"
        "    print(*set(pool.map(work.pid, range(40))), flush=True)\n"
        "    time.sleep(60)\n"
    )
    program = tmp_path / "program.py"
    program.write_text(script)
    root = Path(__file__).parents[2]
    child = subprocess.Popen(
        [sys.executable, str(program)], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(root)}
    )
    assert child.stdout is not None
    workers = [int(word) for word in child.stdout.readline().split()]
    assert workers
    child.send_signal(signal.SIGKILL)
    child.wait()
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{worker}/cmdline").exists() for worker in workers) and time.monotonic() < deadline:
        if all(_is_gone(worker) for worker in workers):
            break
        time.sleep(0.1)
    assert all(_is_gone(worker) for worker in workers)


def _is_gone(process: int) -> bool:
    """Ended; a container without an init may keep the zombie's entry."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.parametrize("name", ["inprocess", "spawn"])
def test_the_engine_that_a_setting_names(name: str) -> None:
    engine = make_engine(name, workers=1)  # type: ignore[arg-type]
    assert list(engine.map(work.square, [2])) == [4]
    with pytest.raises(ValueError, match="needs 2 machines"):
        engine.map(work.square, [2], needs=Needs(nodes=2))
    engine.close()


def test_wrong_settings_say_what_is_allowed() -> None:
    with pytest.raises(ValueError, match=r"acc-pipeline\[ray\]"):
        make_engine("ray")
    with pytest.raises(ValueError, match="'inprocess' or 'spawn'"):
        make_engine("spwan")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least 1"):
        make_engine("spawn", workers=0)
    with pytest.raises(ValueError, match="cpus and nodes"):
        Needs(cpus=0)
