"""The evaluation items: made from a seed, so that they exist without a network and are the same everywhere."""

import dagster as dg

from acc_pipeline.orchestration import metadata
from acc_pipeline.orchestration.stages import eval_items
from acc_pipeline.orchestration.tables import TABLES
from acc_pipeline.orchestration.workspace import Workspace
from acc_pipeline.report import charts


def build_eval_items() -> dg.AssetsDefinition:
    """One unpartitioned asset over all benchmarks of the profile."""

    @dg.asset(
        name="eval_items",
        description="MRCR and GraphWalks items; training rows that overlap with them stay out of the data set.",
        group_name="evaluation",
        kinds={"deltalake"},
    )
    def body(workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult:
        made = eval_items.run(workspace)
        spec = TABLES["eval_items"]
        picture = charts.funnel(kept=sum(made.counts.values()), reasons={}, title="evaluation items")
        return dg.MaterializeResult(
            metadata={
                "acc/kept": sum(made.counts.values()),
                "acc/items_by_benchmark": dg.MetadataValue.json(made.counts),
                "dagster/row_count": sum(made.counts.values()),
                **metadata.table(spec, uri=workspace.lake.uri(spec)),
                **metadata.chart(picture, alt="evaluation items"),
            },
            data_version=dg.DataVersion(made.data_version),
        )

    return body
