"""The order of pieces in a context: a permutation over all of them, drawn from the example's id and a seed."""

import hashlib
from collections.abc import Iterable


def permute(keys: Iterable[int], *, example_id: str, seed: int) -> list[int]:
    """Shuffle piece numbers. Each number's place among the others hangs on the number alone, so leaving some out
    keeps the order of the rest: all forms of one example agree."""
    return sorted(keys, key=lambda key: hashlib.sha256(f"{example_id}\0{seed}\0{key}".encode()).digest())


def example_id(agent_type: str, *, question: str, run_id: str) -> str:
    """Identity of an example (16 hex digits), the same for all its forms and seeds."""
    text = f"{agent_type}\0{question}\0{run_id}"
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
