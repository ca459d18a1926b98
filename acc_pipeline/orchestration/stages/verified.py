"""Runs are judged against references, databases and repositories; the ones found right go on."""

from typing import Any

import polars as pl

from acc_pipeline.agents import stage
from acc_pipeline.agents.base import Reference
from acc_pipeline.lake.recipe import Recipe
from acc_pipeline.lake.runs import RunReport, run_records
from acc_pipeline.orchestration.stages.side import needs_of_task
from acc_pipeline.orchestration.stages.upstream import inputs_of, loader_of
from acc_pipeline.orchestration.tables import TABLES
from acc_pipeline.orchestration.workspace import Workspace

_SHOWN = 20


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


def notes(workspace: Workspace, partition: str) -> list[str]:
    """What is wrong with the references: files and rows that cannot be used, contradictions, rows for nobody."""
    agent, index = workspace.agent(partition), workspace.sources().references(partition)
    tasks = workspace.lake.scan(TABLES["trajectories"], partition).select(pl.col("task").unique()).collect()["task"]
    wanted = [needs_of_task(agent, task) for task in tasks]
    unused = index.unused((needs.task_id, needs.question) for needs in wanted)
    found = [f"references/{partition}: {problem}" for problem in index.problems[:_SHOWN]]
    if more := len(index.problems) - len(found):
        found.append(f"references/{partition}: and {more} more such problems")
    if unused:
        shown = ", ".join(_named(reference) for reference in unused[:3])
        found.append(f"references/{partition}: {len(unused)} of {len(index)} belong to no run, such as {shown}")
    return found


def _named(reference: Reference) -> str:
    return f"task id {reference.task_id!r}" if reference.task_id else f"question {reference.question[:80]!r}"
