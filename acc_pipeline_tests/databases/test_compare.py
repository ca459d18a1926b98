"""Results are the same as bags, in order where asked, by tolerance, and up to ties."""

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acc_pipeline.databases.compare import follows_order, order_probe, same_rows
from acc_pipeline.databases.execute import run_query

CELL = st.one_of(st.none(), st.integers(-5, 5), st.floats(-5, 5), st.sampled_from(["", "a", "A"]))
ROWS = st.lists(st.tuples(CELL, CELL), max_size=8)


@given(ROWS, st.randoms())
def test_any_order_of_the_same_rows_is_the_same_bag(rows: list[tuple[object, ...]], random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert same_rows(rows, shuffled, ordered=False) == ""  # type: ignore[arg-type]


@given(ROWS, ROWS)
def test_sameness_does_not_depend_on_the_side(a: list[tuple[object, ...]], b: list[tuple[object, ...]]) -> None:
    assert bool(same_rows(a, b, ordered=False)) == bool(same_rows(b, a, ordered=False))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("right", "given", "ordered", "difference"),
    [
        ([(1,), (1,), (2,)], [(1,), (2,), (2,)], False, "other values"),
        ([(1,), (2,)], [(2,), (1,)], True, "other order"),
        ([(1,), (2,)], [(2,), (3,)], True, "other values"),
        ([(Decimal("1.50"), 2.0)], [(1.5, 2)], True, ""),
        ([(1 / 3,)], [(0.3333333334,)], False, ""),
        ([(1 / 3,)], [(0.3333,)], False, "other values"),
        ([(0.1 + 0.2,), (5,)], [(5,), (0.3,)], False, ""),
        ([(None,)], [(0,)], False, "other values"),
        ([("1",)], [(1,)], False, "other values"),
        ([("a",)], [("A",)], False, "other values"),
        ([(1, 2)], [(2, 1)], False, "other values"),
        ([(1, 2)], [(1,)], False, "1 columns instead of 2"),
        ([(1,)], [], False, "0 rows instead of 1"),
        ([], [], True, ""),
    ],
)
def test_what_differs_is_said(right: list[tuple], given: list[tuple], ordered: bool, difference: str) -> None:
    assert same_rows(right, given, ordered=ordered) == difference


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scores") / "s.duckdb"
    connection = duckdb.connect(str(path))
    connection.execute("CREATE TABLE s (name VARCHAR, points INTEGER)")
    connection.execute("INSERT INTO s VALUES ('a', 3), ('b', 5), ('c', 5), ('d', 1), ('e', 3)")
    connection.close()
    return path


@pytest.mark.parametrize(
    ("sql", "names", "allowed"),
    [
        ("SELECT name FROM s ORDER BY points DESC", "bcaed", True),
        ("SELECT name FROM s ORDER BY points DESC", "cbead", True),
        ("SELECT name FROM s ORDER BY points DESC", "baced", False),
        ("SELECT name FROM s ORDER BY points DESC LIMIT 1", "b", True),
        ("SELECT name FROM s ORDER BY points DESC LIMIT 1", "c", True),
        ("SELECT name FROM s ORDER BY points DESC LIMIT 1", "a", False),
        ("SELECT name FROM s ORDER BY points DESC LIMIT 3", "cbe", True),
        ("SELECT name FROM s ORDER BY points DESC LIMIT 3", "cbd", False),
        ("SELECT name FROM s ORDER BY points DESC LIMIT 3", "ccb", False),
        ("SELECT name FROM s ORDER BY points DESC, name LIMIT 1", "c", False),
        ("SELECT name FROM s LIMIT 2", "ed", True),
        ("SELECT name FROM s LIMIT 2", "ex", False),
        ("SELECT name AS n, points AS p FROM s ORDER BY p DESC LIMIT 1", "b", False),
    ],
)
def test_a_tie_is_open_and_nothing_else(scores: Path, sql: str, names: str, allowed: bool) -> None:
    probe = order_probe(sql, dialect="duckdb")
    assert probe is not None
    full = run_query(scores, probe.sql, dialect="duckdb")
    assert full.error == ""
    count = len(run_query(scores, sql, dialect="duckdb").rows)
    assert follows_order(probe, full.rows, [(n,) for n in names], count=count) is allowed


@pytest.mark.parametrize("sql", ["SELECT DISTINCT name FROM s ORDER BY points", "SELECT * FROM s LIMIT 1"])
def test_where_keys_cannot_be_added_there_is_no_probe(sql: str) -> None:
    assert order_probe(sql, dialect="duckdb") is None
