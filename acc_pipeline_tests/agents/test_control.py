import pytest
from hypothesis import given
from hypothesis import strategies as st

from acc_pipeline.agents.control import JOINER, has_control, neutralise, restore

PARTS = st.sampled_from(
    [
        *("<|im_end|>", "<think>", "</think>", "<video>", "<tool_call>", "</tool_call>", "[INST]", "<<SYS>>", "<s>"),
        *("|", ">", JOINER, "text", " ", "\n", "<|", "|>", "<｜end｜>", "</document>", "im_end", "[", "/INST]", "<"),
        *('<document page="x">', "<document", "<question>", "</question", "document", "question", "/", "-", "</"),
    ]
)
TEXTS = st.one_of(st.text(), st.lists(PARTS, max_size=14).map("".join))


@given(TEXTS)
def test_neutralising_is_undone_exactly(text: str) -> None:
    assert restore(neutralise(text)) == text


@given(TEXTS)
def test_nothing_of_control_is_left_and_the_text_reads_the_same(text: str) -> None:
    safe = neutralise(text)
    assert not has_control(safe)
    assert safe.replace(JOINER, "") == text.replace(JOINER, "")


@given(TEXTS)
def test_twice_neutralised_needs_restoring_twice(text: str) -> None:
    assert restore(restore(neutralise(neutralise(text)))) == text


@pytest.mark.parametrize(
    "text",
    ["<|endoftext|>", "<|vision_start|>", "<think>", "</think>", "<tool_response>", "<video>", "<image>", "<｜b｜>"],
)
def test_known_control_strings(text: str) -> None:
    assert has_control(f"a{text}b")
    assert text not in neutralise(f"a{text}b")


@pytest.mark.parametrize(
    "text",
    [
        *('<document page="x">', "<document page='a[0] < b'>", '<document\nfile="x">', "<document", "</document>"),
        *("</document >", "<question>", "</question>", "<Question>", "</question", '<question id="2">'),
    ],
)
def test_a_page_cannot_write_the_frame_of_a_prompt(text: str) -> None:
    assert has_control(f"a{text}")
    safe = neutralise(f"a{text}\nb")
    assert text not in safe
    assert not has_control(safe)
    assert restore(safe) == f"a{text}\nb"


@pytest.mark.parametrize("text", ["<documentation>", "<question-mark/>", "<questions>", "a document, a question"])
def test_longer_names_are_no_frame(text: str) -> None:
    assert neutralise(text) == text


@pytest.mark.parametrize("text", ["a < b and c > d", "x[0]", "<div>", "if (a<|b) {}", "List<String>", "a | b"])
def test_ordinary_text_stays(text: str) -> None:
    assert neutralise(text) == text
