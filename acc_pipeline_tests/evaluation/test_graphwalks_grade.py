"""The GraphWalks grader: the published grader's defects are not repeated, and a second computation agrees."""

import random

import pytest

from acc_pipeline.evaluation.graphwalks_grade import grade, parse_answer


@pytest.mark.parametrize(
    ("response", "nodes"),
    [
        ("Final Answer: [a, b]", ["a", "b"]),
        ("Final Answer: []", []),
        ("Final Answer: [ ]", []),
        ("Final Answer:[a,b]", ["a", "b"]),
        ("Final Answer: ['a', \"b\", `c`]", ["a", "b", "c"]),
        ("Some thoughts.\n\n**Final Answer: [a]**\n\n", ["a"]),
        ("<think>Final Answer: [x]\n</think>\nFinal Answer: [a]", ["a"]),
        ("Final Answer: [a]\nI hope this helps.", None),  # not the last line
        ("Answer: [a]", None),
        ("[a, b]", None),
        ("Final Answer: a, b", None),
        ("Final Answer: [a, b", None),
        ("Final Answer: [a]</think>", None),
        ("", None),
        ("   \n", None),
    ],
)
def test_parsing(response, nodes):
    assert parse_answer(response) == nodes


def fields(response: str, truth: list[str]) -> tuple:
    got = grade(response, answer_nodes=truth)
    return got["precision"], got["recall"], got["f1"], got["exact"], got["parse_ok"]


def test_an_empty_list_is_no_node():
    assert fields("Final Answer: []", []) == (1.0, 1.0, 1.0, True, True)
    assert fields("Final Answer: []", ["a"]) == (0.0, 0.0, 0.0, False, True)
    assert fields("Final Answer: [a]", []) == (0.0, 0.0, 0.0, False, True)


def test_no_overlap_scores_nothing():
    assert fields("Final Answer: [x, y]", ["a", "b"]) == (0.0, 0.0, 0.0, False, True)


def test_the_words_before_do_not_stick_to_the_first_node():
    assert fields("Final Answer: [a, b]", ["a", "b"]) == (1.0, 1.0, 1.0, True, True)
    assert fields("Final Answer: [a]", ["a"]) == (1.0, 1.0, 1.0, True, True)


def test_a_parse_failure_scores_nothing_even_for_an_empty_truth():
    assert fields("no idea", []) == (0.0, 0.0, 0.0, False, False)


def test_duplicates_count_once():
    assert fields("Final Answer: [a, a, b]", ["a", "b", "b"]) == (1.0, 1.0, 1.0, True, True)


def test_one_sure_node_has_full_precision_but_low_f1():
    got = fields("Final Answer: [a]", ["a", "b", "c"])
    assert got == (1.0, pytest.approx(1 / 3), 0.5, False, True)


def test_the_score_is_the_precision():
    assert grade("Final Answer: [a, x]", answer_nodes=["a"])["score"] == 0.5


def test_against_a_second_computation_on_random_responses():
    rng = random.Random(0)
    names = [f"{i:010x}" for i in range(12)]
    for _ in range(5000):
        truth = rng.sample(names, rng.randint(0, 6))
        told = rng.choices(names, k=rng.randint(0, 6))
        got = grade("x\nFinal Answer: [" + ", ".join(told) + "]", answer_nodes=truth)
        right = [name for name in names if name in told and name in truth]
        extra = [name for name in names if name in told and name not in truth]
        lost = [name for name in names if name in truth and name not in told]
        if not truth and not told:
            wanted = (1.0, 1.0, 1.0)
        else:
            tp, fp, fn = len(right), len(extra), len(lost)
            wanted = (
                tp / (tp + fp) if told else 0.0,
                tp / (tp + fn) if truth else 0.0,
                tp / (tp + 0.5 * (fp + fn)),
            )
        assert (got["precision"], got["recall"], got["f1"]) == pytest.approx(wanted)
        assert got["exact"] is (not extra and not lost)
