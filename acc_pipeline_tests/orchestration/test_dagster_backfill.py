"""`acc dagster job backfill` as a person types it: runs are queued, a daemon completes them, the history shows them."""

import subprocess

import dagster as dg
import pytest

from acc_pipeline.orchestration.contracts import CONTRACTS
from acc_pipeline.orchestration.history import instance_folder
from acc_pipeline.orchestration.jobs import ARM_ASSETS, DATA_ASSETS
from acc_pipeline.settings import PROJECT_DIR
from acc_pipeline_tests.orchestration.served import environment, program, running, wait_for
from acc_pipeline_tests.orchestration.small import run_job, small_settings, small_sources

pytestmark = pytest.mark.slow


@pytest.mark.timeout(600)
def test_backfills_by_agent_type_and_by_arm(tmp_path):
    small_sources(tmp_path / "sources")
    settings = small_settings(tmp_path)
    home = instance_folder(settings)
    variables = environment(tmp_path)

    def backfill(*arguments):
        run = subprocess.run(
            [program("acc"), "dagster", "job", "backfill", *arguments, "--noprompt"],
            cwd=PROJECT_DIR,
            env=variables,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert run.returncode == 0, run.stdout + run.stderr
        assert "Launched backfill job" in run.stdout

    with dg.DagsterInstance.from_config(str(home)) as instance:

        def runs(job):
            found = instance.get_runs(dg.RunsFilter(job_name=job))
            return {run.tags["dagster/partition"]: run.status for run in found}

        def finished(job, partitions):
            states = runs(job)
            assert dg.DagsterRunStatus.FAILURE not in states.values(), states
            return states == dict.fromkeys(partitions, dg.DagsterRunStatus.SUCCESS)

        assert run_job(settings, "items", instance=instance).success
        backfill("-j", "data", "--all", "all")
        # Without a daemon they wait, and the user sees them wait.
        assert runs("data") == dict.fromkeys(settings.agent_types, dg.DagsterRunStatus.QUEUED)
        log = tmp_path / "daemon.log"
        daemon = [program("dagster-daemon"), "run", "-w", str(PROJECT_DIR / "workspace.yaml")]
        with running(daemon, variables={**variables, "DAGSTER_HOME": str(home)}, log=log):
            wait_for(lambda: finished("data", settings.agent_types), seconds=240, what="data", log=log)
            backfill("-j", "arms", "--partitions", "base")
            wait_for(lambda: finished("arms", ["base"]), seconds=150, what="arms", log=log)
        for assets, partitions in ((DATA_ASSETS, set(settings.agent_types)), (ARM_ASSETS, {"base"})):
            for asset in assets:
                assert instance.get_materialized_partitions(dg.AssetKey(asset)) == partitions, asset
        passed = [
            event.event_specific_data.passed
            for record in instance.get_run_records(dg.RunsFilter(job_name="data"))
            for event in (one.dagster_event for one in instance.all_logs(record.dagster_run.run_id))
            if event and event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION
        ]
        rules = sum(len(one.promises()) for one in CONTRACTS.values() if one.asset_name in DATA_ASSETS)
        assert len(passed) == len(settings.agent_types) * rules
        assert all(passed)
