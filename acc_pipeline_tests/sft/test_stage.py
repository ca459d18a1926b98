"""What sft_dataset writes for one compiled context and its rationale."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from acc_pipeline.agents.control import neutralise
from acc_pipeline.contexts.tokens import TokenCounter
from acc_pipeline.sft import decontamination
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


@pytest.fixture
def make(tokenizer_dir: Path) -> Callable[..., SftItem]:
    def made(row: dict[str, Any], **more: Any) -> SftItem:
        given: dict[str, Any] = {"rationale": RATIONALE, "options": SftOptions(), "tokenizer_dir": tokenizer_dir}
        return SftItem(compiled=row, **{**given, **more})

    return made


Make = Callable[..., SftItem]


def test_a_row_as_messages_and_as_released_columns(make: Make) -> None:
    (row,) = process(make(compiled(), source={"path": "a.json", "sha256": "f", "row": 2})).outputs
    assert set(row) == set(COLUMNS)
    assert json.loads(row["messages"]) == [
        {"role": "user", "content": "Answer.\nHow many?\n# t\n3 things"},
        {"role": "assistant", "content": "<think>\nThe table t holds 3 things.\n</think>\n\n3"},
    ]
    assert json.loads(row["dialogs"]) == json.loads(row["messages"])
    assert (row["ground_truth_answer"], row["context_length"]) == ("3", "4k")
    assert json.loads(row["source"]) == {"run_id": "r1", "path": "a.json", "sha256": "f", "row": 2}
    assert json.loads(row["flags"]) == ["rule_rationale"]


def test_prompt_and_completion_tokens_add_up_to_the_chat(make: Make, tokenizer_dir: Path) -> None:
    counter = TokenCounter(tokenizer_dir)
    prompt = counter.count_chat([{"role": "user", "content": compiled()["prompt"]}])
    (row,) = process(make(compiled(tokens=prompt))).outputs
    whole = counter.count_chat(json.loads(row["messages"]), generate=False)
    assert row["tokens_prompt"] + row["tokens_completion"] == whole
    # Thinking, its closing tag, answer and end token: the opening tag belongs to the prompt.
    tail = counter.count("The table t holds 3 things.\n</think>\n\n3<|im_end|>\n")
    assert row["tokens_completion"] == tail


def test_multi_turn_carries_the_chat_and_supervises_the_assistant_only(make: Make) -> None:
    (made,) = process(make(compiled(form="multi-turn", messages=json.dumps(CHAT)))).outputs
    assert json.loads(made["messages"]) == CHAT
    assert made["dialogs"] == ""
    assert "I count." in made["completion"]
    assert '"name": "count"' in made["completion"]
    assert "observed" not in made["completion"]
    assert made["tokens_prompt"] + made["tokens_completion"] == 3600


def test_prompt_and_completion_share_the_budget(make: Make, tokenizer_dir: Path) -> None:
    prompt = TokenCounter(tokenizer_dir).count_chat([{"role": "user", "content": compiled()["prompt"]}])
    (row,) = process(make(compiled(tokens=prompt))).outputs
    whole = prompt + row["tokens_completion"]
    assert process(make(compiled(tokens=prompt, budget=whole))).outputs == [row]
    produced = process(make(compiled(tokens=prompt, budget=whole - 1)))
    (reject,) = produced.rejects
    assert (produced.outputs, reject.reason, reject.columns["example_id"]) == ([], "over_budget", "e1")
    for number in (prompt, row["tokens_completion"], whole - 1):
        assert str(number) in reject.detail
    assert f"reserve to {row['tokens_completion']}" in reject.cure


def test_no_rationale_no_row_in_any_form(make: Make) -> None:
    for form in ("pieces", "multi-turn"):
        produced = process(make(compiled(form=form), rationale=None))
        assert produced.outputs == []
        assert [reject.reason for reject in produced.rejects] == ["no_rationale"]


def test_held_out_and_duplicates_are_rejected_with_their_reason(make: Make) -> None:
    held, twin = make(compiled(split="held-out")), make(compiled(), duplicate_of="e0")
    assert [process(item).rejects[0].reason for item in (held, twin)] == ["held_out", "duplicate"]
    assert "e0" in process(twin).rejects[0].detail


def test_control_strings_of_a_teacher_cannot_end_the_turn(make: Make, tokenizer_dir: Path) -> None:
    quoted = neutralise("<video>")
    spoken = {**RATIONALE, "reasoning": f"It says {quoted}. <|im_end|> </think> So three."}
    (row,) = process(make(compiled(), rationale=spoken)).outputs
    assert quoted in row["completion"]
    assert row["completion"].count("</think>") == 1
    special = TokenCounter(tokenizer_dir).encode("<|im_end|>")
    assert len(special) == 1
    assert special[0] not in TokenCounter(tokenizer_dir).encode(row["completion"])


def test_what_a_teacher_lets_slip_is_scrubbed_and_what_the_context_holds_is_flagged(make: Make) -> None:
    slip = {**RATIONALE, "reasoning": "Ask jane.doe@company.org, the table t holds 3."}
    (row,) = process(make(compiled(), rationale=slip)).outputs
    assert "jane.doe" not in row["messages"]
    assert "the table t holds 3." in row["completion"]
    assert "rationale_scrubbed" in json.loads(row["flags"])
    (row,) = process(make(compiled(prompt="jane.doe@company.org has 3 things"), rationale=slip)).outputs
    assert "jane.doe@company.org" in row["completion"]
    assert "private_in_context:EMAIL:1" in json.loads(row["flags"])


ITEM = {
    "item_id": "i1",
    "prompt": json.dumps([{"role": "user", "content": "one two three four five six seven eight. Who was it?"}]),
    "answer": '"nobody at all"',
}


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return decontamination.save(decontamination.build(decontamination.items_of_rows([ITEM]), ngram=6), tmp_path)


def test_overlap_with_evaluation_rejects_and_in_the_evidence_alone_is_flagged(make: Make, index: Path) -> None:
    five, six = "two three four five six", "Two, three four FIVE six seven!"
    (clean,) = process(make(compiled(), eval_index=index)).outputs
    assert json.loads(clean["flags"]) == ["rule_rationale"]
    short = {**RATIONALE, "reasoning": f"So {five} it is."}
    assert process(make(compiled(), rationale=short, eval_index=index)).rejects == []
    long = {**RATIONALE, "reasoning": f"So {six} it is."}
    for form in ("pieces", "multi-turn"):
        row = compiled(form=form, messages=json.dumps(CHAT))
        (reject,) = process(make(row, rationale=long, eval_index=index)).rejects
        assert reject.reason == "contaminated"
        assert "two three four five six seven" in reject.detail
    (flagged,) = process(make(compiled(prompt=f"page: {six}"), eval_index=index)).outputs
    assert json.loads(flagged["flags"]) == ["rule_rationale", "eval_overlap_in_context:1"]
    strict = make(compiled(prompt=f"page: {six}"), eval_index=index, options=SftOptions(context_overlap="reject"))
    assert process(strict).rejects[0].reason == "contaminated_context"


def test_the_very_question_of_an_evaluation_item_rejects(make: Make, index: Path) -> None:
    row = compiled(question="One two three four five six seven eight; who was it")
    assert process(make(row, eval_index=index)).rejects[0].reason == "contaminated"
