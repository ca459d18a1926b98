"""The assets by arm: a checkpoint for each seed, and its scores. Both start programs; they run when asked."""

import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from acc_pipeline.orchestration import metadata
from acc_pipeline.orchestration.child import run_child, run_piped
from acc_pipeline.orchestration.partitions import Partitions
from acc_pipeline.orchestration.stages import checkpoints, scores
from acc_pipeline.orchestration.tables import TABLES
from acc_pipeline.orchestration.workspace import Workspace
from acc_pipeline.report import charts


def build_arm_assets(partitions: Partitions, *, code_versions: Mapping[str, str]) -> list[dg.AssetsDefinition]:
    """`checkpoint` from the rows of the arm's agent types, and `eval_scores` from checkpoint and items."""

    @dg.asset(
        name="checkpoint",
        description="The student trained on the arm's rows, one for each seed; for `base`, the model as it is.",
        deps=[dg.AssetDep("sft_dataset", partition_mapping=partitions.agent_types_to_arms)],
        partitions_def=partitions.arms,
        group_name="models",
        kinds={"huggingface", "pytorch"},
        pool="gpu",
        code_version=code_versions["checkpoint"],
    )
    def checkpoint(context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult:
        started, arm = time.monotonic(), context.partition_key
        plans = checkpoints.plan(workspace, arm)
        trained = [planned for planned in plans if not planned.result_path.exists()]
        for planned in trained:
            config = checkpoints.write_config(planned)
            run_piped(
                context,
                ["-m", "acc_pipeline.training", "--config", str(config)],
                log_path=planned.config.out_dir / "training.log",
            )
        results, version = checkpoints.record(workspace, arm, plans)
        new = {planned.checkpoint_id for planned in trained}
        counts = _count_checkpoints(results, new=new, seconds=time.monotonic() - started)
        return dg.MaterializeResult(
            metadata=_describe_checkpoints(workspace, arm, plans=plans, results=results, counts=counts),
            data_version=dg.DataVersion(version),
        )

    @dg.asset(
        name="eval_scores",
        description="Every response to every evaluation item with every score field.",
        deps=[checkpoint, "eval_items"],
        partitions_def=partitions.arms,
        group_name="models",
        kinds={"deltalake"},
        pool="gpu",
        code_version=code_versions["eval_scores"],
    )
    def eval_scores(context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult:
        started, arm = time.monotonic(), context.partition_key
        runs = scores.plan(workspace, arm)
        stored = sum(len(scores.replies(one)) for one in runs)
        for one in runs:
            if not scores.complete(one):
                run_child(
                    ["-m", "acc_pipeline.evaluation.generate", "--config", str(scores.write_config(one))],
                    log_path=one.folder / "generate.log",
                )
        version = scores.record(workspace, arm, runs)
        shown = _describe_scores(workspace, arm, stored=stored, seconds=time.monotonic() - started)
        return dg.MaterializeResult(metadata=shown, data_version=dg.DataVersion(version))

    return [checkpoint, eval_scores]


def _count_checkpoints(results: list[dict[str, Any]], *, new: set[str], seconds: float) -> metadata.Counts:
    """Rows that went into training, over all seeds; those of a checkpoint that was there already are reused."""
    refusals: Counter[str] = Counter()
    for result in results:
        refusals.update(result.get("refusals") or {})
    return metadata.Counts(
        inputs=sum(result.get("rows") or 0 for result in results),
        kept=sum(result.get("trained") or 0 for result in results),
        new=sum(result.get("rows") or 0 for result in results if result["checkpoint_id"] in new),
        rejected=sum(result.get("refused") or 0 for result in results),
        reasons=dict(refusals),
        seconds=seconds,
    )


def _describe_checkpoints(
    workspace: Workspace,
    arm: str,
    *,
    plans: list[checkpoints.Plan],
    results: list[dict[str, Any]],
    counts: metadata.Counts,
) -> dict[str, Any]:
    spec = TABLES["checkpoints"]
    curves = {
        f"seed {result['seed']}": checkpoints.loss_curve(planned)
        for planned, result in zip(plans, results, strict=True)
    }
    picture = (
        charts.line(curves, title=f"loss [{arm}]", x="step", y="loss")
        if any(curves.values())
        else charts.funnel(kept=0, reasons={}, title=f"[{arm}] is not trained: the model as it is")
    )
    return {
        **metadata.describe(
            counts,
            spec=spec,
            uri=workspace.lake.uri(spec),
            rows=workspace.lake.scan(spec, arm),
            columns=(
                "seed",
                "checkpoint_id",
                "rows",
                "trained",
                "validated",
                "refused",
                "steps",
                "tokens",
                "last_loss",
            ),
            chart=picture,
            alt="loss curve",
        ),
        "acc/checkpoints": len(results),
        "acc/steps": sum(result.get("steps") or 0 for result in results),
        "acc/tokens": sum(result.get("tokens") or 0 for result in results),
        "acc/folder": dg.MetadataValue.path(str(Path(results[0]["checkpoint"]).parent)),
    }


def _describe_scores(workspace: Workspace, arm: str, *, stored: int, seconds: float) -> dict[str, Any]:
    spec = TABLES["eval_scores"]
    rows = workspace.lake.scan(spec, arm)
    responses = rows.select(pl.len()).collect().item()
    main = rows.group_by("benchmark", "subset").agg(pl.col("score").mean()).sort("benchmark", "subset").collect()
    means = {(row["benchmark"], row["subset"]): row["score"] or 0.0 for row in main.iter_rows(named=True)}
    bars = {arm: {f"{benchmark} {subset}": mean for (benchmark, subset), mean in means.items()}}
    counts = metadata.Counts(inputs=responses, kept=responses, new=max(0, responses - stored), seconds=seconds)
    return {
        **metadata.describe(
            counts,
            spec=spec,
            uri=workspace.lake.uri(spec),
            rows=rows,
            columns=("benchmark", "subset", "item_id", "response", "score", "finish_reason"),
            chart=charts.grouped_bars(bars, title=f"scores [{arm}]", y="score"),
            alt="scores",
        ),
        **{f"acc/score_{benchmark}_{subset}": mean for (benchmark, subset), mean in means.items()},
    }
