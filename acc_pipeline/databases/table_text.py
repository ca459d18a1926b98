"""A whole table as text for a prompt, and back, exactly: values, types and NULL survive, whatever the strings contain.

    Table singer: 2 rows, 3 columns
    Singer_ID: INTEGER | Name: VARCHAR | Born: DATE
    1 | Liliane Bettencourt | 1922-10-21
    2 | "with | bar or \\n newline" | NULL

A cell is bare where its column's type makes it unambiguous; other strings are JSON strings; a value of another type
than its column's (SQLite allows it) is tagged with a backslash and a letter. Nothing here reads a database.
"""

import json
import re
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal

from acc_pipeline.databases.tables import Table
from acc_pipeline.databases.values import Value, family, float32, short_float32

_TITLE = re.compile(r"^Table (.+): (\d+) rows?, (\d+) columns?$")
_SEPARATOR = " | "
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff|]|^["\\\s]|\s$')
_RESERVED = {"", "NULL"}


def _quote(text: str) -> str:
    """A JSON string on one line; characters that a prompt could lose (controls, odd line ends) are escaped."""
    quoted = json.dumps(text, ensure_ascii=False)
    return re.sub(r"[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]", lambda m: f"\\u{ord(m.group()):04x}", quoted)


def _bare_or_quoted(text: str) -> str:
    return _quote(text) if text in _RESERVED or _UNSAFE.search(text) else text


def _name(text: str) -> str:
    return _quote(text) if ":" in text else _bare_or_quoted(text)


def _cell(value: Value, kind: str) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return _bare_or_quoted(value) if kind in ("text", "other") else _quote(value)
    if isinstance(value, bool):
        return str(value).upper() if kind == "bool" else f"\\b{int(value)}"
    if isinstance(value, int):
        return str(value) if kind in ("int", "any") else f"\\i{value}"
    if isinstance(value, float):
        if kind == "float32" and float32(value) == value:
            return short_float32(value)
        return repr(value) if kind == "float" else f"\\f{value!r}"
    if isinstance(value, Decimal):
        return str(value) if kind == "decimal" else f"\\d{value}"
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ") if kind == "timestamp" else f"\\S{value.isoformat()}"
    if isinstance(value, date):
        return value.isoformat() if kind == "date" else f"\\D{value.isoformat()}"
    return value.isoformat() if kind == "time" else f"\\T{value.isoformat()}"


def render_table(*, name: str, columns: Sequence[str], types: Sequence[str], rows: Sequence[Sequence[Value]]) -> str:
    """The text of a table; `parse_table` gives it back. Ends without a newline."""
    if len(columns) != len(types):
        raise ValueError(f"table {name}: {len(columns)} columns but {len(types)} types; give one type a column")
    kinds = [family(t) for t in types]
    lines = [
        f"Table {_name(name)}: {len(rows)} row{'s' * (len(rows) != 1)}, "
        f"{len(columns)} column{'s' * (len(columns) != 1)}",
        _SEPARATOR.join(f"{_name(c)}: {_bare_or_quoted(t or 'ANY')}" for c, t in zip(columns, types, strict=True)),
    ]
    for row in rows:
        lines.append(_SEPARATOR.join(_cell(v, k) for v, k in zip(row, kinds, strict=True)))
    return "\n".join(lines)


def _split(line: str, *, where: str) -> list[tuple[str, str | None]]:
    """Cells of a line as (bare text, None) or (rest after the string, decoded string)."""
    cells: list[tuple[str, str | None]] = []
    position = 0
    while True:
        if line.startswith('"', position):
            try:
                text, end = json.decoder.scanstring(line, position + 1, True)  # type: ignore[attr-defined]
            except json.JSONDecodeError as error:
                raise ValueError(f"{where}: broken string at character {position}: {error.msg}") from error
            stop = line.find(_SEPARATOR, end)
            stop = len(line) if stop < 0 else stop
            cells.append((line[end:stop], text))
        else:
            stop = line.find(_SEPARATOR, position)
            stop = len(line) if stop < 0 else stop
            cells.append((line[position:stop], None))
        if stop == len(line):
            return cells
        position = stop + len(_SEPARATOR)


def _tagged(text: str) -> Value:
    tag, body = text[1], text[2:]
    readers = {
        "b": lambda s: s == "1",
        "i": int,
        "f": float,
        "d": Decimal,
        "x": bytes.fromhex,
        "S": datetime.fromisoformat,
        "D": date.fromisoformat,
        "T": time.fromisoformat,
    }
    return readers[tag](body)  # type: ignore[operator]


def _value(bare: str, string: str | None, kind: str) -> Value:
    if string is not None:
        if bare:
            raise ValueError(f"text {bare!r} after a closing quote")
        return string
    if bare == "NULL":
        return None
    if bare.startswith("\\"):
        return _tagged(bare)
    if kind in ("int", "any"):
        return int(bare)
    if kind == "float":
        return float(bare)
    if kind == "float32":
        return float32(float(bare))
    if kind == "decimal":
        return Decimal(bare)
    if kind == "date":
        return date.fromisoformat(bare)
    if kind == "time":
        return time.fromisoformat(bare)
    if kind == "timestamp":
        return datetime.fromisoformat(bare)
    if kind == "bool":
        return {"TRUE": True, "FALSE": False}[bare]
    return bare


def parse_table(text: str) -> Table:
    """The table that `render_table` wrote; raises ValueError naming the line that is not such text."""
    lines = text.split("\n")
    title = _TITLE.match(lines[0])
    if title is None:
        raise ValueError(f"line 1 is not a table title ('Table <name>: <n> rows, <m> columns'): {lines[0][:80]!r}")
    name = json.loads(title[1]) if title[1].startswith('"') else title[1]
    n_rows, n_columns = int(title[2]), int(title[3])
    columns, types = [], []
    for bare, string in _split(lines[1], where=f"table {name}, line 2") if n_columns else []:
        head, _, type_text = bare.partition(": ")
        columns.append(head if string is None else string)
        types.append(json.loads(type_text) if type_text.startswith('"') else type_text)
    kinds = [family(t) for t in types]
    if len(columns) != n_columns or len(lines) != n_rows + 2:
        raise ValueError(
            f"table {name}: its title says {n_rows} rows and {n_columns} columns, "
            f"its text has {len(lines) - 2} and {len(columns)}"
        )
    rows: list[tuple[Value, ...]] = []
    for number, line in enumerate(lines[2:], start=3):
        cells = _split(line, where=f"table {name}, line {number}")
        if len(cells) != n_columns:
            raise ValueError(f"table {name}, line {number}: {len(cells)} cells for {n_columns} columns")
        try:
            rows.append(tuple(_value(b, s, k) for (b, s), k in zip(cells, kinds, strict=True)))
        except (ValueError, ArithmeticError, KeyError, IndexError) as error:
            raise ValueError(f"table {name}, line {number}: {error}") from error
    return Table(name=name, columns=columns, types=types, rows=rows)
