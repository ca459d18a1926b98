"""The tiny tokenizer is the same everywhere, loses no text, and is dressed as Qwen3's."""

import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import fastokens
from hypothesis import given, settings
from hypothesis import strategies as st

from acc_pipeline.training.tiny_tokenizer import PLAIN, SPECIAL, VOCABULARY, build_tiny_tokenizer
from acc_pipeline_tests.training.tokenizers_for_tests import PlainTokenizer

BUILD = (
    "import sys; from pathlib import Path; from acc_pipeline.training.tiny_tokenizer import build_tiny_tokenizer as b;"
    "b(Path(sys.argv[1])); assert not {'torch', 'transformers'} & set(sys.modules)"
)
texts = st.text(max_size=300) | st.lists(st.sampled_from([*SPECIAL, *PLAIN, " ", "a1b22", "\n\n", "é"])).map("".join)


def test_two_processes_make_the_same_bytes(tokenizer_dir: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": "77"}
    subprocess.run([sys.executable, "-c", BUILD, str(tmp_path / "other")], check=True, env=environment)
    for path in tokenizer_dir.iterdir():
        assert (tmp_path / "other" / path.name).read_bytes() == path.read_bytes()


def test_two_processes_at_once_leave_one_whole_folder(tmp_path: Path) -> None:
    target = tmp_path / "tiny"
    both = [subprocess.Popen([sys.executable, "-c", BUILD, str(target)]) for _ in range(2)]
    assert [one.wait() for one in both] == [0, 0]
    names = {"tokenizer.json", "tokenizer_config.json", "chat_template.jinja"}
    assert {path.name for path in target.iterdir()} == names
    assert {path.name for path in tmp_path.iterdir()} == {"tiny"}


def test_a_folder_that_is_there_is_left_alone(tokenizer_dir: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in tokenizer_dir.iterdir()}
    build_tiny_tokenizer(tokenizer_dir)
    assert {path: path.stat().st_mtime_ns for path in tokenizer_dir.iterdir()} == before


def test_a_folder_of_other_things_keeps_them(tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "notes.txt").write_text("mine")
    build_tiny_tokenizer(tmp_path / "tiny")
    assert (tmp_path / "tiny" / "notes.txt").read_text() == "mine"
    assert PlainTokenizer(tmp_path / "tiny").encode("a") != []


def test_vocabulary_is_full_and_controls_are_single_tokens(tokenizer: PlainTokenizer) -> None:
    assert tokenizer.inner.get_vocab_size() == VOCABULARY
    for text in (*SPECIAL, *PLAIN):
        assert len(tokenizer.encode(text)) == 1


def test_digits_are_split_one_by_one_as_qwen_does(tokenizer: PlainTokenizer) -> None:
    assert [tokenizer.decode([i]) for i in tokenizer.encode("20261")] == list("20261")


@given(text=texts)
@settings(max_examples=200, deadline=None)
def test_no_text_is_lost(tokenizer: PlainTokenizer, text: str) -> None:
    assert tokenizer.decode(tokenizer.encode(text)) == unicodedata.normalize("NFC", text)


@given(text=texts)
@settings(max_examples=200, deadline=None)
def test_fastokens_gives_the_same_ids(tokenizer: PlainTokenizer, tokenizer_dir: Path, text: str) -> None:
    fast = fastokens.Tokenizer.from_file(str(tokenizer_dir / "tokenizer.json"))
    assert list(fast.encode(text, add_special_tokens=False).ids) == tokenizer.encode(text)


def test_template_opens_the_think_block_and_wraps_tool_results(tokenizer: PlainTokenizer) -> None:
    call = {"type": "function", "function": {"name": "visit", "arguments": {"url": "u"}}}
    messages = [
        {"role": "system", "content": "S"},
        {"role": "user", "content": "Q"},
        {"role": "assistant", "content": "", "reasoning_content": "look", "tool_calls": [call]},
        {"role": "tool", "content": "page"},
        {"role": "tool", "content": "page 2"},
    ]
    assert tokenizer.render(messages, generate=True) == (
        "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nQ<|im_end|>\n"
        '<|im_start|>assistant\n<think>\nlook\n</think>\n\n<tool_call>\n{"name": "visit", "arguments": {"url": "u"}}\n'
        "</tool_call><|im_end|>\n"
        "<|im_start|>user\n<tool_response>\npage\n</tool_response>\n<tool_response>\npage 2\n</tool_response>"
        "<|im_end|>\n"
        "<|im_start|>assistant\n<think>\n"
    )


def test_template_drops_reasoning_of_turns_before_the_last_question(tokenizer: PlainTokenizer) -> None:
    messages = [
        {"role": "user", "content": "Q"},
        {"role": "assistant", "content": "<think>\nhidden\n</think>\n\nA"},
        {"role": "user", "content": "Q2"},
        {"role": "assistant", "content": "<think>\nshown\n</think>\n\nB"},
    ]
    text = tokenizer.render(messages, generate=False)
    assert "hidden" not in text
    assert text.endswith("<|im_start|>assistant\n<think>\nshown\n</think>\n\nB<|im_end|>\n")
