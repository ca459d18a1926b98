"""What needs no long context: scores of guessing and of cheating on the same items, to be read beside any result.

MRCR's grader gives a drawn needle a third to a half, and one sure node has
precision 1.0 in GraphWalks. Numbers only; the guesses themselves are with the graders.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from acc_pipeline.evaluation.score import floors

_FIELDS = {"mrcr": ("score",), "graphwalks": ("precision", "f1", "exact")}


def floor_means(items: Mapping[str, Iterable[Mapping[str, Any]]]) -> dict[str, dict[str, float]]:
    """Metric (named as in the results table) -> guess -> mean over the items (rows of eval_items by benchmark)."""
    found: dict[str, dict[str, list[float]]] = {}
    for benchmark, rows in items.items():
        for row in rows:
            for guess, scores in floors(benchmark, row).items():
                for metric, value in _named(benchmark, row["subset"], scores):
                    found.setdefault(metric, {}).setdefault(guess.replace("_", " "), []).append(value)
    return {
        metric: {guess: sum(values) / len(values) for guess, values in guesses.items()}
        for metric, guesses in found.items()
    }


def _named(benchmark: str, subset: str, scores: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    for field in _FIELDS[benchmark]:
        label = f" {field}" if benchmark == "graphwalks" else ""
        for part in (subset, "all"):
            yield f"{benchmark} {part}{label}", float(scores[field])
