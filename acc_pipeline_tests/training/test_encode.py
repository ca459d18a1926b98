"""Loss lies on what the assistant wrote and its end token, on nothing else; a row that cannot show it is refused."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acc_pipeline.training.encode import IGNORED, Sequence, encode_row
from acc_pipeline.training.rows import Refusal, Row
from acc_pipeline_tests.training.tokenizers_for_tests import PlainTokenizer

words = st.text(alphabet="abc é1,.\n\t|<>{}\"'", min_size=1, max_size=60).map(str.strip).filter(bool)


def row_of(messages: list[dict[str, Any]], *, form: str = "pieces", completion: str = "") -> Row:
    return Row(example_id="e1", form=form, messages=messages, completion=completion)


def pieces_row(prompt: str, *, reasoning: str, answer: str) -> Row:
    completion = f"<think>\n{reasoning}\n</think>\n\n{answer}"
    messages = [{"role": "user", "content": prompt}, {"role": "assistant", "content": completion}]
    return row_of(messages, completion=completion)


def encode(
    row: Row, tokenizer: PlainTokenizer, *, objective: str = "completion", max_tokens: int = 9_999
) -> list[Sequence]:
    made = encode_row(row, tokenizer=tokenizer, objective=objective, max_tokens=max_tokens)
    assert not isinstance(made, Refusal), made
    return made


def refusal(row: Row, tokenizer: PlainTokenizer, *, max_tokens: int = 9_999) -> Refusal:
    made = encode_row(row, tokenizer=tokenizer, objective="completion", max_tokens=max_tokens)
    assert isinstance(made, Refusal)
    return made


def labelled(sequence: Sequence, tokenizer: PlainTokenizer) -> str:
    assert len(sequence.labels) == len(sequence.input_ids)
    assert all(label in (IGNORED, token) for label, token in zip(sequence.labels, sequence.input_ids, strict=True))
    return tokenizer.decode([label for label in sequence.labels if label != IGNORED])


def call(name: str, **arguments: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "arguments": arguments}}


AGENT_RUN: list[dict[str, Any]] = [
    {"role": "system", "content": "You search."},
    {"role": "user", "content": "Who built the bridge?"},
    {
        "role": "assistant",
        "content": "",
        "reasoning_content": "I should search.",
        "tool_calls": [call("search", query="bridge")],
    },
    {"role": "tool", "content": "OBSERVED results"},
    {"role": "assistant", "content": "Let me look.", "tool_calls": [call("visit", url="u1"), call("visit", url="u2")]},
    {"role": "tool", "content": "OBSERVED page one"},
    {"role": "tool", "content": "OBSERVED page two"},
    {"role": "assistant", "content": "Ada Holm", "reasoning_content": "Page one names her."},
]


@given(prompt=words, reasoning=words, answer=words)
@settings(max_examples=150, deadline=None)
def test_labels_are_the_rationale_the_answer_and_the_end_token(
    tokenizer: PlainTokenizer, prompt: str, reasoning: str, answer: str
) -> None:
    (sequence,) = encode(pieces_row(prompt, reasoning=reasoning, answer=answer), tokenizer)
    expected = unicodedata.normalize("NFC", f"{reasoning}\n</think>\n\n{answer}<|im_end|>")
    assert labelled(sequence, tokenizer) == expected
    given_at_inference = tokenizer.encode(tokenizer.render([{"role": "user", "content": prompt}], generate=True))
    assert sequence.input_ids[: len(given_at_inference)] == given_at_inference
    assert set(sequence.labels[: len(given_at_inference)]) == {IGNORED}
    assert IGNORED not in sequence.labels[len(given_at_inference) :]


def test_every_turn_of_a_run_is_supervised_and_no_observation(tokenizer: PlainTokenizer) -> None:
    (sequence,) = encode(row_of(AGENT_RUN, form="multi-turn"), tokenizer)
    assert labelled(sequence, tokenizer) == (
        'I should search.\n</think>\n\n<tool_call>\n{"name": "search", "arguments": {"query": "bridge"}}\n</tool_call>'
        "<|im_end|>"
        'Let me look.\n<tool_call>\n{"name": "visit", "arguments": {"url": "u1"}}\n</tool_call>\n'
        '<tool_call>\n{"name": "visit", "arguments": {"url": "u2"}}\n</tool_call><|im_end|>'
        "Page one names her.\n</think>\n\nAda Holm<|im_end|>"
    )
    whole = tokenizer.decode(sequence.input_ids)
    assert whole.count("OBSERVED") == 3
    assert whole + "\n" == tokenizer.render(AGENT_RUN, generate=False)


def test_reasoning_that_the_template_drops_is_trained_where_it_was_written(tokenizer: PlainTokenizer) -> None:
    """ReAct-like runs carry observations as user turns; the template then keeps only the last turn's reasoning."""
    messages: list[dict[str, Any]] = [{"role": "user", "content": "Q"}]
    for turn in range(3):
        messages.append({"role": "assistant", "content": f"act {turn}", "reasoning_content": f"think {turn}"})
        messages.append({"role": "user", "content": f"OBSERVED {turn}"})
    messages.append({"role": "assistant", "content": "done", "reasoning_content": "enough"})
    sequences = encode(row_of(messages, form="multi-turn"), tokenizer)
    assert [one.part for one in sequences] == [0, 1, 2, 3]
    assert [labelled(one, tokenizer) for one in sequences] == [
        *(f"think {turn}\n</think>\n\nact {turn}<|im_end|>" for turn in range(3)),
        "enough\n</think>\n\ndone<|im_end|>",
    ]
    for sequence, seen in zip(sequences, (1, 3, 5, 7), strict=True):
        given_at_inference = tokenizer.encode(tokenizer.render(messages[:seen], generate=True))
        assert sequence.input_ids[: len(given_at_inference)] == given_at_inference


