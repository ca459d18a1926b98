"""Agents that search and read web pages: evidence is the text of visited pages, the answer a short text.

A search engine's snippet and another model's summary are never evidence. What a page is and how URLs are merged is in
`pages.py`; how answers are compared is in `text_match.py`.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from acc_pipeline.agents.base import Context, Gathered, Needs, Piece, Role, Sources, Sufficiency, Verdict
from acc_pipeline.agents.pages import (
    Page,
    canonical_url,
    is_near_copy,
    merge_pages,
    shingles,
    sightings,
)
from acc_pipeline.agents.questions import search_question
from acc_pipeline.agents.spans import bodies
from acc_pipeline.agents.text_match import holds, is_tiny, match, tokens
from acc_pipeline.trajectories.schema import EvidenceKind, Reject, Trajectory

RULES_VERSION = 1
Judge = Callable[[str, str, list[str]], bool | None]


class SearchOptions(BaseModel):
    """What a search run may give to a context."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    evidence: tuple[Literal["full", "windowed", "truncated"], ...] = Field(
        default=("full", "windowed"),
        description="Completeness of a visited page that makes it evidence; anything less is dropped.",
    )
    distractors: tuple[Literal["full", "windowed", "truncated", "snippet"], ...] = Field(
        default=("full", "windowed", "truncated", "snippet"),
        description="Completeness of an unvisited result that may distract.",
    )
    uncited_pages: Literal["evidence", "distractor"] = Field(
        default="evidence", description="Visited pages whose URL the final answer does not name, where it names others."
    )
    near_copy: float = Field(default=0.9, gt=0, le=1, description="Share of five-word runs that makes a near copy.")
    max_distractors: int = Field(default=200, ge=0, description="Most distractors offered to the budget.")


