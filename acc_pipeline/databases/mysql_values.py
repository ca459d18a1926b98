"""MySQL's meaning of values: the default collation, text as number, dates, exact division, LIKE.

Pure functions over SQLite's storage (int, float, str, None); `mysql_rewrite` decides where they are called. Collation
is utf8mb4_general_ci: no case, no accents, trailing spaces do not count (MySQL manual, "Unicode Character Sets").
"""

import math
import re
import unicodedata
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

Cell = None | int | float | str | bytes

_NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_DATE = re.compile(
    r"^\s*(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,6}))?)?)?\s*$"
)


@lru_cache(maxsize=65536)
def _letter(char: str) -> str:
    if char == "ß":
        return "S"
    base = unicodedata.normalize("NFD", char)[0]
    upper = base.upper()
    return upper if len(upper) == 1 else base


def fold(text: str) -> str:
    """The sort key of `text` without padding rules: upper case, accents removed, letter by letter."""
    return text.upper() if text.isascii() else "".join(map(_letter, text))


def collate(a: str, b: str) -> int:
    """SQLite collation callback: utf8mb4_general_ci with PAD SPACE."""
    if a == b:
        return 0
    x, y = fold(a).rstrip(" "), fold(b).rstrip(" ")
    return (x > y) - (x < y)


def number(value: Cell) -> int | float | None:
    """A value in a numeric place: text counts as its leading number, else 0."""
    if value is None or isinstance(value, (int, float)):
        return value
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    found = _NUMBER.match(text)
    return float(found.group()) if found else 0.0


def text(value: Cell) -> str | None:
    """A value in a text place; whole floats come from DECIMAL columns and are written without a point."""
    if value is None:
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)


def moment(value: Cell) -> datetime | None:
    """The date or time that a value names, None if it names none."""
    found = _DATE.match(text(value) or "")
    if found is None:
        digits = text(value) or ""
        if digits.isdigit() and len(digits) in (8, 14):
            digits = digits.ljust(14, "0")
            parts = [int(digits[:4])] + [int(digits[i : i + 2]) for i in range(4, 14, 2)]
        else:
            return None
    else:
        parts = [int(g or 0) for g in found.groups()[:6]]
        parts.append(int((found.group(7) or "0").ljust(6, "0")))
    try:
        return datetime(*parts)  # type: ignore[arg-type]
    except ValueError:
        return None


def comparable_date(value: Cell) -> Cell:
    """Text that orders as MySQL orders dates: midnight is the bare day, so DATE and DATETIME compare as moments."""
    found = moment(value)
    if found is None:
        return value
    return iso(found, day_only=(found.hour, found.minute, found.second, found.microsecond) == (0, 0, 0, 0))


def iso(when: datetime, *, day_only: bool) -> str:
    return when.strftime("%Y-%m-%d") if day_only else when.isoformat(sep=" ")


def date_number(value: Cell) -> int | float | None:
    """A date in a numeric place: 2018-03-05 counts as 20180305."""
    found = moment(value)
    if found is None:
        return number(value)
    day = found.year * 10000 + found.month * 100 + found.day
    if value is not None and ":" in str(value):
        return day * 1000000 + found.hour * 10000 + found.minute * 100 + found.second
    return day


def rounded(value: Cell, scale: int) -> float | int | None:
    """`value` as a DECIMAL of `scale` digits, halves away from zero."""
    amount = number(value)
    if amount is None or isinstance(amount, int) or not math.isfinite(amount):
        return amount
    return float(Decimal(repr(amount)).quantize(Decimal(1).scaleb(-scale), rounding=ROUND_HALF_UP))


def divide(a: Cell, b: Cell, scale: int) -> float | None:
    """`a / b`; NULL on zero; a DECIMAL of `scale` digits when both are exact (scale >= 0), else double."""
    x, y = number(a), number(b)
    if x is None or y is None or y == 0:
        return None
    if scale < 0:
        return x / y
    exact = Decimal(repr(x)) / Decimal(repr(y))
    return float(exact.quantize(Decimal(1).scaleb(-scale), rounding=ROUND_HALF_UP))


def whole_divide(a: Cell, b: Cell) -> int | None:
    """`a DIV b`: the quotient without its fraction; NULL on zero."""
    x, y = number(a), number(b)
    return None if x is None or y is None or y == 0 else math.trunc(Decimal(repr(x)) / Decimal(repr(y)))


@lru_cache(maxsize=4096)
def _like_pattern(pattern: str, escape: str) -> "re.Pattern[str]":
    out, i = [], 0
    while i < len(pattern):
        c = pattern[i]
        if c == escape and i + 1 < len(pattern):
            i += 1
            out.append(re.escape(fold(pattern[i])))
        elif c == "%":
            out.append(".*")
        elif c == "_":
            out.append(".")
        else:
            out.append(re.escape(fold(c)))
        i += 1
    return re.compile("".join(out), re.DOTALL)


def like(pattern: Cell, value: Cell, escape: Cell = "\\") -> int | None:
    """`value LIKE pattern`, in SQLite's order of arguments: no case, no accents; trailing spaces do count here."""
    if pattern is None or value is None:
        return None
    return int(_like_pattern(text(pattern) or "", str(escape)).fullmatch(fold(text(value) or "")) is not None)
