"""ATIF `trajectory.json` (Harbor's Agent Trajectory Interchange Format, v1.0 to v1.7).

Steps with `tool_calls` and `observation.results` linked by id. The outcome is not in the format. Steps marked
`is_copied_context` repeat an earlier part of the run.
"""

from typing import Any

import msgspec

from acc_pipeline.trajectories.content import as_arguments, as_dict, as_text, first_text, split_reasoning
from acc_pipeline.trajectories.evidence import with_evidence
from acc_pipeline.trajectories.formats.record import Record, run_id
from acc_pipeline.trajectories.formats.text_calls import function_tags
from acc_pipeline.trajectories.formats.verdicts import ID_KEYS, answer_of, gold_of, outcome_of
from acc_pipeline.trajectories.schema import Agent, Answer, Call, Observation, Outcome, Reject, Step, Task, Trajectory
from acc_pipeline.trajectories.workspace import Workspace, find_root

NAME = "atif"


def sniff(value: Any) -> bool:
    """A dict whose `schema_version` begins `ATIF-`."""
    return isinstance(value, dict) and as_text(value.get("schema_version")).startswith("ATIF-")


def read(record: Record) -> list[Trajectory | Reject]:
    """One run; its question is the first user step that is not copied (else the first), its answer the last words."""
    value: dict[str, Any] = record.value
    raw_steps = value.get("steps")
    if not isinstance(raw_steps, list) or not raw_steps:
        return [record.reject("no_steps", detail="steps is empty", cure="write the run again with its steps")]
    flags: set[str] = set()
    steps = [_step(raw, index=index, flags=flags) for index, raw in enumerate(raw_steps) if isinstance(raw, dict)]
    if value.get("continued_trajectory_ref"):
        flags.add("continued_elsewhere")
    users = [step for step in steps if step.role == "user"]
    first = next((step for step in users if not step.copied), users[0] if users else None)
    extra = as_dict(value.get("extra"))
    question = first_text(extra, "question", "task", "instruction")[0] or (first.text if first else "")
    agent = as_dict(value.get("agent"))
    task_id = next((as_text(extra[name]) for name in ID_KEYS if extra.get(name) not in (None, "")), "")
    full = with_evidence(steps, workspace=Workspace(find_root(question, *(step.text for step in users[:2]))))
    return [
        Trajectory(
            run_id=run_id(value.get("trajectory_id") or value.get("session_id"), value=value),
            source=record.located(format=NAME, version=as_text(value["schema_version"])),
            agent=Agent(
                name=as_text(agent.get("name")),
                version=as_text(agent.get("version")),
                model=as_text(agent.get("model_name")),
            ),
            task=Task(question=question, task_id=task_id, database=first_text(extra, "database", "db")[0]),
            steps=full,
            answer=_answer(full),
            outcome=_outcome(extra),
            flags=sorted(flags),
        )
    ]


def _outcome(extra: dict[str, Any]) -> Outcome:
    return msgspec.structs.replace(outcome_of(extra), gold=gold_of(extra, "gold", "ground_truth", "gold_answer"))


def _answer(steps: list[Step]) -> Answer:
    found = answer_of(steps)
    if found.kind != "none":
        return found
    last = next((step for step in reversed(steps) if step.role == "agent" and step.text.strip()), None)
    return Answer(kind="answer", text=last.text.strip(), origin=f"step {last.index} message") if last else Answer()


def _step(raw: dict[str, Any], *, index: int, flags: set[str]) -> Step:
    text, thought = split_reasoning(as_text(raw.get("message")))
    calls: list[Call] = []
    for number, one in enumerate(raw.get("tool_calls") or []):
        if isinstance(one, dict):
            own = as_text(one.get("tool_call_id"))
            taken = {call.id for call in calls}
            calls.append(
                Call(
                    id=own if own and own not in taken else f"s{index}c{number}",
                    name=as_text(one.get("function_name")) or "unnamed",
                    arguments=as_arguments(one.get("arguments")),
                )
            )
    source = as_text(raw.get("source"))
    if not calls and source == "agent":
        calls, text = function_tags(text, prefix=f"s{index}")
        flags.update({"calls_in_text"} if calls else set())
    return Step(
        index=index,
        role={"agent": "agent", "user": "user"}.get(source, "system"),
        text=text,
        reasoning=as_text(raw.get("reasoning_content")) or thought,
        calls=calls,
        observations=_observations(raw.get("observation"), calls=calls, flags=flags),
        copied=bool(raw.get("is_copied_context")),
    )


def _observations(raw: Any, *, calls: list[Call], flags: set[str]) -> list[Observation]:
    results = raw.get("results") if isinstance(raw, dict) else None
    known = {call.id for call in calls}
    found: list[Observation] = []
    for position, result in enumerate(results if isinstance(results, list) else []):
        if not isinstance(result, dict):
            continue
        call_id: str | None = as_text(result.get("source_call_id")) or None
        if call_id is None and len(results or []) == len(calls):
            call_id = calls[position].id  # same number of results as calls: they answer them in order
        if call_id not in known:
            flags.add("unlinked_observation")
            call_id = None
        if result.get("subagent_trajectory_ref"):
            flags.add("subagent_elsewhere")
        found.append(Observation(text=as_text(result.get("content")), call_id=call_id))
    return found
