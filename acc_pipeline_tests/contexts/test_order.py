from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from acc_pipeline.contexts.order import example_id, permute


@given(st.sets(st.integers(0, 200), max_size=30), st.text(max_size=16), st.integers())
def test_an_order_is_a_permutation_and_the_same_again(keys: set[int], example: str, seed: int) -> None:
    order = permute(keys, example_id=example, seed=seed)
    assert sorted(order) == sorted(keys)
    assert order == permute(reversed(order), example_id=example, seed=seed)


@given(st.sets(st.integers(0, 200), max_size=30), st.sets(st.integers(0, 200)), st.integers(0, 9))
def test_leaving_pieces_out_keeps_the_order_of_the_rest(keys: set[int], left_out: set[int], seed: int) -> None:
    whole = permute(keys, example_id="e", seed=seed)
    assert permute(keys - left_out, example_id="e", seed=seed) == [key for key in whole if key not in left_out]


def test_every_place_is_as_likely_for_every_piece() -> None:
    first = Counter(permute(range(4), example_id=str(n), seed=0)[0] for n in range(4000))
    assert all(abs(count - 1000) < 120 for count in first.values())
    assert len(first) == 4


def test_seeds_and_examples_order_differently() -> None:
    orders = {tuple(permute(range(8), example_id=example, seed=seed)) for example in "abc" for seed in range(3)}
    assert len(orders) == 9


def test_identity_hangs_on_type_question_and_run() -> None:
    ids = {
        example_id(agent, question=question, run_id=run)
        for agent in ("search", "sql")
        for question in ("Q", "q")
        for run in ("1", "2")
    }
    assert len(ids) == 8
    assert all(len(one) == 16 for one in ids)
