"""The response store: durable before used, shared by processes, honest about what was in flight."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from acc_pipeline.llm.reply import Reply
from acc_pipeline.llm.request import Request, Sampling
from acc_pipeline.llm.store import ResponseStore

ASKED = Request(model="m", messages=[{"role": "user", "content": "2+2?"}], sampling=Sampling(), tag="e1")
REPLY = Reply(content="four", cost=0.5)


def _claim(store: ResponseStore, request: Request = ASKED, *, lease: float = 60, budget: float | None = None) -> str:
    claim = store.claim(request, purpose="p", cost=1.0, lease_seconds=lease, budget=budget).result()
    return claim.outcome


def _keep(store: ResponseStore, request: Request) -> None:
    claim = store.claim(request, purpose="p", cost=1.0, lease_seconds=60, budget=None).result()
    store.finish(claim.call_id, request=request, purpose="p", reply=REPLY).result()


def test_finished_means_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with ResponseStore(path) as store:
        _keep(store, ASKED)
        other = sqlite3.connect(path)
        assert other.execute("SELECT COUNT(*) FROM responses").fetchone() == (1,)
        other.close()
        assert store.get(ASKED.key).result() == REPLY
        assert _claim(store) == "stored"


@pytest.mark.parametrize(
    "change",
    [
        {"model": "n"},
        {"messages": [{"role": "user", "content": "3+3?"}]},
        {"sampling": Sampling(temperature=0.5)},
        {"sampling": Sampling(extra={"top_k": 1})},
        {"sample_no": 1},
    ],
)
def test_the_key_is_model_prompt_sampling_and_sample(change: dict[str, object]) -> None:
    assert msgspec.structs.replace(ASKED, **change).key != ASKED.key
    assert msgspec.structs.replace(ASKED, tag="other").key == ASKED.key


def test_a_request_under_way_is_busy_until_its_lease_ends(tmp_path: Path) -> None:
    with ResponseStore(tmp_path / "s.sqlite") as store:
        assert _claim(store, lease=0.2) == "granted"
        assert _claim(store) == "busy"
        time.sleep(0.25)
        assert _claim(store) == "granted"
        assert [lost.key for lost in store.possibly_billed_twice().result()] == [ASKED.key]


def test_pending_and_lost_calls_count_in_the_budget(tmp_path: Path) -> None:
    requests = [msgspec.structs.replace(ASKED, sample_no=number) for number in range(4)]
    with ResponseStore(tmp_path / "s.sqlite") as store:
        _keep(store, requests[0])  # 0.5
        granted = store.claim(requests[1], purpose="p", cost=1.0, lease_seconds=60, budget=2.5).result()
        store.lose(granted.call_id).result()  # 1.0
        assert _claim(store, requests[2], budget=2.5) == "granted"  # 1.0
        assert _claim(store, requests[3], budget=2.5) == "over_budget"
        assert store.spent("p").result() == pytest.approx(2.5)
        assert store.spent("another purpose").result() == 0.0


def test_a_takedown_leaves_no_text_and_keeps_the_cost(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with ResponseStore(path) as store:
        claim = store.claim(ASKED, purpose="p", cost=1.0, lease_seconds=60, budget=None).result()
        secret = Reply(content="forget-me-please", cost=0.5)
        store.finish(claim.call_id, request=ASKED, purpose="p", reply=secret).result()
        assert store.forget("e1").result() == 1
        assert store.get(ASKED.key).result() is None
        assert store.spent("p").result() == 0.5
        files = list(tmp_path.iterdir())
        assert files
        assert not any(b"forget-me-please" in file.read_bytes() for file in files)


def test_one_failing_write_does_not_undo_the_others(tmp_path: Path) -> None:
    requests = [msgspec.structs.replace(ASKED, sample_no=number) for number in range(200)]
    with ResponseStore(tmp_path / "s.sqlite") as store:

        def bad(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO responses VALUES (1)")

        with ThreadPoolExecutor(8) as pool:
            failures = [store._writer.submit(bad) for _ in range(3)]
            list(pool.map(lambda request: _keep(store, request), requests))
        assert all(isinstance(future.exception(), sqlite3.Error) for future in failures)
        assert all(store.get(request.key).result() == REPLY for request in requests)


def test_a_file_that_is_no_store_is_an_error_at_once(tmp_path: Path) -> None:
    (tmp_path / "s.sqlite").write_text("this is no database" * 100)
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        ResponseStore(tmp_path / "s.sqlite")


_CHILD = """
    import sys, time
    from pathlib import Path
    from acc_pipeline.llm.store import ResponseStore
    from acc_pipeline_tests.llm.test_store import ASKED, REPLY, _claim, _keep
    import msgspec
    store = ResponseStore(Path(sys.argv[1]))
    for number in range(int(sys.argv[2]), int(sys.argv[2]) + 50):
        _keep(store, msgspec.structs.replace(ASKED, sample_no=number))
    print(_claim(store, msgspec.structs.replace(ASKED, sample_no=-1 - int(sys.argv[2])), lease=3600), flush=True)
    time.sleep(60 if sys.argv[3] == "stay" else 0)
"""


def _child(path: Path, first: int, ending: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", textwrap.dedent(_CHILD), str(path), str(first), ending]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])


@pytest.mark.kills
def test_what_a_killed_process_had_stored_stays_and_what_was_in_flight_is_listed(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    child = _child(path, 0, "stay")
    assert child.stdout is not None
    assert child.stdout.readline() == "granted\n"
    in_flight = msgspec.structs.replace(ASKED, sample_no=-1)
    with ResponseStore(path) as store:
        assert _claim(store, in_flight) == "busy"
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
        stored = [store.get(msgspec.structs.replace(ASKED, sample_no=n).key).result() for n in range(50)]
        assert stored == [REPLY] * 50
        assert [lost.key for lost in store.possibly_billed_twice().result()] == [in_flight.key]
        assert _claim(store, in_flight) == "granted"
        assert store.spent("p").result() == pytest.approx(50 * 0.5 + 1.0 + 1.0)


def test_two_processes_write_one_store(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    children = [_child(path, first, "end") for first in (0, 1000)]
    assert [child.communicate(timeout=60)[0] for child in children] == ["granted\n"] * 2
    with ResponseStore(path) as store:
        assert (
            store._writer.submit(
                lambda connection: connection.execute("SELECT COUNT(*) FROM responses").fetchone()[0]
            ).result()
            == 100
        )
