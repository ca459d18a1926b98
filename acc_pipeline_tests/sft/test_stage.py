"""What sft_dataset writes for one compiled context and its rationale."""

import json
from typing import Any

from acc_pipeline.sft.options import SftOptions
from acc_pipeline.sft.stage import COLUMNS, SftItem, process

CHAT = [
    {"role": "system", "content": "You have tools."},
    {"role": "user", "content": "How many?"},
    {
        "role": "assistant",
        "content": "I count.",
        "tool_calls": [{"id": "1", "type": "function", "function": {"name": "count", "arguments": "{}"}}],
    },
    {"role": "tool", "tool_call_id": "1", "content": "observed: 3"},
    {"role": "assistant", "content": "3"},
]


def compiled(**changes: Any) -> dict[str, Any]:
    row = {
        "example_id": "e1",
        "run_id": "r1",
        "form": "pieces",
        "question": "How many?",
        "prompt": "Answer.\nHow many?\n# t\n3 things",
        "messages": "",
        "answer": "3",
        "tokens": 3600,
        "budget": 4096,
        "split": "train",
        "task_id": "t1",
        "sufficiency": "holds",
    }
    return {**row, **changes}


RATIONALE = {"example_id": "e1", "reasoning": "The table t holds 3 things.", "answer": "three", "model": "rule"}


def test_a_row_as_messages_and_as_released_columns() -> None:
    item = SftItem(
        compiled=compiled(),
        rationale=RATIONALE,
        options=SftOptions(),
        source={"path": "a.json", "sha256": "f", "row": 2},
    )
    (row,) = process(item).outputs
    assert set(row) == set(COLUMNS)
    assert json.loads(row["messages"]) == [
        {"role": "user", "content": "Answer.\nHow many?\n# t\n3 things"},
        {"role": "assistant", "content": "<think>\nThe table t holds 3 things.\n</think>\n\n3"},
    ]
    assert json.loads(row["dialogs"]) == json.loads(row["messages"])
    assert (row["ground_truth_answer"], row["context_length"]) == ("3", "4k")
    assert json.loads(row["source"]) == {"run_id": "r1", "path": "a.json", "sha256": "f", "row": 2}
    assert json.loads(row["flags"]) == ["rule_rationale"]


def test_multi_turn_carries_the_chat_and_supervises_the_assistant_only() -> None:
    row = compiled(form="multi-turn", messages=json.dumps(CHAT))
    (made,) = process(SftItem(compiled=row, rationale=RATIONALE, options=SftOptions())).outputs
    assert json.loads(made["messages"]) == CHAT
    assert made["dialogs"] == ""
    assert "I count." in made["completion"]
    assert '"name": "count"' in made["completion"]
    assert "observed" not in made["completion"]


def test_no_rationale_no_row_in_any_form() -> None:
    for form in ("pieces", "multi-turn"):
        produced = process(SftItem(compiled=compiled(form=form), rationale=None, options=SftOptions()))
        assert produced.outputs == []
        assert [reject.reason for reject in produced.rejects] == ["no_rationale"]


def test_held_out_and_duplicates_are_rejected_with_their_reason() -> None:
    held = SftItem(compiled=compiled(split="held-out"), rationale=RATIONALE, options=SftOptions())
    twin = SftItem(compiled=compiled(), rationale=RATIONALE, options=SftOptions(), duplicate_of="e0")
    assert [process(item).rejects[0].reason for item in (held, twin)] == ["held_out", "duplicate"]
    assert "e0" in process(twin).rejects[0].detail
