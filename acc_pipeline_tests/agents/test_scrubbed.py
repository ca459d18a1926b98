"""Scrubbed runs meet the references that their user wrote unscrubbed."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acc_pipeline.agents.base import Reference, Sources
from acc_pipeline.agents.references import ReferenceIndex
from acc_pipeline.agents.scrubbed import CURE, comparable, renumbered
from acc_pipeline.agents.search import SearchAgent
from acc_pipeline.agents.stage import VerifyItem, process
from acc_pipeline.lake.runs import Produced
from acc_pipeline.privacy.scrub import Scrubber
from acc_pipeline.trajectories.schema import Trajectory, to_json
from acc_pipeline.trajectories.scrubbing import scrub_trajectory
from acc_pipeline_tests.agents.runs import page, run

MAIL = "press@harbour.com"
ONE_MAIL = [page("https://harbour.org", f"The office reads {MAIL} daily.")]
TWO_MAILS = [page("https://harbour.org", f"Write to staff@harbour.com, and not to {MAIL}.")]
SECRETS = st.sampled_from([MAIL, "staff@harbour.com", "/home/jane/notes", "ghp_" + "a1" * 18, "plain", "two words"])


def scrubbed(trajectory: Trajectory) -> Trajectory:
    """As the stage `trajectories` writes it."""
    clean, counts = scrub_trajectory(trajectory)
    assert counts
    flags = [f"scrubbed:{kind}={count}" for kind, count in counts.items()]
    return msgspec.structs.replace(clean, flags=flags)


def judged(trajectory: Trajectory, *, agent_type: str = "search", **reference: Any) -> Produced:
    sources = Sources(reference=Reference(**reference), database=Path("pets.duckdb"))
    return process(VerifyItem(record=to_json(scrubbed(trajectory)), agent_type=agent_type, sources=sources))


def test_the_only_address_that_a_run_read_is_right() -> None:
    (row,) = judged(run(ONE_MAIL, answer=MAIL), answers=[MAIL]).outputs
    assert (row["verdict"], row["method"]) == ("correct", "matched")
    assert "scrubbed on both sides" in row["verdict_reason"]
    assert MAIL not in json.dumps(row)


@pytest.mark.parametrize("observed", [TWO_MAILS, [page("https://harbour.org", "No address here.")]])
def test_which_of_several_addresses_is_right_is_never_guessed(observed: list[Any]) -> None:
    (reject,) = judged(run(observed, answer=MAIL), answers=[MAIL]).rejects
    assert reject.reason == "unknown_verdict"
    assert "scrubbed: " in reject.detail
    assert reject.cure == CURE
    assert MAIL not in json.dumps(reject.columns)


def test_another_answer_is_wrong_and_one_without_a_secret_is_compared_as_ever() -> None:
    (reject,) = judged(run(ONE_MAIL, answer="the harbour master"), answers=[MAIL]).rejects
    assert reject.reason == "wrong_verdict"
    (row,) = judged(run(TWO_MAILS, answer="Ada"), answers=["Ada", MAIL]).outputs
    assert row["verdict"] == "correct"


def test_a_patch_below_a_home_folder_is_the_gold_one() -> None:
    patch = "diff --git a/m.py b/m.py\n--- a/m.py\n+++ b/m.py\n@@ -1 +1 @@\n-x = 1\n+x = '/home/jane/data'\n"
    seen = [page("m.py", "see /home/jane/data")]
    (row,) = judged(run(seen, answer=patch, kind="patch"), agent_type="swe", patch=patch).outputs
    assert row["verdict"] == "correct"


def test_a_query_with_a_placeholder_cannot_run() -> None:
    sql = f"SELECT name FROM owners WHERE email = '{MAIL}'"
    (reject,) = judged(run(answer=sql, kind="sql"), agent_type="sql", sql=sql, dialect="mysql").rejects
    assert reject.reason == "unknown_verdict"
    assert "scrubbed: the final query holds <EMAIL_1>" in reject.detail
    assert reject.cure == CURE


def test_a_scrubbed_question_finds_its_reference() -> None:
    index = ReferenceIndex(
        [
            Reference(question=f"Who has the address {MAIL}?", sql="SELECT 1"),
            Reference(task_id="7", question="Which pets has ann@pets.com?", sql="SELECT 2"),
            Reference(question="How old is a@pets.com?", sql="SELECT 3"),
            Reference(question="How old is b@pets.com?", sql="SELECT 4"),
        ]
    )

    def found(question: str, task_id: str = "") -> str:
        reference = index.lookup(task_id, question)
        return reference.sql if reference else ""

    assert found("Who has the address <EMAIL_3>?") == "SELECT 1"
    assert found(f"Who has the address {MAIL}?") == "SELECT 1"
    assert found("Who has the address other@harbour.com?") == ""
    assert found("Which pets has <EMAIL_2>?", "7") == "SELECT 2"
    assert found("How old is <EMAIL_1>?") == ""
    assert found("How old is b@pets.com?") == "SELECT 4"
    assert [problem for problem in index.problems if "once scrubbed" in problem]


@given(st.lists(SECRETS, max_size=4), st.lists(SECRETS, min_size=1, max_size=6))
def test_one_text_reads_the_same_from_a_run_and_from_a_file(before: list[str], words: list[str]) -> None:
    scrubber = Scrubber()
    scrubber.scrub(" and ".join(before))
    text = " and ".join(words)
    assert renumbered(scrubber.scrub(text)) == renumbered(text)
    assert renumbered(renumbered(text)) == renumbered(text)


def test_a_context_does_not_bring_back_what_was_taken_out() -> None:
    trajectory = scrubbed(run(ONE_MAIL, answer=MAIL))
    agent, raw = SearchAgent(), Sources(reference=Reference(answers=[MAIL]))
    gathered = agent.gather(trajectory, comparable(trajectory, raw, agent=agent))
    assert MAIL not in msgspec.json.encode(gathered).decode()
    assert gathered.checks == {"answers": ["<EMAIL_1>"]}  # type: ignore[union-attr]
    whole = run(ONE_MAIL, answer=MAIL)
    assert comparable(whole, raw, agent=agent) == raw
