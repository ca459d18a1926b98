"""A run is idempotent, incremental and complete: shown on real Delta tables against what the texts say."""

import logging
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acc_pipeline.compute.engine import ItemError
from acc_pipeline.compute.inprocess import InProcessEngine
from acc_pipeline.compute.spawn_pool import SpawnPoolEngine
from acc_pipeline.lake.errors import NotReady
from acc_pipeline.lake.keys import row_digests
from acc_pipeline.lake.lake import Lake
from acc_pipeline.lake.recipe import Recipe
from acc_pipeline.lake.runs import Input, Produced, RejectRow, run_records
from acc_pipeline_tests.lake.work import RECIPE, WORDS, Text, content, many, run, split

_KEYS = st.one_of(
    st.sampled_from(
        ["a", "b", "it's", "it''s", "back\\slash", "new\nline", "", "é", "%", "null", "x" * 60 + "1", "x" * 60]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)
_TEXTS = st.lists(st.sampled_from(["a", "bb", "a", "!c", "!d", "?e"]), max_size=5).map(" ".join)


def version(root: Path) -> int:
    table = Lake(str(root)).store(WORDS).open()
    assert table is not None
    return table.version()


def expected(texts: dict[str, str], *, first: str) -> list[tuple[str, str]]:
    return sorted(
        (key, word) for key, text in texts.items() for word in text.split() if (word[0] in "!?") == bool(first)
    )


@settings(max_examples=20, deadline=None)
@given(
    before=st.dictionaries(_KEYS, _TEXTS, max_size=6),
    after=st.dictionaries(_KEYS, _TEXTS, max_size=6),
    shard_size=st.integers(1, 4),
)
def test_any_run_after_any_other(
    tmp_path_factory: pytest.TempPathFactory, before: dict[str, str], after: dict[str, str], shard_size: int
) -> None:
    root = tmp_path_factory.mktemp("lake")
    run(root, before, shard_size=shard_size)
    seen: list[str] = []
    report = run(root, after, shard_size=shard_size, seen=seen)
    lake = Lake(str(root))

    kept = lake.scan(WORDS, "sql").collect()
    rejects = lake.rejects(WORDS, "sql").collect()
    assert sorted(kept.select("input_key", "word").rows()) == expected(after, first="")
    assert sorted((key, f"{word}") for key, word in rejects.select("input_key", "word").rows()) == [
        (key, word[1:]) for key, word in expected(after, first="!?")
    ]
    assert kept["size"].to_list() == [len(word) for word in kept["word"]]
    assert kept["letters"].to_list() == [list(word) for word in kept["word"]]
    rows = lake.scan(WORDS, "sql", status=None).collect()
    assert set(rows["input_key"]) == set(after), "an input with nothing to say is on record as well"
    assert rows.select("input_key", "output_no").is_unique().all()

    # Worked on: what is new, what changed, and what is to be tried again. Nothing else.
    assert sorted(seen) == sorted(key for key, text in after.items() if before.get(key) != text or "?" in text)
    assert report.removed == len(before.keys() - after.keys())
    assert (report.total, report.reused + report.processed) == (len(after), len(after))
    assert report.processed == len(seen)
    assert (report.kept, report.rejected) == (kept.height, rejects.height)
    assert report.retryable == sum(text.count("?") for text in after.values())
    assert report.reasons == ({"bad_word": rejects.height} if rejects.height else {})

    fresh = tmp_path_factory.mktemp("fresh")
    assert run(fresh, dict(reversed(after.items())), shard_size=2).data_version == report.data_version
    assert content(fresh) == content(root)


def test_a_rerun_commits_nothing(tmp_path: Path) -> None:
    texts = many(10)
    first = run(tmp_path, texts, upstream={"logs": "v1"})
    assert first.committed
    tables = [WORDS.name, "_markers", "_recipes"]
    logs = {name: sorted((tmp_path / name / "_delta_log").iterdir()) for name in tables}
    seen: list[str] = []
    again = run(tmp_path, texts, seen=seen, upstream={"logs": "v1"})
    assert {name: sorted((tmp_path / name / "_delta_log").iterdir()) for name in tables} == logs
    assert seen == []
    assert (again.committed, again.processed, again.reused) == (False, 0, 10)
    assert (again.kept, again.rejected, again.reasons, again.data_version) == (
        first.kept,
        first.rejected,
        first.reasons,
        first.data_version,
    )


def test_an_upstream_that_moved_is_told_without_touching_the_rows(tmp_path: Path) -> None:
    run(tmp_path, many(3), upstream={"logs": "v1"})
    before = version(tmp_path)
    assert run(tmp_path, many(3), upstream={"logs": "v2"}).committed
    marker = Lake(str(tmp_path)).marker(WORDS, "sql")
    assert marker is not None
    assert marker.upstream == {"logs": "v2"}
    assert version(tmp_path) == before


def test_one_new_input_costs_one_record_and_one_commit(tmp_path: Path) -> None:
    texts = many(9)
    run(tmp_path, texts)
    before = version(tmp_path)
    seen: list[str] = []
    run(tmp_path, {**texts, "runs/new.json": "x"}, seen=seen)
    assert seen == ["runs/new.json"]
    assert version(tmp_path) == before + 1


def test_a_cured_side_input_reruns_just_those_records(tmp_path: Path) -> None:
    texts = many(8)
    lacking = {"runs/003.json": {"database": "absent", "reference": "r1"}, "runs/004.json": {"database": "d1"}}
    run(tmp_path, texts, side=lacking)
    seen: list[str] = []
    cured = {**lacking, "runs/003.json": {"database": "d7", "reference": "r1"}}
    report = run(tmp_path, texts, side=cured, seen=seen)
    assert seen == ["runs/003.json"]
    assert (report.processed, report.reused) == (1, 7)
    seen.clear()
    assert not run(tmp_path, texts, side=cured, seen=seen).committed
    # The order in which side inputs are named is not content.
    turned = {**cured, "runs/003.json": {"reference": "r1", "database": "d7"}}
    assert not run(tmp_path, texts, side=turned).committed


def test_a_changed_input_is_replaced_and_others_are_left(tmp_path: Path) -> None:
    run(tmp_path, {"a": "one two three", "b": "four !no"})
    report = run(tmp_path, {"a": "five", "b": "four !no"})
    kept = Lake(str(tmp_path)).scan(WORDS, "sql").collect()
    assert sorted(kept["word"]) == ["five", "four"]
    assert (report.kept, report.rejected, report.processed) == (2, 1, 1)


def test_a_changed_recipe_is_told_in_words_and_makes_every_record_new(tmp_path: Path) -> None:
    texts = many(5)
    first = run(tmp_path, texts)
    assert first.recipe_change == []
    changed = Recipe({"budget": 8192, "rules": 1, "forms": ["pieces"]})
    report = run(tmp_path, texts, recipe=changed)
    assert report.recipe_change == ['forms: (not set) -> ["pieces"]', "budget: 4096 -> 8192"][::-1]
    assert report.processed == 5
    assert report.data_version == first.data_version, "the content came out the same"
    rows = Lake(str(tmp_path)).scan(WORDS, "sql", status=None).collect()
    assert set(rows["recipe"]) == {changed.fingerprint}
    assert run(tmp_path, texts, recipe=changed).recipe_change == []


def test_all_inputs_gone_leaves_an_empty_ready_partition(tmp_path: Path) -> None:
    run(tmp_path, many(4))
    run(tmp_path, many(2), partition="swe")
    report = run(tmp_path, {})
    assert (report.total, report.kept, report.removed, report.committed) == (0, 0, 4, True)
    assert Lake(str(tmp_path)).scan(WORDS, "sql").collect().is_empty()
    assert content(tmp_path, "swe")
    assert not run(tmp_path, {}).committed


def test_no_inputs_at_all_is_a_complete_run(tmp_path: Path) -> None:
    report = run(tmp_path, {})
    assert (report.total, report.committed) == (0, True)
    assert Lake(str(tmp_path)).scan(WORDS, "sql").collect().columns == list(WORDS.schema)
    assert not run(tmp_path, {}).committed


class Teacher:
    """A stage whose cause passes: it rejects while down."""

    def __init__(self, *, down: bool) -> None:
        self.down = down

    def __call__(self, item: Text) -> Produced:
        if self.down and item.key.endswith("2.json"):
            return Produced([], [RejectRow("teacher_down", "no answer", "start the teacher", retryable=True)])
        return split(item)


def test_what_failed_for_a_passing_cause_is_tried_again(tmp_path: Path) -> None:
    texts = many(5)
    down = run(tmp_path, texts, process=Teacher(down=True))
    assert (down.retryable, down.reasons["teacher_down"]) == (1, 1)
    assert Lake(str(tmp_path)).scan(WORDS, "sql").collect().height == down.kept, "ready: the rest goes on"
    seen: list[str] = []
    up = run(tmp_path, texts, process=Teacher(down=False), seen=seen)
    assert seen == ["runs/002.json"]
    assert up.retryable == 0
    run(tmp_path / "undisturbed", texts)
    assert content(tmp_path) == content(tmp_path / "undisturbed")


class Crash:
    """A stage that cannot go on at one record, once."""

    def __init__(self, key: str) -> None:
        self.key = key

    def __call__(self, item: Text) -> Produced:
        if item.key == self.key:
            raise OSError("disk full")
        return split(item)


@settings(max_examples=10, deadline=None)
@given(at=st.integers(0, 11), shard_size=st.integers(1, 5))
def test_a_crash_keeps_what_was_finished_and_the_rerun_ends_the_same(
    tmp_path_factory: pytest.TempPathFactory, at: int, shard_size: int
) -> None:
    root = tmp_path_factory.mktemp("lake")
    texts = many(12)
    with pytest.raises(ItemError, match=rf"runs/{at:03d}\.json.*disk full"):
        run(root, texts, process=Crash(f"runs/{at:03d}.json"), shard_size=shard_size)
    lake = Lake(str(root))
    assert lake.marker(WORDS, "sql") is None
    with pytest.raises(NotReady, match="words/sql is not ready: a run that writes it is going on or was cut off"):
        lake.scan(WORDS, "sql")
    partial = lake.scan(WORDS, "sql", status=None, allow_partial=True).collect()
    assert set(partial["input_key"]) == set(list(texts)[:at])

    seen: list[str] = []
    report = run(root, texts, shard_size=shard_size, seen=seen)
    assert seen == list(texts)[at:]
    assert report.reused == at
    undisturbed = tmp_path_factory.mktemp("undisturbed")
    assert run(undisturbed, texts).data_version == report.data_version
    assert content(undisturbed) == content(root)


def test_a_crash_under_a_new_recipe_shows_no_mixture(tmp_path: Path) -> None:
    texts = many(8)
    run(tmp_path, texts)
    changed = Recipe({"budget": 8192, "rules": 1})
    with pytest.raises(ItemError):
        run(tmp_path, texts, recipe=changed, process=Crash("runs/005.json"))
    lake = Lake(str(tmp_path))
    with pytest.raises(NotReady):
        lake.scan(WORDS, "sql")
    partial = lake.scan(WORDS, "sql", status=None, allow_partial=True).collect()
    assert set(partial["recipe"]) == {changed.fingerprint}
    old = lake.scan(WORDS, "sql", status=None, allow_partial=True, recipe=RECIPE).collect()
    assert set(old["recipe"]) == {RECIPE.fingerprint}
    report = run(tmp_path, texts, recipe=changed)
    assert report.recipe_change == ["budget: 4096 -> 8192"], "told against what was last complete"
    assert report.reused == 5


def test_the_spawn_engine_gives_the_same_rows(tmp_path: Path) -> None:
    texts = many(20)
    here = run(tmp_path / "here", texts)
    with SpawnPoolEngine(workers=2) as engine:
        there = run(tmp_path / "there", texts, engine=engine)
    assert there.data_version == here.data_version
    assert content(tmp_path / "there") == content(tmp_path / "here")


def test_payloads_are_loaded_shard_by_shard(tmp_path: Path) -> None:
    held: list[int] = []
    seen: list[str] = []

    def note(item: Text) -> Produced:
        held.append(len(seen) - len(held))
        return split(item)

    run(tmp_path, many(30), process=note, shard_size=5, seen=seen)
    assert max(held) <= 5
    table = Lake(str(tmp_path)).store(WORDS).open()
    assert table is not None
    assert table.version() == 6, "one commit a shard"


@pytest.mark.parametrize(
    ("process", "message"),
    [
        (lambda item: Produced([{"wrod": "x"}]), r"words.*input 'runs/000.json'.*\['wrod'\].*it has \['letters'"),
        (lambda item: Produced([{"size": "long"}]), r"input 'runs/000.json': column 'size' is Int64.*str 'long'"),
        (lambda item: [{"word": "x"}], r"runs/000.json.*gave list, not Produced"),
    ],
)
def test_a_mistake_of_the_stage_fails_with_names(tmp_path: Path, process: Any, message: str) -> None:
    with pytest.raises((ValueError, ItemError), match=message):
        run(tmp_path, many(1), process=process)


def test_a_text_that_is_no_text_rejects_its_input_only(tmp_path: Path) -> None:
    def hostile(item: Text) -> Produced:
        return Produced([{"word": "\ud800", "letters": ["x"]}]) if item.key == "bad" else split(item)

    report = run(tmp_path, {"good": "a", "bad": "b"}, process=hostile)
    assert (report.kept, report.reasons) == (1, {"unstorable_text": 1})
    assert "column 'word'" in Lake(str(tmp_path)).rejects(WORDS, "sql").collect()["detail"][0]
    assert not run(tmp_path, {"good": "a", "bad": "b"}, process=hostile).committed


def test_wrong_calls_are_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        run(tmp_path, many(1), shard_size=0)
    with pytest.raises(ValueError, match="a partition needs a name"):
        run(tmp_path, many(1), partition="")
    twice = [Input("k", "1"), Input("k", "2")]
    with pytest.raises(ValueError, match="two inputs have the key 'k'"):
        run_records(
            Lake(str(tmp_path)),
            WORDS,
            partition="sql",
            recipe=RECIPE,
            inputs=twice,
            load=lambda shard: [],
            process=split,
            engine=InProcessEngine(),
        )
    for payloads, message in (
        ([], "no payload for input 'k'"),
        ([Text("k", "a")] * 2, "more payloads than the 1 inputs"),
    ):
        with pytest.raises(ValueError, match=message):
            run_records(
                Lake(str(tmp_path)),
                WORDS,
                partition="sql",
                recipe=RECIPE,
                inputs=twice[:1],
                load=lambda shard, payloads=payloads: payloads,  # type: ignore[misc]
                process=split,
                engine=InProcessEngine(),
            )


def test_progress_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        run(tmp_path, many(5), log=logging.getLogger("progress"))
    assert [record.getMessage() for record in caplog.records] == [
        "words/sql: 3 of 5 inputs done",
        "words/sql: 5 of 5 inputs done",
    ]


def test_numbers_keep_their_kind() -> None:
    frames = [pl.DataFrame({"x": [value]}) for value in (1, 1.0, "1", None, True)]
    assert len({row_digests(frame)[0] for frame in frames}) == 5
