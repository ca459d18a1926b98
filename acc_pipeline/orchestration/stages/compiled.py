"""Verified runs become contexts, one row for each form that the profile's arms need."""

from typing import Any

from acc_pipeline.contexts import stage
from acc_pipeline.contexts.tokens import TokenCounter
from acc_pipeline.lake.recipe import Recipe
from acc_pipeline.lake.runs import RunReport, run_records
from acc_pipeline.orchestration.stages.side import needs_of_task
from acc_pipeline.orchestration.stages.upstream import inputs_of, loader_of
from acc_pipeline.orchestration.tables import TABLES
from acc_pipeline.orchestration.workspace import Workspace


def run(workspace: Workspace, partition: str) -> RunReport:
    """Compile each run whose content or side inputs are new, under the budget of the student's tokenizer."""
    agent, sources, options = workspace.agent(partition), workspace.sources(), workspace.compile_options
    tokenizer_dir = str(workspace.tokenizer_dir)
    runs = workspace.lake.scan(TABLES["verified_trajectories"], partition)

    def item(row: dict[str, Any]) -> stage.CompileItem:
        resolved = sources.resolve(needs_of_task(agent, row["task"]), agent_type=partition)
        return stage.CompileItem(
            record=row["record"],
            agent_type=partition,
            split=row["split"],
            sources=resolved,
            tokenizer_dir=tokenizer_dir,
            options=options,
            agent=agent,
        )

    return run_records(
        workspace.lake,
        TABLES["compiled_contexts"],
        partition=partition,
        recipe=Recipe(stage.recipe(agent, options, TokenCounter(tokenizer_dir))),
        inputs=inputs_of(
            runs,
            columns=["task"],
            side=lambda row: sources.side(needs_of_task(agent, row["task"]), agent_type=partition),
        ),
        load=loader_of(runs, columns=["task", "record", "split"], build=item),
        process=stage.process,
        engine=workspace.engine,
        shard_size=workspace.settings.compute.shard_size,
    )
