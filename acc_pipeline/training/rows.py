"""The rows that come in as JSONL, each one accounted for: trained, validated, or refused with a reason.

Reads and checks the rows' shape; what tokens they become is `encode.py`'s.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec


class RowsError(ValueError):
    """The file of rows cannot be used at all; the message names file, line and cure."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One training example: `messages` in OpenAI's form, the last one the assistant's. `completion` may be empty."""

    example_id: str
    form: str
    messages: list[dict[str, Any]]
    split: str = "train"
    completion: str = ""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a row is not trained on. `reason` is a short code, `detail` what was seen."""

    example_id: str
    form: str
    reason: str
    detail: str


def read_rows(path: Path) -> list[Row]:
    """All rows, sorted by example and form, so that the file's order cannot change the checkpoint.

    Raises `RowsError` for a line that is no row: the file is machine-made.
    """
    if not path.is_file():
        raise RowsError(f"{path}: no such file; it should hold rows of sft_dataset as JSONL")
    rows = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                rows.append(_row(line, where=f"{path}:{number}"))
    if not rows:
        raise RowsError(f"{path}: no rows; an arm without rows to train on should leave `rows` out")
    return sorted(rows, key=lambda row: (row.example_id, row.form))


def digest(rows: list[Row]) -> str:
    """Hash of what is trained on, whatever the order of the file."""
    each = sorted(hashlib.sha256(msgspec.json.encode(row, order="sorted")).hexdigest() for row in rows)
    return hashlib.sha256("".join(each).encode()).hexdigest()


def split_rows(rows: list[Row]) -> tuple[list[Row], list[Row], list[Refusal]]:
    """(train, validation, refused): a repeated row and a row of another split are refused by name."""
    train: list[Row] = []
    validation: list[Row] = []
    refused = []
    seen = set()
    for row in rows:
        key = (row.example_id, row.form)
        if key in seen:
            detail = f"form {row.form} of this example came before"
            refused.append(Refusal(example_id=row.example_id, form=row.form, reason="repeated_row", detail=detail))
        elif row.split in ("train", "validation"):
            (train if row.split == "train" else validation).append(row)
        else:
            detail = f"split is {row.split!r}; train and validation rows are taken"
            refused.append(Refusal(example_id=row.example_id, form=row.form, reason="other_split", detail=detail))
        seen.add(key)
    return train, validation, refused


def _row(line: str, *, where: str) -> Row:
    try:
        raw = json.loads(line)
        messages = raw["messages"]
        return Row(
            example_id=str(raw["example_id"]),
            form=str(raw.get("form") or "pieces"),
            messages=json.loads(messages) if isinstance(messages, str) else messages,
            split=str(raw.get("split") or "train"),
            completion=str(raw.get("completion") or ""),
        )
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise RowsError(f"{where}: not a row of sft_dataset ({type(error).__name__}: {error})") from None
