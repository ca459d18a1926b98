"""Tongyi DeepResearch / WebDancer rows: messages with `<think>`, `<tool_call>`, `<tool_response>` and `<answer>` tags.

Tags count in assistant messages (calls, answer) and in user messages that are tool responses; the first user message
holds an example in the same tags and is only prose. What `visit` gives is a model's extraction, never the page.
"""

import re
from typing import Any

import msgspec

from acc_pipeline.trajectories.content import as_arguments, as_text, first_text, parse_loose, split_reasoning
from acc_pipeline.trajectories.evidence import with_evidence
from acc_pipeline.trajectories.formats.chat import is_messages
from acc_pipeline.trajectories.formats.record import Record, run_id
from acc_pipeline.trajectories.formats.text_calls import without
from acc_pipeline.trajectories.formats.verdicts import ID_KEYS, gold_of
from acc_pipeline.trajectories.schema import Agent, Answer, Call, Observation, Outcome, Reject, Step, Task, Trajectory
from acc_pipeline.trajectories.workspace import Workspace

NAME = "webdancer"

_CALL = re.compile(r"<tool_call>\s*(.*?)\s*</tool_call>", re.DOTALL)
_CODE = re.compile(r"<code>\s*(.*?)\s*</code>", re.DOTALL)
_RESPONSE = re.compile(r"<tool_response>\n?(.*?)\n?</tool_response>", re.DOTALL)
_ANSWER = re.compile(r"<answer>\s*(.*?)\s*</answer>", re.DOTALL)
_USER = re.compile(r"(?:\A|\n)User:\s*")


def sniff(value: Any) -> bool:
    """Messages with a `<tool_call>` by the assistant and a user message that is a `<tool_response>`."""
    messages: Any = value.get("messages") if isinstance(value, dict) else value
    if not is_messages(messages):
        return False
    calls = any(one["role"] == "assistant" and "<tool_call>" in as_text(one.get("content")) for one in messages)
    return calls and any(_is_response(one) for one in messages)


def read(record: Record) -> list[Trajectory | Reject]:
    """One run. The question is the row's own, else what follows `User:` in the first user message."""
    value: dict[str, Any] = record.value if isinstance(record.value, dict) else {"messages": record.value}
    flags: set[str] = set()
    steps: list[Step] = []
    for message in value["messages"]:
        _add(message, steps=steps, flags=flags)
    if any(step.calls and len(step.observations) < len(step.calls) for step in steps):
        flags.add("calls_without_response")
    first_user = next((step.text for step in steps if step.role == "user"), "")
    question = first_text(value, "question", "query")[0] or _USER.split(first_user)[-1].strip()
    own = next((as_text(value[name]) for name in (*ID_KEYS, "id") if value.get(name) not in (None, "")), "")
    termination = as_text(value.get("termination"))
    if termination and termination != "answer":
        flags.add(f"termination:{termination}")
    gold = gold_of(value, "answer", "ground_truth")
    return [
        Trajectory(
            run_id=run_id(own, value=record.value),
            source=record.located(format=NAME),
            agent=Agent(name="WebDancer", model=first_text(value, "model")[0]),
            task=Task(question=question, task_id=own),
            steps=with_evidence(steps, workspace=Workspace("")),
            answer=_answer(value, steps),
            outcome=Outcome(gold=gold, field="answer" if gold else ""),
            flags=sorted(flags),
        )
    ]


def _answer(value: dict[str, Any], steps: list[Step]) -> Answer:
    for step in reversed(steps):
        found = _ANSWER.findall(step.text) if step.role == "agent" else []
        if found:
            return Answer(kind="answer", text=found[-1], origin=f"step {step.index} <answer>")
    prediction, field = first_text(value, "prediction")
    return Answer(kind="answer", text=prediction, origin=field) if prediction else Answer()


def _is_response(message: dict[str, Any]) -> bool:
    return message["role"] in {"user", "tool"} and as_text(message.get("content")).lstrip().startswith(
        "<tool_response>"
    )


def _add(message: dict[str, Any], *, steps: list[Step], flags: set[str]) -> None:
    role, text = str(message["role"]), as_text(message.get("content"))
    index = len(steps)
    if _is_response(message):
        if not steps or steps[-1].role != "agent":
            steps.append(Step(index=index, role="agent"))
            flags.add("unlinked_observation")
        step = steps[-1]
        found = _RESPONSE.findall(text) or [text.replace("<tool_response>", "")]
        made = [
            Observation(text=one, call_id=step.calls[number].id if number < len(step.calls) else None)
            for number, one in enumerate(found, start=len(step.observations))
        ]
        steps[-1] = msgspec.structs.replace(step, observations=[*step.observations, *made])
    elif role == "assistant":
        body, thought = split_reasoning(text)
        if "<tool_response>" in body:
            flags.add("hallucinated_observation")  # the model wrote its own response; only the environment's count
            body = _RESPONSE.sub("", body)
        tags = list(_CALL.finditer(body))
        calls = [_call(one.group(1), id=f"s{index}c{number}") for number, one in enumerate(tags)]
        steps.append(Step(index=index, role="agent", text=without(body, tags), reasoning=thought, calls=calls))
    else:
        steps.append(Step(index=index, role="system" if role == "system" else "user", text=text))


def _call(text: str, *, id: str) -> Call:
    code = _CODE.search(text)
    parsed = parse_loose(_CODE.sub("", text).strip())
    if not isinstance(parsed, dict) or not isinstance(parsed.get("name"), str):
        return Call(id=id, name="unreadable", raw=text)
    arguments = as_arguments(parsed.get("arguments"))
    if code:
        arguments["code"] = code.group(1)
    return Call(id=id, name=parsed["name"], arguments=arguments)
