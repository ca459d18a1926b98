"""Files for others, read back by other means than they were written with."""

import json
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from acc_pipeline.sft.export import export

DIALOGS = [{"role": "user", "content": "Q \u2028 ü"}, {"role": "assistant", "content": "<think>\nr\n</think>\n\n3"}]


def _rows() -> pl.DataFrame:
    def row(example: str, agent_type: str, form: str) -> dict[str, str]:
        return {
            "example_id": example,
            "agent_type": agent_type,
            "form": form,
            "dialogs": "" if form == "multi-turn" else json.dumps(DIALOGS),
            "ground_truth_answer": "3",
            "context_length": "4k",
            "split": "train",
            "licence": "MIT",
            "source": "{}",
        }

    kinds = [("e2", "sql", "pieces"), ("e1", "sql", "pieces"), ("e1", "sql", "multi-turn"), ("e3", "swe", "pieces")]
    return pl.DataFrame([row(*kind) for kind in kinds])


def test_parquet_in_the_released_columns(tmp_path: Path) -> None:
    written = export(_rows(), out=tmp_path, provenance=False)
    assert [(file.config, file.rows) for file in written] == [("sql_agent", 2), ("swe_agent", 1)]
    table = pq.read_table(tmp_path / "sql_agent.parquet").to_pylist()
    assert table == [{"dialogs": DIALOGS, "ground_truth_answer": "3", "context_length": "4k"}] * 2


def test_jsonl_with_provenance(tmp_path: Path) -> None:
    export(_rows(), out=tmp_path, file_format="jsonl")
    lines = (tmp_path / "sql_agent.jsonl").read_text(encoding="utf-8").rstrip("\n").split("\n")
    rows = [json.loads(line) for line in lines]
    assert [row["example_id"] for row in rows] == ["e1", "e2"]
    assert rows[0]["dialogs"] == DIALOGS
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sql_agent.jsonl", "swe_agent.jsonl"]


def test_a_chat_of_many_turns_has_no_released_columns(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="multi-turn"):
        export(_rows(), out=tmp_path, form="multi-turn")
