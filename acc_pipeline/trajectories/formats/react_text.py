"""ReAct transcripts as text: `Question:`, then numbered `Thought`, `Action` and `Observation` lines, many runs a file.

The environment's last observation tells whether the answer is right and the gold answer; both go to the outcome and
are taken out of the observation. Searches show the first sentences of a Wikipedia page, so their items are snippets.
"""

import re
from typing import Any

import msgspec

from acc_pipeline.trajectories.evidence import with_evidence
from acc_pipeline.trajectories.formats.record import Record, run_id
from acc_pipeline.trajectories.schema import (
    Agent,
    Answer,
    Call,
    Completeness,
    Evidence,
    EvidenceKind,
    Observation,
    Outcome,
    Reject,
    Step,
    Task,
    Trajectory,
    Verb,
)
from acc_pipeline.trajectories.workspace import Workspace

NAME = "react-transcript"

_QUESTION = re.compile(r"^Question: ?", re.MULTILINE)
_RULE = re.compile(r"^(?:#{8,}|-{8,} ?BEGIN).*", re.MULTILINE | re.DOTALL)
_PART = re.compile(r"^(Thought|Action|Observation) (\d+): ?", re.MULTILINE)
_ACTION = re.compile(r"^\s*(\w+)\[(.*)\]\s*$", re.DOTALL)
_VERDICT = re.compile(r"^Answer is (CORRECT|INCORRECT)\b.*", re.DOTALL)
_GOLD = re.compile(r"\n[ \t]*Correct answer: ?(.*?)\s*\Z", re.DOTALL)
_MISSED = re.compile(
    r"^\s*(?:Could not find|Invalid Action|No Results|No more results|The last page Searched was not found)",
    re.IGNORECASE,
)
_VERBS = {"search": Verb.SEARCH, "lookup": Verb.VISIT, "finish": Verb.FINISH}


def sniff(value: Any) -> bool:
    """A text with a question, a numbered action and a numbered observation at line starts."""
    if not isinstance(value, str) or not _QUESTION.search(value):
        return False
    kinds = {match.group(1) for match in _PART.finditer(value[:200_000])}
    return {"Action", "Observation"} <= kinds


def split(value: str) -> list[Any]:
    """One text for each run, from its `Question:` to the next one or to a rule line."""
    starts = [match.start() for match in _QUESTION.finditer(value)]
    ends = [*starts[1:], len(value)]
    return [_RULE.sub("", value[start:end]).rstrip() for start, end in zip(starts, ends, strict=True)]


def read(record: Record) -> list[Trajectory | Reject]:
    """One run. A run without `Finish[…]` was halted: no answer, outcome unknown."""
    # runs that were halted have the gold answer under their last observation too
    found_gold = _GOLD.search(record.value)
    text: str = record.value[: found_gold.start()] if found_gold else record.value
    parts = list(_PART.finditer(text))
    if not any(part.group(1) == "Action" for part in parts):
        return [record.reject("empty_run", detail="a question without any action", cure="none: the log ends here")]
    question = _QUESTION.sub("", text[: parts[0].start()] if parts else text, count=1).strip()
    steps = [Step(index=0, role="user", text=question)]
    outcome, answer, page, thought = Outcome(), Answer(), "", ""
    flags: set[str] = set()
    for number, match in enumerate(parts):
        end = parts[number + 1].start() if number + 1 < len(parts) else len(text)
        body = text[match.end() : end].strip("\n")
        index = len(steps)
        if match.group(1) == "Thought":
            thought = body
        elif match.group(1) == "Action":
            call = _call(body, id=f"s{index}")
            steps.append(Step(index=index, role="agent", reasoning=thought, calls=[call]))
            thought = ""
            if call.verb == Verb.FINISH:
                answer = Answer(
                    kind="answer", text=str(call.arguments.get("answer", "")), origin=f"step {index} Finish"
                )
            elif call.verb == Verb.SEARCH:
                page = str(call.arguments.get("query", ""))
        elif steps[-1].calls and not steps[-1].observations:
            observation, status = _observation(body, call=steps[-1].calls[0], page=page)
            outcome = Outcome(status=status, field="last observation") if status else outcome
            steps[-1] = msgspec.structs.replace(steps[-1], observations=[observation])
        else:
            flags.add("unlinked_observation")
    if found_gold:
        outcome = msgspec.structs.replace(outcome, gold=[found_gold.group(1).strip()])
    if answer.kind == "none":
        flags.add("halted")
    return [
        Trajectory(
            run_id=run_id("", value=text),
            source=record.located(format=NAME),
            agent=Agent(name="ReAct"),
            task=Task(question=question),
            steps=with_evidence(steps, workspace=Workspace("")),
            answer=answer,
            outcome=outcome,
            flags=sorted(flags),
        )
    ]


def _call(body: str, *, id: str) -> Call:
    match = _ACTION.match(body)
    if not match:
        return Call(id=id, name="unreadable", raw=body, verb=Verb.OTHER)
    name, argument = match.group(1), match.group(2)
    key = {"finish": "answer", "lookup": "keyword"}.get(name.lower(), "query")
    return Call(id=id, name=name, verb=_VERBS.get(name.lower(), Verb.OTHER), arguments={key: argument}, raw=body)


def _observation(body: str, *, call: Call, page: str) -> tuple[Observation, str]:
    verdict = _VERDICT.match(body.strip())
    if verdict:
        status = "correct" if verdict.group(1) == "CORRECT" else "wrong"
        return Observation(text="", call_id=call.id, flags=["gold_removed"]), status
    if _MISSED.match(body) or call.verb not in {Verb.SEARCH, Verb.VISIT}:
        return Observation(text=body, call_id=call.id, is_error=True), ""
    item = Evidence(kind=EvidenceKind.PAGE, locator=page, title=page, text=body, completeness=Completeness.SNIPPET)
    return Observation(text=body, call_id=call.id, completeness=Completeness.SNIPPET, items=[item]), ""
