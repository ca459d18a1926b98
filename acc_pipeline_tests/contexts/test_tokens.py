import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acc_pipeline.agents.control import neutralise
from acc_pipeline.contexts.tokens import TokenCounter, TokenizerError
from acc_pipeline_tests.contexts.tokenizers_for_tests import SPECIAL

TEXTS = st.one_of(
    st.text(max_size=200),
    st.lists(st.sampled_from(["\n", "  ", "\t", "\r\n", "<|im_end|>", "<think>", "12", "é", "word", "'s"])).map(
        "".join
    ),
)
CHAT = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Who won?\n"},
    {
        "role": "assistant",
        "content": "I look.",
        "tool_calls": [{"id": "c", "type": "function", "function": {"name": "visit", "arguments": {"url": "ü/<b>"}}}],
    },
    {"role": "tool", "content": "It says 1964.", "tool_call_id": "c"},
    {"role": "assistant", "content": "Santa Claus"},
]


@given(TEXTS)
def test_fast_and_exact_tokenizers_give_the_same_ids(tokenizer_dir: Path, text: str) -> None:
    fast = TokenCounter(tokenizer_dir, backend="fastokens").encode(text)
    assert fast == TokenCounter(tokenizer_dir, backend="tokenizers").encode(text)


@given(TEXTS)
def test_neutralised_text_holds_no_special_token(counter: TokenCounter, text: str) -> None:
    special = {counter.encode(token)[0] for token in SPECIAL}
    assert all(len(counter.encode(token)) == 1 for token in SPECIAL)
    assert not special & set(counter.encode(neutralise(text)))


def test_chats_count_as_transformers_counts_them(tokenizer_dir: Path, counter: TokenCounter) -> None:
    # In a child: transformers is slow to import and no other test here needs it.
    code = (
        "import json, sys\nfrom transformers import AutoTokenizer\n"
        "t = AutoTokenizer.from_pretrained(sys.argv[1])\nchat = json.loads(sys.argv[2])\n"
        "for generate in (True, False):\n"
        "    text = t.apply_chat_template(chat, tokenize=False, add_generation_prompt=generate)\n"
        "    print(json.dumps([text, len(t(text, add_special_tokens=False)['input_ids'])]))\n"
    )
    import json

    done = subprocess.run(
        [sys.executable, "-c", code, str(tokenizer_dir), json.dumps(CHAT)], capture_output=True, text=True, check=True
    )
    expected = [json.loads(line) for line in done.stdout.splitlines()]
    ours = [[counter.render(CHAT, generate=g), counter.count_chat(CHAT, generate=g)] for g in (True, False)]
    assert ours == expected


def test_errors_name_the_folder(tmp_path: Path) -> None:
    with pytest.raises(TokenizerError, match=r"tokenizer\.json: no such file"):
        TokenCounter(tmp_path).count("x")
    with pytest.raises(TokenizerError, match="no chat template"):
        TokenCounter(tmp_path).count_chat(CHAT)


def test_a_template_may_refuse_a_chat(tokenizer_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_bytes((tokenizer_dir / "tokenizer.json").read_bytes())
    (tmp_path / "chat_template.jinja").write_text("{{ raise_exception('no tools here') }}")
    with pytest.raises(TokenizerError, match="no tools here"):
        TokenCounter(tmp_path).count_chat(CHAT)


def test_counters_travel_and_tell_their_content(tokenizer_dir: Path, counter: TokenCounter) -> None:
    again = pickle.loads(pickle.dumps(counter))
    assert (again.count("a b c"), again.digest()) == (counter.count("a b c"), counter.digest())
