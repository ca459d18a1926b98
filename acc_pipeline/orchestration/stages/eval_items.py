"""Evaluation items of every benchmark that the profile asks for."""

import hashlib
from dataclasses import dataclass

import polars as pl

from acc_pipeline.contexts.tokens import TokenCounter
from acc_pipeline.evaluation.items import RULES_VERSION, generate_items
from acc_pipeline.lake.recipe import Recipe
from acc_pipeline.orchestration.tables import TABLES
from acc_pipeline.orchestration.workspace import Workspace


@dataclass(frozen=True)
class Made:
    """Items by benchmark and the version of their content."""

    counts: dict[str, int]
    data_version: str


def run(workspace: Workspace) -> Made:
    """Generate the items and write each benchmark whose content changed."""
    options = workspace.settings.evaluation
    counter = TokenCounter(workspace.tokenizer_dir)
    recipe = Recipe({**options.items_recipe(), "tokenizer": counter.digest(), "rules": RULES_VERSION})
    spec = TABLES["eval_items"]
    counts: dict[str, int] = {}
    versions: list[str] = []
    for benchmark, rows in generate_items(options, count=counter.count).items():
        frame = pl.DataFrame(rows, schema=spec.columns)
        versions.append(benchmark + workspace.lake.replace_partition(spec, benchmark, frame, recipe=recipe))
        counts[benchmark] = len(rows)
    return Made(counts=counts, data_version=hashlib.sha256("\n".join(sorted(versions)).encode()).hexdigest()[:16])
