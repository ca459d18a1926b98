"""The teacher behind a server: many contexts at once, one client, every reply durable before it is judged.

`warm` may be called before a shard is processed, so that its requests are in flight together; `process` then finds
the replies in the store.
"""

import asyncio
import json
from collections.abc import Coroutine, Sequence

from acc_pipeline.agents.base import AgentType, Context
from acc_pipeline.llm.client import LlmClient
from acc_pipeline.llm.endpoint import Endpoint, Prices
from acc_pipeline.llm.errors import LlmError
from acc_pipeline.llm.reply import Reply
from acc_pipeline.llm.request import Request, Sampling
from acc_pipeline.llm.store import ResponseStore
from acc_pipeline.teacher.attempts import Attempt, Draft
from acc_pipeline.teacher.item import RationaleItem
from acc_pipeline.teacher.options import TeacherOptions
from acc_pipeline.teacher.prompts import messages, reasoning_and_answer
from acc_pipeline.teacher.sampling import NoReply, sample

PURPOSE = "teacher"
_REASONS = {
    "request_refused": "teacher_refused",
    "access_refused": "teacher_access",
    "budget_exhausted": "teacher_budget",
    "store_failed": "store_failed",
}


def endpoint(options: TeacherOptions) -> Endpoint:
    """The teacher's options as the client wants them."""
    return Endpoint(
        base_url=options.base_url,
        timeout_seconds=options.timeout_seconds,
        tries=options.tries,
        backoff_seconds=options.backoff_seconds,
        at_once=options.at_once,
        prices=Prices(tokens_in=options.price_in, tokens_cached=options.price_cached, tokens_out=options.price_out),
        budget_usd=options.budget_usd,
    )


async def ask_all(items: Sequence[RationaleItem]) -> list[list[Attempt]]:
    """The judged attempts of each item, in order. All items share options, store and key."""
    first = items[0]
    if any((item.options, item.store_path) != (first.options, first.store_path) for item in items):
        raise ValueError("items asked together must have the same teacher options and response store")
    if first.store_path is None:
        raise ValueError("teacher backend 'openai' needs a response store: give RationaleItem.store_path")
    with ResponseStore(first.store_path) as store:
        async with LlmClient(endpoint(first.options), store=store, purpose=PURPOSE, api_key=first.api_key) as client:
            return await _together([_attempts(item.context, item.options, item.grader(), client) for item in items])


async def _together(coroutines: list[Coroutine[None, None, list[Attempt]]]) -> list[list[Attempt]]:
    """All results in order. The first error of ours cancels the rest and is raised as itself, not in a group."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(coroutine) for coroutine in coroutines]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed
    return [task.result() for task in tasks]


def warm(items: Sequence[RationaleItem]) -> None:
    """Fetch and store what `process` will want for these items; failures are left for `process` to report."""
    wanted = [item for item in items if item.options.backend == "openai" and item.split != "held-out"]
    if wanted:
        asyncio.run(ask_all(wanted))


async def _attempts(context: Context, options: TeacherOptions, agent: AgentType, client: LlmClient) -> list[Attempt]:
    hindsight = context.agent_type in options.hindsight
    asked = messages(context, hindsight=hindsight)
    temperature = 0.0 if hindsight else options.temperature
    sampling = Sampling(
        temperature=temperature, top_p=options.top_p, max_tokens=options.max_tokens, extra=options.extra_body
    )
    told = json.dumps({**json.loads(sampling.as_json()), "hindsight": hindsight}, sort_keys=True)

    async def ask(number: int) -> Draft:
        request = Request(
            model=options.model, messages=asked, sampling=sampling, sample_no=number, tag=context.example_id
        )
        try:
            reply = await client.ask(request)
        except LlmError as error:
            reason = _REASONS.get(error.code, "teacher_unavailable")
            raise NoReply(
                reason, detail=f"{error.code}: {error.detail}", cure=error.cure, retryable=error.retryable
            ) from error
        return _draft(reply, context=context, hindsight=hindsight, sampling=told)

    samples = options.samples if temperature > 0 else 1
    return await sample(context, agent=agent, ask=ask, samples=samples, enough=options.enough, at_once=options.at_once)


def _draft(reply: Reply, *, context: Context, hindsight: bool, sampling: str) -> Draft:
    # In hindsight only the final text is kept: the thinking speaks of an answer that the student is not shown.
    reasoning, answer = (reply.content, context.answer) if hindsight else reasoning_and_answer(reply)
    return Draft(
        reasoning=reasoning,
        answer=answer,
        sampling=sampling,
        tokens_in=reply.tokens_in,
        tokens_cached=reply.tokens_cached,
        tokens_out=reply.tokens_out,
        seconds=reply.seconds,
        cost=reply.cost,
        finish_reason=reply.finish_reason,
        hindsight=hindsight,
    )
