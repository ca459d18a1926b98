"""OpenHands V0 `output.jsonl`: one line per task, with the event stream as `history`; observations name their cause."""

import json
from typing import Any

from acc_pipeline.simulation.records import Run, Turn, moment, stable_id

NAME = "openhands"

_TASK = """<uploaded_files>
/testbed
</uploaded_files>
A Python repository lies in the directory testbed. Consider the following issue:

<issue_description>
{question}
</issue_description>

Change the files in /testbed, tests excepted, so that the issue is settled. Show the fault, mend it, show it again."""


def row(run: Run) -> dict[str, Any]:
    """One line of the file."""
    instruction = _TASK.format(question=run.question)
    events: list[dict[str, Any]] = []

    def add(source: str, **content: Any) -> int:
        number = len(events)
        time = moment(run.run_id, number).replace(tzinfo=None).isoformat()
        events.append({"id": number, "timestamp": time, "source": source, **content})
        return number

    arguments = {"content": "You are a careful programmer with a shell and an editor.", "tools": []}
    add("agent", message=arguments["content"], action="system", args=arguments)
    add("user", message=instruction, action="message", args={"content": instruction, "wait_for_response": False})
    for number, turn in enumerate(run.turns):
        kind, told, args, extras = _event(turn)
        metadata = _metadata(run, turn, number)
        cause = add("agent", message=told, action=kind, tool_call_metadata=metadata, args=args)
        content = turn.observation.rstrip("\n") if kind == "run" else turn.observation
        add(
            "agent",
            message=told,
            cause=cause,
            observation=kind,
            tool_call_metadata=metadata,
            content=content,
            extras=extras,
        )
    last = "The issue is settled; the change is in the working tree."
    outputs = {"final_thought": last, "task_completed": "true", "outputs": {}, "thought": ""}
    add("agent", message=last, action="finish", args=outputs)
    return {
        "instance_id": run.task_id,
        "test_result": {"git_patch": run.answer},
        "instruction": instruction,
        "metadata": {
            "agent_class": "CodeActAgent",
            "llm_config": {"model": "scripted", "temperature": 0.0},
            "max_iterations": 50,
            "dataset": "portcall",
        },
        "history": events,
        "metrics": {"accumulated_cost": 0.0},
        "error": None,
        "instance": {
            "repo": "harbour/portcall",
            "instance_id": run.task_id,
            "problem_statement": run.question,
            "base_commit": run.extra["base_commit"],
        },
    }


def _event(turn: Turn) -> tuple[str, str, dict[str, Any], dict[str, Any]]:
    given = turn.arguments
    if turn.tool == "bash":
        command = given["command"]
        args = {"command": command, "is_input": False, "thought": turn.thought, "blocking": False, "hidden": False}
        state = {"exit_code": turn.exit_code, "working_dir": "/testbed", "prefix": ""}
        state["suffix"] = f"\n[The command completed with exit code {turn.exit_code}.]"
        return "run", f"Running command: {command}", args, {"command": command, "metadata": state, "hidden": False}
    path = given["path"]
    if given["command"] == "view":
        args = {"path": path, "start": 0, "end": -1, "thought": turn.thought, "impl_source": "oh_aci"}
        args["view_range"] = given.get("view_range")
        return "read", f"Reading file: {path}", args, {"path": path, "impl_source": "oh_aci"}
    texts = {"old_str": given["old_str"], "new_str": given["new_str"]}
    args = {"path": path, "command": given["command"], **texts, "thought": turn.thought, "impl_source": "oh_aci"}
    extras = {"path": path, "prev_exist": True, "old_content": None, "new_content": None, "impl_source": "oh_aci"}
    return "edit", f"I edited the file {path}.", args, extras


def _metadata(run: Run, turn: Turn, number: int) -> dict[str, Any]:
    name = "execute_bash" if turn.tool == "bash" else turn.tool
    call_id = f"toolu_{number:02d}"
    function = {"name": name, "arguments": json.dumps(turn.arguments)}
    message = {
        "role": "assistant",
        "content": turn.thought,
        "tool_calls": [{"id": call_id, "type": "function", "function": function}],
    }
    response = {
        "id": f"gen-{stable_id(run.run_id, number)}",
        "model": "scripted",
        "object": "chat.completion",
        "choices": [{"finish_reason": "tool_calls", "index": 0, "message": message}],
    }
    return {
        "function_name": name,
        "tool_call_id": call_id,
        "model_response": response,
        "total_calls_in_response": 1,
    }