class SearchAgent:
    """Search agents. `judge(question, answer, accepted)` is asked only where the rules cannot decide."""

    name = "search"
    instruction = "Please reason based on the following documents and answer the question."

    def __init__(self, options: SearchOptions | None = None, *, judge: Judge | None = None) -> None:
        self.options = options or SearchOptions()
        self.judge = judge

    def recipe(self) -> dict[str, Any]:
        return {"rules": RULES_VERSION, "judge": self.judge is not None, **self.options.model_dump(mode="json")}

    def needs(self, trajectory: Trajectory) -> Needs:
        return Needs(task_id=trajectory.task.task_id, question=self.question(trajectory))

    def question(self, trajectory: Trajectory) -> str:
        return search_question(trajectory.task.question)

    def verify(self, trajectory: Trajectory, sources: Sources) -> Verdict:
        answer, reference, logged = trajectory.answer, sources.reference, trajectory.outcome
        if not answer.text.strip():
            return Verdict(outcome="wrong", method="none", reason="the run ended without an answer")
        if reference is not None and reference.resolved is not None:
            outcome = "correct" if reference.resolved else "wrong"
            return Verdict(outcome=outcome, method="recorded", reason="verdict in the reference file")
        own = reference is not None and bool(reference.answers)
        accepted = reference.answers if reference is not None and own else logged.gold
        if not accepted:
            if logged.status in ("correct", "wrong"):
                return Verdict(outcome=logged.status, method="recorded", reason=f"verdict in the log ({logged.field})")
            return Verdict(outcome="unknown", method="none", reason="no accepted answer in the references or the log")
        verdict = self._matched(self.question(trajectory), answer.text, accepted)
        if own or logged.status not in ("correct", "wrong") or verdict.outcome == logged.status:
            return verdict
        if verdict.outcome == "correct":
            reason = f"the answer matches the log's gold, but the log says wrong ({logged.field})"
            return Verdict(outcome="unknown", method="matched", reason=reason, evidence=verdict.evidence)
        reason = f"verdict in the log ({logged.field}); by rule: {verdict.reason}"
        return Verdict(outcome=logged.status, method="recorded", reason=reason, evidence=verdict.evidence)

    def gather(self, trajectory: Trajectory, sources: Sources) -> Gathered | Reject:
        visits = sightings(trajectory, EvidenceKind.PAGE)
        pages = merge_pages(visits)
        usable = [page for page in pages if page.completeness in self.options.evidence]
        results = sightings(trajectory, EvidenceKind.SEARCH_RESULT)
        if not usable:
            kinds = Counter(page.completeness for page in pages)
            told = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "none"
            return Reject(
                reason="no_evidence",
                detail=f"pages read by the run: {told}; search results: {len(results)}",
                cure="log the full text of visited pages: snippets and another model's summaries are never evidence",
                source=trajectory.source,
            )
        kept = self._without_copies(usable, against=[])
        cited = self._cited(trajectory, kept)
        hard = [page for page in kept if page.url not in cited]
        evidence = [page for page in kept if page.url in cited]
        read = {canonical_url(s.item.locator) for s in visits}
        steps_read_from = {canonical_url(page.url) for page in kept}
        offered = [page for page in merge_pages(results) if canonical_url(page.url) not in read]
        offered = [page for page in offered if page.completeness in self.options.distractors]
        # A result listed beside a page that the run chose to read is the harder one; then the search engine's order.
        chosen_steps = {s.step for s in results if canonical_url(s.item.locator) in steps_read_from}
        offered.sort(key=lambda page: (page.step not in chosen_steps, page.rank, page.order))
        distractors = hard + self._without_copies(offered, against=kept)
        pieces = [_piece(page, role=Role.EVIDENCE) for page in evidence]
        pieces += [_piece(page, role=Role.DISTRACTOR) for page in distractors[: self.options.max_distractors]]
        answer, answers = self._answer(trajectory, sources)
        return Gathered(pieces=pieces, answer=answer, checks={"answers": answers})

    def sufficient(self, context: Context) -> Sufficiency:
        """Are the accepted answer's facts in the text of the evidence, read from the prompt by the pieces' spans?"""
        answers = [str(answer) for answer in context.checks.get("answers", [])]
        if not answers or all(is_tiny(answer) for answer in answers):
            return Sufficiency(outcome="unknown", how="facts_found", reason="the answer is too small to be looked up")
        texts = [tokens(body) for piece, body in bodies(context) if piece.role == Role.EVIDENCE]
        everything = [token for text in texts for token in text]
        for answer in answers:
            if not is_tiny(answer) and holds(everything, answer):
                return Sufficiency(outcome="holds", how="facts_found")
        return Sufficiency(outcome="fails", how="facts_found", reason="no accepted answer stands in the evidence")

    def grade(self, answer: str, context: Context) -> Verdict:
        return self._matched(context.question, answer, [str(a) for a in context.checks.get("answers", [])])

    def _matched(self, question: str, answer: str, accepted: list[str]) -> Verdict:
        found = match(answer, accepted)
        facts = {"rule": found.how, "accepted": found.accepted}
        if found.outcome == "unknown" and self.judge is not None:
            said = self.judge(question, answer, accepted)
            if said is not None:
                return Verdict(outcome="correct" if said else "wrong", method="judged", reason="judge", evidence=facts)
        reason = {
            "contained": f"{found.accepted!r} and the answer hold one another: needs a judge",
            "overlap": f"a longer text that shares words with {found.accepted!r}: needs a judge",
        }.get(found.how, found.how)
        return Verdict(outcome=found.outcome, method="matched", reason=reason, evidence=facts)

    def _answer(self, trajectory: Trajectory, sources: Sources) -> tuple[str, list[str]]:
        reference = sources.reference
        accepted = (reference.answers if reference else []) or trajectory.outcome.gold
        own = trajectory.answer.text.strip()
        found = match(own, accepted)
        if found.outcome == "correct":
            # Out of a longer text only the part that was compared is known to be right.
            return (found.accepted if found.how == "stated" else own), list(accepted)
        return own, list(dict.fromkeys([own, *accepted]))

    def _cited(self, trajectory: Trajectory, pages: list[Page]) -> set[str]:
        everything = {page.url for page in pages}
        if self.options.uncited_pages == "evidence":
            return everything
        return {page.url for page in pages if page.url in trajectory.answer.text} or everything

    def _without_copies(self, pages: list[Page], *, against: list[Page]) -> list[Page]:
        known = [shingles(page.text) for page in against]
        kept = []
        # Longer texts first, so that an excerpt falls to the text that holds it; the order given is restored.
        for index in sorted(range(len(pages)), key=lambda i: -len(pages[i].text)):
            own = shingles(pages[index].text)
            if not any(is_near_copy(own, other, share=self.options.near_copy) for other in known):
                known.append(own)
                kept.append(index)
        return [pages[index] for index in sorted(kept)]


def _piece(page: Page, *, role: Role) -> Piece:
    return Piece(
        role=role,
        kind="page",
        locator=page.url,
        title=page.title,
        text=page.text,
        completeness=page.completeness,
        step=page.step,
        call=page.call,
    )
