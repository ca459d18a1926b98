"""Runs are judged against references, databases and repositories; the ones found right go on."""

from typing import Any

from acc_pipeline.agents import stage
from acc_pipeline.lake.recipe import Recipe
from acc_pipeline.lake.runs import RunReport, run_records
from acc_pipeline.orchestration.stages.side import needs_of_task
from acc_pipeline.orchestration.stages.upstream import inputs_of, loader_of
from acc_pipeline.orchestration.tables import TABLES
from acc_pipeline.orchestration.workspace import Workspace


def run(workspace: Workspace, partition: str) -> RunReport:
    """Verify each run whose content, reference, database or repository is new."""
    agent, sources, options = workspace.agent(partition), workspace.sources(), workspace.settings.verify
    runs = workspace.lake.scan(TABLES["trajectories"], partition)

    def item(row: dict[str, Any]) -> stage.VerifyItem:
        needs = needs_of_task(agent, row["task"])
        resolved = sources.resolve(needs, agent_type=partition)
        return stage.VerifyItem(
            record=row["record"], agent_type=partition, sources=resolved, options=options, agent=agent
        )

    return run_records(
        workspace.lake,
        TABLES["verified_trajectories"],
        partition=partition,
        recipe=Recipe(stage.recipe(agent, options)),
        inputs=inputs_of(
            runs,
            columns=["task"],
            digest="content",
            side=lambda row: sources.side(needs_of_task(agent, row["task"]), agent_type=partition),
        ),
        load=loader_of(runs, columns=["task", "record"], build=item),
        process=stage.process,
        engine=workspace.engine,
        shard_size=workspace.settings.compute.shard_size,
    )
