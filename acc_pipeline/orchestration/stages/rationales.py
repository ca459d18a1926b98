"""The teacher writes rationales for contexts of form `pieces`; they serve every other form of the same example."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import polars as pl

from acc_pipeline.contexts.stage import COLUMNS as CONTEXT
from acc_pipeline.lake.recipe import Recipe
from acc_pipeline.lake.runs import Input, RunReport, run_records
from acc_pipeline.orchestration.stages.upstream import inputs_of, loader_of
from acc_pipeline.orchestration.tables import TABLES
from acc_pipeline.orchestration.workspace import Workspace
from acc_pipeline.teacher import stage
from acc_pipeline.teacher.asking import warm
from acc_pipeline.teacher.item import RationaleItem, item_from_row
from acc_pipeline.teacher.options import recipe


def run(workspace: Workspace, partition: str) -> RunReport:
    """Ask for what is not yet stored: a response is never requested twice."""
    settings, agent = workspace.settings, workspace.agent(partition)
    contexts = workspace.lake.scan(TABLES["compiled_contexts"], partition).filter(pl.col("form") == "pieces")

    def item(row: dict[str, Any]) -> RationaleItem:
        made = item_from_row(
            row,
            agent_type=partition,
            options=settings.teacher,
            store_path=workspace.response_store,
            api_key=settings.teacher_api_key.get_secret_value(),
        )
        return msgspec.structs.replace(made, agent=agent)

    load_rows = loader_of(contexts, columns=list(CONTEXT), build=item)

    def load(wanted: Sequence[Input]) -> Iterable[RationaleItem]:
        """A shard's requests are in flight together; `process` then finds the replies in the store."""
        items = list(load_rows(wanted))
        warm(items)
        return items

    return run_records(
        workspace.lake,
        TABLES["teacher_rationales"],
        partition=partition,
        recipe=Recipe({**recipe(settings.teacher), "grading": agent.recipe()}),
        inputs=inputs_of(contexts),
        load=load,
        process=stage.process,
        engine=workspace.engine,
        # Small shards: what a teacher was paid for is committed soon.
        shard_size=min(32, settings.compute.shard_size),
    )
