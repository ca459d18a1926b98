"""MySQL's functions by name, over SQLite's storage (int, float, str, None); what FUNCTIONS lacks is refused.

How values compare, count as numbers and name moments is in `mysql_values`.
"""

import math
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from acc_pipeline.databases.mysql_values import Cell, collate, fold, iso, moment, number, rounded, text


def _strict(function: Callable[..., Cell]) -> Callable[..., Cell]:
    """NULL if any argument is NULL."""
    return lambda *args: None if any(a is None for a in args) else function(*args)


def _texts(function: Callable[..., Cell]) -> Callable[..., Cell]:
    """Strict, with every argument as text."""
    return _strict(lambda *args: function(*[text(a) for a in args]))


def _numbers(function: Callable[..., Cell]) -> Callable[..., Cell]:
    """Strict, with every argument as a number; what has no value (log of 0) is NULL."""

    def call(*args: Cell) -> Cell:
        try:
            return function(*[number(a) for a in args])
        except (ValueError, ZeroDivisionError, OverflowError):
            return None

    return _strict(call)


def _dates(function: Callable[..., Cell]) -> Callable[..., Cell]:
    """The first argument as a moment; NULL if it is none."""

    def call(value: Cell, *rest: Cell) -> Cell:
        found = moment(value)
        return None if found is None or any(r is None for r in rest) else function(found, *rest)

    return call


def _substring(value: str, start: Cell, length: Cell = None) -> str:
    first, count = int(number(start) or 0), None if length is None else int(number(length) or 0)
    if first == 0 or (count is not None and count <= 0):
        return ""
    begin = first - 1 if first > 0 else len(value) + first
    if begin < 0:
        return ""
    return value[begin:] if count is None else value[begin : begin + count]


def substring(value: Cell, start: Cell, *length: Cell) -> Cell:
    if value is None or start is None or None in length:
        return None
    return _substring(text(value) or "", start, *length)


def _left(value: Cell, count: Cell) -> str:
    return (text(value) or "")[: max(int(number(count) or 0), 0)]


def _right(value: Cell, count: Cell) -> str:
    n = max(int(number(count) or 0), 0)
    whole = text(value) or ""
    return whole[-n:] if n else ""


