"""The table over all arms, and the HTML report: what a person looks at last and shows to others."""

import dagster as dg

from acc_pipeline.evaluation.results import as_markdown
from acc_pipeline.orchestration import metadata
from acc_pipeline.orchestration.reporting import chart_of, write_report
from acc_pipeline.orchestration.stages import results
from acc_pipeline.orchestration.tables import TABLES
from acc_pipeline.orchestration.workspace import Workspace


def build_results_table() -> dg.AssetsDefinition:
    """Unpartitioned, content with whatever arms have scores."""

    @dg.asset(
        name="results_table",
        description="One row an arm, with the change against `base`; writes the HTML report.",
        deps=["eval_scores"],
        group_name="results",
        kinds={"deltalake"},
    )
    def body(workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult:
        rows, version = results.run(workspace)
        spec = TABLES["results"]
        path = write_report(workspace, rows=rows)
        return dg.MaterializeResult(
            metadata={
                "acc/kept": len(rows),
                "acc/results": dg.MetadataValue.md(as_markdown(rows)),
                "acc/arms_without_scores": dg.MetadataValue.json(results.arms_without_scores(workspace)),
                "acc/report": dg.MetadataValue.path(path),
                **metadata.table(spec, uri=workspace.lake.uri(spec)),
                **metadata.chart(chart_of(rows), alt="results by arm"),
            },
            data_version=dg.DataVersion(version),
        )

    return body
