"""Real logs through the real stages on a real lake: InterCode to training rows, and both engines alike."""

import shutil
from pathlib import Path

import polars as pl
import pytest

from acc_pipeline.databases.dump import import_dump
from acc_pipeline.lake.runs import RunReport
from acc_pipeline.orchestration.stages import compiled, eval_items, rationales, sft, trajectories, verified
from acc_pipeline.orchestration.tables import TABLES
from acc_pipeline.orchestration.workspace import Workspace
from acc_pipeline.settings import PROJECT_DIR, load_settings
from acc_pipeline_tests.shared import shared_path

STAGES = {
    "trajectories": trajectories.run,
    "verified_trajectories": verified.run,
    "compiled_contexts": compiled.run,
    "teacher_rationales": rationales.run,
    "sft_dataset": sft.run,
}


def run_all(workspace: Workspace, agent_type: str) -> dict[str, RunReport]:
    eval_items.run(workspace)
    return {name: run(workspace, agent_type) for name, run in STAGES.items()}


@pytest.fixture(scope="module")
def intercode(tmp_path_factory):
    """A workspace with the log in its inbox, the gold file as it is in references/, and the imported dump."""
    folder = shared_path("trajectories/sql/intercode-sql")
    root = tmp_path_factory.mktemp("intercode")
    for kind, name in (("inbox", "ic_sql_react_10_turns.json"), ("references", "ic_spider_dev.json")):
        (root / kind / "sql").mkdir(parents=True)
        shutil.copy(folder / name, root / kind / "sql" / name)
    import_dump(folder / "ic_spider_dbs.sql", dialect="mysql", out_dir=root / "databases")
    settings = load_settings(
        data_dir=root / "data",
        sources_dir=root,
        compile={"budget": 131_072, "reserve": 8_192},
        evaluation={"mrcr_items": 4, "mrcr_tokens": 512, "graphwalks_items": 4, "graphwalks_tokens": 1024},
    )
    workspace = Workspace(settings)
    return workspace, run_all(workspace, "sql")


def test_intercode_funnel(intercode):
    """1,034 runs; 605 give the gold rows (607 have reward 1: docs/intercode.md); four exceed the budget."""
    _, reports = intercode
    kept = {name: (report.total, report.kept, report.reasons) for name, report in reports.items()}
    assert kept["trajectories"] == (1, 1034, {})
    assert kept["verified_trajectories"] == (1034, 605, {"wrong_verdict": 429})
    total, rows, reasons = kept["compiled_contexts"]
    assert total == 605
    assert reasons.get("over_budget", 0) + reasons.get("chat_over_budget", 0) == sum(reasons.values())
    assert reasons["over_budget"] == 4
    assert rows == 2 * (605 - reasons["over_budget"]) - reasons.get("chat_over_budget", 0)


def test_every_intercode_context_answers_from_its_text_alone(intercode):
    workspace, _ = intercode
    rows = workspace.lake.scan(TABLES["compiled_contexts"], "sql").filter(pl.col("form") == "pieces").collect()
    assert rows["sufficiency"].unique().to_list() == ["holds"]
    assert rows["sufficiency_how"].unique().to_list() == ["query_rerun"]
    assert rows["tokens"].max() <= 131_072 - 8_192


def test_intercode_again_does_nothing(intercode):
    workspace, first = intercode
    before = {name: workspace.lake.store(TABLES[name]).open().version() for name in STAGES}
    again = run_all(workspace, "sql")
    assert {name: report.processed for name, report in again.items()} == dict.fromkeys(STAGES, 0)
    assert {name: report.data_version for name, report in again.items()} == {
        name: report.data_version for name, report in first.items()
    }
    assert {name: workspace.lake.store(TABLES[name]).open().version() for name in STAGES} == before


@pytest.mark.parametrize("agent_type", ["search", "swe", "sql"])
def test_both_engines_give_the_same_content(tmp_path: Path, agent_type: str):
    versions = []
    for engine in ("inprocess", "spawn"):
        settings = load_settings(
            data_dir=tmp_path / engine,
            sources_dir=PROJECT_DIR / "data" / "sample_logs",
            compute={"engine": engine, "workers": 2, "shard_size": 3},
            evaluation={"mrcr_items": 2, "mrcr_tokens": 512, "graphwalks_items": 0},
        )
        reports = run_all(Workspace(settings), agent_type)
        assert reports["sft_dataset"].kept > 0
        versions.append({name: report.data_version for name, report in reports.items()})
    assert versions[0] == versions[1]
