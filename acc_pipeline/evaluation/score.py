"""The stage eval_scores: one response graded as one row, and means of such rows with floors and cheats beside them.

The graders are in mrcr.py and graphwalks_grade.py; comparing arms is in results.py.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from acc_pipeline.evaluation import graphwalks_grade, mrcr
from acc_pipeline.evaluation.graphwalks_prompt import parse_prompt
from acc_pipeline.evaluation.items import official_row

RULES_VERSION = 1
LIKELIHOODS = ("loglik_full", "loglik_query_only", "loglik_needed", "loglik_distractors")

COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "benchmark": pl.String,
    "subset": pl.String,
    "item_id": pl.String,
    "sample": pl.Int64,
    "seed": pl.Int64,
    "checkpoint_id": pl.String,
    "response": pl.String,
    "score": pl.Float64,  # mrcr: the ratio; graphwalks: the precision, as the paper reports it
    "precision": pl.Float64,  # null for mrcr, as are recall and f1
    "recall": pl.Float64,
    "f1": pl.Float64,
    "exact": pl.Boolean,
    "parse_ok": pl.Boolean,  # mrcr: the nonce was there; graphwalks: the last line was a Final Answer
    "tokens_prompt": pl.Int64,
    "tokens_completion": pl.Int64,
    "finish_reason": pl.String,  # stop, length, or too_long: such an item scores 0 and stays in the denominator
    **dict.fromkeys(LIKELIHOODS, pl.Float64),  # nats of the true answer; null where not measured
}
_HELPS = 0.01  # share of the likelihood that a needed part must change it by
_MEANS = ("score", "precision", "recall", "f1", "exact", "parse_ok", "tokens_prompt", "tokens_completion")


def grade(benchmark: str, item_row: Mapping[str, Any], response_text: str) -> dict[str, Any]:
    """The fields score, precision, recall, f1, exact, parse_ok of a response to a row of eval_items."""
    answer = json.loads(item_row["answer"])
    if benchmark == "mrcr":
        nonce = json.loads(item_row["meta"])["random_string_to_prepend"]
        return mrcr.grade(response_text, answer=answer, nonce=nonce)
    if benchmark == "graphwalks":
        return graphwalks_grade.grade(response_text, answer_nodes=answer)
    raise ValueError(f"no grader for benchmark {benchmark!r}; there are mrcr and graphwalks")


def floors(benchmark: str, item_row: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Scores that need no long context, by name: guessed needles (`score`), or cheats (`precision`, `recall`, `f1`)."""
    row = official_row(benchmark, item_row)
    if benchmark == "mrcr":
        return {name: {"score": score} for name, score in mrcr.floors(row).items()}
    cheats = graphwalks_grade.baselines(parse_prompt(row["prompt"]), answer_nodes=row["answer_nodes"])
    return {
        name: {field: float(fields[field]) for field in ("score", "precision", "recall", "f1", "exact")}
        for name, fields in cheats.items()
    }


def score_row(
    benchmark: str, item_row: Mapping[str, Any], reply: Mapping[str, Any], *, seed: int, checkpoint_id: str
) -> dict[str, Any]:
    """A row of COLUMNS from an item and a reply (sample, response, finish_reason, tokens_*, loglik_* if measured)."""
    return {
        "benchmark": benchmark,
        "subset": item_row["subset"],
        "item_id": item_row["item_id"],
        "sample": reply["sample"],
        "seed": seed,
        "checkpoint_id": checkpoint_id,
        "response": reply["response"],
        **grade(benchmark, item_row, reply["response"]),
        "tokens_prompt": reply["tokens_prompt"],
        "tokens_completion": reply["tokens_completion"],
        "finish_reason": reply["finish_reason"],
        **{name: reply.get(name) for name in LIKELIHOODS},
    }


def summarise(
    rows: Iterable[Mapping[str, Any]], *, items: Mapping[str, Sequence[Mapping[str, Any]]] | None = None
) -> list[dict[str, Any]]:
    """Means per benchmark, over all subsets (`subset` "all", first) and per subset; every response counts the same.

    `items` are rows of eval_items by benchmark; with them each summary has `floors`, means over the items answered.
    `recovered_share` is (full - query only) / (needed - query only) of the mean log-likelihoods, None where not
    measured or where the needed parts do not help.
    """
    known = {row["item_id"]: row for found in (items or {}).values() for row in found}
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        for subset in ("all", row["subset"]):
            groups.setdefault((row["benchmark"], subset), []).append(row)
    floors_of = {
        row["item_id"]: floors(row["benchmark"], known[row["item_id"]])
        for found in groups.values()
        for row in found
        if row["item_id"] in known
    }
    ordered = sorted(groups, key=lambda key: (key[0], key[1] != "all", key[1]))
    return [_summary(key, groups[key], floors_of=floors_of) for key in ordered]


def _summary(
    key: tuple[str, str], rows: list[Mapping[str, Any]], *, floors_of: Mapping[str, dict[str, dict[str, float]]]
) -> dict[str, Any]:
    ids = list(dict.fromkeys(row["item_id"] for row in rows))
    return {
        "benchmark": key[0],
        "subset": key[1],
        "items": len(ids),
        "responses": len(rows),
        **{name: _mean(row.get(name) for row in rows) for name in _MEANS},
        "parse_failures": sum(not row["parse_ok"] for row in rows),
        "truncated": sum(row.get("finish_reason") == "length" for row in rows),
        "too_long": sum(row.get("finish_reason") == "too_long" for row in rows),
        **{name: _mean(row.get(name) for row in rows) for name in LIKELIHOODS},
        "recovered_share": recovered_share(rows),
        "floors": _mean_floors([floors_of[item_id] for item_id in ids if item_id in floors_of]),
    }


def recovered_share(rows: Iterable[Mapping[str, Any]]) -> float | None:
    """Over the rows that have all three likelihoods; 0: the context is not used, 1: as good as having what matters.

    Of sums, not a mean of ratios: one item whose needed part hardly helps would else decide the figure. None when the
    needed parts change the likelihood by less than a hundredth of it: a share of nearly nothing is noise.
    """
    names = ("loglik_full", "loglik_query_only", "loglik_needed")
    found = [tuple(row[name] for name in names) for row in rows if all(row.get(name) is not None for name in names)]
    full, query, needed = (sum(column) for column in zip(*found, strict=True)) if found else (0.0, 0.0, 0.0)
    return (full - query) / (needed - query) if needed - query > _HELPS * abs(query) else None


def _mean(values: Iterable[Any]) -> float | None:
    found = [float(value) for value in values if value is not None]
    return sum(found) / len(found) if found else None


def _mean_floors(found: list[dict[str, dict[str, float]]]) -> dict[str, dict[str, float | None]]:
    return {
        name: {field: _mean(one[name][field] for one in found) for field in found[0][name]}
        for name in (found[0] if found else {})
    }
