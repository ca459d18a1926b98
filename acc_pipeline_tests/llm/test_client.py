"""The client against a real local server: retries, faults, storing, money."""

import asyncio
import time
from pathlib import Path

import msgspec
import pytest

from acc_pipeline.llm.breaker import Breaker
from acc_pipeline.llm.client import LlmClient
from acc_pipeline.llm.endpoint import Endpoint, Prices
from acc_pipeline.llm.errors import LlmError
from acc_pipeline.llm.reply import Reply
from acc_pipeline.llm.request import Request, Sampling
from acc_pipeline.llm.store import ResponseStore
from acc_pipeline_tests.llm.server import cut, dead_url, garbage, hang, reset, say, serving, status

ASKED = Request(model="m", messages=[{"role": "user", "content": "2+2?"}], sampling=Sampling(max_tokens=1000), tag="e1")
PRICES = Prices(tokens_in=1.0, tokens_cached=0.1, tokens_out=10.0)


def _endpoint(url: str, **changes: object) -> Endpoint:
    quick = Endpoint(base_url=url, timeout_seconds=5, tries=3, backoff_seconds=0.01, prices=PRICES)
    return msgspec.structs.replace(quick, **changes)


async def _ask(
    endpoint: Endpoint, store: ResponseStore, *requests: Request, key: str = "", breaker: Breaker | None = None
) -> list[Reply]:
    async with LlmClient(
        endpoint, store=store, purpose="teacher", api_key=key, breaker=breaker or Breaker(limit=99)
    ) as client:
        return list(await asyncio.gather(*(client.ask(request) for request in requests)))


def _asked(endpoint: Endpoint, tmp_path: Path, *requests: Request, key: str = "") -> list[Reply]:
    with ResponseStore(tmp_path / "s.sqlite") as store:
        return asyncio.run(_ask(endpoint, store, *(requests or (ASKED,)), key=key))


def test_a_reply_with_usage_and_cost(tmp_path: Path) -> None:
    with serving(say("four", reasoning_content="two and two")) as server:
        (reply,) = _asked(_endpoint(server.url), tmp_path)
    assert (reply.content, reply.reasoning, reply.finish_reason) == ("four", "two and two", "stop")
    assert (reply.tokens_in, reply.tokens_cached, reply.tokens_out) == (100, 40, 20)
    assert reply.cost == pytest.approx((60 * 1.0 + 40 * 0.1 + 20 * 10.0) / 1e6)
    (sent,) = server.requests
    assert (sent["model"], sent["max_tokens"], sent["messages"]) == ("m", 1000, ASKED.messages)


def test_extra_request_fields_reach_the_server(tmp_path: Path) -> None:
    sampling = Sampling(extra={"top_k": 20}, seed=5)
    with serving(say()) as server:
        _asked(_endpoint(server.url), tmp_path, msgspec.structs.replace(ASKED, sampling=sampling, sample_no=2))
    assert (server.requests[0]["top_k"], server.requests[0]["seed"]) == (20, 7)


def test_what_is_stored_is_never_asked_for_again(tmp_path: Path) -> None:
    with serving(say("four"), say("five")) as server:
        first = _asked(_endpoint(server.url), tmp_path)
        again = _asked(_endpoint(server.url), tmp_path)
        other = _asked(_endpoint(server.url), tmp_path, msgspec.structs.replace(ASKED, sample_no=1))
    assert first == again
    assert other[0].content == "five"
    assert len(server.requests) == 2
    assert _asked(_endpoint(dead_url()), tmp_path) == first


def test_the_same_request_twice_at_once_is_sent_once(tmp_path: Path) -> None:
    with serving(say("four", wait=0.3)) as server:
        replies = _asked(_endpoint(server.url), tmp_path, ASKED, ASKED, ASKED)
    assert len(server.requests) == 1
    assert len(set(map(repr, replies))) == 1


@pytest.mark.parametrize("fault", [status(500), status(503), status(429, retry_after="0"), cut, reset, garbage])
def test_a_passing_fault_is_tried_again(tmp_path: Path, fault: object) -> None:
    with serving(fault, fault, say("four")) as server:  # type: ignore[arg-type]
        (reply,) = _asked(_endpoint(server.url), tmp_path)
    assert (reply.content, reply.tries, len(server.requests)) == ("four", 3, 3)


def test_retry_after_is_kept(tmp_path: Path) -> None:
    with serving(status(429, retry_after="1"), say()) as server:
        began = time.monotonic()
        _asked(_endpoint(server.url), tmp_path)
        assert time.monotonic() - began >= 1.0
    with serving(status(429, retry_after="900"), say()) as server:
        with pytest.raises(LlmError, match="rate_limited"):
            _asked(_endpoint(server.url), tmp_path, msgspec.structs.replace(ASKED, sample_no=9))
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("fault", "code", "requests", "retryable"),
    [
        (status(500), "server_error", 3, True),
        (status(429), "rate_limited", 3, True),
        (status(429, '{"error": {"message": "no money", "code": "insufficient_quota"}}'), "access_refused", 1, True),
        (status(401), "access_refused", 1, True),
        (status(404), "access_refused", 1, True),
        (status(400, '{"error": {"message": "context too long"}}'), "request_refused", 1, False),
        (garbage, "bad_reply", 3, True),
        (cut, "connection_lost", 3, True),
        (reset, "connection_lost", 3, True),
    ],
)
def test_a_lasting_fault_is_told(tmp_path: Path, fault: object, code: str, requests: int, retryable: bool) -> None:
    with serving(fault) as server:  # type: ignore[arg-type]
        with pytest.raises(LlmError) as told:
            _asked(_endpoint(server.url), tmp_path)
        assert (told.value.code, told.value.retryable) == (code, retryable)
        assert len(server.requests) == requests
        assert told.value.cure


