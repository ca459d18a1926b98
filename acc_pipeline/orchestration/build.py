"""Assembles everything that Dagster sees from one `Settings`: tests build their own and patch nothing."""

import warnings

import dagster as dg

from acc_pipeline.orchestration.assets.arms import build_arm_assets
from acc_pipeline.orchestration.assets.data import build_data_assets
from acc_pipeline.orchestration.assets.evaluation import build_eval_items
from acc_pipeline.orchestration.assets.external import build_external_assets
from acc_pipeline.orchestration.assets.results import build_results_table
from acc_pipeline.orchestration.checks import build_checks
from acc_pipeline.orchestration.contracts import CONTRACTS
from acc_pipeline.orchestration.jobs import build_jobs
from acc_pipeline.orchestration.partitions import build_partitions
from acc_pipeline.orchestration.sensors import build_log_sensor
from acc_pipeline.orchestration.workspace import Workspace
from acc_pipeline.settings import Settings

# Partitioned checks work and are shown per partition; their API may still be renamed, which pins of the version cover.
warnings.filterwarnings("ignore", category=dg.PreviewWarning)


def build_defs(settings: Settings) -> dg.Definitions:
    """The graph of this workspace: external inputs, assets by agent type and by arm, checks, jobs, sensors."""
    partitions = build_partitions(settings)
    return dg.Definitions(
        assets=[
            *build_external_assets(partitions),
            *build_data_assets(partitions),
            build_eval_items(),
            *build_arm_assets(partitions),
            build_results_table(),
        ],
        asset_checks=[build_checks(contract, partitions_def=partitions.agent_types) for contract in CONTRACTS.values()],
        jobs=build_jobs(partitions),
        sensors=[
            build_log_sensor(settings),
            dg.AutomationConditionSensorDefinition("automation", target=dg.AssetSelection.groups("data")),
        ],
        resources={"workspace": Workspace(settings)},
        executor=dg.in_process_executor if settings.executor == "in_process" else dg.multiprocess_executor,
    )
