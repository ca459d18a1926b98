"""The table over all arms, and the HTML report: what a person looks at last and shows to others."""

import time

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
        description="The scores of every arm, each with its change against `base`; writes the HTML report.",
        deps=["eval_scores"],
        group_name="results",
        kinds={"deltalake"},
    )
    def body(workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult:
        started = time.monotonic()
        spec = TABLES["results"]
        before = workspace.lake.marker(spec, results.PARTITION)
        left_out = results.arms_left_out(workspace)
        rows, version = results.run(workspace, left_out=left_out)
        path = write_report(workspace, rows=rows, left_out=left_out)
        scored = len(workspace.settings.arms) - len(left_out)
        changed = before is None or before.data_version != version
        counts = metadata.Counts(
            inputs=scored, kept=len(rows), new=scored if changed else 0, seconds=time.monotonic() - started
        )
        return dg.MaterializeResult(
            metadata={
                "acc/results": dg.MetadataValue.md(as_markdown(rows)),
                "acc/report": dg.MetadataValue.path(path.resolve()),
                "acc/arms_not_shown": dg.MetadataValue.json(left_out),
                **metadata.describe(
                    counts,
                    spec=spec,
                    uri=workspace.lake.uri(spec),
                    rows=workspace.lake.scan(spec, results.PARTITION),
                    columns=("arm", "metric", "value", "change", "rows", "stamp"),
                    chart=chart_of(rows),
                    alt="results by arm",
                    partitioned=False,
                ),
            },
            data_version=dg.DataVersion(version),
        )

    return body
