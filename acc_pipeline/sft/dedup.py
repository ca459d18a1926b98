"""Which examples ask and answer the same: set-level work on narrow columns, recomputed whole each time.

Exact after folding only; near-duplicates are another question.
"""

import polars as pl


def mark_duplicates(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` with the column `duplicate_of`: the example that stands for the group, "" for that one itself.

    Needs `example_id`, `question` and `answer`, one row an example. Where a Boolean column `has_rationale` is there,
    an example with a rationale stands for its group before one without; else the smallest id does.
    """
    later = ~pl.col("has_rationale") if "has_rationale" in frame.columns else pl.lit(False)
    narrow = frame.select("example_id", question=_folded("question"), answer=_folded("answer"), later=later)
    # A window expression over these gave other results from one run to the next.
    ranked = narrow.sort("later", "example_id").unique(["question", "answer"], keep="first", maintain_order=True)
    stands = ranked.select("question", "answer", first="example_id")
    joined = narrow.join(stands, on=["question", "answer"], how="left", nulls_equal=True, maintain_order="left")
    first = joined["first"]
    return frame.with_columns(duplicate_of=pl.when(first == pl.col("example_id")).then(pl.lit("")).otherwise(first))


def _folded(column: str) -> pl.Expr:
    return pl.col(column).str.normalize("NFKC").str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()
