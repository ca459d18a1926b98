import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from acc_pipeline.agents.base import Needs, Reference
from acc_pipeline.agents.references import ReferenceIndex, load_references, read_row
from acc_pipeline.agents.sources import SourcesRoot
from acc_pipeline_tests.shared import shared_path


@pytest.mark.parametrize(
    ("agent_type", "row", "expected"),
    [
        ("search", {"id": 7, "question": "Q?", "answer": [["Ricin"], "ricin"]}, {"answers": ["Ricin", "ricin"]}),
        ("search", {"qid": "7", "gold": "A", "aliases": '["B", "C"]'}, {"answers": ["A", "B", "C"]}),
        ("search", {"QUESTION": "Q?", "Answer": 1964}, {"answers": ["1964"]}),
        ("swe", {"instance_id": "o__r-1", "resolved": "True"}, {"resolved": True}),
        ("swe", {"instance_id": "o__r-1", "gold": "--- a/x", "test_patch": "t"}, {"patch": "--- a/x"}),
        ("sql", {"query": "How many?", "gold": "SELECT 1", "db": "pets"}, {"question": "How many?", "sql": "SELECT 1"}),
        (
            "sql",
            {"question": "How many?", "query": "SELECT 1", "db_id": "pets"},
            {"sql": "SELECT 1", "database": "pets"},
        ),
        ("sql", {"task_id": 0, "sql": "SELECT 1", "dialect": "mysql"}, {"task_id": "0", "dialect": "mysql"}),
        ("sql", {"instruction": "How many?", "query": "SELECT 1"}, {"question": "How many?", "sql": "SELECT 1"}),
        ("search", {"instruction": "Be brief.", "query": "Who?"}, {"question": "Who?"}),
        ("search", {"id": 1, "answers": [], "answer": "x"}, {"answers": ["x"], "extra": {}}),
        (
            "search",
            {"id": 1, "answers": "[]", "answer": [""], "expected": "x", "aliases": [" ", "y"]},
            {"answers": ["x", "y"]},
        ),
        ("swe", {"id": 1, "resolved": 1.0}, {"resolved": True}),
        ("swe", {"id": 1, "resolved": 0.0}, {"resolved": False}),
        ("swe", {"id": 1, "resolved": "1.0"}, {"resolved": True}),
        ("swe", {"id": 1, "resolved": float("nan"), "passed": "passed"}, {"resolved": True}),
    ],
)
def test_columns_are_known_by_their_usual_names(agent_type: str, row: dict[str, Any], expected: dict[str, Any]) -> None:
    found = read_row(row, agent_type=agent_type)
    assert found is not None
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize("said", ["ok", "maybe", 0.5, 2, ["t1"]])
def test_a_verdict_that_is_none_is_told(said: Any, tmp_path: Path) -> None:
    (tmp_path / "report.jsonl").write_text("\n" + json.dumps({"task_id": "t1", "resolved": said}))
    index = load_references(tmp_path, agent_type="swe")
    found = index.lookup("t1", "")
    assert found is not None
    assert found.resolved is None
    assert [one for one in index.problems if one.startswith("report.jsonl: line 2: ") and "no test verdict" in one]


