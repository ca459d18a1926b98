"""What a person sees of a stage: the same keys on every asset, five sample rows, a chart, the recipe's change in words.

Numeric keys are plotted by Dagster over partitions and time only when they are the same everywhere: keep them so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
import polars as pl

from acc_pipeline.lake.runs import RunReport
from acc_pipeline.lake.tables import TableSpec
from acc_pipeline.orchestration.columns import meaning
from acc_pipeline.report import charts

SAMPLE_ROWS = 5
_CELL = 120
_REASONS = 20
_TYPES = {"String": "string", "Int64": "int", "Float64": "float", "Boolean": "bool"}


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What an asset made of what. `inputs*` count input records, the rest counts rows of its table now."""

    inputs: int
    kept: int
    new: int
    seconds: float
    rejected: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    removed: int = 0
    retryable: int = 0
    recipe_change: Sequence[str] = ()

    @classmethod
    def of(cls, report: RunReport) -> "Counts":
        """Those of a record-by-record stage."""
        return cls(
            inputs=report.total,
            kept=report.kept,
            new=report.processed,
            seconds=report.seconds,
            rejected=report.rejected,
            reasons=report.reasons,
            removed=report.removed,
            retryable=report.retryable,
            recipe_change=report.recipe_change,
        )


def describe(
    counts: Counts,
    *,
    spec: TableSpec,
    uri: str,
    rows: pl.LazyFrame,
    columns: Sequence[str],
    chart: bytes,
    alt: str,
    rejects: pl.LazyFrame | None = None,
    notes: Sequence[str] = (),
    partitioned: bool = True,
) -> dict[str, Any]:
    """The keys that every asset has. `rows` are the kept ones, shown by `columns`; `chart` is a PNG; `notes` are
    warnings about the inputs."""
    return {
        **funnel(counts),
        "acc/rejects": reject_table(counts.reasons, rejects),
        "acc/recipe_change": "; ".join(counts.recipe_change) or "none",
        "acc/notes": dg.MetadataValue.md("\n".join(f"* {note}" for note in notes) or "none"),
        "acc/chart": dg.MetadataValue.md(charts.markdown_image(chart, alt=alt)),
        **sample(rows, columns=columns),
        f"dagster/{'partition_' if partitioned else ''}row_count": counts.kept,
        **table(spec, uri=uri),
    }


def funnel(counts: Counts) -> dict[str, Any]:
    """Records in, rows kept and rejected, and what this run really did."""
    judged = counts.kept + counts.rejected
    return {
        "acc/inputs": counts.inputs,
        "acc/kept": counts.kept,
        "acc/rejected": counts.rejected,
        "acc/kept_share": round(counts.kept / judged, 4) if judged else 0.0,
        "acc/inputs_new": counts.new,
        "acc/inputs_reused": counts.inputs - counts.new,
        "acc/inputs_removed": counts.removed,
        "acc/retryable": counts.retryable,
        "acc/seconds": round(counts.seconds, 2),
    }


def table(spec: TableSpec, *, uri: str) -> dict[str, Any]:
    """The keys that Dagster itself gives a meaning to."""
    own, carried = list(spec.columns), [name for name in spec.schema if name not in spec.columns]
    types = {name: _TYPES.get(str(dtype), str(dtype).lower()) for name, dtype in spec.schema.items()}
    columns = [dg.TableColumn(name, types[name], description=meaning(spec.name, name)) for name in (*own, *carried)]
    return {
        "dagster/table_name": spec.name,
        "dagster/uri": uri,
        "dagster/column_schema": dg.TableSchema(columns=columns),
    }


def sample(rows: pl.LazyFrame, *, columns: Sequence[str]) -> dict[str, Any]:
    """The first rows by input, the same ones as long as their inputs are there."""
    return {"acc/sample": rows_table(rows.sort("input_key", "output_no").select(columns).head(SAMPLE_ROWS).collect())}


def reject_table(reasons: Mapping[str, int], rejects: pl.LazyFrame | None) -> dg.TableMetadataValue:
    """Reason, rows, and of its first row what was seen and what would mend it; the most frequent reasons first."""
    told: dict[str, dict[str, Any]] = {}
    if rejects is not None and reasons:
        ordered = rejects.sort("input_key", "output_no").select("reason", "detail", "cure")
        first = ordered.unique("reason", keep="first", maintain_order=True)
        told = {row["reason"]: row for row in first.collect().iter_rows(named=True)}
    names = ("reason", "rows", "first one", "what would mend it")
    records = [
        dict(
            zip(
                names,
                (reason, rows, told.get(reason, {}).get("detail", ""), told.get(reason, {}).get("cure", "")),
                strict=True,
            )
        )
        for reason, rows in sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))[:_REASONS]
    ]
    return _table(records, columns=names)


def rows_table(frame: pl.DataFrame) -> dg.TableMetadataValue:
    """The rows of `frame` as a table, cells cut to a readable length: megabytes in metadata freeze the page."""
    return _table(frame.to_dicts(), columns=frame.columns)


def _table(records: Sequence[Mapping[str, Any]], *, columns: Sequence[str]) -> dg.TableMetadataValue:
    schema = dg.TableSchema(columns=[dg.TableColumn(name) for name in columns])
    shown = [dg.TableRecord({name: _cell(row[name]) for name in columns}) for row in records]
    return dg.MetadataValue.table(shown, schema=schema)


def _cell(value: Any) -> str | int | float | bool | None:
    if value is None or isinstance(value, (int, float, bool)):
        return value
    text = str(value).replace("\n", " ⏎ ")
    return text if len(text) <= _CELL else text[: _CELL - 1] + "…"
