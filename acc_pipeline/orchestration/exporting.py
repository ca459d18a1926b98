"""`acc export`: training rows of a workspace as files for trainers."""

from pathlib import Path
from typing import Literal

import polars as pl

from acc_pipeline.orchestration.tables import TABLES
from acc_pipeline.orchestration.workspace import Workspace
from acc_pipeline.sft.export import Exported, export


def export_rows(
    workspace: Workspace,
    *,
    out: Path,
    agent_types: tuple[str, ...],
    form: str,
    file_format: Literal["jsonl", "parquet"],
) -> list[Exported]:
    """One file an agent type in the folder `out`. Raises `NotReady` for a table that is not complete."""
    spec = TABLES["sft_dataset"]
    frames = [workspace.lake.scan(spec, name) for name in agent_types or workspace.settings.agent_types]
    return export(pl.concat(frames).collect(), out=out, file_format=file_format, form=form)
