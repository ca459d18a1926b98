"""When two results are the same answer: rows as a bag, or in order where the right query asks; numbers by tolerance.

Ties count: rows that the ORDER BY leaves equal may come in any order, and a LIMIT that cuts a tie may keep any of them.
Pure functions over rows; `execute` runs queries, and `order_probe` only writes the one to run.
"""

import math
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import msgspec

from acc_pipeline.databases.statement import parse_query, sqlglot_dialect
from acc_pipeline.databases.values import Value

Row = Sequence[Value]
RELATIVE, ABSOLUTE = 1e-6, 1e-9
_MATCHING = 3_000  # rows up to which values that round apart are matched one by one


class OrderProbe(msgspec.Struct, frozen=True, kw_only=True):
    """`sql`: the query without LIMIT, its sort keys appended to the columns; `keys`: where the keys stand in its rows;
    `width`: columns of the answer itself."""

    sql: str
    keys: list[int]
    width: int


def plain(value: Value) -> Any:
    """A value as it is compared: dates as ISO text, whole numbers as int, others as float; text stays text."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal):
        value = int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, (date, time)):
        return value.isoformat()
    return value


def same_value(a: Any, b: Any) -> bool:
    """Whether two plain values are the same: numbers within 1e-6 relative or 1e-9, NULL with NULL, text exactly."""
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        if isinstance(a, float) and math.isnan(a):
            return isinstance(b, float) and math.isnan(b)
        return math.isclose(a, b, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return type(a) is type(b) and bool(a == b)


def same_row(a: Sequence[Any], b: Sequence[Any]) -> bool:
    return len(a) == len(b) and all(same_value(x, y) for x, y in zip(a, b, strict=True))


def _key(row: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(f"{v:.9g}" if isinstance(v, float) else (type(v).__name__, v) for v in row)


def _left_over(rows: Sequence[Sequence[Any]], pool: Sequence[Sequence[Any]]) -> list[Sequence[Any]] | None:
    """What is left of `pool` when each of `rows` has taken its equal; None when one finds none."""
    free = Counter(_key(r) for r in pool)
    missing, taken = [], Counter[tuple[Any, ...]]()
    for row in rows:
        key = _key(row)
        if free[key] > taken[key]:
            taken[key] += 1
        else:
            missing.append(row)
    rest: list[Sequence[Any]] = []
    for row in pool:
        key = _key(row)
        if taken[key]:
            taken[key] -= 1
        else:
            rest.append(row)
    if missing and len(rest) > _MATCHING:
        return None
    for row in missing:  # only numbers that round apart come here
        found = next((i for i, other in enumerate(rest) if same_row(row, other)), None)
        if found is None:
            return None
        rest.pop(found)
    return rest


def same_rows(right: Sequence[Row], given: Sequence[Row], *, ordered: bool) -> str:
    """Empty when the results are the same, else what differs, in words. Two empty results are the same."""
    a, b = [[plain(v) for v in r] for r in right], [[plain(v) for v in r] for r in given]
    if a and b and len(a[0]) != len(b[0]):
        return f"{len(b[0])} columns instead of {len(a[0])}"
    if len(a) != len(b):
        return f"{len(b)} rows instead of {len(a)}"
    if ordered:
        if all(same_row(x, y) for x, y in zip(a, b, strict=True)):
            return ""
        return "other order" if _left_over(b, a) == [] else "other values"
    return "" if _left_over(b, a) == [] else "other values"


def follows_order(probe: OrderProbe, full: Sequence[Row], given: Sequence[Row], *, count: int) -> bool:
    """Whether `given` is one of the answers that the query allows: `full` are the probe's rows, `count` those it keeps.

    Groups of rows with equal sort keys are taken in order; inside a group any order is right, and of the group that the
    LIMIT cuts any rows are.
    """
    rows = [[plain(v) for v in r] for r in given]
    if len(rows) != count or any(len(r) != probe.width for r in rows):
        return False
    position = start = 0
    whole = [[plain(v) for v in r] for r in full]
    while position < count and start < len(whole):
        keys = [whole[start][k] for k in probe.keys]
        end = start
        while end < len(whole) and same_row([whole[end][k] for k in probe.keys], keys):
            end += 1
        group = [r[: probe.width] for r in whole[start:end]]
        part = rows[position : position + len(group)]
        if _left_over(part, group) is None:
            return False
        position, start = position + len(part), end
    return position == count


def order_probe(sql: str, *, dialect: str) -> OrderProbe | None:
    """The probe of a query, None where its sort keys cannot be added (DISTINCT, stars, set operations)."""
    from sqlglot import exp

    tree: Any = parse_query(sql, dialect=dialect)
    if not isinstance(tree, exp.Select) or tree.args.get("offset"):
        return None
    if any(p.is_star for p in tree.selects):
        return None
    order = tree.args.get("order")
    names = {p.alias_or_name.lower(): i for i, p in enumerate(tree.selects)}
    texts = {p.unalias().sql(): i for i, p in enumerate(tree.selects)}
    width, keys = len(tree.selects), []
    added: list[Any] = []
    for item in order.expressions if order else []:
        key = item.this
        if isinstance(key, exp.Literal) and not key.is_string:
            keys.append(int(key.name) - 1)
        elif isinstance(key, exp.Column) and not key.table and key.name.lower() in names:
            keys.append(names[key.name.lower()])
        elif key.sql() in texts:
            keys.append(texts[key.sql()])
        else:
            keys.append(width + len(added))
            added.append(exp.alias_(key.copy(), f"sort_key_{len(added)}", copy=False))
    if added and tree.args.get("distinct"):
        return None
    tree.set("limit", None)
    tree.set("expressions", [*tree.selects, *added])
    return OrderProbe(sql=tree.sql(dialect=sqlglot_dialect(dialect)), keys=keys, width=width)
