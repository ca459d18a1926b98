"""Files of formats that are recognised and not read, and a line that is broken: what a real inbox holds as well.

Their content is a true run too; only its shape is another: Langfuse's export, aider's history, ShareGPT.
"""

import json
from typing import Any

from acc_pipeline.simulation.records import Run, moment, stable_id


def langfuse(run: Run) -> dict[str, Any]:
    """A trace with one generation and one tool span a turn; inputs and outputs are JSON text."""
    trace_id = stable_id(run.run_id, "trace", length=32)
    observations = []
    for number, turn in enumerate(run.turns):
        time = moment(run.run_id, number).isoformat()
        shared = {"traceId": trace_id, "startTime": time, "parentObservationId": None}
        calls = [{"name": turn.tool, "args": turn.arguments}]
        output = json.dumps({"role": "assistant", "content": turn.thought, "tool_calls": calls}, ensure_ascii=False)
        observations.append(
            {"id": stable_id(trace_id, number, "g"), "type": "GENERATION", "name": "step", "output": output, **shared}
        )
        observations.append(
            {
                "id": stable_id(trace_id, number, "t"),
                "type": "TOOL",
                "name": turn.tool,
                "input": json.dumps(turn.arguments, ensure_ascii=False),
                "output": json.dumps(turn.observation, ensure_ascii=False),
                **shared,
            }
        )
    trace = {
        "id": trace_id,
        "name": "archive-reader",
        "timestamp": moment(run.run_id, 0).isoformat(),
        "input": json.dumps(run.question, ensure_ascii=False),
        "output": json.dumps(run.answer, ensure_ascii=False),
        "scores": [],
    }
    return {"trace": trace, "observations": observations}


def aider(run: Run) -> str:
    """A chat history in markdown: the request after `####`, shell output after `>`, the rest is the assistant."""
    began = moment(run.run_id, 0).strftime("%Y-%m-%d %H:%M:%S")
    lines = [f"# aider chat started at {began}", "", "> Model: scripted with diff edit format  ", ""]
    lines += [f"#### {line}  " for line in run.question.splitlines() if line]
    for turn in run.turns:
        lines += ["", turn.thought, ""]
        if turn.tool == "bash":
            lines += [f"> {line}  " for line in turn.observation.splitlines()]
    return "\n".join(lines) + "\n"


def sharegpt(run: Run) -> list[dict[str, Any]]:
    """One conversation with `from` and `value`."""
    turns: list[dict[str, str]] = [{"from": "human", "value": run.question}]
    for turn in run.turns:
        call = {"name": turn.tool, "arguments": turn.arguments}
        turns.append({"from": "function_call", "value": json.dumps(call, ensure_ascii=False)})
        turns.append({"from": "observation", "value": turn.observation})
    turns.append({"from": "gpt", "value": run.answer})
    return [{"conversations": turns, "tools": "[]"}]


def cut_off(line: str) -> str:
    """A JSON line as a full disk leaves it: its first two thirds."""
    return line[: len(line) * 2 // 3]