def _pad(value: Cell, size: Cell, fill: Cell, *, left: bool) -> Cell:
    whole, n, filler = text(value) or "", int(number(size) or 0), text(fill) or ""
    if n < 0 or (len(whole) < n and not filler) or n > 1_000_000:
        return None
    padding = (filler * (n // max(len(filler), 1) + 1))[: max(n - len(whole), 0)]
    return (padding + whole if left else whole + padding)[:n] if len(whole) < n else whole[:n]


def _repeat(value: Cell, count: Cell) -> Cell:
    n = max(int(number(count) or 0), 0)
    whole = text(value) or ""
    return None if n * len(whole) > 1_000_000 else whole * n


def _locate(needle: str, hay: str, start: str = "1") -> int:
    return fold(hay).find(fold(needle), max(int(float(start)) - 1, 0)) + 1


def _substring_index(value: Cell, delimiter: Cell, count: Cell) -> Cell:
    whole, mark, n = text(value) or "", text(delimiter) or "", int(number(count) or 0)
    if not mark or n == 0:
        return ""
    parts = whole.split(mark)
    return mark.join(parts[:n] if n > 0 else parts[n:])


def _concat_ws(separator: Cell, *values: Cell) -> Cell:
    return None if separator is None else (text(separator) or "").join(text(v) or "" for v in values if v is not None)


def _field(value: Cell, *options: Cell) -> int:
    if value is None:
        return 0
    for position, option in enumerate(options, start=1):
        if option is not None and (
            collate(value, option) == 0
            if isinstance(value, str) and isinstance(option, str)
            else number(value) == number(option)
        ):
            return position
    return 0


def _find_in_set(needle: str, members: str) -> int:
    return next((i for i, m in enumerate(members.split(","), 1) if collate(needle, m) == 0), 0)


def _extreme(pick: Callable[..., Cell]) -> Callable[..., Cell]:
    def call(*values: Cell) -> Cell:
        if all(isinstance(v, str) for v in values):
            return pick(values, key=lambda v: fold(str(v)))
        return pick(values, key=lambda v: number(v) or 0)

    return _strict(call)


def _round(value: Cell, places: Cell = 0) -> Cell:
    amount, n = number(value), int(number(places) or 0)
    if amount is None or not math.isfinite(amount):
        return amount
    exact = Decimal(repr(amount)).quantize(Decimal(1).scaleb(-n), rounding=ROUND_HALF_UP)
    return int(exact) if n <= 0 else float(exact)


def _truncate(value: Cell, places: Cell) -> Cell:
    amount, n = number(value) or 0, int(number(places) or 0)
    exact = math.trunc(Decimal(repr(amount)).scaleb(n)) / Decimal(10) ** n
    return int(exact) if n <= 0 else float(exact)


_FORMATS: dict[str, Callable[[datetime], str]] = {
    "a": lambda d: d.strftime("%a"), "b": lambda d: d.strftime("%b"), "c": lambda d: str(d.month),
    "D": lambda d: f"{d.day}{'th' if 11 <= d.day <= 13 else {1: 'st', 2: 'nd', 3: 'rd'}.get(d.day % 10, 'th')}",
    "d": lambda d: f"{d.day:02}", "e": lambda d: str(d.day), "f": lambda d: f"{d.microsecond:06}",
    "H": lambda d: f"{d.hour:02}", "h": lambda d: d.strftime("%I"), "I": lambda d: d.strftime("%I"),
    "i": lambda d: f"{d.minute:02}", "j": lambda d: d.strftime("%j"), "k": lambda d: str(d.hour),
    "l": lambda d: str((d.hour - 1) % 12 + 1), "M": lambda d: d.strftime("%B"), "m": lambda d: f"{d.month:02}",
    "p": lambda d: d.strftime("%p"), "r": lambda d: d.strftime("%I:%M:%S %p"), "S": lambda d: f"{d.second:02}",
    "s": lambda d: f"{d.second:02}", "T": lambda d: d.strftime("%H:%M:%S"), "W": lambda d: d.strftime("%A"),
    "w": lambda d: d.strftime("%w"), "Y": lambda d: f"{d.year:04}", "y": lambda d: f"{d.year % 100:02}",
}  # fmt: skip


def _date_format(when: datetime, pattern: Cell) -> str:
    return re.sub(r"%(.)", lambda m: _FORMATS.get(m[1], lambda _: m[1])(when), text(pattern) or "", flags=re.DOTALL)


_PARSE = {
    "i": "%M",
    "s": "%S",
    "S": "%S",
    "M": "%B",
    "W": "%A",
    "e": "%d",
    "c": "%m",
    "k": "%H",
    "T": "%H:%M:%S",
    "h": "%I",
}


def _str_to_date(value: str, pattern: str) -> Cell:
    python = re.sub(r"%(.)", lambda m: _PARSE.get(m[1], "%" + m[1]), pattern)
    try:
        when = datetime.strptime(value, python)
    except ValueError:
        return None
    return iso(when, day_only=not re.search(r"%[HhIiSsTrkl]", pattern))


def _months_between(start: datetime, end: datetime) -> int:
    months = (end.year - start.year) * 12 + end.month - start.month
    rest = (end.day, end.time()), (start.day, start.time())
    if months > 0 and rest[0] < rest[1]:
        return months - 1
    return months + 1 if months < 0 and rest[0] > rest[1] else months


_SECONDS = {"MICROSECOND": 1e-6, "SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86400, "WEEK": 604800}
_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}


def _timestampdiff(unit: str, start: Cell, end: Cell) -> Cell:
    a, b = moment(start), moment(end)
    if a is None or b is None:
        return None
    if unit in _MONTHS:
        return math.trunc(_months_between(a, b) / _MONTHS[unit])
    return math.trunc((b - a).total_seconds() / _SECONDS[unit])


def date_add(value: Cell, amount: Cell, unit: str) -> Cell:
    """`value + INTERVAL amount unit`."""
    when, count = moment(value), number(amount)
    if when is None or count is None:
        return None
    try:
        if unit in _MONTHS:
            month = when.year * 12 + when.month - 1 + round(count) * _MONTHS[unit]
            year, index = divmod(month, 12)
            for day in range(when.day, when.day - 4, -1):
                try:
                    when = when.replace(year=year, month=index + 1, day=day)
                    break
                except ValueError:
                    continue
        else:
            when += timedelta(seconds=count * _SECONDS[unit])
    except (OverflowError, ValueError):
        return None
    return iso(when, day_only=":" not in str(value) and unit in {*_MONTHS, "DAY", "WEEK"})


def cast(value: Cell, target: str, scale: int = 0) -> Cell:
    """CAST and CONVERT to a MySQL type; `target` is upper case without sizes."""
    if value is None:
        return None
    if target in {"SIGNED", "UNSIGNED", "BIGINT", "INT", "INTEGER", "UBIGINT"}:
        amount = number(value) or 0
        return math.trunc(amount) if isinstance(value, str) else int(_round(amount) or 0)
    if target in {"DECIMAL", "NUMERIC"}:
        return rounded(number(value), scale)
    if target in {"DOUBLE", "FLOAT", "REAL"}:
        return float(number(value) or 0)
    if target == "DATE":
        when = moment(value)
        return None if when is None else iso(when, day_only=True)
    if target in {"DATETIME", "TIMESTAMP"}:
        when = moment(value)
        return None if when is None else iso(when, day_only=False)
    return text(value)


def _last_day(when: datetime) -> str:
    following = (when.replace(day=28) + timedelta(days=4)).replace(day=1)
    return iso(following - timedelta(days=1), day_only=True)


def _datediff(a: Cell, b: Cell) -> Cell:
    x, y = moment(a), moment(b)
    return None if x is None or y is None else (x.date() - y.date()).days


def _mod(a: float, b: float) -> float:
    rest = math.fmod(a, b)
    return int(rest) if isinstance(a, int) and isinstance(b, int) else rest


def _regexp(value: str, pattern: str) -> int:
    return int(re.search(pattern, value, re.IGNORECASE) is not None)


# name -> (function, kind of the result: int, float, text, date, datetime, or "same" = kind of the first argument)
FUNCTIONS: dict[str, tuple[Callable[..., Cell], str]] = {
    "upper": (_texts(str.upper), "text"), "ucase": (_texts(str.upper), "text"),
    "lower": (_texts(str.lower), "text"), "lcase": (_texts(str.lower), "text"),
    "length": (_texts(lambda s: len(s.encode())), "int"), "octet_length": (_texts(lambda s: len(s.encode())), "int"),
    "char_length": (_texts(len), "int"), "character_length": (_texts(len), "int"),
    "concat": (_texts(lambda *s: "".join(s)), "text"), "concat_ws": (_concat_ws, "text"),
    "substring": (substring, "text"), "substr": (substring, "text"), "mid": (substring, "text"),
    "left": (_strict(_left), "text"), "right": (_strict(_right), "text"),
    "ltrim": (_texts(lambda s: s.lstrip(" ")), "text"), "rtrim": (_texts(lambda s: s.rstrip(" ")), "text"),
    "trim": (_texts(lambda s: s.strip(" ")), "text"), "reverse": (_texts(lambda s: s[::-1]), "text"),
    "replace": (_texts(lambda s, a, b: s.replace(a, b) if a else s), "text"), "repeat": (_strict(_repeat), "text"),
    "lpad": (_strict(lambda s, n, f: _pad(s, n, f, left=True)), "text"),
    "rpad": (_strict(lambda s, n, f: _pad(s, n, f, left=False)), "text"),
    "locate": (_texts(_locate), "int"), "instr": (_texts(lambda hay, s: _locate(s, hay)), "int"),
    "substring_index": (_strict(_substring_index), "text"), "strcmp": (_texts(collate), "int"),
    "field": (_field, "int"), "find_in_set": (_texts(_find_in_set), "int"),
    "ascii": (_texts(lambda s: s.encode()[0] if s else 0), "int"),
    "space": (_strict(lambda n: _repeat(" ", n)), "text"),
    "regexp_like": (_texts(_regexp), "int"), "isnull": (lambda v: int(v is None), "int"),
    "round": (_strict(_round), "same"), "truncate": (_strict(_truncate), "same"), "abs": (_numbers(abs), "same"),
    "floor": (_numbers(math.floor), "int"),
    "ceil": (_numbers(math.ceil), "int"), "ceiling": (_numbers(math.ceil), "int"),
    "sign": (_numbers(lambda n: (n > 0) - (n < 0)), "int"), "pi": (lambda: math.pi, "float"),
    "mod": (_numbers(_mod), "same"),
    "pow": (_numbers(lambda a, b: float(a**b)), "float"), "power": (_numbers(lambda a, b: float(a**b)), "float"),
    "sqrt": (_numbers(math.sqrt), "float"), "exp": (_numbers(math.exp), "float"), "ln": (_numbers(math.log), "float"),
    "log": (_numbers(lambda *a: math.log(a[1], a[0]) if len(a) == 2 else math.log(a[0])), "float"),
    "log10": (_numbers(math.log10), "float"), "log2": (_numbers(math.log2), "float"),
    "greatest": (_extreme(max), "same"), "least": (_extreme(min), "same"),
    "year": (_dates(lambda d: d.year), "int"), "month": (_dates(lambda d: d.month), "int"),
    "day": (_dates(lambda d: d.day), "int"), "dayofmonth": (_dates(lambda d: d.day), "int"),
    "dayofyear": (_dates(lambda d: d.timetuple().tm_yday), "int"), "weekday": (_dates(lambda d: d.weekday()), "int"),
    "dayofweek": (_dates(lambda d: d.isoweekday() % 7 + 1), "int"),
    "quarter": (_dates(lambda d: (d.month + 2) // 3), "int"),
    "hour": (_dates(lambda d: d.hour), "int"), "minute": (_dates(lambda d: d.minute), "int"),
    "second": (_dates(lambda d: d.second), "int"), "dayname": (_dates(lambda d: d.strftime("%A")), "text"),
    "monthname": (_dates(lambda d: d.strftime("%B")), "text"), "last_day": (_dates(_last_day), "date"),
    "date": (_dates(lambda d: iso(d, day_only=True)), "date"),
    "time": (_dates(lambda d: d.strftime("%H:%M:%S")), "text"),
    "date_format": (_dates(_date_format), "text"), "str_to_date": (_texts(_str_to_date), "date"),
    "datediff": (_datediff, "int"), "timestampdiff": (_timestampdiff, "int"),
}  # fmt: skip
