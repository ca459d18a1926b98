"""Small runs of each kind for tests, built as a reader would build them."""

from acc_pipeline.trajectories.schema import (
    Answer,
    Call,
    Completeness,
    Evidence,
    EvidenceKind,
    Observation,
    Outcome,
    Source,
    Step,
    Task,
    Trajectory,
    Verb,
)

SOURCE = Source(format="test", path="search/log.jsonl", sha256="f" * 64)
FILE = [f"line {n}" for n in range(1, 41)]
PATCH = (
    "diff --git a/pkg/m.py b/pkg/m.py\n--- a/pkg/m.py\n+++ b/pkg/m.py\n"
    "@@ -18,5 +18,5 @@\n line 18\n line 19\n-line 20\n+line twenty\n line 21\n line 22\n"
)


def page(
    url: str,
    text: str,
    *,
    completeness: Completeness = Completeness.FULL,
    title: str = "",
    first: int = 0,
    last: int = 0,
) -> Evidence:
    """A visited page; `first` and `last` for a chunk of it."""
    return Evidence(
        kind=EvidenceKind.PAGE,
        locator=url,
        text=text,
        title=title,
        completeness=completeness,
        first_line=first,
        last_line=last,
    )


def result(url: str, text: str, *, rank: int = 0) -> Evidence:
    """A search engine's result with its snippet."""
    return Evidence(
        kind=EvidenceKind.SEARCH_RESULT, locator=url, text=text, rank=rank, completeness=Completeness.SNIPPET
    )


def view(path: str, lines: list[str], *, first: int = 0, total: int = 0, after_edit: bool = False) -> Evidence:
    """A viewed file: whole, or the window that starts at line `first`."""
    return Evidence(
        kind=EvidenceKind.FILE,
        locator=path,
        text="\n".join(lines),
        completeness=Completeness.WINDOWED if first else Completeness.FULL,
        first_line=first,
        last_line=first + len(lines) - 1 if first else 0,
        total_lines=total,
        after_edit=after_edit,
    )


def run(
    *observed: list[Evidence],
    question: str = "Who won the race?",
    answer: str = "Santa Claus",
    kind: str = "answer",
    outcome: Outcome | None = None,
    verbs: dict[int, Verb] | None = None,
    task_id: str = "",
    run_id: str = "run-1",
    repo: str = "",
) -> Trajectory:
    """A run with one agent turn per list of evidence items, then the answer; `verbs` by turn number (from 1)."""
    steps = [Step(index=0, role="user", text=question)]
    for number, items in enumerate(observed, start=1):
        call = Call(id=f"c{number}", name="tool", verb=(verbs or {}).get(number, Verb.VISIT), arguments={"n": number})
        seen = Observation(text="\n".join(item.text for item in items), call_id=call.id, items=items)
        steps.append(Step(index=number, role="agent", text=f"step {number}", calls=[call], observations=[seen]))
    steps.append(Step(index=len(steps), role="agent", text=answer))
    return Trajectory(
        run_id=run_id,
        source=SOURCE,
        task=Task(question=question, task_id=task_id, repo=repo),
        steps=steps,
        answer=Answer(kind=kind, text=answer, origin="test"),
        outcome=outcome or Outcome(),
    )
