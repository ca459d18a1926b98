"""Writing log files so that equal runs give equal bytes."""

import json
from pathlib import Path
from typing import Any


def write_json(path: Path, value: Any, *, indent: int | None = 1) -> None:
    """One JSON document, keys in the order given, a line break at the end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, indent=indent) + "\n", encoding="utf-8")


def write_lines(path: Path, rows: list[Any]) -> None:
    """JSON Lines; a row that is text already is written as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
