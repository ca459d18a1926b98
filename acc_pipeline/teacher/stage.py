"""The stage teacher_rationales: one compiled context in, its judged attempts out.

The kept attempt is an output; every other attempt is a reject with its columns, so that pass rates can be counted. What
a rationale is made of lives in the other modules here.
"""

import asyncio
from typing import Any

import polars as pl

from acc_pipeline.lake.runs import Produced, RejectRow
from acc_pipeline.teacher import extractive
from acc_pipeline.teacher.attempts import Attempt, Draft, shortest_usable, verdict_counts
from acc_pipeline.teacher.item import RationaleItem
from acc_pipeline.teacher.sampling import judge

COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "example_id": pl.String,
    "run_id": pl.String,
    "attempt": pl.Int64,  # from 0
    "model": pl.String,  # "rule": the extractive teacher, counts in no pass rate
    "sampling": pl.String,  # JSON
    "reasoning": pl.String,
    "answer": pl.String,
    "verdict": pl.String,  # correct | wrong | unknown | failed
    "verdict_reason": pl.String,
    "tokens_in": pl.Int64,
    "tokens_cached": pl.Int64,
    "tokens_out": pl.Int64,
    "seconds": pl.Float64,
    "cost": pl.Float64,  # USD
    "finish_reason": pl.String,
    "kept": pl.Boolean,
    "split": pl.String,
}


def process(item: RationaleItem) -> Produced:
    """Attempts for one context. A held-out task is never sent to any teacher."""
    if item.split == "held-out":
        reject = RejectRow(
            reason="held_out",
            detail="the task is in the held-out split",
            cure="none needed: held-out tasks are kept for evaluation",
            columns=_identity(item),
        )
        return Produced(rejects=[reject])
    attempts = _extracted(item) if item.options.backend == "extractive" else _asked(item)
    return _produced(item, attempts=attempts)


def _extracted(item: RationaleItem) -> list[Attempt]:
    draft = extractive.write(item.context, options=item.options)
    if isinstance(draft, str):
        empty = Draft(reasoning="", answer="")
        return [Attempt(number=0, draft=empty, verdict="unknown", verdict_reason=draft)]
    return [judge(draft, number=0, context=item.context, agent=item.grader())]


def _asked(item: RationaleItem) -> list[Attempt]:
    from acc_pipeline.teacher.asking import ask_all

    return asyncio.run(ask_all([item]))[0]


def _produced(item: RationaleItem, *, attempts: list[Attempt]) -> Produced:
    chosen = shortest_usable(attempts)
    counts = verdict_counts(attempts)
    outputs = [_row(item, attempt=chosen, kept=True)] if chosen else []
    rejects = [
        _reject(item, attempt=attempt, counts=counts, another_kept=chosen is not None)
        for attempt in attempts
        if attempt is not chosen
    ]
    return Produced(outputs=outputs, rejects=rejects)


def _reject(item: RationaleItem, *, attempt: Attempt, counts: str, another_kept: bool) -> RejectRow:
    told = f"attempt {attempt.number}: {attempt.verdict}"
    told += f" ({attempt.verdict_reason})" if attempt.verdict_reason else ""
    columns = _row(item, attempt=attempt, kept=False)
    if attempt.verdict == "failed":
        return RejectRow(
            reason=attempt.draft.finish_reason,
            detail=told,
            cure=attempt.cure,
            # With one rationale kept the example is done, whatever happened to its other candidates.
            retryable=attempt.retryable and not another_kept,
            columns=columns,
        )
    if another_kept:
        cure = "none needed: another attempt of this example was kept"
        return RejectRow(reason="attempt_not_kept", detail=told, cure=cure, columns=columns)
    return RejectRow(
        reason="no_verified_rationale",
        detail=f"{told}; all attempts: {counts}",
        cure="ask for more samples, a stronger teacher, or look whether the context holds the answer",
        columns=columns,
    )


def _identity(item: RationaleItem) -> dict[str, Any]:
    return {
        "example_id": item.context.example_id,
        "run_id": item.run_id,
        "model": item.options.model_label,
        "kept": False,
        "split": item.split,
    }


def _row(item: RationaleItem, *, attempt: Attempt, kept: bool) -> dict[str, Any]:
    draft = attempt.draft
    return {
        **_identity(item),
        "attempt": attempt.number,
        "sampling": draft.sampling,
        "reasoning": draft.reasoning,
        "answer": draft.answer,
        "verdict": attempt.verdict,
        "verdict_reason": attempt.verdict_reason,
        "tokens_in": draft.tokens_in,
        "tokens_cached": draft.tokens_cached,
        "tokens_out": draft.tokens_out,
        "seconds": draft.seconds,
        "cost": draft.cost,
        "finish_reason": draft.finish_reason,
        "kept": kept,
    }
