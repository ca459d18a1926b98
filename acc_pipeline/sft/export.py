"""Training rows as files for others: one file an agent type, in the columns of the released ACC data.

Columns: `dialogs` (exactly two messages, user and assistant), `ground_truth_answer`, `context_length` ("100k"). With
provenance, `example_id`, `split`, `licence` and `source` follow. Only forms with two messages can be exported.
"""

import json
import os
from pathlib import Path
from typing import Literal

import polars as pl
from msgspec import Struct

_MESSAGE = pl.Struct({"role": pl.String, "content": pl.String})
_PROVENANCE = ["example_id", "split", "licence", "source"]


class Exported(Struct, frozen=True):
    """One written file."""

    path: Path
    config: str
    rows: int


def export(
    rows: pl.DataFrame,
    *,
    out: Path,
    file_format: Literal["jsonl", "parquet"] = "parquet",
    form: str = "pieces",
    provenance: bool = True,
) -> list[Exported]:
    """Write the rows of one form as `<out>/<agent type>_agent.<format>`, each file whole or not at all.

    `rows` are rows of sft_dataset with `agent_type`. Raises ValueError when the form has no two-message rows.
    """
    if form == "multi-turn":
        raise ValueError("form 'multi-turn' has more than two messages: export 'pieces' or 'no-distractors'")
    out.mkdir(parents=True, exist_ok=True)
    chosen = rows.filter(pl.col("form") == form).sort("agent_type", "example_id")
    written = []
    for (agent_type,), group in chosen.group_by("agent_type", maintain_order=True):
        config = f"{agent_type}_agent"
        path = out / f"{config}.{file_format}"
        _write(_released(group, provenance=provenance), path=path, file_format=file_format)
        written.append(Exported(path, config, group.height))
    return written


def _released(rows: pl.DataFrame, *, provenance: bool) -> pl.DataFrame:
    dialogs = pl.Series("dialogs", [json.loads(text) for text in rows["dialogs"]], dtype=pl.List(_MESSAGE))
    columns = ["ground_truth_answer", "context_length", *(_PROVENANCE if provenance else [])]
    return rows.select(dialogs, *columns)


def _write(frame: pl.DataFrame, *, path: Path, file_format: str) -> None:
    part = path.with_name(f".{path.name}.part")
    if file_format == "parquet":
        frame.write_parquet(part)
    else:
        frame.write_ndjson(part)
    os.replace(part, path)
