"""The teacher behind a real local server: rejection sampling, faults, money, reruns."""

import json
from pathlib import Path

import pytest

from acc_pipeline.lake.runs import Produced
from acc_pipeline.llm.breaker import breaker_for
from acc_pipeline.llm.store import ResponseStore
from acc_pipeline.teacher.asking import warm
from acc_pipeline.teacher.item import RationaleItem
from acc_pipeline.teacher.options import TeacherOptions
from acc_pipeline.teacher.stage import COLUMNS, process
from acc_pipeline_tests.llm.server import cut, dead_url, garbage, say, serving, status
from acc_pipeline_tests.teacher.tiny import TinyAgent, context

PAGES = {"Ada": "Ada wrote the program.", "Engine": "Charles Babbage designed the engine."}
RIGHT = say("Final answer: Charles Babbage", reasoning_content='"Engine" says that Charles Babbage designed it.')
WRONG = say("Final answer: Ada", reasoning_content="It was Ada.")


def _item(
    url: str, tmp_path: Path, *, example_id: str = "e1", split: str = "train", **options: object
) -> RationaleItem:
    given = {"samples": 4, "at_once": 1, "tries": 1, "backoff_seconds": 0.01, "timeout_seconds": 5, **options}
    made = context(PAGES, question=f"Who designed it ({example_id})?", answer="Charles Babbage", example_id=example_id)
    return RationaleItem(
        context=made,
        split=split,
        options=TeacherOptions(backend="openai", model="m", base_url=url, **given),  # type: ignore[arg-type]
        run_id="r1",
        store_path=tmp_path / "s.sqlite",
        api_key="sk-secret",
        agent=TinyAgent(),
    )


def _reasons(produced: Produced) -> list[str]:
    return [reject.reason for reject in produced.rejects]


def test_asking_stops_at_the_first_right_answer(tmp_path: Path) -> None:
    with serving(WRONG, WRONG, RIGHT, RIGHT) as server:
        produced = process(_item(server.url, tmp_path))
        assert len(server.requests) == 3
    (row,) = produced.outputs
    assert set(row) == set(COLUMNS)
    assert (row["attempt"], row["model"], row["answer"], row["kept"]) == (2, "m", "Charles Babbage", True)
    assert row["reasoning"] == '"Engine" says that Charles Babbage designed it.'
    assert (row["tokens_in"], row["tokens_cached"], row["tokens_out"]) == (100, 40, 20)
    assert json.loads(row["sampling"])["temperature"] == 0.6
    assert _reasons(produced) == ["attempt_not_kept"] * 2
    assert not any(reject.retryable for reject in produced.rejects)


def test_of_several_right_ones_the_shortest_is_kept(tmp_path: Path) -> None:
    long = say(
        "Final answer: charles babbage", reasoning_content="It takes a long while to find in Engine that he did."
    )
    with serving(long, RIGHT, long) as server:
        produced = process(_item(server.url, tmp_path, enough=3, samples=3))
    assert [row["attempt"] for row in produced.outputs] == [1]
    assert _reasons(produced) == ["attempt_not_kept"] * 2


def test_no_right_answer_is_told_with_counts(tmp_path: Path) -> None:
    numbered = say("Final answer: Charles Babbage", reasoning_content="Document 2 says so.")
    with serving(WRONG, say("Final answer: ?", reasoning_content="hm"), numbered, WRONG) as server:
        produced = process(_item(server.url, tmp_path))
    assert produced.outputs == []
    assert _reasons(produced) == ["no_verified_rationale"] * 4
    assert "1 correct but unusable, 1 unknown, 2 wrong" in produced.rejects[0].detail
    assert "Document 2" in produced.rejects[2].columns["verdict_reason"]
    assert [reject.columns["verdict"] for reject in produced.rejects] == ["wrong", "unknown", "correct", "wrong"]


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (say("Final answer: Charles Babbage"), "no reasoning"),
        (say("Final answer: Charles Babbage", finish="length", reasoning_content="Engine."), "cut off"),
        (say("Final answer: Charles Babbage", finish="content_filter", reasoning_content="Engine."), "content filter"),
        (say("Final answer: Charles Babbage", reasoning_content="See the first document."), "the first document"),
    ],
)
def test_a_right_answer_with_an_unfit_rationale_is_not_kept(tmp_path: Path, reply: object, why: str) -> None:
    with serving(reply) as server:  # type: ignore[arg-type]
        produced = process(_item(server.url, tmp_path, samples=1))
    assert produced.outputs == []
    assert why in produced.rejects[0].columns["verdict_reason"]


def test_at_temperature_zero_one_candidate_is_asked_for(tmp_path: Path) -> None:
    with serving(WRONG) as server:
        process(_item(server.url, tmp_path, temperature=0.0))
        assert len(server.requests) == 1


