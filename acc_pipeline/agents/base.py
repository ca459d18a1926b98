"""What an agent type answers, and the records that pass between it, the compiler and the teacher.

The protocol only: each type is one file beside this one. Sources (references, databases, repositories) are looked up
by the caller through `needs`, so that the lake can key a record by exactly what it read or looked for.
"""

from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

import msgspec

from acc_pipeline.trajectories.schema import Reject, Trajectory


class Role(StrEnum):
    EVIDENCE = "evidence"
    DISTRACTOR = "distractor"


class Verdict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`outcome` is correct, wrong or unknown; `method` is executed, matched, recorded, judged or none."""

    outcome: str
    method: str
    reason: str = ""
    evidence: dict[str, Any] = {}  # JSON-able facts behind the verdict: compared values, row counts, report ids


class Reference(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known to be right for one task; joined by task id, else by normalised question."""

    task_id: str = ""
    question: str = ""
    answers: list[str] = []  # accepted answers, the first is the canonical one
    sql: str = ""
    dialect: str = ""  # dialect in which the reference SQL and the run's SQL were written
    patch: str = ""
    resolved: bool | None = None  # a recorded test verdict
    database: str = ""
    extra: dict[str, Any] = {}


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """The side inputs of one record, already resolved. None means: looked for, not there.

    `database` and `repo` are existing paths (a DuckDB/SQLite file, or a folder); `search_root` style look-ups by the
    agent type itself are not allowed, because the record's key would not know of them.
    """

    reference: Reference | None = None
    database: Path | None = None
    repo: Path | None = None


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """Names of the side inputs a trajectory wants: empty string = does not want one.

    `named_by_reference`: where the log names no database, the reference does. Without it a reference's database is
    only a fact about the task (an agent that reads pages or files asks for none).
    """

    task_id: str = ""
    question: str = ""
    database: str = ""
    named_by_reference: bool = False
    repo: str = ""

    def database_name(self, reference: Reference | None) -> str:
        """The database that is wanted, "" for none."""
        return self.database or (reference.database if reference is not None and self.named_by_reference else "")


class Piece(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One self-contained unit of text for a context. `step`/`call`: where in the log it was first seen (-1: nowhere,
    for example a table read from the database)."""

    role: Role
    kind: str  # page | file | table
    locator: str
    text: str
    title: str = ""
    completeness: str = "full"
    step: int = -1
    call: str = ""
    first_line: int = 0
    last_line: int = 0


class PlacedPiece(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A piece in a prompt: `start:end` are character offsets of its *body text* in the prompt; `tokens` is its size."""

    role: Role
    kind: str
    locator: str
    start: int
    end: int
    tokens: int
    title: str = ""
    completeness: str = "full"
    step: int = -1
    call: str = ""
    first_line: int = 0
    last_line: int = 0
    log_sha256: str = ""


class Context(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A compiled context: all that a grader or a sufficiency check may look at, sources being absent.

    `answer` is what the completion must give; `checks` is what the agent type needs to re-check it from the prompt
    alone (sql: final query and dialect, swe: the patch, search: the accepted answers).
    """

    example_id: str
    agent_type: str
    form: str
    question: str
    prompt: str
    answer: str
    tokens: int
    budget: int
    seed: int
    pieces: list[PlacedPiece] = []
    checks: dict[str, Any] = {}
    messages: str = ""  # form multi-turn only: the chat as JSON text


class Sufficiency(msgspec.Struct, frozen=True, kw_only=True):
    """`outcome` is holds, fails or unknown; `how` names the check (query_rerun, patch_applies, facts_found, …)."""

    outcome: str
    how: str
    reason: str = ""


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent type makes of a verified run: pieces, the answer, and `Context.checks`."""

    pieces: list[Piece]
    answer: str
    checks: dict[str, Any]


class AgentType(Protocol):
    """One agent type: decides what counts as evidence and as a right answer. Instances are stateless and picklable.

    `name` is the agent type's key; `instruction` opens every prompt of the type; `recipe()` gives every setting that
    decides what a record becomes, JSON-able (version of the rules included).
    """

    name: str
    instruction: str

    def recipe(self) -> dict[str, Any]: ...

    def needs(self, trajectory: Trajectory) -> Needs: ...

    def question(self, trajectory: Trajectory) -> str: ...

    def verify(self, trajectory: Trajectory, sources: Sources) -> Verdict: ...

    def gather(self, trajectory: Trajectory, sources: Sources) -> Gathered | Reject: ...

    def sufficient(self, context: Context) -> Sufficiency: ...

    def grade(self, answer: str, context: Context) -> Verdict: ...
