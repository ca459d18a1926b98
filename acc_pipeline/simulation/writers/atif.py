"""ATIF v1.5 `trajectory.json`, as Harbor writes it: steps with tool calls and their results in one step."""

from typing import Any

from acc_pipeline.simulation.records import Run, moment, stable_id

NAME = "atif"

_SYSTEM = "You answer questions from an archive of pages. Call final_answer when you know the answer."


def trajectory(run: Run) -> dict[str, Any]:
    """The whole file for one run. The format has no place for an outcome."""
    steps: list[dict[str, Any]] = [
        {"step_id": 1, "source": "system", "message": _SYSTEM},
        {"step_id": 2, "source": "user", "message": run.question},
    ]
    for number, turn in enumerate(run.turns):
        call_id = f"call_{stable_id(run.run_id, number)}"
        steps.append(
            {
                "step_id": len(steps) + 1,
                "timestamp": moment(run.run_id, number).isoformat(),
                "source": "agent",
                "message": turn.thought,
                "tool_calls": [{"tool_call_id": call_id, "function_name": turn.tool, "arguments": turn.arguments}],
                "observation": {"results": [{"source_call_id": call_id, "content": turn.observation}]},
            }
        )
    final = {
        "tool_call_id": f"call_{stable_id(run.run_id, 'final')}",
        "function_name": "final_answer",
        "arguments": {"answer": run.answer},
    }
    steps.append(
        {"step_id": len(steps) + 1, "source": "agent", "message": "That answers it.", "tool_calls": [final]},
    )
    return {
        "schema_version": "ATIF-v1.5",
        "session_id": run.run_id,
        "agent": {"name": "archive-reader", "version": "1.0.0", "model_name": "scripted"},
        "steps": steps,
        "final_metrics": {"total_prompt_tokens": 0, "total_completion_tokens": 0, "total_cost_usd": 0.0},
    }
