"""Rows of reference files: JSON (lists, objects by task id, test reports), JSON lines, CSV and Parquet.

Only the file's own form is known here; what the columns mean is in `references.py`.
"""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

SUFFIXES = (".json", ".jsonl", ".csv", ".parquet")
_REPORT = {"resolved_ids": True, "unresolved_ids": False, "empty_patch_ids": False, "error_ids": None}
Row = dict[str, Any] | str  # a text says what is wrong where no row is


def read_rows(path: Path) -> Iterator[tuple[str, Row]]:
    """(place in the file, row) for each row of a file.

    Raises `OSError`, `ValueError`, `csv.Error` or `PolarsError` where the file as a whole cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        yield from _numbered(pl.read_parquet(path).iter_rows(named=True))
    elif suffix == ".csv":
        with path.open(newline="", encoding="utf-8-sig") as file:
            csv.field_size_limit(2**27)
            yield from _numbered(csv.DictReader(file))
    elif suffix == ".jsonl":
        for number, line in enumerate(path.read_text(encoding="utf-8-sig").split("\n"), start=1):
            if not line.strip():
                continue
            try:
                row = msgspec.json.decode(line)
            except ValueError as error:
                yield f"line {number}", f"not JSON: {error}"
                continue
            yield f"line {number}", _row(row)
    else:
        # Unlike json, this refuses half characters, which no later file could hold.
        yield from _json_rows(msgspec.json.decode(path.read_text(encoding="utf-8-sig")))


def _numbered(rows: Iterable[Any]) -> Iterator[tuple[str, Row]]:
    for number, row in enumerate(rows, start=1):
        yield f"row {number}", _row(row)


def _row(value: Any) -> Row:
    return value if isinstance(value, dict) else "not an object"


def _json_rows(content: Any) -> Iterator[tuple[str, Row]]:
    if isinstance(content, list):
        yield from _numbered(content)
    elif isinstance(content, dict) and any(name in content for name in _REPORT):
        for name, resolved in _REPORT.items():
            ids = content.get(name)
            for task_id in ids if isinstance(ids, list) and resolved is not None else []:
                yield name, {"task_id": task_id, "resolved": resolved}
    elif isinstance(content, dict) and any(isinstance(row, dict) for row in content.values()):
        for key, row in content.items():
            yield f"{key[:80]!r}", {"task_id": key, **row} if isinstance(row, dict) else "not an object"
    else:
        raise ValueError("neither a list of rows nor an object of rows by task id")
