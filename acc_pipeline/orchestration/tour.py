"""What `make demo` prints: each job as it ends, a table a stage, the results, and where to look next."""

import time
from collections.abc import Callable

from acc_pipeline.evaluation.floors import floor_means
from acc_pipeline.evaluation.results import as_text
from acc_pipeline.orchestration import jobs
from acc_pipeline.orchestration.assets.data import STAGES
from acc_pipeline.orchestration.funnels import Funnel, funnels
from acc_pipeline.orchestration.history import open_instance
from acc_pipeline.orchestration.materialize import JobRun, run_everything
from acc_pipeline.orchestration.stages import checkpoints, results
from acc_pipeline.orchestration.stages.scores import read_items
from acc_pipeline.orchestration.tables import TABLES
from acc_pipeline.orchestration.workspace import Workspace
from acc_pipeline.settings import DEFAULT_PROFILE, Settings

Echo = Callable[[str], None]


def run(settings: Settings, *, echo: Echo) -> bool:
    """Run the whole graph and tell it. False when a job failed; what could be done is done and told all the same."""
    started = time.monotonic()
    failed = []
    workspace = Workspace(settings)
    before = versions(workspace)
    with open_instance(settings) as instance:
        try:
            for job in run_everything(settings, instance=instance):
                name = f"{job.job} {job.partition}".strip()
                done = "FAILED" if job.failure else "done  "
                echo(f"  {done} {name:<18} {job.seconds:6.1f} s  {_told(workspace, job)}".rstrip())
                if job.failure:
                    failed.append(f"{name}: {job.failure}")
        except KeyboardInterrupt:
            echo("stopped; what was finished is kept, and the next run goes on from there")
            return False
    echo("")
    for line in stage_tables(funnels(workspace)):
        echo(line)
    echo(as_text(results.stored(workspace)))
    for line in floor_lines(workspace):
        echo(line)
    for arm, why in results.arms_left_out(workspace).items():
        echo(f"  not shown: {arm}: {why}")
    echo("")
    for line in notes(workspace):
        echo(f"note: {line}")
    for line in failed:
        echo(f"FAILED {line}")
    if versions(workspace) == before and not failed:
        echo("nothing new: no record was read, compiled, asked for, trained on or scored again")
    echo(f"profile {settings.profile}, lake {settings.lake}, {time.monotonic() - started:.0f} s")
    echo(f"report: {workspace.report_path}")
    profile = "" if settings.profile == DEFAULT_PROFILE else f" PROFILE={settings.profile}"
    echo(f"next: `make ui{profile}` shows the same history, rows, charts and rejects in Dagster")
    return not failed


def floor_lines(workspace: Workspace) -> list[str]:
    """What guessing scores on the same items, for the main metrics."""
    means = floor_means(read_items(workspace))
    shown = [metric for metric in means if metric in ("mrcr all", "graphwalks all precision", "graphwalks all f1")]
    return [
        f"  without any context, {metric}: "
        + ", ".join(f"{guess} {100 * value:.1f}" for guess, value in means[metric].items())
        for metric in shown
    ]


def notes(workspace: Workspace) -> list[str]:
    """What the stages have to say about their inputs, each once."""
    found: dict[str, None] = {}
    for stage in STAGES:
        for partition in workspace.settings.agent_types:
            if workspace.lake.marker(TABLES[stage.name], partition) is not None:
                found.update(dict.fromkeys(stage.notes(workspace, partition)))
    for arm in workspace.settings.arms:
        if workspace.lake.marker(TABLES["checkpoints"], arm) is not None:
            found.update(dict.fromkeys(checkpoints.notes(workspace, arm)))
    return list(found)


def _told(workspace: Workspace, job: JobRun) -> str:
    """Rows of each stage after a data job: a funnel that closes shows before the arms are trained."""
    if job.job != jobs.DATA:
        return ""
    markers = [(stage.name, workspace.lake.marker(TABLES[stage.name], job.partition)) for stage in STAGES]
    return ", ".join(f"{name} {marker.counts['kept']}" for name, marker in markers if marker is not None)


def versions(workspace: Workspace) -> dict[str, int]:
    """Commits of every table and the times of checkpoints and responses: equal before and after, nothing was done."""
    tables = {name: workspace.lake.store(spec).open() for name, spec in TABLES.items()}
    found = {name: table.version() for name, table in tables.items() if table is not None}
    for name in ("result.json", "responses.jsonl"):
        for path in workspace.settings.models_dir.rglob(name):
            found[str(path)] = path.stat().st_mtime_ns
    return found


def stage_tables(found: list[Funnel]) -> list[str]:
    """One small table a stage: in, kept, rejected by reason."""
    lines = ["“in” counts records, the rest counts rows: a file holds many runs, a run becomes a row for each form", ""]
    for stage in dict.fromkeys(one.stage for one in found):
        lines.append(f"{stage:<24}{'in':>6}{'kept':>7}{'rejected':>10}  rows by reason")
        for one in (one for one in found if one.stage == stage):
            reasons = ", ".join(f"{reason} {count}" for reason, count in one.reasons.items())
            lines.append(f"  {one.partition:<22}{one.inputs:>6}{one.kept:>7}{one.rejected:>10}  {reasons}".rstrip())
        lines.append("")
    return lines
