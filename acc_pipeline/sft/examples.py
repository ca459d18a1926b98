"""From prompt, rationale and answer to the two shapes of a training row: chat, and the released data's columns.

Pure text work; what is kept and counted is `stage.py`'s.
"""

import json
from typing import Any

Message = dict[str, Any]


def completion_text(reasoning: str, *, answer: str) -> str:
    """The assistant's turn, as the released data and Qwen3's chat template have it."""
    return f"<think>\n{reasoning.strip()}\n</think>\n\n{answer.strip()}"


def chat(prompt: str, *, completion: str) -> list[Message]:
    """One user turn and one assistant turn."""
    return [{"role": "user", "content": prompt}, {"role": "assistant", "content": completion}]


def context_length(tokens: int) -> str:
    """The released data's length label: thousands of tokens, at least "1k"."""
    return f"{max(1, round(tokens / 1000))}k"


def supervised_text(messages: list[Message]) -> str:
    """What carries loss in a multi-turn chat: reasoning, text and calls of each assistant turn; never observations."""
    parts: list[str] = []
    for message in messages:
        if message.get("role") != "assistant":
            continue
        parts += [str(message[key]) for key in ("reasoning_content", "content") if message.get(key)]
        parts += [
            json.dumps(call.get("function", call), ensure_ascii=False) for call in message.get("tool_calls") or []
        ]
    return "\n".join(parts)
