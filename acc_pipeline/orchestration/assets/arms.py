"""The assets by arm: a checkpoint for each seed, and its scores. Both start programs; they run when asked."""

from collections import Counter
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


def build_arm_assets(partitions: Partitions) -> list[dg.AssetsDefinition]:
    """`checkpoint` from the rows of the arm's agent types, and `eval_scores` from checkpoint and items."""

    @dg.asset(
        name="checkpoint",
        description="The student trained on the arm's rows, one for each seed; for `base`, the model as it is.",
        deps=[dg.AssetDep("sft_dataset", partition_mapping=partitions.agent_types_to_arms)],
        partitions_def=partitions.arms,
        group_name="models",
        kinds={"huggingface", "pytorch"},
        pool="gpu",
    )
    def checkpoint(context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult:
        arm = context.partition_key
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
        return dg.MaterializeResult(
            metadata=_describe_checkpoints(workspace, arm, plans=plans, results=results, trained=len(trained)),
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
    )
    def eval_scores(context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult:
        arm = context.partition_key
        runs = scores.plan(workspace, arm)
        for one in runs:
            if not scores.complete(one):
                run_child(
                    ["-m", "acc_pipeline.evaluation.generate", "--config", str(scores.write_config(one))],
                    log_path=one.folder / "generate.log",
                )
        version = scores.record(workspace, arm, runs)
        return dg.MaterializeResult(metadata=_describe_scores(workspace, arm), data_version=dg.DataVersion(version))

    return [checkpoint, eval_scores]


def _describe_checkpoints(
    workspace: Workspace, arm: str, *, plans: list[checkpoints.Plan], results: list[dict[str, Any]], trained: int
) -> dict[str, Any]:
    spec = TABLES["checkpoints"]
    curves = {
        f"seed {result['seed']}": checkpoints.loss_curve(planned)
        for planned, result in zip(plans, results, strict=True)
    }
    numbers = {f"acc/{name}": results[0].get(name) for name in ("rows", "trained", "refused", "steps", "tokens")}
    shown = {
        **{name: value for name, value in numbers.items() if value is not None},
        "acc/checkpoints": len(results),
        "acc/inputs_new": trained,
        "acc/checkpoint_ids": dg.MetadataValue.json([result["checkpoint_id"] for result in results]),
        "acc/folder": dg.MetadataValue.path(str(Path(results[0]["checkpoint"]))),
        "acc/refusals": dg.MetadataValue.json(
            dict(sum((Counter(r.get("refusals") or {}) for r in results), Counter()))
        ),
        **metadata.table(spec, uri=workspace.lake.uri(spec)),
        **metadata.sample(workspace.lake.scan(spec, arm), columns=["seed", "checkpoint_id", "trained", "last_loss"]),
    }
    if any(curves.values()):
        shown |= metadata.chart(charts.line(curves, title=f"loss [{arm}]", x="step", y="loss"), alt="loss curve")
    return shown


def _describe_scores(workspace: Workspace, arm: str) -> dict[str, Any]:
    spec = TABLES["eval_scores"]
    rows = workspace.lake.scan(spec, arm)
    main = rows.group_by("benchmark", "subset").agg(pl.col("score").mean()).sort("benchmark", "subset").collect()
    bars = {arm: {f"{row['benchmark']} {row['subset']}": row["score"] or 0.0 for row in main.iter_rows(named=True)}}
    return {
        "acc/kept": rows.select(pl.len()).collect().item(),
        "dagster/partition_row_count": rows.select(pl.len()).collect().item(),
        **{f"acc/score_{row['benchmark']}_{row['subset']}": row["score"] or 0.0 for row in main.iter_rows(named=True)},
        **metadata.table(spec, uri=workspace.lake.uri(spec)),
        **metadata.sample(rows, columns=["benchmark", "subset", "item_id", "response", "score", "finish_reason"]),
        **metadata.chart(charts.grouped_bars(bars, title=f"scores [{arm}]", y="score"), alt="scores"),
    }
