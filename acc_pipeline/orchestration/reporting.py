"""What goes into the HTML report of a workspace: results, funnels, lengths, loss curves, one context of each type."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from acc_pipeline.evaluation.floors import floor_means
from acc_pipeline.evaluation.results import wide
from acc_pipeline.orchestration.funnels import Funnel, funnels
from acc_pipeline.orchestration.stages.scores import read_items
from acc_pipeline.orchestration.tables import TABLES
from acc_pipeline.orchestration.workspace import Workspace
from acc_pipeline.report import charts
from acc_pipeline.report.html import Example, Report, Section, Table, render, split_by_spans

_SHOWN_METRICS = ("mrcr", "graphwalks all")


def write_report(workspace: Workspace, *, rows: Sequence[Mapping[str, Any]], left_out: Mapping[str, str]) -> Path:
    """Write the report to the workspace's place and return its path; `left_out` tells why an arm is not in `rows`."""
    settings, found = workspace.settings, funnels(workspace)
    report = Report(
        title=f"acc_pipeline: {settings.profile}",
        subtitle=f"student {settings.student.model}, teacher {settings.teacher.model_label}, "
        f"budget {settings.compile.budget:,} tokens, lake {settings.lake}",
        stamp=next((row["stamp"] for row in rows if row["stamp"]), ""),
        sections=[
            _results(workspace, rows, left_out=left_out),
            _funnels(found),
            _rejects(workspace, found),
            _lengths(workspace),
            _contexts(workspace),
        ],
    )
    path = workspace.report_path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(report), encoding="utf-8")
    return path


def chart_of(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Bars of the main metrics, arms side by side."""
    bars: dict[str, dict[str, float]] = {}
    for row in rows:
        if row["metric"].startswith(_SHOWN_METRICS):
            bars.setdefault(row["arm"], {})[row["metric"]] = row["value"]
    return charts.grouped_bars(bars, title="scores by arm", y="score")


def _results(workspace: Workspace, rows: Sequence[Mapping[str, Any]], *, left_out: Mapping[str, str]) -> Section:
    about = Table(
        title="Arms",
        columns=["arm", "agent types", "form", "what it is", "shown"],
        rows=[
            [
                name,
                ", ".join(arm.agent_types) or "–",
                arm.form if arm.trains else "–",
                arm.description,
                f"no: {left_out[name]}" if name in left_out else "yes",
            ]
            for name, arm in workspace.settings.arms.items()
        ],
    )
    if not rows:
        return Section(title="Results", text="No arm has scores yet.", tables=[about])
    header, body = wide(rows)
    across = Table(
        columns=["metric", *(line[0] for line in body)],
        rows=[[name, *(line[at] for line in body)] for at, name in enumerate(header) if at],
        numeric=frozenset(range(1, len(body) + 1)),
    )
    text = (
        "Scores in percent, log-likelihoods of the true answer in nats, recovered share as a ratio; in brackets the "
        "change against base. Means are over all responses."
    )
    scored = any(row["value"] for row in rows if row["metric"].startswith(_SHOWN_METRICS))
    return Section(
        title="Results",
        text=text,
        tables=[across, _floors(workspace), about],
        pictures=[chart_of(rows)] if scored else [],
    )


def _floors(workspace: Workspace) -> Table:
    means = floor_means(read_items(workspace))
    return Table(
        title="What guessing and cheating score on the same items, in percent",
        columns=["metric", "guesses"],
        rows=[
            [metric, ", ".join(f"{guess} {100 * value:.1f}" for guess, value in guesses.items())]
            for metric, guesses in means.items()
        ],
    )


def _funnels(found: Sequence[Funnel]) -> Section:
    table = Table(
        columns=["stage", "agent type", "in", "kept", "rejected", "reasons"],
        rows=[
            [
                one.stage,
                one.partition,
                str(one.inputs),
                str(one.kept),
                str(one.rejected),
                ", ".join(f"{reason} {count}" for reason, count in one.reasons.items()),
            ]
            for one in found
        ],
        numeric=frozenset({2, 3, 4}),
    )
    text = "“in” counts records of the table before, kept and rejected count rows: one record may become several rows."
    return Section(title="From logs to training rows", text=text, tables=[table])


def _rejects(workspace: Workspace, found: Sequence[Funnel]) -> Section:
    """The first reject of each reason, with what would mend it."""
    lines: list[list[str]] = []
    for one in found:
        rejects = workspace.lake.rejects(TABLES[one.stage], one.partition)
        first = rejects.group_by("reason").agg(pl.col("detail", "cure").first(), pl.len()).sort("reason").collect()
        for row in first.iter_rows(named=True):
            lines.append(
                [one.stage, one.partition, row["reason"], str(row["len"]), _cut(row["detail"]), _cut(row["cure"])]
            )
    table = Table(
        columns=["stage", "agent type", "reason", "rows", "first one", "what would mend it"],
        rows=lines,
        numeric=frozenset({3}),
    )
    return Section(title="What was not kept, and what would mend it", tables=[table])


def _lengths(workspace: Workspace) -> Section:
    pictures = []
    spec = TABLES["compiled_contexts"]
    for agent_type in workspace.settings.agent_types:
        if workspace.lake.marker(spec, agent_type) is None:
            continue
        rows = workspace.lake.scan(spec, agent_type).filter(pl.col("form") == "pieces").select("tokens").collect()
        values = rows["tokens"].to_list()
        if values:
            pictures.append(charts.histogram(values, title=f"{agent_type}: {len(values)} contexts", unit="tokens"))
    return Section(title="Length of compiled contexts", pictures=pictures)


def _contexts(workspace: Workspace) -> Section:
    spec = TABLES["compiled_contexts"]
    examples = []
    for agent_type in workspace.settings.agent_types:
        if workspace.lake.marker(spec, agent_type) is None:
            continue
        rows = workspace.lake.scan(spec, agent_type).filter(pl.col("form") == "pieces")
        for row in (
            rows.sort("n_distractors", "tokens", descending=[True, False]).head(1).collect().iter_rows(named=True)
        ):
            examples.append(_example(agent_type, row))
    text = "Evidence in blue, distractors in orange; hover for where a piece comes from."
    return Section(title="One compiled context of each agent type", text=text, examples=examples)


def _example(agent_type: str, row: Mapping[str, Any]) -> Example:
    source = json.loads(row["source"])
    spans = [
        (
            piece["start"],
            piece["end"],
            piece["role"],
            f"{piece['role']}: {piece['kind']} {piece['locator']}, {piece['tokens']} tokens, "
            f"step {piece.get('step', '–')}",
        )
        for piece in json.loads(row["pieces"])
    ]
    return Example(
        title=f"{agent_type}: {row['example_id']}",
        origin=f"log {source['path']}, record {source.get('row', 0)}, sha256 {source['sha256'][:12]}; "
        f"{row['tokens']} tokens of {row['budget']}; sufficiency {row['sufficiency']} ({row['sufficiency_how']}); "
        f"answer: {_cut(row['answer'])}",
        parts=split_by_spans(row["prompt"], spans),
    )


def _cut(text: str, *, limit: int = 220) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
