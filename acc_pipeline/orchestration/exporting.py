"""`acc export`: training rows of a workspace as files for trainers."""

from pathlib import Path
from typing import Literal

import polars as pl

from acc_pipeline.lake.errors import NotReady
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
    """One file an agent type in the folder `out`.

    Raises `ValueError` for an agent type that the profile does not have, one whose rows are not complete, and a form
    that has no rows.
    """
    settings = workspace.settings
    if unknown := sorted(set(agent_types) - set(settings.agent_types)):
        allowed = ", ".join(settings.agent_types)
        raise ValueError(f"agent type {unknown[0]!r} is not in profile {settings.profile}; allowed: {allowed}")
    rows = pl.concat([_rows(workspace, name) for name in agent_types or settings.agent_types])
    if form not in (forms := sorted(rows["form"].unique())):
        raise ValueError(f"no rows of form {form!r} to export; there are: {', '.join(forms) or 'none at all'}")
    return export(rows, out=out, file_format=file_format, form=form)


def _rows(workspace: Workspace, agent_type: str) -> pl.DataFrame:
    spec = TABLES["sft_dataset"]
    try:
        return workspace.lake.scan(spec, agent_type).collect()
    except NotReady as error:
        settings = workspace.settings
        raise ValueError(
            f"the training rows of {agent_type} are not ready: {error.why} (profile {settings.profile}, lake "
            f"{settings.lake}). `acc run` makes them; --agent-type exports only those of other agent types"
        ) from None
