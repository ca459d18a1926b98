"""Several processes on one table, and processes that are killed: no row is lost, doubled or mixed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from acc_pipeline.lake.errors import NotReady, Overtaken
from acc_pipeline.lake.lake import Lake
from acc_pipeline.lake.recipe import Recipe
from acc_pipeline.lake.runs import Produced
from acc_pipeline_tests.lake.work import WORDS, Text, content, many, run, split

_ROOT = Path(__file__).parents[2]


def start(root: Path, partition: str, count: int, *, salt: str = "") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "acc_pipeline_tests.lake.work", str(root), partition, str(count), salt],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
        env={**os.environ, "POLARS_MAX_THREADS": "1"},
    )


def end(process: subprocess.Popen[str]) -> tuple[int, int, str]:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    kept, rejected, version = out.split()
    return int(kept), int(rejected), version


def test_two_processes_on_the_same_partition(tmp_path: Path) -> None:
    texts = many(40)
    undisturbed = run(tmp_path / "alone", texts)
    first, second = start(tmp_path / "lake", "sql", 40), start(tmp_path / "lake", "sql", 40)
    reports = [end(first), end(second)]
    wanted = (undisturbed.kept, undisturbed.rejected, undisturbed.data_version)
    assert reports == [wanted, wanted]
    assert content(tmp_path / "lake") == content(tmp_path / "alone")
    assert not run(tmp_path / "lake", texts).committed


def test_processes_on_different_partitions(tmp_path: Path) -> None:
    partitions = ["search", "swe", "sql"]
    children = [start(tmp_path / "lake", name, 30, salt=name) for name in partitions]
    reports = [end(child) for child in children]
    for name, report in zip(partitions, reports, strict=True):
        alone = run(tmp_path / "alone", many(30, salt=name), partition=name)
        assert report == (alone.kept, alone.rejected, alone.data_version)
        assert content(tmp_path / "lake", name) == content(tmp_path / "alone", name)
        assert not run(tmp_path / "lake", many(30, salt=name), partition=name).committed


@pytest.mark.kills
@pytest.mark.parametrize("old", [False, True])
def test_a_kill_keeps_finished_shards_and_the_rerun_ends_as_if_undisturbed(tmp_path: Path, old: bool) -> None:
    texts = many(60)
    root = tmp_path / "lake"
    lake = Lake(str(root))
    if old:  # the killed run replaces a complete partition
        run(root, many(70, salt="old"), shard_size=10)
    child = start(root, "sql", 60)
    deadline = time.monotonic() + 60
    while _made(lake, salt="" if not old else "old") < 12:
        assert child.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.communicate()

    with pytest.raises(NotReady):
        lake.scan(WORDS, "sql")
    seen: list[str] = []
    report = run(root, texts, seen=seen)
    assert report.reused >= 12, "finished shards were kept"
    assert 0 < len(seen) == 60 - report.reused
    undisturbed = run(tmp_path / "undisturbed", texts)
    assert report.data_version == undisturbed.data_version
    assert content(root) == content(tmp_path / "undisturbed")


def _made(lake: Lake, *, salt: str) -> int:
    """How many inputs the run in the other process has committed so far, over the rows that were there before."""
    table = lake.store(WORDS).open()
    if table is None:
        return 0
    old = {key: f"w{n}{salt}" for n, key in enumerate(many(60))}
    rows = pl.scan_delta(table).filter(pl.col("status") == "kept").select("input_key", "word").unique().collect()
    changed = {key for key, word in rows.iter_rows() if not salt or word != old.get(key, word)}
    return len(changed)


class Meanwhile:
    """A stage during whose first record something else happens."""

    def __init__(self, other: object) -> None:
        self.other = other

    def __call__(self, item: Text) -> Produced:
        other, self.other = self.other, None
        if callable(other):
            other()
        return split(item)


def test_a_run_that_finished_meanwhile_is_not_done_again(tmp_path: Path) -> None:
    texts = many(9)
    versions: list[int] = []

    def other() -> None:
        run(tmp_path, texts, shard_size=9)
        versions.append(_version(tmp_path))

    report = run(tmp_path, texts, process=Meanwhile(other))
    assert _version(tmp_path) == versions[0], "what the other run did stands"
    assert (report.kept, report.rejected) == (12, 2)
    assert not run(tmp_path, texts).committed


def test_an_input_that_another_run_made_anew_is_not_removed(tmp_path: Path) -> None:
    run(tmp_path, {"a": "one", "b": "two"})
    # This run knows nothing of b any more; while it works another one gets a new b.
    order: list[str] = []

    lake = Lake(str(tmp_path))
    begin = type(lake.markers).begin

    def begin_late(markers: object, table: str, partition: str, *, wanted: str) -> None:
        if not order:
            order.append("other")
            run(tmp_path, {"a": "one", "b": "three"})
        begin(markers, table, partition, wanted=wanted)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(lake.markers), "begin", begin_late)
        report = run(tmp_path, {"a": "one"})
    assert order == ["other"]
    assert report.removed == 0
    assert sorted(lake.scan(WORDS, "sql").collect()["word"]) == ["one", "three"]
    assert run(tmp_path, {"a": "one"}).removed == 1


def test_a_run_with_another_recipe_meanwhile_is_told(tmp_path: Path) -> None:
    texts = many(9)
    other = Recipe({"budget": 1})

    class Slow:
        """The other recipe writes everything at the last record, when the first shards are committed."""

        def __call__(self, item: Text) -> Produced:
            if item.key == "runs/008.json":
                run(tmp_path, texts, recipe=other)
            return split(item)

    with pytest.raises(Overtaken, match="words/sql: another run with other inputs or settings replaced 6 inputs"):
        run(tmp_path, texts, process=Slow())
    with pytest.raises(NotReady):
        Lake(str(tmp_path)).scan(WORDS, "sql")
    assert run(tmp_path, texts).reused == 3


def test_a_reader_keeps_the_state_that_it_opened(tmp_path: Path) -> None:
    run(tmp_path, {"a": "one", "b": "two"})
    lake = Lake(str(tmp_path))
    frame = lake.scan(WORDS, "sql")
    run(tmp_path, {"a": "changed"})
    assert sorted(frame.collect()["word"]) == ["one", "two"]
    assert lake.scan(WORDS, "sql").collect()["word"].to_list() == ["changed"]


def test_a_reader_beside_a_writer_sees_whole_partitions_only(tmp_path: Path) -> None:
    root = tmp_path / "lake"
    old, new = many(60, salt="old"), many(60)
    run(root, old, shard_size=20)
    lake = Lake(str(root))
    before, looks = content(root), 0
    child = start(root, "sql", 60)
    while child.poll() is None:
        try:
            rows = content(root)
        except NotReady:
            looks += 1
            continue
        if rows != before:
            break
    end(child)
    run(tmp_path / "alone", new)
    assert looks > 0
    assert content(root) == content(tmp_path / "alone")
    assert lake.marker(WORDS, "sql") is not None


def _version(root: Path) -> int:
    table = Lake(str(root)).store(WORDS).open()
    assert table is not None
    return table.version()
