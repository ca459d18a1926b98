"""MRCR items keep every rule of the published rows, and the grader scores as the benchmark does, traps included."""

import json
import random
import time
from difflib import SequenceMatcher

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acc_pipeline.evaluation import mrcr
from acc_pipeline.evaluation.mrcr_prose import FORMATS, reply


def rough(text: str) -> int:
    """Tokens of a text for tests: no tokenizer needed, and never additive over parts."""
    return -(-len(text) // 4)


def total(row: dict, count=rough) -> int:
    return sum(count(message["content"]) for message in json.loads(row["prompt"])) + count(row["answer"])


@settings(max_examples=60, deadline=None)
@given(
    n=st.sampled_from([2, 4, 8]),
    tokens=st.integers(512, 12_000),
    seed=st.integers(0, 10**6),
    index=st.integers(0, 500),
)
def test_items_keep_the_published_structure(n, tokens, seed, index):
    row = mrcr.make_row(n_needles=n, tokens=tokens, seed=seed, index=index, count=rough)
    messages = json.loads(row["prompt"])
    assert tuple(row) == mrcr.COLUMNS
    assert [m["role"] for m in messages[:2]] == ["user", "user"]
    assert [m["role"] for m in messages[1:]] == ["user", "assistant"] * (len(messages) // 2 - 1) + ["user"]
    asked = messages[row["desired_msg_index"]]["content"]
    same = [at for at, m in enumerate(messages) if m["role"] == "user" and m["content"] == asked]
    assert len(same) == row["n_needles"] == n
    assert len({messages[at + 1]["content"] for at in same}) == n
    ordinal = same.index(row["desired_msg_index"]) + 1
    nonce = row["random_string_to_prepend"]
    assert messages[-1]["content"].startswith(f"Prepend {nonce} to the {ordinal}")
    assert messages[-1]["content"].endswith("Do not include any other text in your response.")
    assert row["answer"] == nonce + messages[row["desired_msg_index"] + 1]["content"]
    assert row["total_messages"] == len(messages)
    assert row["n_chars"] == sum(len(m["content"]) for m in messages)
    form, topic = asked.split(" ", 2)[2].split(" about ")
    others = [m["content"].split(" ", 2)[2].split(" about ") for m in messages[1:-1:2] if m["content"] != asked]
    assert any(f != form and t == topic for f, t in others)  # the hard distractors
    assert any(f == form and t != topic for f, t in others)
    assert 0.97 * tokens <= total(row) <= tokens


def test_lengths_by_a_real_tokenizer(counter):
    for n in (2, 4, 8):
        for tokens in (512, 1024, 4096):
            rows = [mrcr.make_row(n_needles=n, tokens=tokens, seed=5, index=i, count=counter) for i in range(8)]
            assert all(0.97 * tokens <= total(row, counter) <= tokens for row in rows)


def test_items_follow_from_the_seed_alone():
    def make(seed: int, index: int) -> dict:
        return mrcr.make_row(n_needles=4, tokens=2000, seed=seed, index=index, count=rough)

    assert make(1, 1) == make(1, 1)
    assert len({make(seed, index)["prompt"] for seed in range(3) for index in range(3)}) == 9


def test_too_few_tokens_name_how_many_are_needed():
    with pytest.raises(ValueError, match=r"100 tokens are too few for 8 needles; \d+ would do"):
        mrcr.make_row(n_needles=8, tokens=100, seed=0, index=0, count=rough)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("n_needles", 3, "identical requests"),
        ("desired_msg_index", 2, "is no request"),
        ("answer", "x", "nonce and desired reply"),
        ("random_string_to_prepend", "other", "another nonce"),
        ("total_messages", 1, "total_messages"),
        ("n_chars", 1, "n_chars"),
    ],
)
def test_a_broken_row_is_named(field, value, told):
    row = mrcr.make_row(n_needles=2, tokens=1000, seed=0, index=0, count=rough)
    with pytest.raises(ValueError, match=told):
        mrcr.check_row({**row, field: value})


