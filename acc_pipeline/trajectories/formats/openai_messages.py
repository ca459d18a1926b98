"""OpenAI-style chat messages with structured tool calls, in a record with any other keys, a bare list, or a call log.

Read so far: SWE-Gym rows, tau-bench `traj`, MiroFlow histories, Spider-agent `conversation`, litellm completion logs.
Messages whose calls are text tags are other formats.
"""

import json
from typing import Any

import msgspec

from acc_pipeline.trajectories.content import as_text, first_text
from acc_pipeline.trajectories.evidence import with_evidence
from acc_pipeline.trajectories.formats.chat import MESSAGE_KEYS, chat_steps, has_tool_calls, is_messages
from acc_pipeline.trajectories.formats.record import Record, run_id
from acc_pipeline.trajectories.formats.verdicts import ID_KEYS, answer_of, gold_of, outcome_of, patch_of
from acc_pipeline.trajectories.schema import Agent, Reject, Task, Trajectory
from acc_pipeline.trajectories.workspace import Workspace, find_root, root_of_patch

NAME = "openai-messages"


def sniff(value: Any) -> bool:
    """A record, or a bare list, of messages of which at least one carries a structured call."""
    messages, key = _messages(value)
    if messages is None:
        return False
    # a tau-bench run in which the agent only talked is a run of that format all the same
    return has_tool_calls(messages) or (key == "traj" and "reward" in value)


def read(record: Record) -> list[Trajectory | Reject]:
    """One run. The task's question is an explicit field (`question`, `problem_statement`, …) or the first user text."""
    messages, key = _messages(record.value)
    if messages is None:
        return [record.reject("no_messages", detail="no list of messages", cure="write the run with its messages")]
    value: dict[str, Any] = record.value if isinstance(record.value, dict) else {}
    chat = chat_steps(messages)
    flags = list(chat.flags)
    if key == "conversation" and is_messages(value.get("final_messages")):
        flags.append("duplicate_storage")
    first_user = next((step.text for step in chat.steps if step.role == "user"), "")
    question = first_text(value, "question", "query", "problem_statement", "task", "instruction")[0] or first_user
    patch = patch_of(value)
    commands = [json.dumps(call.arguments) for step in chat.steps for call in step.calls]
    systems = [step.text for step in chat.steps if step.role == "system"]
    root = (
        as_text(value.get("cwd"))
        or find_root(first_user, *systems)
        or root_of_patch(patch.text if patch else "", texts=commands)
    )
    steps = with_evidence(chat.steps, workspace=Workspace(root))
    outcome = outcome_of(value)
    gold = gold_of(value, "ground_truth", "gold", "gold_answer", "answers", "expected_answer", "golden_answers")
    own = next(
        (value[name] for name in (*ID_KEYS, "id", "run_id", "session_id") if value.get(name) not in (None, "")), ""
    )
    task_id = next((as_text(value[name]) for name in ID_KEYS if value.get(name) not in (None, "")), "")
    return [
        Trajectory(
            run_id=run_id(own, value=record.value),
            source=record.located(format=NAME),
            agent=Agent(name=first_text(value, "agent")[0], model=_model(value)),
            task=Task(
                question=question,
                task_id=task_id,
                database=first_text(value, "database", "db", "db_id")[0],
                repo=first_text(value, "repo")[0],
                base_commit=first_text(value, "base_commit")[0],
            ),
            steps=steps,
            answer=patch or answer_of(steps),
            outcome=msgspec.structs.replace(outcome, gold=gold),
            flags=flags,
        )
    ]


def _messages(value: Any) -> tuple[list[dict[str, Any]] | None, str]:
    if is_messages(value):
        return value, ""
    if not isinstance(value, dict):
        return None, ""
    for key in MESSAGE_KEYS:
        found: Any = value.get(key)
        if is_messages(found):
            return found + _responses(value), key
    return None, ""


def _responses(value: dict[str, Any]) -> list[dict[str, Any]]:
    """The last reply of a completion log, which stands beside the messages that were sent."""
    response = value.get("response")
    choices = response.get("choices") if isinstance(response, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        return []
    message = choices[0].get("message")
    return [message] if isinstance(message, dict) and isinstance(message.get("role"), str) else []


def _model(value: dict[str, Any]) -> str:
    response = value.get("response")
    inner = response.get("model") if isinstance(response, dict) else ""
    return first_text(value, "model", "model_name")[0] or as_text(inner)
