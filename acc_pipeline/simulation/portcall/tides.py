"""Heights of the tide between the printed times of high and low water."""

import math
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Extreme:
    """One line of a tide table: minutes since midnight, height in metres, high or low water."""

    minute: int
    height: float
    high: bool


def height_at(table: list[Extreme], minute: int) -> float:
    """Height in metres at a time inside the table, along a half cosine between two extremes."""
    for before, after in pairwise(table):
        if before.minute <= minute <= after.minute:
            share = (minute - before.minute) / (after.minute - before.minute)
            return before.height + (after.height - before.height) * (1 - math.cos(math.pi * share)) / 2
    raise ValueError(f"minute {minute} lies outside the tide table")


def next_high(table: list[Extreme], minute: int) -> Extreme | None:
    """The first high water at or after a time, or None when the table ends before it."""
    for extreme in table:
        if extreme.high and extreme.minute >= minute:
            return extreme
    return None


def mean_range(table: list[Extreme]) -> float:
    """Mean difference in metres between the high and the low waters of a table."""
    highs = [e.height for e in table if e.high]
    lows = [e.height for e in table if not e.high]
    if not highs or not lows:
        raise ValueError("a range needs at least one high and one low water")
    return sum(highs) / len(highs) - sum(lows) / len(lows)


def window_above(table: list[Extreme], height: float, step: int = 10) -> list[tuple[int, int]]:
    """Spans of minutes, sampled every `step`, in which the tide stands at `height` or more."""
    spans: list[tuple[int, int]] = []
    start: int | None = None
    last = table[0].minute
    for minute in range(table[0].minute, table[-1].minute + 1, step):
        if height_at(table, minute) >= height:
            start = minute if start is None else start
            last = minute
        elif start is not None:
            spans.append((start, last))
            start = None
    if start is not None:
        spans.append((start, last))
    return spans
