"""The results table from the scores of whatever arms have been evaluated, as the profile is now."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from acc_pipeline.evaluation.results import results_rows
from acc_pipeline.lake.errors import NotReady
from acc_pipeline.lake.recipe import Recipe
from acc_pipeline.orchestration.stages import checkpoints, scores
from acc_pipeline.orchestration.tables import TABLES
from acc_pipeline.orchestration.workspace import Workspace
from acc_pipeline.training.config import TINY

PARTITION = "all"


def run(workspace: Workspace, *, left_out: Mapping[str, str]) -> tuple[list[dict[str, Any]], str]:
    """Compute the rows of the arms not `left_out`, write them when changed; returns them with their data version."""
    settings = workspace.settings
    spec, table = TABLES["results"], TABLES["eval_scores"]
    arms = {name: arm.description for name, arm in settings.arms.items() if name not in left_out}
    frames = [workspace.lake.scan(table, name) for name in arms]
    scored = pl.concat(frames).collect() if frames else pl.DataFrame(schema=table.schema)
    rows = results_rows(scored, arms=arms, smoke=settings.student.model == TINY)
    frame = pl.DataFrame(rows, schema=spec.columns)
    recipe = Recipe({"arms": arms, "student": settings.student.model})
    return rows, workspace.lake.replace_partition(spec, PARTITION, frame, recipe=recipe)


def arms_left_out(workspace: Workspace) -> dict[str, str]:
    """Arm -> why the table does not show it. Scores of other settings, items or weights are never set beside these."""
    found = {name: _why_left_out(workspace, name) for name in workspace.settings.arms}
    return {name: why for name, why in found.items() if why}


def stored(workspace: Workspace) -> list[dict[str, Any]]:
    """The rows as they were last written; none when the table was never made."""
    spec = TABLES["results"]
    if workspace.lake.marker(spec, PARTITION) is None:
        return []
    return workspace.lake.scan(spec, PARTITION).sort("place").select(list(spec.columns)).collect().to_dicts()


def _why_left_out(workspace: Workspace, arm: str) -> str:
    spec = TABLES["eval_scores"]
    marker = workspace.lake.marker(spec, arm)
    if marker is None:
        return "it has no scores yet"
    if marker.recipe != scores.scores_recipe(workspace).fingerprint:
        return "its scores were made with other evaluation settings; materialize eval_scores"
    try:
        wanted = {planned.checkpoint_id for planned in checkpoints.plan(workspace, arm)}
    except (NotReady, checkpoints.NothingToTrain) as error:
        return str(error)
    made = workspace.lake.scan(spec, arm).select("checkpoint_id", "item_id").unique().collect()
    if set(made["checkpoint_id"]) != wanted:
        return "its scores are of a checkpoint of other rows or settings; materialize checkpoint and eval_scores"
    if set(made["item_id"]) != {row["item_id"] for rows in scores.read_items(workspace).values() for row in rows}:
        return "its scores are of other evaluation items; materialize eval_scores"
    return ""
