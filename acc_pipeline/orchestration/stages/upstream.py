"""Kept rows of one table as the inputs of the next stage: keys and digests now, whole rows shard by shard."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import polars as pl

from acc_pipeline.lake.runs import Input

Payload = TypeVar("Payload")
_KEY = pl.format("{}#{}", "input_key", "output_no").alias("key")


def inputs_of(
    rows: pl.LazyFrame,
    *,
    columns: Sequence[str] = (),
    side: Callable[[dict[str, Any]], dict[str, str]] | None = None,
) -> list[Input]:
    """One input for each row, with the side inputs that `side` names from the narrow `columns` of the row."""
    frame = rows.select(_KEY, "digest", *columns).sort("key").collect()
    return [
        Input(key=row["key"], digest=row["digest"], side=side(row) if side else {})
        for row in frame.iter_rows(named=True)
    ]


def loader_of(
    rows: pl.LazyFrame, *, columns: Sequence[str], build: Callable[[dict[str, Any]], Payload]
) -> Callable[[Sequence[Input]], Iterable[Payload]]:
    """A loader for `run_records`: reads the wanted rows of one shard and builds each payload, in the inputs' order.

    `rows` is the frame that the inputs were made from: a scan keeps the state it opened, so a table that is rewritten
    meanwhile is not mixed in.
    """

    def load(wanted: Sequence[Input]) -> Iterable[Payload]:
        keys = [item.key for item in wanted]
        input_keys = sorted({key.rsplit("#", 1)[0] for key in keys})
        chosen = rows.filter(pl.col("input_key").is_in(input_keys)).select(_KEY, *columns).collect()
        found = {row.pop("key"): row for row in chosen.iter_rows(named=True)}
        for key in keys:
            yield build(found.pop(key))

    return load