def test_a_server_that_hangs_is_given_up_in_time(tmp_path: Path) -> None:
    with serving(hang) as server:
        began = time.monotonic()
        with pytest.raises(LlmError, match="timeout"):
            _asked(_endpoint(server.url, timeout_seconds=0.3, tries=2), tmp_path)
        assert time.monotonic() - began < 5
        assert len(server.requests) == 2


def test_a_server_that_is_not_there_was_not_billed(tmp_path: Path) -> None:
    with pytest.raises(LlmError, match="start the server or correct base_url") as told:
        _asked(_endpoint(dead_url()), tmp_path)
    assert told.value.code == "unreachable"
    with ResponseStore(tmp_path / "s.sqlite") as store:
        assert store.possibly_billed_twice().result() == []
        assert store.spent("teacher").result() == 0.0


def test_a_lost_reply_counts_as_possibly_billed(tmp_path: Path) -> None:
    with serving(cut, say("four")) as server:
        _asked(_endpoint(server.url), tmp_path)
    with ResponseStore(tmp_path / "s.sqlite") as store:
        (lost,) = store.possibly_billed_twice().result()
        assert (lost.tag, lost.model) == ("e1", "m")
        assert lost.cost == pytest.approx(1000 * 10.0 / 1e6, rel=0.01)
        assert store.spent("teacher").result() == pytest.approx(lost.cost + 264 / 1e6)


def test_the_budget_is_not_overdrawn(tmp_path: Path) -> None:
    many = [msgspec.structs.replace(ASKED, sample_no=number) for number in range(8)]

    async def run(store: ResponseStore, url: str) -> list[object]:
        # One request reserves 0.01 USD while it runs and costs 0.000264: two fit at once, and no more start after 0.02.
        endpoint = _endpoint(url, budget_usd=0.0205, at_once=8)
        async with LlmClient(endpoint, store=store, purpose="teacher", breaker=Breaker(limit=99)) as client:
            return list(await asyncio.gather(*(client.ask(r) for r in many), return_exceptions=True))

    with serving(say("four", wait=0.3)) as server, ResponseStore(tmp_path / "s.sqlite") as store:
        results = asyncio.run(run(store, server.url))
        refused = [result for result in results if isinstance(result, LlmError)]
        assert len(server.requests) == 2
        assert {error.code for error in refused} == {"budget_exhausted"}
        assert "raise the budget" in refused[0].cure
        assert store.spent("teacher").result() == pytest.approx(2 * 264 / 1e6)


def test_a_dead_server_is_not_asked_for_every_record(tmp_path: Path) -> None:
    clock = [0.0]
    breaker = Breaker(limit=2, pause=60, clock=lambda: clock[0])
    many = [msgspec.structs.replace(ASKED, sample_no=number) for number in range(6)]

    async def run(store: ResponseStore, url: str) -> None:
        endpoint = _endpoint(url, tries=1, at_once=1)
        async with LlmClient(endpoint, store=store, purpose="teacher", breaker=breaker) as client:
            for request in many[:5]:
                with pytest.raises(LlmError, match="server_error"):
                    await client.ask(request)
            clock[0] = 61.0
            assert (await client.ask(many[5])).content == "four"

    with serving(status(500), status(500), say("four")) as server, ResponseStore(tmp_path / "s.sqlite") as store:
        asyncio.run(run(store, server.url))
        assert len(server.requests) == 3


def test_an_error_does_not_show_the_key(tmp_path: Path) -> None:
    refusal = status(401, '{"error": {"message": "Incorrect API key provided: sk-very-secret"}}')
    with serving(refusal) as server, pytest.raises(LlmError) as told:
        _asked(_endpoint(server.url), tmp_path, key="sk-very-secret")
    assert "sk-very-secret" not in str(told.value)
    assert "API key" in str(told.value)


def test_a_cancelled_request_may_be_sent_again_and_stays_in_the_book(tmp_path: Path) -> None:
    async def run(store: ResponseStore, url: str) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await _ask(_endpoint(url), store, ASKED)
        (reply,) = await _ask(_endpoint(url), store, ASKED)
        assert reply.content == "four"

    with serving(hang, say("four")) as server, ResponseStore(tmp_path / "s.sqlite") as store:
        asyncio.run(run(store, server.url))
        assert len(store.possibly_billed_twice().result()) == 1


def test_a_full_disk_is_told_and_the_reply_is_not_used(tmp_path: Path) -> None:
    with serving(say("four")) as server, ResponseStore(tmp_path / "s.sqlite") as store:

        def no_room(connection: object) -> None:
            # SQLite's own limit on pages gives the very error of a full disk.
            connection.execute("PRAGMA max_page_count=1")  # type: ignore[attr-defined]

        store._writer.submit(no_room).result()
        long = msgspec.structs.replace(ASKED, tag="x" * 50_000)
        with pytest.raises(LlmError, match=r"store_failed.*full"):
            asyncio.run(_ask(_endpoint(server.url), store, long))
