"""Where servers put thinking, and how they count tokens."""

import json
from typing import Any

import pytest

from acc_pipeline.llm.reply import BadReply, read_reply
from acc_pipeline_tests.llm.server import completion


def _read(body: dict[str, Any]) -> tuple[str, str]:
    reply = read_reply(json.dumps(body), prompt_characters=400)
    return reply.reasoning, reply.content


@pytest.mark.parametrize(
    "body",
    [
        completion("four", reasoning_content="sum"),
        completion("four", reasoning="sum"),
        completion("<think>\nsum\n</think>\n\nfour"),
        completion("sum\n</think>\n\nfour"),
        completion(
            [{"type": "thinking", "thinking": [{"type": "text", "text": "sum"}]}, {"type": "text", "text": "four"}]
        ),
    ],
)
def test_thinking_comes_apart_however_it_is_sent(body: dict[str, Any]) -> None:
    assert _read(body) == ("sum", "four")


def test_thinking_that_was_cut_off_is_no_answer() -> None:
    assert _read(completion("<think>\nsum of", finish="length")) == ("sum of", "")


def test_no_thinking_at_all() -> None:
    assert _read(completion("four")) == ("", "four")
    assert _read(completion(None)) == ("", "")


def test_cached_tokens_under_either_name() -> None:
    body = completion()
    body["usage"] = {"prompt_tokens": 100, "completion_tokens": 7, "prompt_cache_hit_tokens": 64}
    reply = read_reply(json.dumps(body), prompt_characters=0)
    assert (reply.tokens_in, reply.tokens_cached, reply.tokens_out) == (100, 64, 7)
    assert not reply.usage_estimated


def test_a_server_without_counts_gets_an_estimate_that_says_so() -> None:
    reply = read_reply(json.dumps(completion("x" * 40, usage=False)), prompt_characters=400)
    assert (reply.tokens_in, reply.tokens_out, reply.usage_estimated) == (100, 10, True)


@pytest.mark.parametrize("body", ["", "<html>", "[]", "{}", '{"choices": []}', '{"choices": [{}]}', '{"choices": [1]}'])
def test_what_is_no_completion_says_where(body: str) -> None:
    with pytest.raises(BadReply, match=r"body|choice"):
        read_reply(body, prompt_characters=0)
