"""Comparing a scrubbed run with references, which lie as their user wrote them.

Placeholders are numbered by first appearance and never derived from the secret: so the reference is scrubbed as well,
and numbers say nothing between the two. What a placeholder may stand for twice is unknown, never a guess. The database
is as it was: queries run and rows compare unscrubbed, and a query with a placeholder cannot run.
"""

import re

import msgspec

from acc_pipeline.agents.base import AgentType, Reference, Sources, Verdict
from acc_pipeline.privacy.patterns import EMAIL, HOME, SECRETS
from acc_pipeline.privacy.scrub import scrub_text
from acc_pipeline.trajectories.schema import Trajectory, to_json

CURE = "where its logs may be stored as they are, read them with `scrub: false`; nothing else tells the secrets apart"
_KINDS = "|".join(sorted({pattern.kind for pattern in (*SECRETS, EMAIL)}))
_PLACEHOLDER = re.compile(rf"<(?P<kind>{_KINDS})_\d+>|\b(?P<user>{HOME.kind})_\d+\b")


def is_scrubbed(trajectory: Trajectory) -> bool:
    """Was anything replaced in this run?"""
    return any(flag.startswith("scrubbed:") for flag in trajectory.flags)


def placeholders(text: str) -> dict[str, set[str]]:
    """The placeholders in `text` by their kind, such as {"EMAIL": {"<EMAIL_1>"}}."""
    found: dict[str, set[str]] = {}
    for match in _PLACEHOLDER.finditer(text):
        found.setdefault(match["kind"] or match["user"], set()).add(match[0])
    return found


def renumbered(text: str) -> str:
    """`text` scrubbed, its placeholders numbered as if it stood alone: equal for equal texts of a run and a file."""
    names: dict[str, str] = {}
    counts: dict[str, int] = {}

    def name(match: re.Match[str]) -> str:
        kind = match["kind"] or match["user"]
        if match[0] not in names:
            counts[kind] = counts.get(kind, 0) + 1
            names[match[0]] = f"<{kind}_{counts[kind]}>" if match["kind"] else f"{kind}_{counts[kind]}"
        return names[match[0]]

    return _PLACEHOLDER.sub(name, scrub_text(text)[0])


def scrubbed_reference(reference: Reference) -> Reference:
    """The reference with every text scrubbed, each as if it stood alone."""
    plain = msgspec.to_builtins(reference)
    return msgspec.convert({key: _walk(value) for key, value in plain.items()}, Reference)


def comparable(trajectory: Trajectory, sources: Sources, *, agent: AgentType) -> Sources:
    """The sources as a run's texts can be compared with them: scrubbed where the run is, but for what is executed."""
    if sources.reference is None or agent.name == "sql" or not is_scrubbed(trajectory):
        return sources
    return msgspec.structs.replace(sources, reference=scrubbed_reference(sources.reference))


def verify(trajectory: Trajectory, sources: Sources, *, agent: AgentType) -> Verdict:
    """The agent type's verdict; `unknown` where only the secrets that were replaced could tell."""
    if not is_scrubbed(trajectory):
        return agent.verify(trajectory, sources)
    if agent.name == "sql":
        return _executed(trajectory, sources, agent=agent)
    told = comparable(trajectory, sources, agent=agent)
    raw, reference = sources.reference, told.reference
    if raw is None or reference is None or (raw.answers, raw.patch) == (reference.answers, reference.patch):
        return agent.verify(trajectory, sources)
    plain = [answer for answer in reference.answers if answer in raw.answers]
    if plain:  # an accepted answer without a secret needs no guess
        without = msgspec.structs.replace(sources, reference=msgspec.structs.replace(reference, answers=plain))
        verdict = agent.verify(trajectory, without)
        if verdict.outcome == "correct":
            return verdict
    answer = msgspec.structs.replace(trajectory.answer, text=_unnumbered(trajectory.answer.text))
    gold = [_unnumbered(text) for text in reference.answers]
    reference = msgspec.structs.replace(reference, answers=gold, patch=_unnumbered(reference.patch))
    verdict = agent.verify(
        msgspec.structs.replace(trajectory, answer=answer), msgspec.structs.replace(sources, reference=reference)
    )
    named = placeholders(trajectory.answer.text)
    if verdict.outcome != "correct" or verdict.method == "recorded" or not named:
        return verdict
    if doubt := _doubt(trajectory, named):
        return msgspec.structs.replace(verdict, outcome="unknown", reason=f"scrubbed: {doubt}")
    return msgspec.structs.replace(verdict, reason=f"{verdict.reason}, scrubbed on both sides")


def _executed(trajectory: Trajectory, sources: Sources, *, agent: AgentType) -> Verdict:
    from acc_pipeline.agents.sql import final_query

    named = placeholders(final_query(trajectory))
    if not named:
        return agent.verify(trajectory, sources)
    shown = ", ".join(sorted(one for some in named.values() for one in some))
    return Verdict(outcome="unknown", method="none", reason=f"scrubbed: the final query holds {shown} and cannot run")


def _doubt(trajectory: Trajectory, named: dict[str, set[str]]) -> str:
    """Why the answer's placeholders may stand for other secrets than the reference's; "" when the run read just one."""
    everywhere = placeholders(to_json(trajectory))
    read = placeholders("\n".join(seen.text for step in trajectory.steps for seen in step.observations))
    for kind, own in sorted(named.items()):
        if len(everywhere[kind]) > 1:
            return f"the run holds {len(everywhere[kind])} values of kind {kind}, and which one is right cannot be told"
        if not own <= read.get(kind, set()):
            return f"the run read no value of kind {kind}, so the one that it gives may be any"
    return ""


def _unnumbered(text: str) -> str:
    return _PLACEHOLDER.sub(lambda match: re.sub(r"\d+", "1", match[0]), text)


def _walk(value: object) -> object:
    if isinstance(value, str):
        return renumbered(value)
    if isinstance(value, list):
        return [_walk(item) for item in value]
    return {key: _walk(item) for key, item in value.items()} if isinstance(value, dict) else value
