"""InterCode-SQL result file: one JSON object of runs by task number, each with its `turn_history` and `summary`."""

from typing import Any

from acc_pipeline.simulation.records import Run

NAME = "intercode-sql"
TURNS_MAX = 10


def results(runs: list[Run]) -> dict[str, Any]:
    """The whole file. The log names no database: that is with the tasks' references."""
    return {str(number): _entry(run, number) for number, run in enumerate(runs)}


def _entry(run: Run, number: int) -> dict[str, Any]:
    last = run.turns[-1].observation
    reward = 1.0 if run.right else 0.0
    return {
        "environment": "ic_sql",
        "dataset": "./data/saltmere/questions.json",
        "task_id": number,
        "query": run.question,
        "turn_history": {
            "thoughts": [*(turn.thought for turn in run.turns), "These are the rows that were asked for."],
            "actions": [*(f"execute[{turn.arguments['sql']}]" for turn in run.turns), "submit"],
            "observations": [*(turn.observation for turn in run.turns), last],
            "rewards": [*(0 for _ in run.turns), reward],
            "valid_action": [*(turn.exit_code == 0 for turn in run.turns), True],
        },
        "summary": {"max_reward": reward, "turns_taken": len(run.turns) + 1, "turns_max": TURNS_MAX},
        "hardness": run.extra["hardness"],
    }
