"""Which examples repeat another one."""

import polars as pl

from acc_pipeline.sft.dedup import mark_duplicates

ROWS = {
    "example_id": ["c", "a", "b", "d"],
    "question": ["How  many?", "how many?", "How many?", "How many?"],
    "answer": ["3", "3", "4", "３\n"],
}


def test_the_smallest_id_stands_for_its_group_and_order_is_kept() -> None:
    marked = mark_duplicates(pl.DataFrame(ROWS))
    assert marked.select("example_id", "duplicate_of").rows() == [("c", "a"), ("a", ""), ("b", ""), ("d", "a")]


def test_an_example_with_a_rationale_stands_before_one_without() -> None:
    frame = pl.DataFrame({**ROWS, "has_rationale": [True, False, True, False]})
    assert mark_duplicates(frame)["duplicate_of"].to_list() == ["", "c", "", "c"]


def test_nothing_in_nothing_out() -> None:
    empty = pl.DataFrame(schema={"example_id": pl.String, "question": pl.String, "answer": pl.String})
    assert mark_duplicates(empty).columns[-1] == "duplicate_of"
