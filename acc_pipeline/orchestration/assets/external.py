"""What is read but not made here: logs, references, databases, repositories; the log sensor observes them."""

import dagster as dg

from acc_pipeline.orchestration.partitions import Partitions


def build_external_assets(partitions: Partitions) -> list[dg.AssetSpec]:
    """Logs and references come by agent type; databases and repositories serve all of them."""
    return [
        dg.AssetSpec(
            "agent_logs",
            description="Log files that agent frameworks wrote, in `inbox/<agent type>/`.",
            partitions_def=partitions.agent_types,
            group_name="inputs",
            kinds={"json"},
        ),
        dg.AssetSpec(
            "references",
            description="What is known to be right: answers, SQL, patches, verdicts, in `references/<agent type>/`.",
            partitions_def=partitions.agent_types,
            group_name="inputs",
            kinds={"json"},
        ),
        dg.AssetSpec(
            "databases",
            description="Databases that agents queried, in `databases/`: DuckDB, SQLite, folders of CSV or Parquet.",
            group_name="inputs",
            kinds={"duckdb"},
        ),
        dg.AssetSpec(
            "repos",
            description="Repositories that agents worked on, in `repos/`.",
            group_name="inputs",
            kinds={"git"},
        ),
    ]