turns = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.booleans(), st.integers(0, 2)), min_size=1, max_size=6
)  # (has reasoning, has text, observations as user turns, number of calls)


@given(plan=turns)
@settings(max_examples=150, deadline=None)
def test_each_turn_of_any_chat_is_supervised_exactly_once(
    tokenizer: PlainTokenizer, plan: list[tuple[bool, bool, bool, int]]
) -> None:
    messages: list[dict[str, Any]] = [{"role": "user", "content": "Q"}]
    marks = []
    for number, (reasons, speaks, as_user, calls) in enumerate(plan):
        speaks = speaks or not (reasons or calls)
        turn: dict[str, Any] = {"role": "assistant", "content": f"SAY{number}. ok" if speaks else ""}
        marks += [f"SAY{number}."] * speaks + [f"WHY{number}."] * reasons
        if reasons:
            turn["reasoning_content"] = f"WHY{number}. ok"
        if calls:
            turn["tool_calls"] = [call("run", command=f"DO{number}.{i}.") for i in range(calls)]
            marks += [f"DO{number}.{i}." for i in range(calls)]
        messages.append(turn)
        for i in range(calls or int(as_user)):
            messages.append({"role": "user" if as_user else "tool", "content": f"SEEN{number}.{i}."})
    while messages[-1]["role"] != "assistant":
        messages.pop()
    supervised = "".join(labelled(one, tokenizer) for one in encode(row_of(messages, form="multi-turn"), tokenizer))
    assert "SEEN" not in supervised
    assert {mark: supervised.count(mark) for mark in marks} == dict.fromkeys(marks, 1)
    assert supervised.count("<|im_end|>") == len(plan)


def test_objective_answer_supervises_only_what_follows_the_thinking(tokenizer: PlainTokenizer) -> None:
    (single,) = encode(pieces_row("Q", reasoning="because", answer="42 bridges"), tokenizer, objective="answer")
    assert labelled(single, tokenizer) == "42 bridges<|im_end|>"
    (run,) = encode(row_of(AGENT_RUN, form="multi-turn"), tokenizer, objective="answer")
    assert labelled(run, tokenizer) == "Ada Holm<|im_end|>"


def test_objective_everything_supervises_observations_too(tokenizer: PlainTokenizer) -> None:
    (sequence,) = encode(row_of(AGENT_RUN, form="multi-turn"), tokenizer, objective="everything")
    assert sequence.labels == sequence.input_ids
    assert sequence.supervised == len(sequence.input_ids) - 1  # nothing predicts the first token


def test_a_row_is_never_cut(tokenizer: PlainTokenizer) -> None:
    row = pieces_row("long " * 200, reasoning="r", answer="a")
    (sequence,) = encode(row, tokenizer)
    size = len(sequence.input_ids)
    assert len(encode(row, tokenizer, max_tokens=size)) == 1
    turned_away = refusal(row, tokenizer, max_tokens=size - 1)
    assert (turned_away.reason, turned_away.example_id) == ("too_long", "e1")
    assert str(size) in turned_away.detail


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([], "no_completion"),
        ([{"role": "user", "content": "Q"}], "no_completion"),
        ([{"role": "assistant", "content": "A"}], "no_prompt"),
        ([{"role": "user", "content": "<|im_end|> Q"}, {"role": "assistant", "content": "A"}], "control_string"),
        ([{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A<|im_end|>B"}], "control_string"),
        # The template takes what follows the last </think> for the answer, and text is lost.
        (
            [
                {"role": "user", "content": "Q"},
                {"role": "assistant", "content": "<think>\na\n</think>\nlost</think>\n\nA"},
            ],
            "template",
        ),
        ([{"role": "user", "content": "Q"}, {"content": "x"}, {"role": "assistant", "content": "A"}], "unknown_role"),
        ([{"role": "user", "content": [{"type": "image"}]}, {"role": "assistant", "content": "A"}], "not_text"),
    ],
)
def test_a_row_that_cannot_be_trained_as_meant_is_refused_by_name(
    tokenizer: PlainTokenizer, messages: list[dict[str, Any]], reason: str
) -> None:
    assert refusal(row_of(messages), tokenizer).reason == reason


def test_a_row_whose_completion_is_another_text_is_refused(tokenizer: PlainTokenizer) -> None:
    row = row_of(
        [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "<think>\nr\n</think>\n\nA"}],
        completion="<think>\nr\n</think>\n\nB",
    )
    assert refusal(row, tokenizer).reason == "wrong_labels"
