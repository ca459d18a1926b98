"""The committed sample: the pipeline finds of every run what is true of it; logs tell what tools really said."""

import json
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from acc_pipeline.simulation.simulate import simulate
from acc_pipeline_tests.simulation.judging import judge

SAMPLE = Path(__file__).parents[2] / "data" / "sample_logs"
KINDS = ("search", "swe", "sql")


def expected_verdict(truth: dict) -> str:
    if truth["trait"] == "no_reference":
        return "unknown_verdict"
    if truth["trait"] == "no_database":
        return "missing_database"
    return "correct" if truth["right"] else "wrong_verdict"


@pytest.mark.parametrize("kind", KINDS)
def test_every_run_is_read_and_judged_as_it_was(kind: str) -> None:
    judged, rejects = judge(SAMPLE, kind)
    assert len(judged) == 18
    assert [one.verdict for one in judged] == [expected_verdict(one.truth) for one in judged]
    for one in judged:
        # a finish or submit that is no turn of the agent's own may be one call more
        assert one.truth["calls"] <= one.trajectory.n_calls <= one.truth["calls"] + 1
    manifest = json.loads((SAMPLE / "manifests" / f"{kind}.json").read_text())
    assert len(rejects) == len(manifest["defects"])


@pytest.mark.parametrize("kind", KINDS)
def test_only_whole_evidence_becomes_pieces(kind: str) -> None:
    judged, _ = judge(SAMPLE, kind)
    kept = [one for one in judged if one.verdict == "correct"]
    for one in kept:
        lacking = one.truth["trait"] in {"snippets", "hunk_unseen"}
        assert (one.gathered != "pieces") == lacking, one.truth
    assert sum(one.gathered == "pieces" for one in kept) >= 10


def test_a_sample_is_small_and_names_no_folder_of_a_machine() -> None:
    files = [path for path in SAMPLE.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 3_000_000
    for path in files:
        if path.suffix != ".parquet":
            text = path.read_text(encoding="utf-8")
            assert not [part for part in ("/root", "/home/", "/tmp/", "/Users/") if part in text], path


def test_each_agent_type_has_two_formats_and_wrong_runs() -> None:
    for kind in KINDS:
        runs = json.loads((SAMPLE / "manifests" / f"{kind}.json").read_text())["runs"]
        assert len({run["format"] for run in runs}) >= 2
        assert Counter(run["right"] for run in runs) == {True: 14, False: 4}


def test_logged_rows_are_what_the_shipped_database_gives() -> None:
    checked = 0
    for line in (SAMPLE / "inbox/sql/openai-messages/runs.jsonl").read_text().splitlines():
        record = json.loads(line)
        folder = SAMPLE / "databases" / record["db_id"]
        if not folder.is_dir():
            continue
        connection = duckdb.connect(":memory:")
        for table in folder.glob("*.parquet"):
            connection.execute(f"CREATE TABLE {table.stem} AS SELECT * FROM read_parquet('{table}')")
        results = {m["tool_call_id"]: m["content"] for m in record["messages"] if m["role"] == "tool"}
        for message in record["messages"]:
            for call in message.get("tool_calls", []):
                shown = results[call["id"]]
                if call["function"]["name"] == "execute_sql" and not shown.startswith("Error"):
                    rows = connection.execute(json.loads(call["function"]["arguments"])["query"]).fetchall()
                    again = json.loads(json.dumps([list(row) for row in rows], default=str))
                    assert again == json.loads(shown)["rows"]
                    checked += 1
    assert checked >= 8


def test_the_sample_is_what_the_simulation_writes(tmp_path: Path) -> None:
    simulate("search", out=tmp_path, seed=7)
    for path in sorted(p for p in tmp_path.rglob("*") if p.is_file()):
        assert path.read_bytes() == (SAMPLE / path.relative_to(tmp_path)).read_bytes(), path
