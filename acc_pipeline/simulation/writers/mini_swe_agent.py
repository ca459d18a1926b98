"""mini-swe-agent 2.x `.traj.json` (`mini-swe-agent-1.1`): chat messages, one shell tool, output raw and templated."""

import json
from typing import Any

from acc_pipeline.simulation.records import Run, moment, stable_id

NAME = "mini-swe-agent"

_SYSTEM = "You can use a computer's shell to solve programming tasks."
_TASK = """<pr_description>
Consider the following report:
{question}

</pr_description>

<instructions>
Mend the code in /testbed, which is the working directory of every command. Each command runs in a shell of its own.
Leave tests and configuration as they are. When you are done, write your change to patch.txt with git diff, look at it,
and hand it in with: `echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT && cat patch.txt`
</instructions>"""


def trajectory(run: Run) -> dict[str, Any]:
    """The whole file for one run."""
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": _SYSTEM},
        {"role": "user", "content": _TASK.format(question=run.question)},
    ]
    for number, turn in enumerate(run.turns):
        call_id = f"call_00_{stable_id(run.run_id, number)}"
        command = turn.arguments["command"]
        stamp = moment(run.run_id, number).timestamp()
        message = {
            "content": turn.thought,
            "role": "assistant",
            "tool_calls": [
                {
                    "index": 0,
                    "function": {"arguments": json.dumps({"command": command}), "name": "bash"},
                    "id": call_id,
                    "type": "function",
                }
            ],
        }
        messages.append(
            {
                **message,
                "extra": {
                    "actions": [{"command": command, "tool_call_id": call_id}],
                    "response": {
                        "id": stable_id(run.run_id, number, "response"),
                        "model": "scripted",
                        "object": "chat.completion",
                        "choices": [{"finish_reason": "tool_calls", "index": 0}],
                    },
                    "cost": 0.0,
                    "timestamp": stamp,
                },
            }
        )
        if number + 1 == len(run.turns):
            break  # the command that submits ends the run: its output is the last message
        messages.append(
            {
                "content": f"<returncode>{turn.exit_code}</returncode>\n<output>\n{turn.observation}</output>",
                "extra": {
                    "raw_output": turn.observation,
                    "returncode": turn.exit_code,
                    "timestamp": stamp + 1,
                    "exception_info": "",
                },
                "tool_call_id": call_id,
                "role": "tool",
            }
        )
    messages.append(
        {
            "role": "exit",
            "content": run.answer,
            "extra": {"exit_status": "Submitted", "submission": run.answer},
        }
    )
    return {
        "info": {
            "model_stats": {"instance_cost": 0.0, "api_calls": len(run.turns)},
            "config": {
                "agent": {"system_template": _SYSTEM, "step_limit": 60, "cost_limit": 3.0},
                "model": {"model_name": "scripted", "model_kwargs": {"temperature": 0.0}},
                "environment": {"cwd": "/testbed", "timeout": 20, "interpreter": ["bash", "-c"]},
            },
            "mini_version": "2.2.7",
            "exit_status": "Submitted",
            "submission": run.answer,
        },
        "messages": messages,
        "trajectory_format": "mini-swe-agent-1.1",
        "instance_id": run.task_id,
    }
