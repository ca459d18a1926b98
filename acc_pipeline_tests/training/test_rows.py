"""Each row that comes in is trained, validated or refused, and a broken file says where."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from acc_pipeline.training.rows import RowsError, digest, read_rows, split_rows

MESSAGES = [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_rows_of_the_lake_and_of_an_export_read_alike(tmp_path: Path) -> None:
    as_text = {"example_id": "a", "form": "pieces", "messages": json.dumps(MESSAGES), "split": "train"}
    as_list = {**as_text, "messages": MESSAGES, "tokens_prompt": 3}
    assert read_rows(write(tmp_path / "a.jsonl", [as_text])) == read_rows(write(tmp_path / "b.jsonl", [as_list]))


def test_the_order_of_the_file_changes_nothing(tmp_path: Path) -> None:
    rows = [{"example_id": f"e{i}", "messages": MESSAGES} for i in range(30)]
    first = read_rows(write(tmp_path / "a.jsonl", rows))
    random.Random(1).shuffle(rows)
    second = read_rows(write(tmp_path / "b.jsonl", rows))
    assert first == second
    assert digest(first) == digest(second)


def test_any_change_of_a_row_changes_the_digest(tmp_path: Path) -> None:
    row = {"example_id": "a", "messages": MESSAGES, "split": "train"}
    changed = [
        {**row, "example_id": "b"},
        {**row, "split": "validation"},
        {**row, "messages": [*MESSAGES[:1], {"role": "assistant", "content": "B"}]},
    ]
    digests = {digest(read_rows(write(tmp_path / "r.jsonl", [one]))) for one in [row, *changed]}
    assert len(digests) == 4


def test_splits_are_told_apart_and_repeats_refused(tmp_path: Path) -> None:
    rows = [
        {"example_id": "a", "messages": MESSAGES, "split": "train"},
        {"example_id": "a", "messages": MESSAGES, "split": "train"},
        {"example_id": "a", "form": "multi-turn", "messages": MESSAGES, "split": "train"},
        {"example_id": "b", "messages": MESSAGES, "split": "validation"},
        {"example_id": "c", "messages": MESSAGES, "split": "held-out"},
    ]
    train, validation, refused = split_rows(read_rows(write(tmp_path / "r.jsonl", rows)))
    assert sorted((row.example_id, row.form) for row in train) == [("a", "multi-turn"), ("a", "pieces")]
    assert [row.example_id for row in validation] == ["b"]
    assert {(one.example_id, one.reason) for one in refused} == {("a", "repeated_row"), ("c", "other_split")}
    assert len(train) + len(validation) + len(refused) == len(rows)


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"example_id": "x"}', '{"messages": []}', '{"example_id": 1, "messages": "{"}']
)
def test_a_line_that_is_no_row_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(json.dumps({"example_id": "a", "messages": MESSAGES}) + "\n" + line + "\n")
    with pytest.raises(RowsError, match=r"r\.jsonl:2: not a row of sft_dataset"):
        read_rows(path)


def test_no_file_and_no_rows_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(RowsError, match="no such file"):
        read_rows(tmp_path / "none.jsonl")
    with pytest.raises(RowsError, match="no rows"):
        read_rows(write(tmp_path / "empty.jsonl", []))
