"""The stage that turns trajectories into verified ones: the verdict on each run, its task's group and its split.

One record in, one row or one reject out; what makes an answer right belongs to the agent types.
"""

import hashlib
from typing import Any, Self

import msgspec
import polars as pl
from pydantic import BaseModel, ConfigDict, Field, model_validator

from acc_pipeline.agents import scrubbed
from acc_pipeline.agents.base import AgentType, Needs, Sources
from acc_pipeline.agents.registry import agent_type as agent_type_of
from acc_pipeline.agents.text_match import normalise_question
from acc_pipeline.lake.runs import Produced, RejectRow
from acc_pipeline.trajectories.schema import Trajectory, from_json

RULES_VERSION = 2
COLUMNS: dict[str, Any] = {
    "run_id": pl.String,
    "task_id": pl.String,
    "question": pl.String,
    "verdict": pl.String,
    "method": pl.String,
    "verdict_reason": pl.String,
    "reference": pl.String,
    "evidence": pl.String,
    "split": pl.String,
    "group": pl.String,
    "task": pl.String,  # JSON of the Task: what side inputs are found by
    "record": pl.String,
}


class VerifyOptions(BaseModel):
    """How tasks are split. Shares are of tasks, not of runs: all runs of one task stand in one split."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    validation: float = Field(default=0.1, ge=0, lt=1, description="Share of tasks for validation loss.")
    held_out: float = Field(
        default=0.1, ge=0, lt=1, description="Share of tasks that are never trained on nor sent to a teacher."
    )
    salt: str = Field(default="", description="Changes which tasks fall into which split.")

    @model_validator(mode="after")
    def _something_is_left(self) -> Self:
        if self.validation + self.held_out >= 1:
            raise ValueError(
                f"validation = {self.validation} and held_out = {self.held_out} leave no task to train on: "
                "together they must be less than 1"
            )
        return self


class VerifyItem(msgspec.Struct, frozen=True, kw_only=True):
    """One run to verify: `record` is its JSON, `sources` are resolved already, `agent` replaces the default one."""

    record: str
    agent_type: str
    sources: Sources
    options: VerifyOptions = VerifyOptions()
    agent: AgentType | None = None


def recipe(agent: AgentType, options: VerifyOptions) -> dict[str, Any]:
    """Every setting that decides what this stage makes of a record."""
    return {"rules": RULES_VERSION, "agent": agent.recipe(), "split": options.model_dump(mode="json")}


def needs_of(record: str, agent_type: str, *, agent: AgentType | None = None) -> Needs:
    """Names of the side inputs that the run in `record` (JSON) wants."""
    return (agent or agent_type_of(agent_type)).needs(from_json(record))


def group_of(agent_type: str, question: str, *, task_id: str = "") -> str:
    """The group that one task's runs share, as 16 hex digits: of its id, else of its normalised question.

    An id names the task whatever a log adds to the question, such as a hint. A bare counter names it only within its
    own file, so it does not count.
    """
    task_id = task_id.strip()
    named = f"task {task_id}" if task_id and not task_id.isdecimal() else normalise_question(question)
    return hashlib.sha256(f"{agent_type}\0{named}".encode("utf-8", "replace")).hexdigest()[:16]


def split_of(group: str, options: VerifyOptions) -> str:
    """train, validation or held-out: fixed by the group alone, whatever else is in the table."""
    draw = int(hashlib.sha256(f"{options.salt}\0{group}".encode()).hexdigest()[:12], 16) / 16**12
    if draw < options.held_out:
        return "held-out"
    return "validation" if draw < options.held_out + options.validation else "train"


def process(item: VerifyItem) -> Produced:
    """Verify one run: kept when its answer is right, else rejected with what was found and what would help."""
    agent = item.agent or agent_type_of(item.agent_type)
    trajectory = from_json(item.record)
    sources = item.sources
    question = agent.question(trajectory)
    group = group_of(item.agent_type, question, task_id=trajectory.task.task_id)
    known = sources.reference
    if known is not None and scrubbed.is_scrubbed(trajectory):
        known = scrubbed.scrubbed_reference(known)  # what was taken out of the run does not come back by its reference
    row: dict[str, Any] = {
        "run_id": trajectory.run_id,
        "task_id": trajectory.task.task_id,
        "question": question,
        "reference": msgspec.json.encode(known).decode() if known is not None else "",
        "split": split_of(group, item.options),
        "group": group,
        "task": msgspec.json.encode(trajectory.task).decode(),
    }
    database = agent.needs(trajectory).database_name(sources.reference)
    if database and sources.database is None:
        reject = RejectRow(
            reason="missing_database",
            detail=f"the run needs the database {database!r}",
            cure=f"put it into databases/ (beside inbox/) as {database}.duckdb, {database}.sqlite or a folder of CSV "
            "or Parquet files, or import a dump: acc --profile … databases import DUMP.sql --dialect mysql",
            columns=row,
        )
        return Produced(rejects=[reject])
    verdict = scrubbed.verify(trajectory, sources, agent=agent)
    row |= {
        "verdict": verdict.outcome,
        "method": verdict.method,
        "verdict_reason": verdict.reason,
        "evidence": msgspec.json.encode(verdict.evidence).decode(),
    }
    if verdict.outcome == "correct":
        return Produced(outputs=[{**row, "record": item.record}])
    if verdict.outcome == "wrong":
        reject = RejectRow(
            reason="wrong_verdict",
            detail=f"{verdict.method}: {verdict.reason}",
            cure="none, unless the reference is wrong: correct it in its file and run again",
            columns=row,
        )
    else:
        cure = "mend what the detail names: the reference, the database or a limit; then run again"
        if verdict.reason.startswith("scrubbed:"):
            cure = scrubbed.CURE
        elif verdict.method != "executed":
            cure = _where_to_put_it(item.agent_type, trajectory, question)
        reject = RejectRow(
            reason="unknown_verdict", detail=f"{verdict.method}: {verdict.reason}", cure=cure, columns=row
        )
    return Produced(rejects=[reject])


def _where_to_put_it(agent_type: str, trajectory: Trajectory, question: str) -> str:
    wanted = {"search": "`answers`", "swe": "`resolved` (a test verdict)", "sql": "`sql`, `database` and `dialect`"}
    task = f"task_id {trajectory.task.task_id!r}" if trajectory.task.task_id else f"question {question!r}"
    return (
        f"put a row for {task} with {wanted.get(agent_type, 'what is right')} into a .jsonl, .json, .csv or .parquet "
        f"file in references/{agent_type}/ (beside inbox/)"
    )
