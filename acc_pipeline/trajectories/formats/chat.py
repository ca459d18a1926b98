"""Chat messages to steps: assistant turns with calls, tool turns as their observations, the rest as they stand.

Shared by formats whose runs are OpenAI-style messages. What a record says besides its messages is each format's own.
"""

from typing import Any

import msgspec

from acc_pipeline.trajectories.content import as_arguments, as_text, first_text, split_reasoning
from acc_pipeline.trajectories.schema import Call, Observation, Step

MESSAGE_KEYS = ("messages", "traj", "message_history", "conversation", "conversations", "trajectory")


def is_messages(value: Any) -> bool:
    """Whether a value is a non-empty list of `{role, …}` messages."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, dict) and isinstance(item.get("role"), str) for item in value[:50])
    )


def has_tool_calls(messages: list[dict[str, Any]]) -> bool:
    """Whether any message carries a structured call."""
    return any(message.get("tool_calls") or message.get("function_call") for message in messages)


class ChatSteps(msgspec.Struct, frozen=True, kw_only=True):
    """`steps` of a chat, and flags about what did not fit together."""

    steps: list[Step]
    flags: list[str]


def chat_steps(messages: list[dict[str, Any]]) -> ChatSteps:
    """Steps of a chat. Tool turns go to the step that made their call: by id, else the oldest call still open.

    A tool turn without any call before it becomes an unlinked observation of the last agent step, or of an empty one.
    """
    steps: list[Step] = []
    open_calls: list[tuple[int, str]] = []
    flags: set[str] = set()
    for message in messages:
        role = str(message.get("role", ""))
        if role in {"tool", "function", "tool-response"}:
            _attach(message, steps=steps, open_calls=open_calls, flags=flags)
        elif role in {"assistant", "ai", "model"}:
            step = _assistant(message, index=len(steps))
            open_calls += [(step.index, call.id) for call in step.calls]
            steps.append(step)
        else:
            kind = "system" if role in {"system", "developer"} else "user"
            steps.append(Step(index=len(steps), role=kind, text=as_text(message.get("content"))))
    if any(call for call in open_calls):
        flags.add("calls_without_response")
    return ChatSteps(steps=steps, flags=sorted(flags))


def _assistant(message: dict[str, Any], *, index: int) -> Step:
    text, thought = split_reasoning(as_text(message.get("content")))
    reasoning, _ = first_text(message, "reasoning_content", "reasoning", "thinking", "thought")
    raw_calls = message.get("tool_calls") if isinstance(message.get("tool_calls"), list) else None
    if not raw_calls and isinstance(message.get("function_call"), dict):
        raw_calls = [message["function_call"]]
    calls: list[Call] = []
    for number, raw in enumerate(raw_calls or []):
        if isinstance(raw, dict):
            calls.append(_call(raw, fallback=f"s{index}c{number}", taken={call.id for call in calls}))
    return Step(index=index, role="agent", text=text, reasoning=reasoning or thought, calls=calls)


def _call(raw: dict[str, Any], *, fallback: str, taken: set[str]) -> Call:
    inner = raw.get("function")
    function = inner if isinstance(inner, dict) else raw
    own = as_text(raw.get("id") or raw.get("tool_call_id"))
    name = as_text(function.get("name") or (inner if isinstance(inner, str) else ""))
    arguments = function.get("arguments", function.get("args", function.get("input")))
    parsed = as_arguments(arguments)
    unread = isinstance(arguments, str) and "input" in parsed and len(parsed) == 1
    return Call(
        id=own if own and own not in taken else fallback,
        name=name or "unnamed",
        arguments=parsed,
        raw=arguments if unread and isinstance(arguments, str) else "",
    )


def _attach(message: dict[str, Any], *, steps: list[Step], open_calls: list[tuple[int, str]], flags: set[str]) -> None:
    own = as_text(message.get("tool_call_id") or message.get("id"))
    found = next((one for one in open_calls if own and one[1] == own), None)
    if found is None and not own and open_calls:
        found = open_calls[0]
    if found is not None:
        open_calls.remove(found)
        at, call_id = found
    else:
        flags.add("unlinked_observation")
        if not steps or steps[-1].role != "agent":
            steps.append(Step(index=len(steps), role="agent"))
        at, call_id = len(steps) - 1, None
    observation = Observation(
        text=as_text(message.get("content")), call_id=call_id, is_error=bool(message.get("is_error"))
    )
    step = steps[at]
    steps[at] = msgspec.structs.replace(step, observations=[*step.observations, observation])