@pytest.mark.parametrize("fault", [status(503), status(429, retry_after="1000"), garbage, cut, status(401)])
def test_a_teacher_that_is_down_costs_a_retryable_reject_and_the_rerun_asks_only_what_is_missing(
    tmp_path: Path, fault: object
) -> None:
    with serving(WRONG, fault, RIGHT) as server:  # type: ignore[arg-type]
        first = process(_item(server.url, tmp_path))
        assert first.outputs == []
        assert _reasons(first)[0] == "no_verified_rationale"
        assert _reasons(first)[1] in ("teacher_unavailable", "teacher_access")
        assert [reject.retryable for reject in first.rejects] == [False, True]
        assert first.rejects[1].cure
        breaker_for(server.url, "m").worked()
        second = process(_item(server.url, tmp_path))
        assert [row["attempt"] for row in second.outputs] == [1]
        assert len(server.requests) == 3


def test_nothing_there_at_all(tmp_path: Path) -> None:
    (reject,) = process(_item(dead_url(), tmp_path)).rejects
    assert (reject.reason, reject.retryable) == ("teacher_unavailable", True)
    assert "start the server or correct base_url" in reject.cure


def test_a_request_that_the_server_refuses_is_final_for_its_example_only(tmp_path: Path) -> None:
    with serving(status(400, '{"error": {"message": "context too long"}}'), RIGHT) as server:
        refused = process(_item(server.url, tmp_path))
        assert [(r.reason, r.retryable) for r in refused.rejects] == [("teacher_refused", False)]
        assert "context too long" in refused.rejects[0].detail
        assert len(process(_item(server.url, tmp_path, example_id="e2")).outputs) == 1


def test_the_budget_ends_asking_and_raising_it_is_the_cure(tmp_path: Path) -> None:
    priced = {"price_in": 1.0, "price_out": 10.0, "max_tokens": 1000}
    with serving(RIGHT) as server:
        poor = process(_item(server.url, tmp_path, budget_usd=0.001, **priced))
        assert [(r.reason, r.retryable) for r in poor.rejects] == [("teacher_budget", True)]
        assert server.requests == []
        (row,) = process(_item(server.url, tmp_path, budget_usd=1.0, **priced)).outputs
    # 60 fresh and 40 cached prompt tokens, of which the cached ones cost nothing here, and 20 of completion.
    assert row["cost"] == pytest.approx((60 * 1.0 + 20 * 10.0) / 1e6)


def test_held_out_tasks_are_never_sent(tmp_path: Path) -> None:
    with serving(RIGHT) as server:
        item = _item(server.url, tmp_path, split="held-out")
        warm([item])
        assert _reasons(process(item)) == ["held_out"]
        assert server.requests == []


def test_warmed_items_are_processed_without_asking_again(tmp_path: Path) -> None:
    with serving(say("Final answer: Charles Babbage", wait=0.4, reasoning_content="Engine.")) as server:
        items = [_item(server.url, tmp_path, example_id=f"e{n}", at_once=8) for n in range(8)]
        warm(items)
        assert len(server.requests) == 8
        produced = [process(item) for item in items]
        assert len(server.requests) == 8
    assert [len(one.outputs) for one in produced] == [1] * 8


def test_a_rerun_gives_the_same_rows(tmp_path: Path) -> None:
    with serving(WRONG, RIGHT) as server:
        assert process(_item(server.url, tmp_path)) == process(_item(server.url, tmp_path))
        assert len(server.requests) == 2


def test_in_hindsight_the_answer_is_shown_and_only_the_final_text_kept(tmp_path: Path) -> None:
    told = say("The piece Engine names its designer.", reasoning_content="I was given the answer.")
    with serving(told) as server:
        (row,) = process(_item(server.url, tmp_path, hindsight=("tiny",))).outputs
        (sent,) = server.requests
    assert (row["reasoning"], row["answer"]) == ("The piece Engine names its designer.", "Charles Babbage")
    assert "known to be right:\nCharles Babbage" in sent["messages"][1]["content"]
    assert sent["temperature"] == 0.0
    assert json.loads(row["sampling"])["hindsight"] is True
    with serving(say("As the given answer shows, it was he.")) as server:
        produced = process(_item(server.url, tmp_path, hindsight=("tiny",), max_tokens=99))
    assert "the answer was given" in produced.rejects[0].columns["verdict_reason"]


def test_without_hindsight_the_answer_is_not_shown(tmp_path: Path) -> None:
    with serving(RIGHT) as server:
        item = _item(server.url, tmp_path)
        process(item)
        (sent,) = server.requests
    assert sent["messages"][1] == {"role": "user", "content": item.context.prompt}
    assert "Babbage" not in sent["messages"][0]["content"]


def test_the_store_holds_no_key_and_knows_whose_response_it_is(tmp_path: Path) -> None:
    with serving(RIGHT) as server:
        process(_item(server.url, tmp_path))
    assert b"sk-secret" not in (tmp_path / "s.sqlite").read_bytes()
    with ResponseStore(tmp_path / "s.sqlite") as store:
        assert store.forget("e1").result() == 1


def test_a_missing_store_is_named(tmp_path: Path) -> None:
    item = _item("http://127.0.0.1:1/v1", tmp_path)
    bare = RationaleItem(context=item.context, split="train", options=item.options, agent=TinyAgent())
    with pytest.raises(ValueError, match="store_path"):
        process(bare)
