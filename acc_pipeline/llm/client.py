"""Ask an OpenAI-compatible server, once: stored responses are used, others are fetched, stored, then used.

Retries, concurrency, time limits and money are kept here; what is asked comes in, what it means is the caller's. The
API key is an argument and is never stored or shown.
"""

import asyncio
import random
import sqlite3
import time
from concurrent.futures import Future
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from acc_pipeline.llm.breaker import Breaker, breaker_for
from acc_pipeline.llm.endpoint import Endpoint
from acc_pipeline.llm.errors import LlmError
from acc_pipeline.llm.failures import Failure, read_failure
from acc_pipeline.llm.reply import BadReply, Reply, read_reply
from acc_pipeline.llm.request import Request
from acc_pipeline.llm.store import Claim, ResponseStore

if TYPE_CHECKING:
    import openai

T = TypeVar("T")
_BUSY_PAUSE = 0.2  # seconds between looks at a request that another process sends


class LlmClient:
    """Use it inside one event loop: `async with LlmClient(...) as client: await client.ask(request)`.

    `purpose` names the budget that its requests count in (teacher, judge, evaluation).
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        store: ResponseStore,
        purpose: str,
        api_key: str = "",
        breaker: Breaker | None = None,
    ) -> None:
        self._endpoint, self._store, self._purpose, self._api_key = endpoint, store, purpose, api_key
        self._breaker = breaker
        self._slots = asyncio.Semaphore(endpoint.at_once)
        self._http: openai.AsyncOpenAI | None = None

    async def __aenter__(self) -> "LlmClient":
        import openai

        limit = self._endpoint.timeout_seconds
        self._http = openai.AsyncOpenAI(
            api_key=self._api_key or "none",  # local servers want none, the library wants some
            base_url=self._endpoint.base_url,
            max_retries=0,  # retries are ours: each must be in the store's book
            timeout=openai.Timeout(limit, connect=min(30.0, limit)),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._http is not None:
            await self._http.close()

    async def ask(self, request: Request) -> Reply:
        """The reply, durable. Raises LlmError when there is none."""
        stored = await self._saved(self._store.get(request.key))
        if stored is not None:
            return stored
        breaker = self._breaker or breaker_for(self._endpoint.base_url, request.model)
        async with self._slots:
            breaker.check()
            try:
                reply = await self._fetch(request)
            except LlmError as error:
                breaker.failed(error)
                raise
        breaker.worked()
        return reply

    async def _fetch(self, request: Request) -> Reply:
        number = 0
        while True:
            claim = await self._claim(request)
            if claim.reply is not None:
                return claim.reply
            number += 1
            outcome = await self._send(request, call_id=claim.call_id, number=number)
            if isinstance(outcome, Reply):
                return outcome
            pause = self._pause(outcome, number=number)
            if pause is None:
                raise outcome.error
            await asyncio.sleep(pause)

    async def _claim(self, request: Request) -> Claim:
        """Waits while another process sends the same request."""
        prices, most_out = self._endpoint.prices, request.sampling.max_tokens
        most = prices.cost(tokens_in=request.characters // 3, tokens_cached=0, tokens_out=most_out)
        while True:
            future = self._store.claim(
                request,
                purpose=self._purpose,
                cost=most,
                lease_seconds=self._endpoint.timeout_seconds + 60,
                budget=self._endpoint.budget_usd,
            )
            try:
                claim = await self._saved(future)
            except asyncio.CancelledError:
                future.add_done_callback(self._give_back)
                raise
            if claim.outcome == "over_budget":
                raise LlmError(
                    "budget_exhausted",
                    detail=f"{claim.spent:.4f} USD of {self._endpoint.budget_usd} are spent or reserved for "
                    f"{self._purpose}, the next request may cost {most:.4f}",
                    cure="raise the budget, then rerun: what is stored is not asked for again",
                )
            if claim.outcome != "busy":
                return claim
            await asyncio.sleep(_BUSY_PAUSE)

    def _give_back(self, future: "Future[Claim]") -> None:
        """A claim that was granted after its asker had gone."""
        if future.exception() is None and future.result().outcome == "granted":
            self._store.release(future.result().call_id)

    async def _send(self, request: Request, *, call_id: int, number: int) -> Reply | Failure:
        import openai

        began = time.monotonic()
        try:
            # The library's own limit starts anew with every byte; this one is for the whole reply.
            async with asyncio.timeout(self._endpoint.timeout_seconds):
                body = await self._post(request)
            reply = read_reply(body, prompt_characters=request.characters)
        except (openai.OpenAIError, TimeoutError, BadReply) as error:
            failure = self._understood(error, request=request)
            await self._saved(self._store.lose(call_id) if failure.billed else self._store.release(call_id))
            return failure
        except BaseException:  # cancelled, or an error of ours: what became of the request is not known
            self._store.lose(call_id)
            raise
        used = {"tokens_in": reply.tokens_in, "tokens_cached": reply.tokens_cached, "tokens_out": reply.tokens_out}
        whole = msgspec.structs.replace(
            reply, seconds=time.monotonic() - began, cost=self._endpoint.prices.cost(**used), tries=number
        )
        await self._saved(self._store.finish(call_id, request=request, purpose=self._purpose, reply=whole))
        return whole

    async def _post(self, request: Request) -> str:
        if self._http is None:
            raise RuntimeError("LlmClient is used outside `async with`")
        sampling = request.sampling
        wanted: dict[str, Any] = {} if sampling.seed is None else {"seed": sampling.seed + request.sample_no}
        raw = await self._http.chat.completions.with_raw_response.create(
            model=request.model,
            messages=request.messages,  # type: ignore[arg-type]
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            max_tokens=sampling.max_tokens,
            extra_body=sampling.extra or None,
            **wanted,
        )
        return raw.text

    def _understood(self, error: Exception, *, request: Request) -> Failure:
        failure = read_failure(error, base_url=self._endpoint.base_url, model=request.model)
        if self._api_key and self._api_key in failure.error.detail:
            detail = failure.error.detail.replace(self._api_key, "…")
            shown = LlmError(failure.error.code, detail=detail, cure=failure.error.cure)
            return msgspec.structs.replace(failure, error=shown)
        return failure

    def _pause(self, failure: Failure, *, number: int) -> float | None:
        """Seconds until the next try; None: no further try."""
        longest = self._endpoint.longest_pause
        if not failure.again or number >= self._endpoint.tries or (failure.wait or 0) > longest:
            return None
        if failure.wait is not None:
            return failure.wait
        # Jitter, so that many clients that failed together do not come back together.
        return min(longest, self._endpoint.backoff_seconds * 2 ** (number - 1)) * random.uniform(0.5, 1.0)

    async def _saved(self, future: "Future[T]") -> T:
        try:
            # Shielded: a write that is under way is finished even when the one who waits for it is cancelled.
            return await asyncio.shield(asyncio.wrap_future(future))
        except sqlite3.Error as error:
            detail = f"{self._store.path}: {error}"
            raise LlmError(
                "store_failed", detail=detail, cure="free disk space or mend the file, then rerun"
            ) from error
