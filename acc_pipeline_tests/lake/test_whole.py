"""Set-level tables: the partition is exactly the frame, written only where it changed."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acc_pipeline.lake import whole
from acc_pipeline.lake.errors import NotReady
from acc_pipeline.lake.lake import Lake
from acc_pipeline.lake.recipe import Recipe
from acc_pipeline.lake.tables import TableSpec
from acc_pipeline_tests.lake.work import RECIPE

SPLITS = TableSpec("splits", {"task": pl.String, "group": pl.Int64})
_ROWS = st.lists(st.tuples(st.sampled_from("abcd'"), st.none() | st.integers(0, 3)), max_size=8)


def put(root: Path, rows: list[tuple[str, int | None]], *, recipe: Recipe = RECIPE, keyed: bool = False) -> str:
    frame = pl.DataFrame(rows, schema=SPLITS.columns, orient="row")
    if keyed:
        frame = frame.with_columns(input_key="task")
    return Lake(str(root)).replace_partition(SPLITS, "sql", frame, recipe=recipe)


def get(root: Path) -> list[tuple[str, int | None]]:
    return sorted(Lake(str(root)).scan(SPLITS, "sql").select("task", "group").collect().rows(), key=str)


def version(root: Path) -> int:
    table = Lake(str(root)).store(SPLITS).open()
    assert table is not None
    return table.version()


@settings(max_examples=25, deadline=None)
@given(before=_ROWS, after=_ROWS, keyed=st.booleans(), data=st.data())
def test_the_partition_is_the_frame(
    tmp_path_factory: pytest.TempPathFactory,
    before: list[tuple[str, int | None]],
    after: list[tuple[str, int | None]],
    keyed: bool,
    data: st.DataObject,
) -> None:
    root = tmp_path_factory.mktemp("lake")
    first = put(root, before, keyed=keyed)
    commits = version(root)
    second = put(root, after, keyed=keyed)
    assert get(root) == sorted(after, key=str)
    same = sorted(before, key=str) == sorted(after, key=str)
    assert (first == second) == same
    assert version(root) == commits + (0 if same else 1), "one commit, or none"
    marker = Lake(str(root)).marker(SPLITS, "sql")
    assert marker is not None
    assert (marker.data_version, marker.counts["kept"]) == (second, len(after))
    commits, shuffled = version(root), data.draw(st.permutations(after))
    assert put(root, shuffled, keyed=keyed) == second
    assert version(root) == commits


def test_only_changed_rows_are_written(tmp_path: Path) -> None:
    rows: list[tuple[str, int | None]] = [(f"t{n}", n) for n in range(50)]
    put(tmp_path, rows, keyed=True)
    put(tmp_path, [*rows[:-1], ("t49", 0)], keyed=True)
    lake = Lake(str(tmp_path))
    assert '"num_added_rows": 1' in str(lake.history(SPLITS)[0]["operationMetrics"]).replace("'", '"')
    assert get(tmp_path) == sorted([*rows[:-1], ("t49", 0)], key=str)


def test_very_many_changes_rewrite_the_partition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole, "_NAMED_AT_MOST", 5)
    put(tmp_path, [(f"t{n}", n) for n in range(20)], keyed=True)
    put(tmp_path, [(f"t{n}", n + 1) for n in range(30)], keyed=True)
    assert get(tmp_path) == sorted(((f"t{n}", n + 1) for n in range(30)), key=str)
    put(tmp_path, [], keyed=True)
    assert get(tmp_path) == []


def test_another_recipe_makes_rows_current_without_changing_the_version(tmp_path: Path) -> None:
    first = put(tmp_path, [("a", 1)])
    other = Recipe({"budget": 1})
    assert put(tmp_path, [("a", 1)], recipe=other) == first
    assert set(Lake(str(tmp_path)).scan(SPLITS, "sql").collect()["recipe"]) == {other.fingerprint}


def test_rows_may_be_rejects(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"task": ["a", "b"], "status": ["kept", "rejected"], "reason": [None, "duplicate"], "cure": [None, "none"]}
    )
    lake = Lake(str(tmp_path))
    lake.replace_partition(SPLITS, "sql", frame, recipe=RECIPE)
    assert lake.scan(SPLITS, "sql").collect()["task"].to_list() == ["a"]
    assert lake.rejects(SPLITS, "sql").select("task", "group", "reason").collect().rows() == [("b", None, "duplicate")]
    marker = lake.marker(SPLITS, "sql")
    assert marker is not None
    assert marker.reasons == {"duplicate": 1}
    before = version(tmp_path)
    lake.replace_partition(SPLITS, "sql", frame.with_columns(reason=pl.lit("leak")), recipe=RECIPE)
    assert version(tmp_path) == before + 1, "a reject's reason is content of the table"
    assert lake.rejects(SPLITS, "sql").collect()["reason"].to_list() == ["leak"]


def test_a_cut_off_replacement_is_not_ready_and_the_next_one_mends_it(tmp_path: Path) -> None:
    put(tmp_path, [("a", 1)])
    lake = Lake(str(tmp_path))

    def killed(self: object, marker: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(lake.markers), "set", killed)
        with pytest.raises(KeyboardInterrupt):
            put(tmp_path, [("b", 2)])
    with pytest.raises(NotReady):
        get(tmp_path)
    put(tmp_path, [("b", 2)])
    assert get(tmp_path) == [("b", 2)]


def test_a_frame_that_does_not_fit_is_told(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    with pytest.raises(ValueError, match=r"columns \['wrong'\] that the table does not have"):
        lake.replace_partition(SPLITS, "sql", pl.DataFrame({"wrong": [1]}), recipe=RECIPE)
    frame = pl.DataFrame({"task": ["a"]}).with_columns(input_key=pl.lit(None, dtype=pl.String))
    with pytest.raises(ValueError, match="input_key is null in 1 rows"):
        lake.replace_partition(SPLITS, "sql", frame, recipe=RECIPE)


def write_often(root: str, salt: int) -> None:
    for n in range(8):
        put(Path(root), [(f"t{k}", salt * 100 + n) for k in range(10)], keyed=True)


def test_two_processes_leave_one_whole_set(tmp_path: Path) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        list(pool.map(write_often, [str(tmp_path)] * 2, [1, 2]))
    rows = get(tmp_path)
    assert [task for task, _ in rows] == [f"t{k}" for k in range(10)]
    assert {group for _, group in rows} in ({107}, {207})
