"""What a column type means and how values cross a process boundary: type families, float32, and the wire form.

The single place that knows type names of the engines; it reads no database and renders no text.
"""

import re
import struct
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import msgspec

Value = None | bool | int | float | Decimal | str | bytes | date | datetime | time

_INT = re.compile(r"^(U?(TINY|SMALL|MEDIUM|BIG|HUGE)?INT(EGER)?|INT\d+|YEAR|SIGNED|LONG|SHORT)\b")
_EXT = {1: Decimal, 2: date, 3: datetime, 4: time, 5: int}


def family(type_name: str) -> str:
    """int, float32, float, decimal, text, date, time, timestamp, bool, blob, any (SQLite's untyped), or other.

    A column of family `other` (lists, structs, intervals …) travels as the engine's own text and is cast back on load.
    """
    name = type_name.strip().upper()
    if not name or name == "ANY":
        return "any"
    if name.endswith("]") or name.startswith(("STRUCT", "MAP", "UNION", "LIST")):
        return "other"
    if _INT.match(name):
        return "int"
    if name.startswith(("DOUBLE", "REAL8", "FLOAT8")) or name == "REAL":
        return "float"
    if name.startswith("FLOAT"):
        return "float32"
    if name.startswith(("DECIMAL", "NUMERIC")):
        return "decimal"
    if name.startswith(("VARCHAR", "CHAR", "TEXT", "STRING", "CLOB", "NVARCHAR", "NCHAR", "LONGTEXT", "ENUM", "SET")):
        return "text"
    if name == "DATE":
        return "date"
    if name == "TIME":
        return "time"
    if name in {"TIMESTAMP", "DATETIME", "TIMESTAMP_S", "TIMESTAMP_MS"} or name.startswith("TIMESTAMP("):
        return "timestamp"
    if name.startswith("BOOL"):
        return "bool"
    if name.startswith(("BLOB", "BYTEA", "VARBINARY", "BINARY")):
        return "blob"
    return "other"


def float32(value: float) -> float:
    """`value` rounded to single precision, as a FLOAT column of MySQL or DuckDB holds it."""
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return value


def short_float32(value: float) -> str:
    """The shortest decimal text that rounds to the single-precision `value`, as databases print FLOAT."""
    for digits in range(6, 10):
        text = f"{value:.{digits}g}"
        if float32(float(text)) == value:
            return repr(float(text))
    return repr(value)


def to_wire(value: Value) -> Any:
    """A msgpack-able form of `value` that `from_wire` turns into the same value and type."""
    if isinstance(value, Decimal):
        return msgspec.msgpack.Ext(1, str(value).encode())
    if isinstance(value, datetime):
        return msgspec.msgpack.Ext(3, value.isoformat().encode())
    if isinstance(value, date):
        return msgspec.msgpack.Ext(2, value.isoformat().encode())
    if isinstance(value, time):
        return msgspec.msgpack.Ext(4, value.isoformat().encode())
    if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**64:
        return msgspec.msgpack.Ext(5, str(value).encode())
    if isinstance(value, str) and any("\ud800" <= c <= "\udfff" for c in value):
        return msgspec.msgpack.Ext(6, value.encode("utf-8", "surrogatepass"))
    return value


def from_wire(code: int, data: memoryview) -> Value:
    """The `ext_hook` of the decoder: see `to_wire`."""
    if code == 6:
        return bytes(data).decode("utf-8", "surrogatepass")
    text = bytes(data).decode()
    kind = _EXT[code]
    if kind in (Decimal, int):
        return kind(text)
    return kind.fromisoformat(text)  # type: ignore[attr-defined]


def encode(message: Any) -> bytes:
    return msgspec.msgpack.encode(message)


def decode(data: bytes) -> Any:
    return msgspec.msgpack.decode(data, ext_hook=from_wire)