def test_a_swapped_ordinal_is_named():
    row = mrcr.make_row(n_needles=2, tokens=1000, seed=0, index=0, count=rough)
    messages = json.loads(row["prompt"])
    last = messages[-1]["content"]
    swapped = last.replace("1st", "2nd") if "1st" in last else last.replace("2nd", "1st")
    messages[-1]["content"] = swapped
    with pytest.raises(ValueError, match="ordinal"):
        mrcr.check_row({**row, "prompt": json.dumps(messages)})


def score(response: str, answer: str = "q7xThe answer.", nonce: str = "q7x") -> float:
    return mrcr.grade(response, answer=answer, nonce=nonce)["score"]


def test_the_nonce_decides_first():
    assert score("q7xThe answer.") == 1.0
    assert score("The answer.") == 0.0
    assert score("Sure: q7xThe answer.") == 0.0
    assert score("Q7xThe answer.") == 0.0
    assert score("") == 0.0
    assert mrcr.grade("The answer.", answer="q7xThe answer.", nonce="q7x")["parse_ok"] is False


def test_thinking_and_leading_blanks_are_dropped():
    assert score("<think>\nq7x? the first one\n</think>\n\n  q7xThe answer.") == 1.0
    assert score("the template opened the thinking</think>q7xThe answer.") == 1.0
    assert score("\n\t q7xThe answer.") == 1.0
    assert score("<think>q7xThe answer.") == 0.0


def test_argument_order_and_autojunk_are_the_benchmarks_own():
    truth = reply(random.Random(3), form=FORMATS[1], topic="tapirs", chars=3000)

    def ratios(typo: str) -> tuple[float, float, float]:
        """One typo in a hundred characters: graded, with the arguments swapped, without autojunk."""
        typos = "".join(typo if at % 100 == 50 else letter for at, letter in enumerate(truth))
        swapped = SequenceMatcher(None, truth, typos).ratio()
        plain = SequenceMatcher(None, typos, truth, autojunk=False).ratio()
        return score("q7x" + typos, answer="q7x" + truth), swapped, plain

    graded, swapped, plain = ratios("#")
    assert graded > 0.9
    assert swapped < 0.5
    graded, swapped, plain = ratios("z")
    assert graded < 0.5  # the typo falls on the one rare letter that autojunk leaves to hold on to
    assert plain > 0.9


def test_the_nonce_is_taken_off_both_sides():
    assert score("q7xab", answer="q7xxy") == 0.0  # only the nonce is common


def test_an_empty_nonce_is_an_error():
    with pytest.raises(ValueError, match="random_string_to_prepend"):
        mrcr.grade("a", answer="a", nonce="")


def test_floors_fall_with_the_number_of_needles(capsys):
    means = {}
    for n in (2, 4, 8):
        rows = [mrcr.make_row(n_needles=n, tokens=16_000, seed=2, index=i, count=rough) for i in range(10)]
        means[n] = sum(mrcr.floors(row)["random_needle"] for row in rows) / len(rows)
    with capsys.disabled():
        print("\nMRCR floor of a needle at random:", {n: round(mean, 2) for n, mean in means.items()})
    # Drawing the right one pays 1/n; wrong ones add little, as in the published rows (.54, .31, .20).
    assert means == pytest.approx({2: 0.54, 4: 0.31, 8: 0.20}, abs=0.06)


def test_speed_allows_a_million_tokens():
    for tokens, limit in ((15_000, 0.03), (1_000_000, 0.5)):
        best = 9.0
        for _ in range(3):
            started = time.perf_counter()
            row = mrcr.make_row(n_needles=8, tokens=tokens, seed=1, index=1, count=rough)
            best = min(best, time.perf_counter() - started)
        assert row["n_chars"] > 3.8 * tokens
        assert best < limit * 2  # twice what is wanted of a free machine
