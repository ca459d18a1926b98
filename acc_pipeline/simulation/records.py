"""What a simulated run is before any framework's log is written from it, and what is true of it."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

_FIRST_DAY = datetime(2031, 3, 3, 8, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Turn:
    """One thought, one tool call and the text that the tool really returned."""

    thought: str
    tool: str
    arguments: dict[str, Any]
    observation: str
    exit_code: int = 0


@dataclass(frozen=True)
class Run:
    """One finished run. `right` was found by checking it, not by what the script meant to do; `trait` says what is
    special about its log: full, snippets, windowed, hunk_unseen, no_reference, no_database or gave_up."""

    run_id: str
    task_id: str
    question: str
    turns: list[Turn]
    answer: str
    right: bool
    trait: str = "full"
    prompt: str = ""
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass
class Manifest:
    """What `simulate` wrote: files relative to the output folder, and the truth about every run."""

    agent_type: str
    seed: int
    files: list[str] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    defects: list[dict[str, str]] = field(default_factory=list)

    def note(self, run: Run, file: str, log_format: str) -> None:
        """Record one run that stands in `file`."""
        self.runs.append(
            {
                "run_id": run.run_id,
                "task_id": run.task_id,
                "question": run.question,
                "format": log_format,
                "file": file,
                "right": run.right,
                "trait": run.trait,
                "calls": len(run.turns),
            }
        )


def stable_id(*parts: object, length: int = 24) -> str:
    """A hexadecimal id that is the same whenever the parts are: logs of one seed must agree to the byte."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:length]


def moment(run_id: str, turn: int) -> datetime:
    """A time for one turn of a run; it only looks like a clock, so that a seed gives the same bytes."""
    offset = int(stable_id(run_id, length=8), 16) % (20 * 24 * 3600)
    return _FIRST_DAY + timedelta(seconds=offset + turn * 9)
