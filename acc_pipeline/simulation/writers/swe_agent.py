"""SWE-agent 1.x `.traj`: `trajectory[]` of action and observation, `history[]`, `info`, `replay_config` as text."""

import json
import shlex
from typing import Any

from acc_pipeline.simulation.records import Run, Turn

NAME = "swe-agent"

_SYSTEM = "You work on a repository with a shell and a file editor. Use one tool at a time and look at its result."
_TASK = """<uploaded_files>
/testbed
</uploaded_files>
A Python repository lies in /testbed. Read this report from a user of it:

<pr_description>
{question}
</pr_description>

Change the code in /testbed so that what the report asks for holds. Leave the tests alone.
Find the code in question, show the fault with a short command, mend it, and show that the fault is gone."""


def trajectory(run: Run) -> dict[str, Any]:
    """The whole file for one run."""
    steps = [_step(turn) for turn in [*run.turns, Turn("The fault is gone. I submit.", "submit", {}, run.answer)]]
    history: list[dict[str, Any]] = [
        {"role": "system", "content": _SYSTEM, "agent": "main", "message_type": "system_prompt"},
        {
            "role": "user",
            "content": _TASK.format(question=run.question),
            "agent": "main",
            "message_type": "observation",
        },
    ]
    for step in steps:
        history.append(
            {
                "role": "assistant",
                "content": step["response"],
                "thought": step["thought"],
                "action": step["action"],
                "agent": "main",
                "tool_calls": None,
                "message_type": "action",
            }
        )
        history.append(
            {
                "role": "user",
                "content": "OBSERVATION:\n" + step["observation"],
                "agent": "main",
                "message_type": "observation",
            }
        )
    config = {
        "env": {
            "repo": {"repo_name": "testbed", "base_commit": run.extra["base_commit"], "type": "preexisting"},
            "name": "main",
        },
        "agent": {"name": run.task_id, "model": {"name": "scripted", "temperature": 0.0}, "type": "default"},
        "problem_statement": {"text": run.question, "id": run.task_id, "type": "text"},
    }
    return {
        "trajectory": steps,
        "history": history[:-1],
        "info": {
            "swe_agent_version": "1.0.1",
            "submission": run.answer,
            "exit_status": "submitted",
            "model_stats": {"instance_cost": 0.0, "tokens_sent": 0, "tokens_received": 0, "api_calls": len(steps)},
        },
        "replay_config": json.dumps(config),
        "environment": "main",
    }


def _step(turn: Turn) -> dict[str, Any]:
    action = _action(turn)
    parameters = "".join(
        f"<parameter={name}>{value}</parameter>\n" for name, value in _parameters(turn.arguments).items()
    )
    return {
        "action": action,
        "observation": turn.observation,
        "response": f"{turn.thought}\n\n<function={turn.tool}>\n{parameters}</function>",
        "thought": turn.thought,
        "execution_time": 0.1,
        "state": {"working_dir": "/testbed"},
        "extra_info": {},
    }


def _parameters(arguments: dict[str, Any]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in arguments.items()}


def _action(turn: Turn) -> str:
    if turn.tool == "bash":
        return str(turn.arguments["command"])
    if turn.tool == "submit":
        return "submit"
    words = [turn.tool, turn.arguments["command"], turn.arguments["path"]]
    for name in ("old_str", "new_str"):
        if name in turn.arguments:
            words += [f"--{name}", shlex.quote(turn.arguments[name])]
    if "view_range" in turn.arguments:
        words += ["--view_range", *map(str, turn.arguments["view_range"])]
    return " ".join(words)
