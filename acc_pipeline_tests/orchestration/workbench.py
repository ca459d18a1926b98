"""A workspace that a test fills with sample logs, spoils and mends, and the data stages run on it in their order."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from acc_pipeline.lake.runs import RunReport
from acc_pipeline.orchestration.assets.data import STAGES
from acc_pipeline.orchestration.stages import eval_items
from acc_pipeline.orchestration.tables import TABLES
from acc_pipeline.orchestration.workspace import Workspace
from acc_pipeline.settings import PROJECT_DIR, Settings, load_settings

SAMPLES = PROJECT_DIR / "data" / "sample_logs"
Reports = dict[str, RunReport]


@dataclass(frozen=True)
class Bench:
    """`root` holds sources/ and data/; `tokenizer` is made once for all tests."""

    root: Path
    tokenizer: Path

    @property
    def sources(self) -> Path:
        return self.root / "sources"

    def inbox(self, agent_type: str) -> Path:
        return self.sources / "inbox" / agent_type

    def take(self, *names: str) -> "Bench":
        """Copy files or folders of the sample logs, such as `inbox/sql` or `databases`, to the same place."""
        for name in names:
            target = self.sources / name
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if (SAMPLES / name).is_dir() else shutil.copy2)(SAMPLES / name, target)
        return self

    def settings(self, **overrides: Any) -> Settings:
        """The demo's, with few evaluation items and every task trained on."""
        return load_settings(
            **{
                "data_dir": self.root / "data",
                "sources_dir": self.sources,
                "executor": "in_process",
                "student": {"model": str(self.tokenizer)},
                "verify": {"validation": 0.0, "held_out": 0.0},
                "evaluation": {"mrcr_items": 2, "mrcr_tokens": 512, "graphwalks_items": 2, "graphwalks_tokens": 512},
                **overrides,
            }
        )

    def workspace(self, **overrides: Any) -> Workspace:
        return Workspace(self.settings(**overrides))

    def run(self, agent_type: str, **overrides: Any) -> Reports:
        """Every data stage of one agent type, in order; the reports by table."""
        workspace = self.workspace(**overrides)
        eval_items.run(workspace)
        return {stage.name: stage.run(workspace, agent_type) for stage in STAGES}

    def notes(self, agent_type: str) -> str:
        """What the stages say about their inputs."""
        workspace = self.workspace()
        return "\n".join(note for stage in STAGES for note in stage.notes(workspace, agent_type))

    def rows(self, table: str, agent_type: str, *, status: str | None = "kept") -> list[dict[str, Any]]:
        """Rows in the order of their inputs."""
        frame = self.workspace().lake.scan(TABLES[table], agent_type, status=status)
        return frame.sort("input_key", "output_no").collect().to_dicts()

    def everything(self, agent_type: str) -> dict[str, pl.DataFrame]:
        """All rows of all tables, kept or not, for comparison."""
        lake = self.workspace().lake
        return {
            stage.name: lake.scan(TABLES[stage.name], agent_type, status=None).sort("input_key", "output_no").collect()
            for stage in STAGES
        }


def done(reports: Reports) -> dict[str, int]:
    """How many inputs each stage worked on."""
    return {name: report.processed for name, report in reports.items()}


def removed(reports: Reports) -> dict[str, int]:
    """How many inputs each stage found gone."""
    return {name: report.removed for name, report in reports.items()}


def json_lines(path: Path) -> list[Any]:
    return [msgspec.json.decode(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write_json_lines(path: Path, rows: list[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
