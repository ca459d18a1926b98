"""Contexts with a kept rationale become training rows; duplicates and overlaps with evaluation items stay out."""

import json
from pathlib import Path
from typing import Any

import polars as pl

from acc_pipeline.contexts.stage import COLUMNS as CONTEXT
from acc_pipeline.lake.recipe import Recipe
from acc_pipeline.lake.runs import RunReport, run_records
from acc_pipeline.orchestration.stages.scores import read_items
from acc_pipeline.orchestration.stages.upstream import inputs_of, loader_of
from acc_pipeline.orchestration.tables import TABLES
from acc_pipeline.orchestration.workspace import Workspace
from acc_pipeline.sft import decontamination, stage
from acc_pipeline.sft.dedup import mark_duplicates
from acc_pipeline.sft.options import recipe

ABSENT = "absent"


def run(workspace: Workspace, partition: str) -> RunReport:
    """One row a context; its side inputs are the kept rationale, the example that it repeats, the evaluation items."""
    contexts = workspace.lake.scan(TABLES["compiled_contexts"], partition)
    rationales = _kept_rationales(workspace, partition)
    duplicates = _duplicates(workspace, partition, explained=set(rationales))
    index = _eval_index(workspace)
    index_digest = decontamination.load(index).digest

    def side(row: dict[str, Any]) -> dict[str, str]:
        rationale = rationales.get(row["example_id"])
        return {
            "rationale": rationale["digest"] if rationale else ABSENT,
            "duplicate_of": duplicates.get(row["example_id"], ""),
            "eval_items": index_digest,
        }

    def item(row: dict[str, Any]) -> stage.SftItem:
        return stage.SftItem(
            compiled=row,
            rationale=rationales.get(row["example_id"]),
            options=workspace.settings.sft,
            source=json.loads(row["source"]),
            tokenizer_dir=workspace.tokenizer_dir,
            eval_index=index,
            duplicate_of=duplicates.get(row["example_id"], ""),
        )

    return run_records(
        workspace.lake,
        TABLES["sft_dataset"],
        partition=partition,
        recipe=Recipe(recipe(workspace.settings.sft)),
        inputs=inputs_of(contexts, columns=["example_id"], side=side),
        load=loader_of(contexts, columns=list(CONTEXT), build=item),
        process=stage.process,
        engine=workspace.engine,
        shard_size=workspace.settings.compute.shard_size,
    )


def _eval_index(workspace: Workspace) -> Path:
    """The word runs of every evaluation item there is now, saved where each worker can map them."""
    settings = workspace.settings
    items = [row for rows in read_items(workspace).values() for row in rows]
    index = decontamination.build(decontamination.items_of_rows(items), ngram=settings.sft.ngram)
    return decontamination.save(index, workspace.eval_index_dir)


def _kept_rationales(workspace: Workspace, partition: str) -> dict[str, dict[str, Any]]:
    rows = workspace.lake.scan(TABLES["teacher_rationales"], partition).filter(pl.col("kept"))
    wanted = rows.select("example_id", "reasoning", "answer", "model", "digest").collect()
    return {row["example_id"]: row for row in wanted.iter_rows(named=True)}


def _duplicates(workspace: Workspace, partition: str, *, explained: set[str]) -> dict[str, str]:
    """Example id -> the example that it repeats. One that has a rationale stands for its group."""
    rows = workspace.lake.scan(TABLES["compiled_contexts"], partition).filter(pl.col("form") == "pieces")
    frame = rows.select("example_id", "question", "answer").collect()
    marked = mark_duplicates(frame.with_columns(has_rationale=pl.col("example_id").is_in(sorted(explained))))
    return {row["example_id"]: row["duplicate_of"] for row in marked.iter_rows(named=True) if row["duplicate_of"]}
