"""InterCode-SQL result files: one object of runs keyed by task number (`turn_history`, or a person's `trajectory`).

InterCode scores the rows of the last statement that it executed before `submit`, so that statement is the answer. Its
writer keeps at most 25 rows, or 350 characters, of an observation and leaves no mark; at the limit it counts as cut.
"""

import re
from typing import Any

from acc_pipeline.trajectories.content import as_text
from acc_pipeline.trajectories.evidence import with_evidence
from acc_pipeline.trajectories.formats.record import Record, run_id
from acc_pipeline.trajectories.schema import (
    Agent,
    Answer,
    Call,
    Completeness,
    Observation,
    Outcome,
    Reject,
    Step,
    Task,
    Trajectory,
)
from acc_pipeline.trajectories.workspace import Workspace

NAME = "intercode-sql"

ROW_LIMIT = 25
TEXT_LIMIT = 350
_EXECUTE = re.compile(r"execute\[(.*)\]", re.DOTALL)
_NOT_RUN = re.compile(r"^Error executing query: Your last `execute` action did not contain")


def sniff(value: Any) -> bool:
    """A dict of runs, or one run."""
    if not isinstance(value, dict):
        return False
    if _is_run(value):
        return True
    runs = [one for one in list(value.values())[:5] if isinstance(one, dict)]
    return bool(runs) and any(_is_run(one) for one in runs)


def split(value: dict[str, Any]) -> list[Any]:
    """The runs of a file. A configuration entry among the values is dropped: it is no run."""
    return [value] if _is_run(value) else [one for one in value.values() if not _is_config(one)]


def read(record: Record) -> list[Trajectory | Reject]:
    """One run. The question is `query`; the database is not named in the log and comes with the reference."""
    value = record.value
    if not isinstance(value, dict) or not _is_run(value):
        return [record.reject("broken_record", detail="neither turn_history nor trajectory", cure="repair the record")]
    by_person = isinstance(value.get("trajectory"), list)
    turns = _person_turns(value) if by_person else _agent_turns(value)
    task_id = as_text(value["task_id"] if "task_id" in value else value.get("query_idx", ""))
    question = as_text(value.get("query"))
    steps = [Step(index=0, role="user", text=question)]
    last = Answer()
    for thought, action, shown in turns:
        index = len(steps)
        sql = statement_of(action, plain=by_person)
        ran = sql is not None and not _NOT_RUN.match(shown)
        call = Call(
            id=f"s{index}",
            name="submit" if action.strip() == "submit" else "execute_sql" if sql is not None else "unreadable",
            arguments={"sql": sql} if sql is not None else {},
            raw=action,
        )
        if ran and sql is not None:
            last = Answer(kind="sql", text=sql, origin=f"step {index} action")
        observation = Observation(
            text=shown, call_id=call.id, completeness=Completeness.FULL if by_person else completeness_of_rows(shown)
        )
        steps.append(Step(index=index, role="agent", text=thought, calls=[call], observations=[observation]))
    flags = [] if by_person or _aligned(value["turn_history"]) else ["misaligned"]
    submitted = by_person or any(action.strip() == "submit" for _, action, _ in turns)
    return [
        Trajectory(
            run_id=run_id(task_id, value=value),
            source=record.located(format=NAME),
            agent=Agent(name="person" if by_person else "InterCode"),
            task=Task(question=question, task_id=task_id),
            steps=with_evidence(steps, workspace=Workspace("")),
            answer=last if submitted else Answer(),
            outcome=_outcome(value),
            flags=flags if submitted else [*flags, "not_submitted"],
        )
    ]


def statement_of(action: str, *, plain: bool = False) -> str | None:
    """The SQL of an action: inside `execute[…]`, or the action itself where it is a bare statement; else None."""
    text = action.strip()
    match = _EXECUTE.search(text)
    if match:
        return match.group(1).strip()
    if text == "submit" or text.startswith("execute["):
        return None
    return (
        text
        if plain or re.match(r"(?i)(select|show|desc|with|explain|set|use|create|insert|update|drop|alter)\b", text)
        else None
    )


def completeness_of_rows(shown: str) -> Completeness:
    """Truncated where an observation has exactly the rows, or the characters, that the writer keeps at most.

    Longer ones occur (the writer does not cut what is no list); those are whole.
    """
    at_limit = count_rows(shown) == ROW_LIMIT if shown.startswith("[") else len(shown) == TEXT_LIMIT
    return Completeness.TRUNCATED if at_limit else Completeness.FULL


def count_rows(shown: str) -> int:
    """Tuples directly inside a printed list, quotes respected; the values may be reprs that are no literals."""
    rows, depth, quote, index = 0, 0, "", 0
    while index < len(shown):
        char = shown[index]
        if quote:
            if char == "\\":
                index += 1
            elif char == quote:
                quote = ""
        elif char in "'\"":
            quote = char
        elif char in "([{":
            depth += 1
            rows += char == "(" and depth == 2
        elif char in ")]}":
            depth -= 1
        index += 1
    return rows


def _is_run(value: Any) -> bool:
    if not isinstance(value, dict) or "query" not in value:
        return False
    history = value.get("turn_history")
    if isinstance(history, dict):
        return "actions" in history and "observations" in history
    return str(value.get("environment", "")).startswith("ic_") and isinstance(value.get("trajectory"), list)


def _is_config(value: Any) -> bool:
    return isinstance(value, dict) and "query" not in value and "turn_history" not in value


def _aligned(history: dict[str, Any]) -> bool:
    """Whether every action has its observation and, where there are thoughts, its thought."""
    told = [history.get(name) or [] for name in ("actions", "observations")]
    return len({len(one) for one in [*told, history.get("thoughts") or told[0]]}) == 1


def _agent_turns(value: dict[str, Any]) -> list[tuple[str, str, str]]:
    history = value["turn_history"]
    actions, shown = history.get("actions") or [], history.get("observations") or []
    thoughts = history.get("thoughts") or [""] * len(actions)
    return [
        (as_text(thought), as_text(action), as_text(one))
        for thought, action, one in zip(thoughts, actions, shown, strict=False)
    ]


def _person_turns(value: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [
        ("", as_text(turn.get("action")), as_text(turn.get("observation")))
        for turn in value["trajectory"]
        if isinstance(turn, dict)
    ]


def _outcome(value: dict[str, Any]) -> Outcome:
    summary = value.get("summary")
    reward, field = (summary.get("max_reward"), "summary.max_reward") if isinstance(summary, dict) else (None, "")
    if reward is None:
        reward, field = value.get("reward"), "reward"
    gold = [as_text(value["gold"])] if value.get("gold") else []
    if not isinstance(reward, int | float):
        return Outcome(gold=gold)
    return Outcome(status="correct" if reward >= 1 else "wrong", score=float(reward), field=field, gold=gold)
