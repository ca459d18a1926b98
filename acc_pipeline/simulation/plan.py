"""How many runs of which kind: spreads runs over log formats, wrong runs among right ones, and the special ones.

Counting only; agents and writers are elsewhere.
"""

import random
from dataclasses import dataclass

FORMATS = {
    "search": ("openai-messages", "atif", "react-transcript"),
    "swe": ("swe-agent", "mini-swe-agent", "openhands"),
    "sql": ("intercode-sql", "openai-messages"),
}
# ReAct shows first paragraphs only, so few of its runs can become contexts: one in nine is enough to show that
_TURNS: dict[str, tuple[str, ...]] = {"search": ("openai-messages", "atif") * 4 + ("react-transcript",)}


@dataclass(frozen=True)
class Slot:
    """One run to make: its format, and whether its agent goes wrong."""

    number: int
    log_format: str
    wrong: bool


def slots(
    agent_type: str, *, runs: int, wrong: int, seed: int, formats: list[str] | None, able: set[int] | None = None
) -> list[Slot]:
    """`runs` slots over the formats in turn, `wrong` of them wrong. Only numbers in `able` can go wrong (None: all)."""
    allowed = FORMATS[agent_type]
    chosen = list(formats or _TURNS.get(agent_type, allowed))
    unknown = [name for name in chosen if name not in allowed]
    if unknown:
        raise ValueError(f"no writer for {unknown[0]!r} in {agent_type}: choose from {', '.join(allowed)}")
    candidates = [number for number in range(runs) if able is None or number in able]
    if not 0 <= wrong <= len(candidates):
        raise ValueError(f"wrong={wrong}: of {runs} {agent_type} runs {len(candidates)} can go wrong")
    bad = set(random.Random(f"{seed} {agent_type} wrong").sample(candidates, wrong))
    return [Slot(number, chosen[number % len(chosen)], number in bad) for number in range(runs)]
