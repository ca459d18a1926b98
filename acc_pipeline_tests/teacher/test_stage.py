"""What teacher_rationales writes for one context, with the extractive teacher."""

import pickle

from acc_pipeline.teacher.item import RationaleItem
from acc_pipeline.teacher.options import TeacherOptions, recipe
from acc_pipeline.teacher.stage import COLUMNS, process
from acc_pipeline_tests.teacher.tiny import TinyAgent, context

PAGES = {
    "Ada Lovelace": "Ada Lovelace was born in London. She wrote the first published program in 1843.",
    "Analytical Engine": "The Analytical Engine was designed by Charles Babbage. It was never finished.",
}


def _item(split: str = "train", answer: str = "Charles Babbage") -> RationaleItem:
    made = context(
        PAGES,
        question="Who designed the engine for which Ada Lovelace wrote the first published program?",
        answer=answer,
        distractors={"Charles Babbage (film)": "Charles Babbage is a film about Charles Babbage."},
    )
    return RationaleItem(context=made, split=split, options=TeacherOptions(), run_id="r1", agent=TinyAgent())


def test_the_rule_quotes_the_evidence_by_title_and_is_kept() -> None:
    produced = process(_item())
    (row,) = produced.outputs
    assert set(row) == set(COLUMNS)
    assert (row["model"], row["verdict"], row["kept"], row["answer"]) == ("rule", "correct", True, "Charles Babbage")
    assert '"The Analytical Engine was designed by Charles Babbage."' in row["reasoning"]
    assert '"She wrote the first published program in 1843."' in row["reasoning"]
    assert "film" not in row["reasoning"]
    assert produced.rejects == []


def test_held_out_tasks_get_no_rationale() -> None:
    produced = process(_item(split="held-out"))
    assert produced.outputs == []
    assert [reject.reason for reject in produced.rejects] == ["held_out"]


def test_an_answer_that_the_evidence_does_not_bear_gets_no_rationale() -> None:
    produced = process(_item(answer="Grace Hopper"))
    (reject,) = produced.rejects
    assert produced.outputs == []
    assert reject.reason == "no_verified_rationale"
    assert not reject.retryable
    assert "1 unknown" in reject.detail
    assert set(reject.columns) == set(COLUMNS)


def test_same_rationale_whatever_the_order_of_the_pieces() -> None:
    item = _item()
    turned = context(dict(reversed(PAGES.items())), question=item.context.question, answer=item.context.answer)
    again = RationaleItem(context=turned, split="train", options=TeacherOptions(), agent=TinyAgent())
    assert process(again).outputs[0]["reasoning"] == process(item).outputs[0]["reasoning"]


def test_an_item_travels_to_another_process_and_does_not_show_its_key() -> None:
    item = RationaleItem(
        context=_item().context, split="train", options=TeacherOptions(), api_key="sk-secret", agent=TinyAgent()
    )
    assert process(pickle.loads(pickle.dumps(item))) == process(item)
    assert "sk-secret" not in repr(item)


def test_where_and_for_how_much_is_not_part_of_the_recipe() -> None:
    asked = TeacherOptions(backend="openai")
    dearer = asked.model_copy(update={"base_url": "http://elsewhere/v1", "budget_usd": 5.0, "price_out": 2.0})
    assert recipe(asked) == recipe(dearer)
    assert recipe(asked) != recipe(asked.model_copy(update={"samples": 3}))
    assert "samples" not in recipe(TeacherOptions())
