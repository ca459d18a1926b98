"""Rows of a result as the text of an answer, and an answer's text as rows again.

The text is one JSON list of lists. What a model writes is read more kindly than what we write: code fences, bare values
and single rows are taken for what they mean. Comparing is by `databases.compare`, numbers in text counting as numbers.
"""

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from acc_pipeline.databases.compare import plain, same_rows
from acc_pipeline.databases.values import Value

_FENCE = re.compile(r"```[a-zA-Z]*\n(.*?)```", re.DOTALL)
_NUMBER = re.compile(r"^[-+]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?([eE][-+]?\d+)?$")


def _json_value(value: Value) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return f"0x{value.hex()}" if isinstance(value, bytes) else plain(value)


def render_rows(rows: Sequence[Sequence[Value]]) -> str:
    """`[["Joe", 41], ["Ann", null]]`: compact, one line, NULL as null, dates as ISO text, bytes as 0x hex."""
    return json.dumps([[_json_value(v) for v in row] for row in rows], ensure_ascii=False)


def parse_rows(text: str) -> list[list[Any]] | None:
    """The rows that an answer states, None when it states none. `42`, `["Joe", 41]` and `[[…], […]]` are all read."""
    body = text.strip()
    fenced = _FENCE.findall(body)
    if fenced:
        body = fenced[-1].strip()
    found = _json(body)
    if found is None:
        # A sentence before the rows: take the last outermost list in the text.
        for start in (m.start() for m in re.finditer(r"\[", body)):
            end = body.rfind("]")
            if (found := _json(body[start : end + 1])) is not None:
                break
    if found is None:
        return [[body]] if body and "\n" not in body and len(body) < 200 else None
    value = found[0]
    if not isinstance(value, list):
        return [[value]]
    if any(isinstance(row, dict) for row in value):
        value = [list(row.values()) if isinstance(row, dict) else row for row in value]
    if value and not any(isinstance(row, list) for row in value):
        return [value]
    return [row if isinstance(row, list) else [row] for row in value]


def _json(text: str) -> tuple[Any] | None:
    try:
        return (json.loads(text),)
    except (ValueError, RecursionError):
        return None


def same_answer(right: Sequence[Sequence[Any]], given: Sequence[Sequence[Any]], *, ordered: bool) -> bool:
    """Whether stated rows are the right ones. One flat list may stand for one row or for one column."""
    a = [[_number(v) for v in row] for row in right]
    b = [[_number(v) for v in row] for row in given]
    for flat, column in ((b, a), (a, b)):
        if len(column) > 1 and len(column[0]) == 1 and len(flat) == 1 and len(flat[0]) == len(column):
            flat[:] = [[v] for v in flat[0]]
    return same_rows(a, b, ordered=ordered) == ""


def _number(value: Any) -> Any:
    if isinstance(value, str) and _NUMBER.match(value.strip()):
        text = value.strip().replace(",", "")
        return float(text) if re.search(r"[.eE]", text) else int(text)
    return value
