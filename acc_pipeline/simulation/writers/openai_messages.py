"""OpenAI chat messages with structured tool calls, one run a line; arguments are JSON text, as the API gives them."""

import json
from typing import Any

from acc_pipeline.simulation.records import Run, stable_id

NAME = "openai-messages"

SYSTEM = {
    "search": "Answer questions from the archive. Search it, read what matters, and finish with the answer alone.",
    "sql": "Answer questions about the database. Look at its tables, query them, and finish with the answer.",
}


def row(run: Run, *, agent_type: str) -> dict[str, Any]:
    """One line of the file."""
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": SYSTEM[agent_type]},
        {"role": "user", "content": run.question},
    ]
    for number, turn in enumerate(run.turns):
        call_id = f"call_{stable_id(run.run_id, number)}"
        function = {"name": turn.tool, "arguments": json.dumps(turn.arguments, ensure_ascii=False)}
        messages.append(
            {
                "role": "assistant",
                "content": turn.thought,
                "tool_calls": [{"id": call_id, "type": "function", "function": function}],
            }
        )
        messages.append({"role": "tool", "tool_call_id": call_id, "name": turn.tool, "content": turn.observation})
    messages.append({"role": "assistant", "content": run.answer})
    record = {"instance_id": run.task_id, "run_id": run.run_id, "model": "scripted", "messages": messages}
    if agent_type == "sql":
        record["db_id"] = run.extra["database"]
    return record


def line(record: dict[str, Any]) -> str:
    """A row as the text of its line."""
    return json.dumps(record, ensure_ascii=False)
