"""What an arm is trained on, and where each of its checkpoints lies; the training itself is a program of its own."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from acc_pipeline.lake.recipe import Recipe
from acc_pipeline.orchestration.tables import TABLES
from acc_pipeline.orchestration.workspace import Workspace
from acc_pipeline.settings import Arm
from acc_pipeline.training.config import TINY, TrainingConfig, identity
from acc_pipeline.training.rows import digest, read_rows

_ROW = ("example_id", "form", "messages", "split", "completion")

_WHY_LEFT_OUT = (
    "all arms train on the same examples, so an example needs a row in every form that an arm of the profile trains "
    "on; see the rejects of compiled_contexts (chat_over_budget: raise compile.budget), or take the other arm out"
)
_WHERE_TO_LOOK = "look at the rejects of sft_dataset and the tables before it, or take its agent types out of the arm"


class NothingToTrain(Exception):
    """An arm that should be trained has no rows; the message says which tables to look at."""


@dataclass(frozen=True)
class Plan:
    """One checkpoint to make, or made already: its program's config and the identity that names its folder."""

    config: TrainingConfig
    checkpoint_id: str
    recipe: dict[str, Any]

    @property
    def result_path(self) -> Path:
        """Written last by the training program: its presence says that the checkpoint is whole."""
        return self.config.out_dir / "result.json"

    @property
    def config_path(self) -> Path:
        return self.config.out_dir / "config.json"


def plan(workspace: Workspace, arm_name: str) -> list[Plan]:
    """One plan a seed. The folder is named by content, so another recipe or other rows never meet an old checkpoint."""
    settings = workspace.settings
    arm = settings.arms[arm_name]
    rows = _write_rows(workspace, arm_name, arm) if arm.trains else None
    rows_digest = digest(read_rows(rows)) if rows else digest([])
    student = settings.student
    plans = []
    for seed in student.seeds if arm.trains else student.seeds[:1]:
        config = TrainingConfig(
            arm=arm_name,
            out_dir=Path("."),
            rows=rows,
            base_model=student.model,
            seed=seed,
            tokenizer_dir=workspace.tokenizer_dir if student.model == TINY else None,
            options=settings.training,
        )
        named = identity(config, rows_digest=rows_digest)
        folder = workspace.arm_dir(arm_name) / named["checkpoint_id"]
        plans.append(Plan(config.model_copy(update={"out_dir": folder}), named["checkpoint_id"], named))
    return plans


def write_config(planned: Plan) -> Path:
    """The file that the program is started with."""
    planned.config.out_dir.mkdir(parents=True, exist_ok=True)
    planned.config_path.write_text(planned.config.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return planned.config_path


def record(workspace: Workspace, arm: str, plans: list[Plan]) -> tuple[list[dict[str, Any]], str]:
    """Put the finished checkpoints into the lake; returns the programs' results and the data version."""
    results = [json.loads(one.result_path.read_text(encoding="utf-8")) for one in plans]
    spec = TABLES["checkpoints"]
    rows = [{name: result.get(name) for name in spec.columns} for result in results]
    frame = pl.DataFrame(rows, schema=spec.columns)
    recipe = Recipe({"checkpoints": [one.recipe for one in plans]})
    return results, workspace.lake.replace_partition(spec, arm, frame, recipe=recipe)


def arm_rows(workspace: Workspace, arm: Arm) -> pl.DataFrame:
    """The rows that `arm` trains on, sorted by example.

    Only examples that have a row in every form that the profile's arms train on: so all arms of one comparison see the
    same examples, whatever was too long in one form.
    """
    forms = sorted({one.form for one in workspace.settings.arms.values() if one.trains})
    frames = []
    for agent_type in arm.agent_types:
        rows = workspace.lake.scan(TABLES["sft_dataset"], agent_type)
        complete = rows.filter(pl.col("form").is_in(forms)).group_by("example_id").agg(pl.col("form").n_unique())
        complete = complete.filter(pl.col("form") == len(forms)).select("example_id")
        chosen = rows.filter(pl.col("form") == arm.form).join(complete, on="example_id", how="semi")
        frames.append(chosen.select(_ROW))
    return pl.concat(frames).collect().sort("example_id")


def left_out(workspace: Workspace, arm: Arm) -> dict[str, int]:
    """Agent type -> rows of the arm's form that it does not train on, because another arm's form of them is missing."""
    taken = arm_rows(workspace, arm)["example_id"].implode()
    found = {}
    for agent_type in arm.agent_types:
        rows = workspace.lake.scan(TABLES["sft_dataset"], agent_type).filter(pl.col("form") == arm.form)
        found[agent_type] = rows.filter(~pl.col("example_id").is_in(taken)).select(pl.len()).collect().item()
    return {agent_type: count for agent_type, count in found.items() if count}


def notes(workspace: Workspace, arm_name: str) -> list[str]:
    """What a person should know about the arm's rows; each a sentence."""
    arm = workspace.settings.arms[arm_name]
    if not arm.trains:
        return []
    missing = left_out(workspace, arm)
    if not missing:
        return []
    counts = ", ".join(f"{agent_type} {count}" for agent_type, count in missing.items())
    return [f"arm {arm_name}: left out {counts} rows of form {arm.form!r}: {_WHY_LEFT_OUT}"]


def _write_rows(workspace: Workspace, name: str, arm: Arm) -> Path:
    frame = arm_rows(workspace, arm)
    if not (frame["split"] == "train").any():
        missing = left_out(workspace, arm)
        why = f"{sum(missing.values())} rows are left out: {_WHY_LEFT_OUT}" if missing else _WHERE_TO_LOOK
        raise NothingToTrain(
            f"arm {name!r} has no training rows of form {arm.form!r} from {', '.join(arm.agent_types)}: {why}"
        )
    lines = [
        msgspec.json.encode({**row, "messages": json.loads(row["messages"])}) for row in frame.iter_rows(named=True)
    ]
    content = b"\n".join(lines) + b"\n"
    path = workspace.arm_dir(name) / "rows" / f"{hashlib.sha256(content).hexdigest()[:16]}.jsonl"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return path


def loss_curve(planned: Plan) -> list[tuple[float, float]]:
    """(step, loss) of a finished run; empty for an arm that is not trained."""
    path = planned.config.out_dir / "metrics.jsonl"
    if not path.exists():
        return []
    entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    return [(entry["step"], entry["loss"]) for entry in entries if "loss" in entry and "step" in entry]
