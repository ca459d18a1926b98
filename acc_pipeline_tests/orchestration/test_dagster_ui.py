"""`acc ui` as a person has it: the graph is there, a new log runs by itself, a backfill can be clicked, pages draw."""

import shutil
import struct
import zlib

import pytest

from acc_pipeline.orchestration.jobs import ARM_ASSETS, DATA_ASSETS
from acc_pipeline_tests.orchestration.served import (
    environment,
    free_port,
    graphql,
    program,
    running,
    screenshot,
    wait_for,
)
from acc_pipeline_tests.orchestration.small import LOGS, SAMPLES, small_sources

pytestmark = [
    pytest.mark.slow,
    pytest.mark.chromium,
    pytest.mark.skipif(not shutil.which("chromium"), reason="chromium is not installed here"),
]

NODES = "{ assetNodes { assetKey { path } groupName description partitionKeys } }"
RUNS = "{ runsOrError(limit: 50) { ... on Runs { results { status tags { key value } assetSelection { path } } } } }"
BACKFILL = """
mutation Launch($assets: [AssetKeyInput!]!, $partitions: [String!]!) {
  launchPartitionBackfill(backfillParams: {assetSelection: $assets, partitionNames: $partitions}) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}
"""
CHECKS = """
query Checks($asset: AssetKeyInput!, $name: String!) {
  assetCheckExecutions(assetKey: $asset, checkName: $name, limit: 5) {
    status
    runId
    evaluation { partition success metadataEntries { label } }
  }
}
"""


def colours(path):
    """Distinct bytes among the raw pixels of a PNG, and its size."""
    png = path.read_bytes()
    width, height = struct.unpack(">II", png[16:24])
    at, data = 8, b""
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        data += png[at + 8 : at + 8 + length] if png[at + 4 : at + 8] == b"IDAT" else b""
        at += 12 + length
    return len(set(zlib.decompress(data))), (width, height)


@pytest.mark.timeout(600)
def test_the_ui_shows_the_graph_runs_new_logs_and_backfills(tmp_path):
    small_sources(tmp_path / "sources")
    for agent_type in ("search", "swe"):
        shutil.rmtree(tmp_path / "sources" / "inbox" / agent_type)
    port, log = free_port(), tmp_path / "ui.log"
    with running([program("acc"), "ui", "--port", str(port)], variables=environment(tmp_path), log=log):
        shown = wait_for(lambda: graphql(port, NODES), seconds=90, what="the UI", log=log)
        nodes = {node["assetKey"]["path"][0]: node for node in shown["assetNodes"]}
        assert {*DATA_ASSETS, *ARM_ASSETS, "agent_logs", "eval_items", "results_table"} <= set(nodes)
        assert nodes["compiled_contexts"]["partitionKeys"] == ["search", "swe", "sql"]
        assert nodes["checkpoint"]["partitionKeys"] == ["base", "agent-sft", "acc"]

        def runs():
            """(partition, assets) -> status; one line a run."""
            found = graphql(port, RUNS)["runsOrError"]["results"]
            return [
                (
                    {tag["key"]: tag["value"] for tag in run["tags"]}.get("dagster/partition"),
                    {key["path"][0] for key in run["assetSelection"] or []},
                    run["status"],
                )
                for run in found
            ]

        def made(partition, asset):
            told = runs()
            assert not [run for run in told if run[2] == "FAILURE"], told
            return any(run[0] == partition and asset in run[1] and run[2] == "SUCCESS" for run in told)

        # The logs of sql lie there from the start: sensor and automation bring them up to training rows, unasked.
        wait_for(lambda: made("sql", "sft_dataset"), seconds=240, what="sql by itself", log=log)
        assert {partition for partition, _, _ in runs()} == {None, "sql"}
        assert not [assets for _, assets, _ in runs() if assets & set(ARM_ASSETS)]

        # What the Materialize button of an asset sends.
        asset = {"path": ["trajectories"]}
        sent = graphql(port, BACKFILL, {"assets": [asset], "partitions": ["swe", "sql"]})["launchPartitionBackfill"]
        assert sent["__typename"] == "LaunchBackfillSuccess", sent
        wait_for(lambda: made("swe", "trajectories"), seconds=120, what="a backfill from the UI", log=log)
        executed = graphql(port, CHECKS, {"asset": asset, "name": "run_id_present"})["assetCheckExecutions"]
        assert {one["evaluation"]["partition"] for one in executed} == {"swe", "sql"}
        assert all(one["status"] == "SUCCEEDED" for one in executed)

        # A log that comes later runs its own agent type.
        name = LOGS["search"][1]
        (tmp_path / "sources" / "inbox" / "search" / name).parent.mkdir(parents=True)
        shutil.copy2(SAMPLES / "inbox" / "search" / name, tmp_path / "sources" / "inbox" / "search" / name)
        wait_for(lambda: made("search", "sft_dataset"), seconds=200, what="a new log", log=log)

        for number, page in enumerate(("asset-groups", "assets/compiled_contexts", "locations/acc_pipeline/jobs/data")):
            picture = tmp_path / f"{number}.png"
            screenshot(f"http://127.0.0.1:{port}/{page}", out=picture, folder=tmp_path / f"profile-{number}")
            shades, size = colours(picture)
            assert size == (1600, 1000)
            assert shades > 100, page
    told = log.read_text(errors="replace")
    assert "Traceback" not in told, told[-3000:]
