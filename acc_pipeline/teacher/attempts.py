"""One candidate rationale, from being written to being judged.

The record only. Who writes it is `extractive.py` or `prompts.py` with the client; who judges it is `sampling.py`.
"""

from msgspec import Struct


class Draft(Struct, frozen=True, kw_only=True):
    """What a teacher wrote, before anybody looked at it. Token counts are the server's; 0 for a rule."""

    reasoning: str
    answer: str
    sampling: str = "{}"  # JSON of what the request asked for
    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0
    seconds: float = 0.0
    cost: float = 0.0  # USD
    finish_reason: str = "stop"
    hindsight: bool = False  # the writer was shown the answer


class Attempt(Struct, frozen=True, kw_only=True):
    """A judged draft. `verdict` is correct, wrong, unknown or failed (no reply); `usable`: may be trained on."""

    number: int  # from 0
    draft: Draft
    verdict: str
    verdict_reason: str
    usable: bool = False
    retryable: bool = False  # verdict failed only: the cause passes by itself
    cure: str = ""


def shortest_usable(attempts: list[Attempt]) -> Attempt | None:
    """The usable attempt with the shortest reasoning; of equals the earliest. None when there is none."""
    usable = [attempt for attempt in attempts if attempt.usable]
    return min(usable, key=lambda a: (len(a.draft.reasoning), a.number), default=None)


def verdict_counts(attempts: list[Attempt]) -> str:
    """For messages: "2 wrong, 1 correct but unusable"."""
    counts: dict[str, int] = {}
    for attempt in attempts:
        label = "correct but unusable" if attempt.verdict == "correct" and not attempt.usable else attempt.verdict
        counts[label] = counts.get(label, 0) + 1
    return ", ".join(f"{count} {label}" for label, count in sorted(counts.items()))
