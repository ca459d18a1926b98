"""Reading a chat completion: reasoning and text apart, whichever of the usual ways the server has, and token counts.

Servers differ in where thinking stands (`reasoning_content`, `reasoning`, `<think>` in the text, typed parts) and in
what they call cached tokens; everything else here is the OpenAI chat completions format.
"""

import json
from typing import Any

from msgspec import Struct


class BadReply(ValueError):
    """The body is not a chat completion; the message says where it stops being one."""


class Reply(Struct, frozen=True, kw_only=True):
    """What came back. Tokens are the server's own counts, or an estimate (`usage_estimated`) where it gives none."""

    content: str
    reasoning: str = ""
    finish_reason: str = "stop"
    model: str = ""  # as the server names it
    tokens_in: int = 0
    tokens_cached: int = 0  # part of tokens_in
    tokens_out: int = 0  # reasoning included
    usage_estimated: bool = False
    seconds: float = 0.0
    cost: float = 0.0  # USD
    tries: int = 1


def read_reply(body: str, *, prompt_characters: int) -> Reply:
    """Raises BadReply for anything that is not a chat completion with one choice."""
    try:
        data = json.loads(body)
    except ValueError as error:
        raise BadReply(f"the body is not JSON: {error}; it begins {body[:80]!r}") from error
    choices = data.get("choices") if isinstance(data, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise BadReply(f"the body holds no choices; it begins {body[:80]!r}")
    message = choices[0].get("message")
    if not isinstance(message, dict):
        raise BadReply(f"the first choice holds no message; it begins {json.dumps(choices[0])[:80]!r}")
    finish = str(choices[0].get("finish_reason") or "stop")
    reasoning, content = _apart(message, cut_off=finish == "length")
    usage = data.get("usage")
    known = isinstance(usage, dict) and isinstance(usage.get("prompt_tokens"), int)
    counts = _usage(usage) if known else (prompt_characters // 4, 0, (len(reasoning) + len(content)) // 4)
    return Reply(
        content=content,
        reasoning=reasoning,
        finish_reason=finish,
        model=str(data.get("model") or ""),
        tokens_in=counts[0],
        tokens_cached=counts[1],
        tokens_out=counts[2],
        usage_estimated=not known,
    )


def _apart(message: dict[str, Any], *, cut_off: bool) -> tuple[str, str]:
    """(reasoning, content) of a message."""
    content, thought = _text(message.get("content"))
    for field in ("reasoning_content", "reasoning"):
        if isinstance(message.get(field), str) and message[field].strip():
            return message[field].strip(), content.strip()
    if thought:
        return thought.strip(), content.strip()
    return split_think(content, cut_off=cut_off)


def split_think(text: str, *, cut_off: bool = False) -> tuple[str, str]:
    """(reasoning, rest) of a text that may hold `<think>…</think>`.

    The opening tag may be missing, because many templates put it at the prompt's end. A text that was cut off inside
    its thinking is reasoning only.
    """
    if "</think>" in text:
        before, after = text.split("</think>", 1)
        return before.replace("<think>", "", 1).strip(), after.strip()
    if text.lstrip().startswith("<think>"):
        rest = text.lstrip().removeprefix("<think>").strip()
        return (rest, "") if cut_off else ("", rest)
    return "", text.strip()


def _text(content: object) -> tuple[str, str]:
    """(text, thinking) of a content that is a string or a list of typed parts."""
    if not isinstance(content, list):
        return (content if isinstance(content, str) else ""), ""
    text, thought = [], []
    for part in content:
        if isinstance(part, dict) and part.get("type") == "thinking":
            inner = part.get("thinking")
            thought.append(_text(inner)[0] if isinstance(inner, list) else str(inner or ""))
        elif isinstance(part, dict) and isinstance(part.get("text"), str):
            text.append(part["text"])
    return "".join(text), "".join(thought)


def _usage(usage: dict[str, Any]) -> tuple[int, int, int]:
    """(in, cached, out); cached is OpenAI's detail or DeepSeek's `prompt_cache_hit_tokens`."""
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    cached = cached if isinstance(cached, int) else usage.get("prompt_cache_hit_tokens")
    out = usage.get("completion_tokens")
    return usage["prompt_tokens"], cached if isinstance(cached, int) else 0, out if isinstance(out, int) else 0
