"""The results table from the scores of whatever arms have been evaluated."""

from typing import Any

import polars as pl

from acc_pipeline.evaluation.results import results_rows
from acc_pipeline.lake.recipe import Recipe
from acc_pipeline.orchestration.tables import TABLES
from acc_pipeline.orchestration.workspace import Workspace
from acc_pipeline.training.config import TINY

PARTITION = "all"


def run(workspace: Workspace) -> tuple[list[dict[str, Any]], str]:
    """Compute the rows, write them when they changed; returns them with their data version."""
    settings = workspace.settings
    spec, scores = TABLES["results"], TABLES["eval_scores"]
    done = scored_arms(workspace)
    frames = [workspace.lake.scan(scores, arm) for arm in done]
    table = pl.concat(frames).collect() if frames else pl.DataFrame(schema=scores.schema)
    arms = {name: settings.arms[name].description for name in done}
    rows = results_rows(table, arms=arms, smoke=settings.student.model == TINY)
    frame = pl.DataFrame(rows, schema=spec.columns)
    recipe = Recipe({"arms": arms, "student": settings.student.model})
    return rows, workspace.lake.replace_partition(spec, PARTITION, frame, recipe=recipe)


def scored_arms(workspace: Workspace) -> list[str]:
    """Arms of the profile whose scores are complete, in the profile's order."""
    spec = TABLES["eval_scores"]
    return [arm for arm in workspace.settings.arms if workspace.lake.marker(spec, arm) is not None]


def arms_without_scores(workspace: Workspace) -> list[str]:
    """Arms that the table does not show yet."""
    return [arm for arm in workspace.settings.arms if arm not in scored_arms(workspace)]


def stored(workspace: Workspace) -> list[dict[str, Any]]:
    """The rows as they were last written; none when the table was never made."""
    spec = TABLES["results"]
    if workspace.lake.marker(spec, PARTITION) is None:
        return []
    return workspace.lake.scan(spec, PARTITION).sort("place").select(list(spec.columns)).collect().to_dicts()
