"""Rejection sampling: ask for candidates until enough of them are right, judge each, say which may be trained on.

Who writes a candidate comes in as `ask`; what is right is the agent type's `grade`. Nothing here knows of servers.
"""

import asyncio
from collections.abc import Awaitable, Callable

from acc_pipeline.agents.base import AgentType, Context
from acc_pipeline.teacher.attempts import Attempt, Draft
from acc_pipeline.teacher.positions import position_named
from acc_pipeline.teacher.prompts import mentions_hindsight

Ask = Callable[[int], Awaitable[Draft]]


class NoReply(Exception):
    """A candidate was not written. `reason` is a code; `retryable`: the cause passes by itself."""

    def __init__(self, reason: str, *, detail: str, cure: str, retryable: bool) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail, self.cure, self.retryable = reason, detail, cure, retryable


async def sample(
    context: Context, *, agent: AgentType, ask: Ask, samples: int, enough: int = 1, at_once: int = 1
) -> list[Attempt]:
    """At most `samples` judged attempts, in order; asking stops when `enough` are usable or a request was refused.

    Requests go out in rounds of at most `at_once`, and never more than could still be needed.
    """
    attempts: list[Attempt] = []
    while len(attempts) < samples:
        missing = enough - sum(attempt.usable for attempt in attempts)
        if missing <= 0 or any(attempt.verdict == "failed" for attempt in attempts):
            break
        size = min(max(missing, 1), at_once, samples - len(attempts))
        numbers = range(len(attempts), len(attempts) + size)
        attempts += await asyncio.gather(*(_one(n, context=context, agent=agent, ask=ask) for n in numbers))
    return attempts


async def _one(number: int, *, context: Context, agent: AgentType, ask: Ask) -> Attempt:
    try:
        draft = await ask(number)
    except NoReply as failure:
        return Attempt(
            number=number,
            draft=Draft(reasoning="", answer="", finish_reason=failure.reason),
            verdict="failed",
            verdict_reason=failure.detail,
            retryable=failure.retryable,
            cure=failure.cure,
        )
    return judge(draft, number=number, context=context, agent=agent)


def judge(draft: Draft, *, number: int, context: Context, agent: AgentType) -> Attempt:
    """Grade the answer, then look for what makes even a right answer's rationale unfit to train on."""
    verdict = agent.grade(draft.answer, context)
    unfit = _unfit(draft, context=context)
    return Attempt(
        number=number,
        draft=draft,
        verdict=verdict.outcome,
        verdict_reason=unfit if verdict.outcome == "correct" and unfit else verdict.reason,
        usable=verdict.outcome == "correct" and not unfit,
    )


def _unfit(draft: Draft, *, context: Context) -> str:
    if draft.finish_reason == "length":
        return "cut off at max_tokens"
    if draft.finish_reason == "content_filter":
        return "stopped by the server's content filter"
    if not draft.reasoning.strip():
        return "no reasoning"
    if draft.hindsight and (told := mentions_hindsight(draft.reasoning)):
        return f"says that the answer was given: {told!r}"
    bodies = [context.prompt[piece.start : piece.end] for piece in context.pieces]
    quotable = "\n".join([context.question, context.answer, *bodies])
    names = [text for piece in context.pieces for text in (piece.title, piece.locator) if text]
    named = position_named(draft.reasoning, quotable=quotable, names=names)
    return f"names a piece by number or position: {named!r}" if named else ""
