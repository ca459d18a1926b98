"""The likelihood measure: a signal from models that cannot yet generate a right answer.

Log-likelihood of the true answer after four prompts: everything, the query only, only what is needed, only distractors.
Recovered share = (full - query only) / (needed only - query only): 0, the context is not used; 1, as good as having
only what matters. This module runs in the evaluation process.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from acc_pipeline.evaluation.model import EvaluatedModel
from acc_pipeline.evaluation.variants import VARIANTS


def measure(
    model: EvaluatedModel, variants: Mapping[str, Sequence[dict[str, Any]]], *, answer: str
) -> dict[str, float | None]:
    """`loglik_<variant>` in nats for each variant (chat messages) that the item has; None where it does not fit.

    The answer is scored behind an empty thinking part, because the template leaves thinking open.
    """
    measured: dict[str, float | None] = {}
    for name in VARIANTS:
        messages = variants.get(name)
        prompt = model.prompt_ids(messages) if messages else None
        found = model.log_likelihood(prompt, continuation="\n</think>\n\n" + answer) if prompt else None
        measured[f"loglik_{name}"] = found
    return measured
