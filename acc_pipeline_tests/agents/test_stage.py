import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acc_pipeline.agents.base import Needs, Reference, Sources
from acc_pipeline.agents.search import SearchAgent
from acc_pipeline.agents.sources import SourcesRoot
from acc_pipeline.agents.stage import (
    COLUMNS,
    VerifyItem,
    VerifyOptions,
    group_of,
    needs_of,
    process,
    recipe,
    split_of,
)
from acc_pipeline.trajectories.schema import Trajectory, to_json
from acc_pipeline_tests.agents.runs import run

GOLD = Sources(reference=Reference(task_id="t1", answers=["Santa Claus"]))


class NeedsDatabase(SearchAgent):
    def needs(self, trajectory: Trajectory) -> Needs:
        return Needs(question=trajectory.task.question, database="pets")


def test_a_right_run_is_kept_with_its_verdict_and_its_record() -> None:
    record = to_json(run(task_id="t1"))
    produced = process(VerifyItem(record=record, agent_type="search", sources=GOLD))
    assert produced.rejects == []
    (row,) = produced.outputs
    assert set(row) == set(COLUMNS)
    assert (row["verdict"], row["method"], row["task_id"], row["record"]) == ("correct", "matched", "t1", record)
    assert json.loads(row["reference"])["answers"] == ["Santa Claus"]
    assert json.loads(row["evidence"])["rule"] == "exact"


def test_a_wrong_run_says_why() -> None:
    produced = process(VerifyItem(record=to_json(run(answer="Nijinsky")), agent_type="search", sources=GOLD))
    (reject,) = produced.rejects
    assert (reject.reason, reject.retryable, reject.columns["verdict"]) == ("wrong_verdict", False, "wrong")
    assert set(reject.columns) < set(COLUMNS)


def test_an_unknown_run_says_where_to_put_what_is_right() -> None:
    (reject,) = process(VerifyItem(record=to_json(run(task_id="t1")), agent_type="search", sources=Sources())).rejects
    assert reject.reason == "unknown_verdict"
    assert "references/search/" in reject.cure
    assert "'t1'" in reject.cure
    assert "`answers`" in reject.cure


def test_a_missing_database_names_the_file_to_put_where() -> None:
    item = VerifyItem(record=to_json(run()), agent_type="search", sources=GOLD, agent=NeedsDatabase())
    (reject,) = process(item).rejects
    assert (reject.reason, reject.retryable) == ("missing_database", False)
    assert "databases/" in reject.cure
    assert "pets.duckdb" in reject.cure
    there = Sources(reference=GOLD.reference, database=Path("pets.duckdb"))
    assert process(VerifyItem(record=item.record, agent_type="search", sources=there, agent=item.agent)).outputs


@pytest.mark.parametrize("agent_type", ["search", "swe", "sql"])
def test_only_database_agents_ask_for_the_database_of_a_reference(agent_type: str, tmp_path: Path) -> None:
    for folder in ("references/" + agent_type, "databases", "repos"):
        (tmp_path / folder).mkdir(parents=True)
    row = {"task_id": "t1", "answers": ["Santa Claus"], "resolved": True, "sql": "SELECT 1", "database": "pets"}
    (tmp_path / "references" / agent_type / "gold.jsonl").write_text(json.dumps(row))
    root = SourcesRoot(tmp_path / "references", tmp_path / "databases", tmp_path / "repos")
    record = to_json(run(task_id="t1"))
    needs = needs_of(record, agent_type)
    wanted = agent_type == "sql"
    assert ("database" in root.side(needs, agent_type=agent_type)) == wanted
    sources = root.resolve(needs, agent_type=agent_type)
    produced = process(VerifyItem(record=record, agent_type=agent_type, sources=sources))
    assert [one.reason for one in produced.rejects] == (["missing_database"] if wanted else [])
    assert len(produced.outputs) == (not wanted)


@given(st.text(min_size=1, max_size=40), st.text(max_size=8))
def test_a_task_has_one_split_whatever_else_is_there(question: str, salt: str) -> None:
    options = VerifyOptions(salt=salt)
    group = group_of("search", question)
    assert split_of(group, options) == split_of(group_of("search", f"  {question} "), options)
    assert split_of(group, options) in ("train", "validation", "held-out")


def test_a_task_that_is_logged_again_with_a_hint_stays_in_its_split() -> None:
    sources = Sources(reference=Reference(answers=["Santa Claus"]))
    for n in range(40):
        copies = [run(task_id=f"hotpot-{n}", question=f"Who is number {n}?{hint}") for hint in ("", "\nHint: in red.")]
        items = [VerifyItem(record=to_json(one), agent_type="search", sources=sources) for one in copies]
        plain, hinted = (process(item).outputs[0] for item in items)
        assert plain["question"] != hinted["question"]
        assert (plain["group"], plain["split"]) == (hinted["group"], hinted["split"])


@given(st.from_regex(r"\s?[0-9]{0,6}\s?", fullmatch=True), st.text(min_size=1, max_size=40))
def test_a_bare_counter_names_no_task(counter: str, question: str) -> None:
    assert group_of("sql", question, task_id=counter) == group_of("sql", question)
    assert group_of("sql", question, task_id=f"spider-{counter}") != group_of("sql", question)


def test_splits_have_their_shares() -> None:
    options = VerifyOptions(validation=0.2, held_out=0.3)
    drawn = [split_of(group_of("sql", f"question {n}"), options) for n in range(2000)]
    shares = {name: drawn.count(name) / len(drawn) for name in ("train", "validation", "held-out")}
    assert abs(shares["held-out"] - 0.3) < 0.04
    assert abs(shares["validation"] - 0.2) < 0.04


def test_more_held_out_tasks_never_move_the_rest_into_training() -> None:
    few, many = VerifyOptions(held_out=0.1), VerifyOptions(held_out=0.3)
    for n in range(300):
        group = group_of("swe", f"issue {n}")
        if split_of(group, few) == "held-out":
            assert split_of(group, many) == "held-out"


def test_the_recipe_tells_every_setting() -> None:
    told = recipe(SearchAgent(), VerifyOptions(salt="x"))
    assert told["split"]["salt"] == "x"
    assert told["agent"]["near_copy"] == 0.9
    json.dumps(told)
