"""The evaluation items: made from a seed, so that they exist without a network and are the same everywhere."""

import time
from typing import Any

import dagster as dg
import polars as pl

from acc_pipeline.evaluation.items import BENCHMARKS
from acc_pipeline.orchestration import metadata
from acc_pipeline.orchestration.automation import on_new_settings
from acc_pipeline.orchestration.stages import eval_items
from acc_pipeline.orchestration.tables import TABLES
from acc_pipeline.orchestration.workspace import Workspace
from acc_pipeline.report import charts

_SHOWN = ("item_id", "subset", "tokens", "prompt", "answer")


def build_eval_items(*, code_version: str) -> dg.AssetsDefinition:
    """One unpartitioned asset over all benchmarks of the profile."""

    @dg.asset(
        name="eval_items",
        description="MRCR and GraphWalks items; training rows that overlap with them stay out of the data set.",
        group_name="evaluation",
        kinds={"deltalake"},
        code_version=code_version,
        automation_condition=on_new_settings(),
    )
    def body(workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult:
        started, before = time.monotonic(), _versions(workspace)
        made = eval_items.run(workspace)
        after = _versions(workspace)
        counts = metadata.Counts(
            inputs=sum(made.counts.values()),
            kept=sum(made.counts.values()),
            new=sum(rows for name, rows in made.counts.items() if after[name] != before.get(name)),
            seconds=time.monotonic() - started,
        )
        return dg.MaterializeResult(
            metadata=_describe(workspace, counts, made=made.counts), data_version=dg.DataVersion(made.data_version)
        )

    return body


def _versions(workspace: Workspace) -> dict[str, str]:
    """Benchmark -> data version of its items."""
    markers = {name: workspace.lake.marker(TABLES["eval_items"], name) for name in BENCHMARKS}
    return {name: marker.data_version for name, marker in markers.items() if marker is not None}


def _describe(workspace: Workspace, counts: metadata.Counts, *, made: dict[str, int]) -> dict[str, Any]:
    spec = TABLES["eval_items"]
    frames = [workspace.lake.scan(spec, name) for name in made]
    rows = pl.concat(frames) if frames else pl.LazyFrame(schema=spec.schema)
    lengths = rows.select("tokens").collect()["tokens"].to_list()
    picture = charts.histogram(lengths, title=f"eval_items: {len(lengths)} items", unit="tokens of an item")
    return {
        **metadata.describe(
            counts,
            spec=spec,
            uri=workspace.lake.uri(spec),
            rows=rows,
            columns=_SHOWN,
            chart=picture,
            alt="tokens of the evaluation items",
            partitioned=False,
        ),
        "acc/items_by_benchmark": dg.MetadataValue.json(made),
    }
