"""The results table: one row an arm, each benchmark's metrics, the change against `base`. Numbers in, rows out.

Means are row-weighted, over items and samples together, so that "all" of a benchmark weighs its subsets by their rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from acc_pipeline.evaluation.score import LIKELIHOODS, recovered_share
from acc_pipeline.evaluation.variants import VARIANTS

BASE = "base"
SMOKE = "smoke run, not a result"
RECOVERED = "recovered share"
LIKELIHOOD = "log-likelihood"

COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "place": pl.Int64,  # order in which rows are shown
    "arm": pl.String,
    "description": pl.String,
    "metric": pl.String,
    "value": pl.Float64,
    "change": pl.Float64,  # against base; null for base itself
    "rows": pl.Int64,  # responses behind the value
    "stamp": pl.String,
}


@dataclass(frozen=True)
class Metric:
    """One column of the table: the mean of `field` over the responses that `where` selects."""

    name: str
    field: str
    where: pl.Expr


def metrics(scores: pl.DataFrame) -> list[Metric]:
    """What these scores can fill: MRCR by needles and all; GraphWalks parents, bfs and all by precision, F1, exact."""
    found: list[Metric] = []
    pairs = scores.select("benchmark", "subset").unique().sort("benchmark", "subset").rows()
    for benchmark in dict.fromkeys(pair[0] for pair in pairs):
        subsets = [subset for name, subset in pairs if name == benchmark]
        fields = ("precision", "f1", "exact") if benchmark == "graphwalks" else ("score",)
        for field in fields:
            label = f" {field}" if benchmark == "graphwalks" else ""
            for subset in subsets:
                where = (pl.col("benchmark") == benchmark) & (pl.col("subset") == subset)
                found.append(Metric(f"{benchmark} {subset}{label}", field, where))
            found.append(Metric(f"{benchmark} all{label}", field, pl.col("benchmark") == benchmark))
    return found


def results_rows(scores: pl.DataFrame, *, arms: Mapping[str, str], smoke: bool) -> list[dict[str, Any]]:
    """Long form: a row an (arm, metric), in the order of `arms` (name -> description); none for an unscored arm."""
    stamp = SMOKE if smoke else ""
    wanted = metrics(scores)
    values = {
        (arm, metric.name): _mean(scores.filter((pl.col("arm") == arm) & metric.where), metric.field)
        for arm in arms
        for metric in wanted
    }
    for name in VARIANTS:
        for arm in arms:
            of_arm = scores.filter(pl.col("arm") == arm)
            values[(arm, f"{LIKELIHOOD} {name.replace('_', ' ')}")] = _mean(of_arm, f"loglik_{name}")
    for arm in arms:
        values[(arm, RECOVERED)] = recovered(scores.filter(pl.col("arm") == arm))
    rows: list[dict[str, Any]] = []
    for (arm, name), (value, count) in values.items():
        base, _ = values.get((BASE, name), (None, 0))
        if value is None:
            continue
        rows.append(
            {
                "place": len(rows),
                "arm": arm,
                "description": arms[arm],
                "metric": name,
                "value": value,
                "change": value - base if base is not None and arm != BASE else None,
                "rows": count,
                "stamp": stamp,
            }
        )
    return rows


def recovered(scores: pl.DataFrame) -> tuple[float | None, int]:
    """The recovered share of these responses (see score.py), and the responses that it was measured on."""
    measured = scores.select(LIKELIHOODS).filter(pl.col("loglik_needed").is_not_null())
    return recovered_share(measured.iter_rows(named=True)), measured.height


def wide(rows: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Header and one row an arm, cells as text: value in percent and, in brackets, the change in points."""
    names = list(dict.fromkeys(row["metric"] for row in rows))
    cells = {(row["arm"], row["metric"]): _cell(row) for row in rows}
    arms = list(dict.fromkeys(row["arm"] for row in rows))
    return ["arm", *names], [[arm, *(cells.get((arm, name), "–") for name in names)] for arm in arms]


def as_markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """The wide table in Markdown, its stamp above it."""
    header, body = wide(rows)
    lines = ["| " + " | ".join(line) + " |" for line in (header, ["---"] * len(header), *body)]
    stamps = {row["stamp"] for row in rows if row["stamp"]}
    return "\n".join([*(f"**{stamp}**\n" for stamp in sorted(stamps)), *lines])


def as_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """For a terminal: metrics down, arms across, in percent; log-likelihoods in nats, recovered share as a ratio."""
    arms = list(dict.fromkeys(row["arm"] for row in rows))
    names = list(dict.fromkeys(row["metric"] for row in rows))
    cells = {(row["arm"], row["metric"]): _cell(row) for row in rows}
    stamps = sorted({row["stamp"] for row in rows if row["stamp"]})
    lines = [f"{'results':<34}" + "".join(f"{arm:>18}" for arm in arms)]
    lines += [f"  {name:<32}" + "".join(f"{cells.get((arm, name), '–'):>18}" for arm in arms) for name in names]
    return "\n".join([*lines, *(f"  ({stamp})" for stamp in stamps)])


def _mean(rows: pl.DataFrame, field: str) -> tuple[float | None, int]:
    known = rows[field].drop_nulls().cast(pl.Float64)
    return (float(known.mean()) if len(known) else None, len(known))  # type: ignore[arg-type]


def _cell(row: Mapping[str, Any]) -> str:
    if row["metric"] == RECOVERED or row["metric"].startswith(LIKELIHOOD):  # a ratio, and nats
        value, change = f"{row['value']:.2f}", f"{row['change'] or 0:+.2f}"
    else:
        value, change = f"{100 * row['value']:.1f}", f"{100 * (row['change'] or 0):+.1f}"
    return value if row["change"] is None else f"{value} ({change})"
