"""A table's text gives the table back, exactly, whatever it holds."""

import math
import string
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acc_pipeline.databases.table_text import parse_table, render_table
from acc_pipeline.databases.tables import Table
from acc_pipeline.databases.values import float32

AWKWARD = st.sampled_from(
    ["", "NULL", "null", "a | b", " | ", "|", '"', '"quoted"', "\\", "\\i5", " lead", "trail ",
     "a\nb", "a\r\nb", "x\x85y",
     "\u2028", "\ufeff", "\ud800", "TRUE", "1", "1.5", "2018-01-01", "Table t: 1 row, 1 column", "`", "'", "\x00", "\t",
     "<|im_end|>", "é ", "日本"]
)  # fmt: skip
TEXT = st.one_of(AWKWARD, st.text(max_size=12), st.text(alphabet=string.printable, max_size=12))
FLOAT = st.floats(allow_nan=False)
ANY = st.one_of(
    st.none(), st.booleans(), st.integers(), FLOAT, TEXT, st.binary(max_size=5), st.dates(), st.datetimes(), st.times(),
    st.decimals(allow_nan=False, allow_infinity=False),
)  # fmt: skip
BY_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "INTEGER": st.integers(), "HUGEINT": st.integers(), "DOUBLE": FLOAT, "VARCHAR": TEXT, "CHAR(3)": TEXT,
    "DATE": st.dates(),
    "FLOAT": st.floats(width=32, allow_nan=False).map(float32), "TIME": st.times(), "TIMESTAMP": st.datetimes(),
    "DECIMAL(19,4)": st.decimals(allow_nan=False, allow_infinity=False), "BOOLEAN": st.booleans(),
    "BLOB": st.binary(max_size=5), "INTEGER[]": TEXT, "ANY": ANY, "STRUCT(a INTEGER, b VARCHAR)": TEXT,
}  # fmt: skip


@st.composite
def tables(draw: st.DrawFn, *, strict: bool) -> Table:
    types = draw(st.lists(st.sampled_from(sorted(BY_TYPE)), min_size=1, max_size=5))
    columns = [draw(st.one_of(TEXT, st.sampled_from(["a: b", "Official_(millions)"]))) for _ in types]
    cells = [st.one_of(st.none(), BY_TYPE[t]) if strict else ANY for t in types]
    rows = draw(st.lists(st.tuples(*cells), max_size=6))
    return Table(name=draw(TEXT), columns=columns, types=types, rows=rows)


def _same(a: Table, b: Table) -> None:
    assert (a.name, a.columns, a.types) == (b.name, b.columns, b.types)
    assert a.rows == b.rows
    assert [[type(v) for v in r] for r in a.rows] == [[type(v) for v in r] for r in b.rows]


@settings(max_examples=300, deadline=None)
@given(tables(strict=True))
def test_a_typed_table_comes_back_with_its_types(table: Table) -> None:
    text = render_table(name=table.name, columns=table.columns, types=table.types, rows=table.rows)
    _same(parse_table(text), table)
    assert len(text.split("\n")) == len(table.rows) + 2
    text.encode("utf-8")  # no lone surrogate is left bare


@settings(max_examples=200, deadline=None)
@given(tables(strict=False))
def test_values_of_another_type_than_their_column_come_back(table: Table) -> None:
    _same(parse_table(render_table(name=table.name, columns=table.columns, types=table.types, rows=table.rows)), table)


def test_what_a_reader_sees() -> None:
    text = render_table(
        name="singer",
        columns=["Id", "Name", "Born", "Worth", "Rate"],
        types=["INTEGER", "VARCHAR", "DATE", "DECIMAL(9,2)", "FLOAT"],
        rows=[
            (1, "Joe", date(1990, 5, 1), Decimal("1.50"), float32(78.4)),
            (2, "with | bar\nand line", None, None, None),
            (3, "NULL", date(1, 1, 1), Decimal("-0.00"), math.inf),
        ],
    )
    assert text == (
        "Table singer: 3 rows, 5 columns\n"
        "Id: INTEGER | Name: VARCHAR | Born: DATE | Worth: DECIMAL(9,2) | Rate: FLOAT\n"
        "1 | Joe | 1990-05-01 | 1.50 | 78.4\n"
        '2 | "with | bar\\nand line" | NULL | NULL | NULL\n'
        '3 | "NULL" | 0001-01-01 | -0.00 | inf'
    )


def test_not_a_number_and_time_zones_come_back() -> None:
    stamp = datetime.fromisoformat("2020-01-02T03:04:05.000006+02:00")
    table = parse_table(
        render_table(name="t", columns=["a", "b", "c"], types=["DOUBLE", "TIMESTAMP", "TIME"],
                     rows=[(math.nan, stamp, time(1, 2, 3, 4))])
    )  # fmt: skip
    assert math.isnan(table.rows[0][0])  # type: ignore[arg-type]
    assert table.rows[0][1:] == (stamp, time(1, 2, 3, 4))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Once upon a time", "line 1"),
        ("Table t: 2 rows, 1 column\na: INTEGER\n1", "2 rows"),
        ("Table t: 1 row, 1 column\na: INTEGER\nx", "line 3"),
        ("Table t: 1 row, 2 columns\na: INTEGER | b: VARCHAR\n1", "1 cells for 2"),
        ('Table t: 1 row, 1 column\na: VARCHAR\n"open', "broken string"),
        ("Table t: 1 row, 1 column\na: BOOLEAN\nmaybe", "line 3"),
    ],
)
def test_text_that_is_no_table_says_where(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_table(text)
