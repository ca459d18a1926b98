"""A tiny agent type and a context builder, so that the teacher is tested without the real agent types."""

from typing import Any

from acc_pipeline.agents.base import (
    Context,
    Gathered,
    Needs,
    PlacedPiece,
    Role,
    Sources,
    Sufficiency,
    Verdict,
)
from acc_pipeline.trajectories.schema import Reject, Trajectory


class TinyAgent:
    """Right is: the same words as the context's answer, in any case; "?" cannot be judged."""

    name = "tiny"
    instruction = "Answer."

    def recipe(self) -> dict[str, Any]:
        return {"version": 1}

    def needs(self, trajectory: Trajectory) -> Needs:
        return Needs()

    def question(self, trajectory: Trajectory) -> str:
        return trajectory.task.question

    def verify(self, trajectory: Trajectory, sources: Sources) -> Verdict:
        return Verdict(outcome="unknown", method="none")

    def gather(self, trajectory: Trajectory, sources: Sources) -> Gathered | Reject:
        return Reject(reason="no_evidence", detail="tiny", cure="none")

    def sufficient(self, context: Context) -> Sufficiency:
        return Sufficiency(outcome="unknown", how="none")

    def grade(self, answer: str, context: Context) -> Verdict:
        if answer.strip() == "?":
            return Verdict(outcome="unknown", method="matched", reason="cannot be judged")
        right = answer.split() and answer.casefold().split() == context.answer.casefold().split()
        return Verdict(outcome="correct" if right else "wrong", method="matched", reason="" if right else "differs")


def context(
    bodies: dict[str, str],
    *,
    question: str,
    answer: str,
    kind: str = "page",
    checks: dict[str, Any] | None = None,
    distractors: dict[str, str] | None = None,
    example_id: str = "e1",
) -> Context:
    """A context with one piece per title, in the given order, distractors last."""
    prompt = f"Answer.\n\nQuestion: {question}\n"
    pieces = []
    for role, group in ((Role.EVIDENCE, bodies), (Role.DISTRACTOR, distractors or {})):
        for title, body in group.items():
            prompt += f"\n# {title}\n"
            start = len(prompt)
            prompt += body
            pieces.append(
                PlacedPiece(
                    role=role,
                    kind=kind,
                    locator=title,
                    title=title,
                    start=start,
                    end=len(prompt),
                    tokens=len(body) // 4,
                )
            )
            prompt += "\n"
    return Context(
        example_id=example_id,
        agent_type="tiny",
        form="pieces",
        question=question,
        prompt=prompt,
        answer=answer,
        tokens=len(prompt) // 4,
        budget=4096,
        seed=0,
        pieces=pieces,
        checks=checks or {},
    )
