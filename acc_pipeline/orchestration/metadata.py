"""What a person sees of a stage: the same keys on every asset, five sample rows, a chart, the recipe's change in words.

Numeric keys are plotted by Dagster over partitions and time only when they are the same everywhere: keep them so.
"""

from typing import Any

import dagster as dg
import polars as pl

from acc_pipeline.lake.runs import RunReport
from acc_pipeline.lake.tables import TableSpec
from acc_pipeline.report import charts

SAMPLE_ROWS = 5
_CELL = 160
_TYPES = {"String": "string", "Int64": "int", "Float64": "float", "Boolean": "bool"}


def funnel(report: RunReport) -> dict[str, Any]:
    """Records in, kept, rejected by reason, and what this run really did."""
    return {
        "acc/inputs": report.total,
        "acc/kept": report.kept,
        "acc/rejected": report.rejected,
        "acc/kept_share": report.kept / (report.kept + report.rejected) if report.kept + report.rejected else 0.0,
        "acc/inputs_new": report.processed,
        "acc/inputs_reused": report.reused,
        "acc/inputs_removed": report.removed,
        "acc/retryable": report.retryable,
        "acc/seconds": report.seconds,
        "acc/rejects_by_reason": dg.MetadataValue.json(report.reasons),
        "acc/recipe_change": "; ".join(report.recipe_change) or "none",
        "dagster/partition_row_count": report.kept,
    }


def table(spec: TableSpec, *, uri: str) -> dict[str, Any]:
    """The keys that Dagster itself gives a meaning to."""
    columns = [dg.TableColumn(name, _TYPES.get(str(dtype), str(dtype).lower())) for name, dtype in spec.schema.items()]
    return {
        "dagster/table_name": spec.name,
        "dagster/uri": uri,
        "dagster/column_schema": dg.TableSchema(columns=columns),
    }


def sample(rows: pl.LazyFrame, *, columns: list[str]) -> dict[str, Any]:
    """The first rows, cells cut to a readable length: megabytes in metadata freeze the page."""
    frame = rows.select(columns).head(SAMPLE_ROWS).collect()
    records = [dg.TableRecord({name: _cell(value) for name, value in row.items()}) for row in frame.to_dicts()]
    schema = dg.TableSchema(columns=[dg.TableColumn(name) for name in columns])
    return {"acc/sample": dg.MetadataValue.table(records, schema=schema)} if records else {}


def chart(png: bytes, *, alt: str) -> dict[str, Any]:
    """One picture under the stage's chart key."""
    return {"acc/chart": dg.MetadataValue.md(charts.markdown_image(png, alt=alt))}


def _cell(value: Any) -> str | int | float | bool | None:
    if value is None or isinstance(value, (int, float, bool)):
        return value
    text = str(value).replace("\n", " ⏎ ")
    return text if len(text) <= _CELL else text[: _CELL - 1] + "…"
