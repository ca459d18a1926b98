"""The multi-turn form from log files: every action is told once, as a call, with the words around it kept."""

import json
from pathlib import Path
from typing import Any

import pytest

from acc_pipeline.contexts.chat import chat
from acc_pipeline.trajectories.limits import Limits
from acc_pipeline.trajectories.reading import read_file


def _assistants(tmp_path: Path, value: Any) -> list[dict[str, Any]]:
    path = tmp_path / "log.json"
    path.write_text(json.dumps(value))
    found = read_file(path, rel=path.name, limits=Limits())
    assert (len(found.trajectories), found.rejects) == (1, [])
    return [message for message in chat(found.trajectories[0]) if message["role"] == "assistant"]


def _told(message: dict[str, Any]) -> tuple[str, list[tuple[str, dict[str, Any]]]]:
    functions = [call["function"] for call in message.get("tool_calls", [])]
    return message["content"], [(one["name"], one["arguments"]) for one in functions]


_SHOWN = "<returncode>0</returncode>\n<output>\na.py\n</output>"


@pytest.mark.parametrize("fence", ["mswea_bash_command", "bash"])
@pytest.mark.parametrize("bare", [True, False])
def test_fenced_commands(tmp_path: Path, fence: str, bare: bool) -> None:
    messages = [
        {"role": "system", "content": "You act."},
        {"role": "user", "content": "Fix a.py"},
        {"role": "assistant", "content": f"THOUGHT: look\n\n```{fence}\nls\n```\n\nThen we see."},
        {"role": "user", "content": _SHOWN},
        {"role": "assistant", "content": f"```{fence}\ncat a.py\n```"},
        {"role": "user", "content": _SHOWN},
        {"role": "assistant", "content": f"Two\n```{fence}\nls\n```\n```{fence}\npwd\n```"},
    ]
    value = messages if bare else {"trajectory_format": "mini-swe-agent-1", "messages": messages, "info": {}}
    assert [_told(one) for one in _assistants(tmp_path, value)] == [
        ("THOUGHT: look\n\nThen we see.", [("bash", {"command": "ls"})]),
        ("", [("bash", {"command": "cat a.py"})]),
        (messages[-1]["content"], []),  # no call, as in the framework, so the words stay as they are
    ]


def test_tool_call_tags(tmp_path: Path) -> None:
    first, second = ({"name": "search", "arguments": {"query": [word]}} for word in ("ada", "bob"))
    tags = "\n".join(f"<tool_call>\n{json.dumps(one)}\n</tool_call>" for one in (first, second))
    messages = [
        {"role": "system", "content": "tools"},
        {"role": "user", "content": "User: How old?"},
        {"role": "assistant", "content": f"<think>t</think>\nI look.\n{tags}"},
        {"role": "user", "content": "<tool_response>\n1\n</tool_response>\n<tool_response>\n2\n</tool_response>"},
        {"role": "assistant", "content": "<answer>36</answer>"},
    ]
    calls, answer = _assistants(tmp_path, {"messages": messages})
    assert _told(calls) == ("I look.", [("search", {"query": ["ada"]}), ("search", {"query": ["bob"]})])
    assert calls["reasoning_content"] == "t"
    assert _told(answer) == ("<answer>36</answer>", [])


def test_function_tags(tmp_path: Path) -> None:
    run = "<function=execute_bash>\n<parameter=command>ls\n</parameter>\n</function>"
    cut = "<function=execute_bash>\n<parameter=command>pwd</parameter>\n"  # a stop string may take the closing tag
    texts = [f"I look.\n\n{run}", cut, "<function=execute_bash>ls -l</function>", "<function=finish>\n</function>"]
    steps = [{"source": "user", "message": "Fix a.py"}, *({"source": "agent", "message": one} for one in texts)]
    value = {"schema_version": "ATIF-v1.5", "session_id": "s", "steps": steps}
    assert [_told(one) for one in _assistants(tmp_path, value)] == [
        ("I look.", [("execute_bash", {"command": "ls"})]),
        ("", [("execute_bash", {"command": "pwd"})]),
        ("", [("execute_bash", {"command": "ls -l"})]),
        ("", [("finish", {})]),
    ]


def test_actions_without_arguments_are_as_they_were_written(tmp_path: Path) -> None:
    turns = [
        {"action": "ls\n", "observation": "a.py", "thought": "look"},
        {"action": "submit", "observation": "", "thought": "done"},
    ]
    history = [{"role": "user", "content": "Fix a.py"}]
    value = {"trajectory": turns, "history": history, "info": {"submission": ""}, "environment": "o__r-1"}
    assert [_told(one) for one in _assistants(tmp_path, value)] == [
        ("look", [("bash", {"command": "ls"})]),
        ("done", [("submit", {"command": "submit"})]),
    ]
