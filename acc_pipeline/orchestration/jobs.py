"""Jobs that a person or a schedule starts: data by agent type, models by arm, and the tables over all of them."""

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from acc_pipeline.orchestration.partitions import Partitions

DATA_ASSETS = ("trajectories", "verified_trajectories", "compiled_contexts", "teacher_rationales", "sft_dataset")
ARM_ASSETS = ("checkpoint", "eval_scores")


def build_jobs(partitions: Partitions) -> list[UnresolvedAssetJobDefinition]:
    """`dagster job backfill -j data|arms` runs any choice of partitions; `eval_items` and `results` have none."""
    return [
        _job("eval_items", ("eval_items",), "Makes the evaluation items."),
        _job("data", DATA_ASSETS, "Logs of one agent type to SFT rows.", partitions.agent_types),
        _job("arms", ARM_ASSETS, "Trains one arm and scores it.", partitions.arms),
        _job("results", ("results_table",), "The table over all arms, and the HTML report."),
    ]


def _job(
    name: str, assets: tuple[str, ...], description: str, partitions: dg.PartitionsDefinition | None = None
) -> UnresolvedAssetJobDefinition:
    selection = dg.AssetSelection.assets(*assets)
    return dg.define_asset_job(name, selection=selection, description=description, partitions_def=partitions)