def test_entries_that_are_no_rows_are_told(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text('[{"task_id": "t1", "answer": "A"}, "t2", null, {"answer": "B"}]')
    (tmp_path / "by_id.json").write_text('{"t3": {"answer": "C"}, "t4": "D"}')
    index = load_references(tmp_path, agent_type="search")
    assert index.problems == [
        "by_id.json: 't4': not an object",
        "list.json: row 2: not an object",
        "list.json: row 3: not an object",
        "list.json: row 4: neither a task id nor a question; see the column names",
    ]
    assert len(index) == 2


def test_every_file_kind_gives_the_same_reference(tmp_path: Path) -> None:
    row = {"task_id": "t1", "question": "Who won?", "answers": '["Santa Claus"]'}
    (tmp_path / "a.json").write_text(json.dumps([row]))
    (tmp_path / "b.jsonl").write_text(json.dumps(row) + "\n\n")
    (tmp_path / "c.csv").write_text('task_id,question,answers\nt1,Who won?,"[""Santa Claus""]"\n')
    pl.DataFrame([{**row, "answers": ["Santa Claus"]}]).write_parquet(tmp_path / "d.parquet")
    (tmp_path / "e.json").write_text(json.dumps({"t1": {"question": "Who won?", "answers": ["Santa Claus"]}}))
    index = load_references(tmp_path, agent_type="search")
    assert index.problems == []
    assert len(index) == 1
    assert index.lookup("t1", "") == Reference(task_id="t1", question="Who won?", answers=["Santa Claus"])


def test_a_test_report_joins_by_instance_and_completes_a_gold_patch(tmp_path: Path) -> None:
    report = {"resolved_ids": ["o__r-1"], "unresolved_ids": ["o__r-2"], "error_ids": ["o__r-3"], "schema_version": 2}
    (tmp_path / "report.json").write_text(json.dumps(report))
    (tmp_path / "tasks.jsonl").write_text(json.dumps({"instance_id": "o__r-1", "patch": "--- a/x"}))
    index = load_references(tmp_path, agent_type="swe")
    one, two = index.lookup("o__r-1", "any"), index.lookup("o__r-2", "any")
    assert one is not None
    assert two is not None
    assert (one.resolved, one.patch, two.resolved) == (True, "--- a/x", False)
    assert index.lookup("o__r-3", "any") is None


def test_what_cannot_be_used_is_told_and_the_rest_is_used(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(
        '{"task_id": "t1", "answer": "A"}\n{"task_id": "t2", \n{"answer": "nobody"}\n[1]\n'
    )
    (tmp_path / "b.jsonl").write_text('{"task_id": "t3", "answer": "B"}\n{"task_id": "t3", "answer": "C"}\n')
    (tmp_path / "broken.parquet").write_bytes(b"no parquet")
    (tmp_path / "notes.md").write_text("# hello")
    index = load_references(tmp_path, agent_type="search")
    assert index.lookup("t1", "") is not None
    assert index.lookup("t3", "") is None
    told = "\n".join(index.problems)
    for words in ("a.jsonl: line 2: not JSON", "neither a task id nor a question", "a.jsonl: line 4: not an object"):
        assert words in told
    for words in (
        "'t3' has contradicting references in `answers`",
        "broken.parquet: cannot be read",
        "notes.md: not a",
    ):
        assert words in told


def test_ids_join_before_questions_and_never_against_them() -> None:
    index = ReferenceIndex(
        [
            Reference(task_id="0", question="How many pets are there?", answers=["3"]),
            Reference(question="Who won the race?", answers=["Santa Claus"]),
            Reference(task_id="o__r-1", question="Crash when the list is empty", answers=["x"]),
        ]
    )

    def found(task_id: str, question: str) -> list[str]:
        reference = index.lookup(task_id, question)
        return reference.answers if reference else []

    assert found("0", "How many pets are there") == ["3"]
    assert found("0", "How many cats are there?") == []
    assert found("0", "who  won the race") == ["Santa Claus"]
    assert found("1", "How many pets are there?") == []
    assert found("o__r-1", "Crash when the list is empty\n\nSteps: call it.") == ["x"]
    assert found("", "nothing known") == []
    assert [reference.task_id for reference in index.unused([("0", "How many pets are there?")])] == ["", "o__r-1"]


def test_one_question_with_two_answers_joins_by_id_only() -> None:
    index = ReferenceIndex(
        [Reference(task_id="a", question="Q?", answers=["1"]), Reference(task_id="b", question="Q?", answers=["2"])]
    )
    assert index.lookup("", "Q?") is None
    assert index.lookup("b", "Q?") is not None
    assert "contradicting" in index.problems[0]


def test_a_row_by_question_completes_the_task_that_has_it() -> None:
    by_id = Reference(task_id="a", question="Who won?", database="races")
    index = ReferenceIndex(
        [by_id, Reference(question="who  won", answers=["Ada"]), Reference(task_id="b", question="Q")]
    )
    whole = Reference(task_id="a", question="Who won?", database="races", answers=["Ada"])
    assert index.problems == []
    assert len(index) == 2
    assert index.lookup("a", "") == index.lookup("", "Who won?") == whole
    assert index.lookup("c", "Who won?") is None
    again = ReferenceIndex([Reference(question="Who won?", answers=["Ada"]), whole])
    assert (len(again), again.problems, again.lookup("", "who won")) == (1, [], whole)


def test_a_row_by_question_that_contradicts_a_task_takes_nothing_from_it() -> None:
    by_id = Reference(task_id="a", question="Who won?", answers=["Ada"])
    index = ReferenceIndex([by_id, Reference(question="Who won?", answers=["Bob"])])
    assert index.lookup("a", "Who won?") == by_id
    assert index.lookup("", "Who won?") is None
    assert "contradicting" in index.problems[0]


def test_digest_changes_with_content_only() -> None:
    before = ReferenceIndex([Reference(task_id="a", answers=["1"]), Reference(task_id="b", answers=["2"])])
    after = ReferenceIndex([Reference(task_id="b", answers=["2"]), Reference(task_id="a", answers=["one"])])
    assert before.digest("b", "") == after.digest("b", "")
    assert before.digest("a", "") != after.digest("a", "")
    assert before.digest("c", "") == "absent"


def test_side_inputs_appear_and_change(tmp_path: Path) -> None:
    for name in ("references/swe", "databases", "repos"):
        (tmp_path / name).mkdir(parents=True)

    def side() -> dict[str, str]:
        root = SourcesRoot(tmp_path / "references", tmp_path / "databases", tmp_path / "repos")
        return root.side(Needs(task_id="o__r-1", question="Q", repo="o/r@abc"), agent_type="swe")

    assert side() == {"reference": "absent", "repo": "absent"}
    (tmp_path / "references/swe/report.json").write_text('{"resolved_ids": ["o__r-1"]}')
    (tmp_path / "repos/o__r").mkdir()
    (tmp_path / "repos/o__r/a.py").write_text("x = 1\n")
    first = side()
    assert "absent" not in first.values()
    (tmp_path / "repos/o__r/a.py").write_text("x = 22\n")
    second = side()
    assert second["repo"] != first["repo"]
    assert second["reference"] == first["reference"]
    (tmp_path / "repos/o__r-1").mkdir()
    assert side()["repo"] != second["repo"], "a folder of the task's own comes first"


@pytest.mark.parametrize("name", ["../references", "/etc", "..", "."])
def test_no_path_is_made_from_a_logged_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "repos").mkdir()
    root = SourcesRoot(tmp_path / "references", tmp_path / "databases", tmp_path / "repos")
    assert root.resolve(Needs(task_id=name, repo=name), agent_type=name).repo is None


def test_intercode_gold_joins_by_question_without_ids() -> None:
    path = shared_path("trajectories/sql/intercode-sql/ic_spider_dev.json")
    rows = [read_row(row, agent_type="sql") for row in json.loads(path.read_text())]
    index = ReferenceIndex([row for row in rows if row is not None])
    assert len(index) == 1034
    logged = json.loads(shared_path("trajectories/sql/intercode-sql/ic_sql_react_10_turns.json").read_text())
    runs = [run for run in logged.values() if isinstance(run, dict) and "query" in run]
    found = [index.lookup(str(run["task_id"]), run["query"]) for run in runs]
    assert len(runs) == 1034
    assert sum(reference is not None and bool(reference.sql and reference.database) for reference in found) == 1034
