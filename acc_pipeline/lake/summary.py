"""What a partition holds, in numbers: rows by status and reason, and the data version of what was kept."""

import polars as pl
from msgspec import Struct

from acc_pipeline.lake.keys import data_version
from acc_pipeline.lake.tables import KEPT, REJECTED


class Summary(Struct, frozen=True):
    """`counts` has kept, rejected and retryable (rows); `reasons` the rejected rows by reason."""

    data_version: str
    counts: dict[str, int]
    reasons: dict[str, int]


def summarise(rows: pl.LazyFrame) -> Summary:
    """Count the rows of one partition; reads the narrow system columns only."""
    narrow = rows.select("input_key", "output_no", "digest", "status", "reason", "retryable").collect()
    kept = narrow.filter(pl.col("status") == KEPT)
    rejected = narrow.filter(pl.col("status") == REJECTED)
    return Summary(
        data_version(kept),
        {"kept": kept.height, "rejected": rejected.height, "retryable": int(rejected["retryable"].sum())},
        dict(rejected.group_by("reason").len().sort("reason").iter_rows()),
    )
