"""The stage that compiles verified runs: one record in, one row a form out, or a reject that says why."""

from typing import Any

import msgspec
import polars as pl

from acc_pipeline.agents.base import AgentType, Role, Sources
from acc_pipeline.agents.registry import agent_type as agent_type_of
from acc_pipeline.agents.scrubbed import comparable
from acc_pipeline.contexts.compile import Compiled, compile_forms
from acc_pipeline.contexts.options import CompileOptions
from acc_pipeline.contexts.tokens import TokenCounter
from acc_pipeline.lake.runs import Produced, RejectRow
from acc_pipeline.trajectories.schema import Reject, from_json

RULES_VERSION = 2
COLUMNS: dict[str, Any] = {
    "example_id": pl.String,
    "run_id": pl.String,
    "task_id": pl.String,
    "form": pl.String,
    "question": pl.String,
    "prompt": pl.String,
    "messages": pl.String,
    "answer": pl.String,
    "tokens": pl.Int64,
    "budget": pl.Int64,
    "seed": pl.Int64,
    "sufficiency": pl.String,
    "sufficiency_how": pl.String,
    "split": pl.String,
    "pieces": pl.String,
    "checks": pl.String,
    "n_evidence": pl.Int64,
    "n_distractors": pl.Int64,
    "source": pl.String,
}


class CompileItem(msgspec.Struct, frozen=True, kw_only=True):
    """One verified run: its JSON and split, its side inputs, and the folder of the student's tokenizer."""

    record: str
    agent_type: str
    split: str
    sources: Sources
    tokenizer_dir: str
    options: CompileOptions = CompileOptions()
    agent: AgentType | None = None


def recipe(agent: AgentType, options: CompileOptions, counter: TokenCounter) -> dict[str, Any]:
    """Every setting that decides what this stage makes of a record."""
    return {
        "rules": RULES_VERSION,
        "agent": agent.recipe(),
        "instruction": agent.instruction,
        "compile": options.model_dump(mode="json"),
        "tokenizer": counter.digest(),
    }


def process(item: CompileItem) -> Produced:
    """Compile one run into a row for each form."""
    agent = item.agent or agent_type_of(item.agent_type)
    trajectory = from_json(item.record)
    counter = TokenCounter(item.tokenizer_dir)
    sources = comparable(trajectory, item.sources, agent=agent)
    compiled, rejects = compile_forms(trajectory, agent, sources, counter=counter, options=item.options)
    common = {
        "run_id": trajectory.run_id,
        "task_id": trajectory.task.task_id,
        "split": item.split,
        "source": msgspec.json.encode(trajectory.source).decode(),
    }
    outputs = [row(one) | common for one in compiled]
    return Produced(outputs=outputs, rejects=[_reject_row(reject, columns=common) for reject in rejects])


def row(compiled: Compiled) -> dict[str, Any]:
    """The columns of one context that hang on the context alone."""
    context, checked = compiled.context, compiled.sufficiency
    return {
        "example_id": context.example_id,
        "form": context.form,
        "question": context.question,
        "prompt": context.prompt,
        "messages": context.messages,
        "answer": context.answer,
        "tokens": context.tokens,
        "budget": context.budget,
        "seed": context.seed,
        "sufficiency": checked.outcome,
        "sufficiency_how": checked.how,
        "pieces": msgspec.json.encode(context.pieces).decode(),
        "checks": msgspec.json.encode(context.checks).decode(),
        "n_evidence": sum(piece.role == Role.EVIDENCE for piece in context.pieces),
        "n_distractors": sum(piece.role == Role.DISTRACTOR for piece in context.pieces),
    }


def _reject_row(reject: Reject, *, columns: dict[str, Any]) -> RejectRow:
    return RejectRow(
        reason=reject.reason, detail=reject.detail, cure=reject.cure, retryable=reject.retryable, columns=columns
    )
