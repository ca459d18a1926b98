"""mini-swe-agent `.traj.json`, three generations: a bare message list, `mini-swe-agent-1`, and `mini-swe-agent-1.1`.

The first two hold one fenced shell command per assistant message and its output in the next user message; the third
has tool calls, and `extra.raw_output`, which is neither templated nor elided and so is preferred.
"""

import re
from typing import Any

import msgspec

from acc_pipeline.trajectories.content import as_dict, as_text, first_text, split_reasoning
from acc_pipeline.trajectories.evidence import with_evidence
from acc_pipeline.trajectories.formats.chat import chat_steps, is_messages
from acc_pipeline.trajectories.formats.record import Record, run_id
from acc_pipeline.trajectories.formats.text_calls import without
from acc_pipeline.trajectories.schema import Agent, Answer, Call, Observation, Reject, Step, Task, Trajectory
from acc_pipeline.trajectories.workspace import Workspace, find_root

NAME = "mini-swe-agent"

_FENCE = re.compile(r"```(?:mswea_bash_command|bash|sh)\s*\n(.*?)\n?```", re.DOTALL)
_SUBMIT = "COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"


def sniff(value: Any) -> bool:
    """The format's own mark, or a bare list of plain messages of which one holds its shell fence and one its output."""
    if isinstance(value, dict):
        return as_text(value.get("trajectory_format")).startswith("mini-swe-agent") and is_messages(
            value.get("messages")
        )
    if not is_messages(value):
        return False
    texts = [as_text(message.get("content")) for message in value]
    return any("<returncode>" in text for text in texts) and any(_FENCE.search(text) for text in texts[2:])


def read(record: Record) -> list[Trajectory | Reject]:
    """One run; the answer is the submitted patch. There is no verdict inside."""
    value: dict[str, Any] = record.value if isinstance(record.value, dict) else {"messages": record.value}
    messages: list[dict[str, Any]] = value["messages"]
    version = as_text(value.get("trajectory_format")).removeprefix("mini-swe-agent-") or "0"
    info = as_dict(value.get("info"))
    structured = any(message.get("tool_calls") for message in messages)
    steps, flags = _tool_steps(messages) if structured else _fenced_steps(messages)
    first_user = next((step.text for step in steps if step.role == "user"), "")
    config = as_dict(info.get("config"))
    environment, model = as_dict(config.get("environment")), as_dict(config.get("model"))
    cwd = as_text(environment.get("cwd"))
    root = cwd or find_root(first_user)
    own = as_text(value.get("instance_id"))
    status = as_text(info.get("exit_status"))
    return [
        Trajectory(
            run_id=run_id(own, value=record.value),
            source=record.located(format=NAME, version=version),
            agent=Agent(name=NAME, version=as_text(info.get("mini_version")), model=as_text(model.get("model_name"))),
            task=Task(question=first_user, task_id=own),
            # every action runs in a shell of its own, so no `cd` outlives its command
            steps=with_evidence(steps, workspace=Workspace(root, cwd=cwd, keeps_cwd=False)),
            answer=_answer(info, messages),
            flags=flags + ([f"exit_status:{status}"] if status not in ("", "Submitted") else []),
        )
    ]


def _answer(info: dict[str, Any], messages: list[dict[str, Any]]) -> Answer:
    text, origin = first_text(info, "submission")
    origin = f"info.{origin}"
    last = messages[-1]
    if not text and last.get("role") == "exit":
        text, origin = as_text(last.get("content")), "last message"
    before = as_text(messages[-2].get("content")) if len(messages) > 1 else ""
    if not text and last.get("role") == "user" and _SUBMIT in before:
        text, origin = as_text(last.get("content")), "last message"
    text = text.replace("\r\n", "\n")
    if not text.strip():
        return Answer()
    return Answer(
        kind="patch" if "diff --git" in text or text.startswith("--- ") else "answer", text=text, origin=origin
    )


def _tool_steps(messages: list[dict[str, Any]]) -> tuple[list[Step], list[str]]:
    chat = chat_steps([_with_raw(message) for message in messages if message.get("role") != "exit"])
    codes = {
        as_text(message.get("tool_call_id")): extra.get("returncode")
        for message in messages
        if message.get("role") == "tool" and isinstance(extra := message.get("extra"), dict)
    }
    steps = [
        msgspec.structs.replace(step, observations=[_with_code(one, codes) for one in step.observations])
        for step in chat.steps
    ]
    return steps, chat.flags


def _with_raw(message: dict[str, Any]) -> dict[str, Any]:
    extra = message.get("extra")
    if message.get("role") == "tool" and isinstance(extra, dict) and isinstance(extra.get("raw_output"), str):
        return {**message, "content": extra["raw_output"]}
    return message


def _with_code(observation: Observation, codes: dict[str, Any]) -> Observation:
    code = codes.get(observation.call_id or "")
    return msgspec.structs.replace(observation, exit_code=code) if isinstance(code, int) else observation


def _fenced_steps(messages: list[dict[str, Any]]) -> tuple[list[Step], list[str]]:
    steps: list[Step] = []
    flags: set[str] = set()
    for message in messages:
        role, text = str(message.get("role")), as_text(message.get("content"))
        if role == "exit":
            continue
        if role == "assistant":
            body, thought = split_reasoning(text)
            fences = list(_FENCE.finditer(body))
            # the framework runs an action only when there is exactly one
            run = fences if len(fences) == 1 else []
            calls = [_bash(fence.group(1), id=f"s{len(steps)}") for fence in run]
            words = without(body, run)
            steps.append(Step(index=len(steps), role="agent", text=words, reasoning=thought, calls=calls))
        elif steps and steps[-1].role == "agent" and steps[-1].calls and not steps[-1].observations:
            observation = Observation(text=text, call_id=steps[-1].calls[0].id)
            steps[-1] = msgspec.structs.replace(steps[-1], observations=[observation])
        else:
            steps.append(Step(index=len(steps), role="system" if role == "system" else "user", text=text))
    if any(step.calls and not step.observations for step in steps):
        flags.add("calls_without_response")
    return steps, sorted(flags)


def _bash(command: str, *, id: str) -> Call:
    return Call(id=id, name="bash", arguments={"command": command}, raw=command)
