"""What a checkpoint is asked, and its responses as graded rows; generating them is a program of its own."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from acc_pipeline.evaluation import generate, score
from acc_pipeline.evaluation.digest import content_digest
from acc_pipeline.evaluation.items import BENCHMARKS, child_item
from acc_pipeline.evaluation.sampling import Sampling
from acc_pipeline.lake.recipe import Recipe
from acc_pipeline.orchestration.tables import TABLES
from acc_pipeline.orchestration.workspace import Workspace

Items = dict[str, list[dict[str, Any]]]


class NoItems(Exception):
    """There is nothing to ask a checkpoint."""


@dataclass(frozen=True)
class ScoreRun:
    """The responses of one checkpoint: the program's config, its folder, and the items by benchmark."""

    config: generate.GenerateConfig
    folder: Path
    seed: int
    checkpoint_id: str
    items: Items


def plan(workspace: Workspace, arm: str) -> list[ScoreRun]:
    """One run a checkpoint of the arm. Items and responses lie beside the checkpoint's own folder, by content."""
    options = workspace.settings.evaluation
    items = read_items(workspace)
    if not any(items.values()):
        raise NoItems("there are no evaluation items: materialize eval_items, or raise evaluation.mrcr_items")
    lines = _item_lines(items, likelihood=options.likelihood, most=options.likelihood_items)
    digest = hashlib.sha256(lines).hexdigest()[:16]
    checkpoints = (
        workspace.lake.scan(TABLES["checkpoints"], arm).select("seed", "checkpoint_id", "checkpoint").collect()
    )
    runs = []
    for row in checkpoints.sort("seed").iter_rows(named=True):
        folder = workspace.arm_dir(arm) / row["checkpoint_id"] / "responses"
        items_path = folder / f"items-{digest}.jsonl"
        if not items_path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            items_path.write_bytes(lines)
        config = generate.GenerateConfig(
            model=row["checkpoint"],
            items=str(items_path),
            out=str(folder / "responses.jsonl"),
            samples=options.samples,
            sampling=Sampling(
                temperature=options.temperature,
                top_p=options.top_p,
                top_k=options.top_k,
                max_new_tokens=options.max_new_tokens,
            ),
            likelihood=options.likelihood,
            seed=options.seed,
            threads=workspace.settings.training.threads,
        )
        runs.append(ScoreRun(config, folder, row["seed"], row["checkpoint_id"], items))
    return runs


def read_items(workspace: Workspace) -> Items:
    """Every evaluation item there is, by benchmark, in the order of their ids."""
    found: Items = {}
    for benchmark in BENCHMARKS:
        if workspace.lake.marker(TABLES["eval_items"], benchmark) is not None:
            rows = workspace.lake.scan(TABLES["eval_items"], benchmark).sort("item_id").collect()
            found[benchmark] = rows.to_dicts()
    return found


def write_config(run: ScoreRun) -> Path:
    """The file that the program is started with."""
    path = run.folder / "config.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(run.config)))
    return path


def complete(run: ScoreRun) -> bool:
    """Are all responses of this run stored? Asked without loading the model, or any heavy library."""
    return len(replies(run)) == sum(len(rows) for rows in run.items.values()) * run.config.samples


def replies(run: ScoreRun) -> list[dict[str, Any]]:
    """The stored responses to just these items, drawn just so, from just these weights."""
    asked = [msgspec.json.decode(line, type=generate.Item) for line in Path(run.config.items).read_bytes().splitlines()]
    digest = content_digest(Path(run.config.model))
    wanted = {
        generate.response_key(digest, item, config=run.config, sample=sample)
        for item in asked
        for sample in range(run.config.samples)
    }
    return [row for row in generate.stored_rows(Path(run.config.out)) if row["key"] in wanted]


def record(workspace: Workspace, arm: str, runs: list[ScoreRun]) -> str:
    """Grade the responses and put them into the lake; returns the data version."""
    spec = TABLES["eval_scores"]
    rows: list[dict[str, Any]] = []
    for run in runs:
        known = {row["item_id"]: (benchmark, row) for benchmark, found in run.items.items() for row in found}
        for reply in replies(run):
            benchmark, item = known[reply["item_id"]]
            rows.append(score.score_row(benchmark, item, reply, seed=run.seed, checkpoint_id=run.checkpoint_id))
    frame = pl.DataFrame(rows, schema=spec.columns)
    return workspace.lake.replace_partition(spec, arm, frame, recipe=scores_recipe(workspace))


def scores_recipe(workspace: Workspace) -> Recipe:
    """How responses are drawn and graded: scores of two recipes are not comparable."""
    return Recipe({**workspace.settings.evaluation.scores_recipe(), "rules": score.RULES_VERSION})


def _item_lines(items: Items, *, likelihood: bool, most: int) -> bytes:
    lines = []
    for benchmark, rows in items.items():
        for place, row in enumerate(rows):
            measured = likelihood and (most == 0 or place < most)
            lines.append(msgspec.json.encode(child_item(benchmark, row, likelihood=measured)))
    return b"\n".join(lines)
