"""What a reader sees: ready partitions, plain Delta for other tools, tables that grow columns."""

import pickle
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable

from acc_pipeline.lake.errors import NotReady, SchemaChanged
from acc_pipeline.lake.lake import Lake
from acc_pipeline.lake.recipe import Recipe
from acc_pipeline.lake.tables import TableSpec
from acc_pipeline_tests.lake.work import RECIPE, WORDS, many, run

_TEXTS = {"a": "one two !three", "b": "", "c": "?four"}


def test_rows_by_status(tmp_path: Path) -> None:
    run(tmp_path, _TEXTS)
    lake = Lake(str(tmp_path))
    assert lake.scan(WORDS, "sql").collect()["word"].to_list() == ["one", "two"]
    rejects = lake.rejects(WORDS, "sql").sort("input_key").collect()
    assert rejects.select("word", "reason", "detail", "cure", "retryable").rows() == [
        ("three", "bad_word", "!three in a", "write another", False),
        ("four", "bad_word", "?four in c", "write another", True),
    ]
    assert lake.scan(WORDS, "sql", status="none").collect()["input_key"].to_list() == ["b"]
    everything = lake.scan(WORDS, "sql", status=None).collect()
    assert everything.columns == list(WORDS.schema)
    assert everything.select("input_key", "outputs").sort("input_key").rows() == [("a", 3)] * 3 + [("b", 1), ("c", 1)]


def test_keys_are_narrow(tmp_path: Path) -> None:
    run(tmp_path, _TEXTS)
    frame = Lake(str(tmp_path)).keys(WORDS, "sql", columns=("size",))
    assert frame.collect_schema().names() == ["input_key", "output_no", "record_key", "digest", "size"]
    assert frame.collect().height == 2


def test_the_marker_tells_what_is_there(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    assert lake.marker(WORDS, "sql") is None
    report = run(tmp_path, _TEXTS, upstream={"logs": "v1"})
    marker = lake.marker(WORDS, "sql")
    assert marker is not None
    assert (marker.recipe, marker.data_version) == (RECIPE.fingerprint, report.data_version)
    assert marker.counts == {"inputs": 3, "kept": 2, "rejected": 2, "retryable": 1}
    assert (marker.reasons, marker.upstream) == ({"bad_word": 2}, {"logs": "v1"})
    assert lake.marker(WORDS, "swe") is None


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    with pytest.raises(NotReady, match=r"words/sql is not ready: it was never made\. Run its stage"):
        lake.scan(WORDS, "sql")
    empty = lake.scan(WORDS, "sql", allow_partial=True).collect()
    assert empty.schema == pl.Schema(WORDS.schema)
    assert empty.is_empty()
    assert lake.history(WORDS) == []
    run(tmp_path, _TEXTS)
    with pytest.raises(NotReady, match="words/swe"):
        lake.scan(WORDS, "swe")
    with pytest.raises(NotReady, match=f"complete in recipe {RECIPE.fingerprint}, not in the recipe asked for"):
        lake.scan(WORDS, "sql", recipe=Recipe({"budget": 1}))
    assert lake.scan(WORDS, "sql", recipe=RECIPE).collect().height == 2


def test_lake_and_not_ready_travel_between_processes(tmp_path: Path) -> None:
    assert pickle.loads(pickle.dumps(Lake(str(tmp_path)))) == Lake(str(tmp_path))
    error = pickle.loads(pickle.dumps(NotReady("words", "sql", "it was never made")))
    assert (error.table, error.partition) == ("words", "sql")
    assert "words/sql" in str(error)


def test_history_names_partition_and_recipe(tmp_path: Path) -> None:
    run(tmp_path, many(3), partition="sql")
    run(tmp_path, many(3), partition="swe")
    history = Lake(str(tmp_path)).history(WORDS)
    assert [(entry["version"], entry.get("partition"), entry.get("recipe")) for entry in history] == [
        (2, "swe", RECIPE.fingerprint),
        (1, "sql", RECIPE.fingerprint),
        (0, None, None),
    ]


def test_plain_polars_and_duckdb_read_the_same_rows(tmp_path: Path) -> None:
    import duckdb

    run(tmp_path, many(10), partition="sql")
    run(tmp_path, many(10), partition="swe")
    run(tmp_path, {**many(9), "runs/002.json": "changed"}, partition="sql")  # old files hold rows that are gone
    columns = ["agent_type", "input_key", "output_no", "status", "word", "letters"]
    lake = Lake(str(tmp_path))
    ours = pl.concat([lake.scan(WORDS, name, status=None) for name in ("sql", "swe")]).select(columns).collect()
    plain = pl.scan_delta(str(tmp_path / "words")).select(columns).collect()
    assert sorted(plain.rows(), key=str) == sorted(ours.rows(), key=str)
    table = DeltaTable(str(tmp_path / "words"))
    files = table.file_uris()
    query = f"SELECT {', '.join(columns)} FROM read_parquet($files, hive_partitioning = true)"
    assert sorted(duckdb.execute(query, {"files": files}).fetchall(), key=str) == sorted(ours.rows(), key=str)
    arrow = table.to_pyarrow_dataset()
    assert duckdb.execute("SELECT count(*) FROM arrow WHERE agent_type = 'swe'").fetchall() == [
        (plain.filter(agent_type="swe").height,)
    ]
    assert arrow.count_rows() == plain.height


def test_no_text_of_a_record_is_in_the_transaction_log(tmp_path: Path) -> None:
    run(tmp_path, {"a": "confidential"})
    log = "".join(path.read_text() for path in (tmp_path / "words" / "_delta_log").glob("*.json"))
    assert "confidential" not in log


def test_a_new_column_is_added_and_old_rows_read_as_null(tmp_path: Path) -> None:
    run(tmp_path, _TEXTS)
    wider = TableSpec("words", {**WORDS.columns, "language": pl.String})
    lake = Lake(str(tmp_path))
    assert lake.scan(wider, "sql").collect()["language"].to_list() == [None, None]
    lake.store(wider).ensure()
    assert lake.scan(wider, "sql").collect()["language"].to_list() == [None, None]
    report = run(tmp_path, {**_TEXTS, "d": "five"})
    assert (report.processed, report.kept) == (2, 3)
    assert lake.scan(wider, "sql").collect().columns == list(wider.schema)


def test_a_type_that_delta_does_not_store_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SchemaChanged, match="column 'n' holds Int32 in the lake and UInt32 in the code"):
        Lake(str(tmp_path)).store(TableSpec("counts", {"n": pl.UInt32})).ensure()
    with pytest.raises(ValueError, match=r"table 'counts': .*fully-specified"):
        TableSpec("counts", {"n": pl.List})


@pytest.mark.parametrize("dtype", [pl.Int64, pl.UInt32, pl.Duration("us")])
def test_a_column_of_another_type_is_refused_by_name(tmp_path: Path, dtype: pl.DataType | type[pl.DataType]) -> None:
    run(tmp_path, _TEXTS)
    other = TableSpec("words", {**WORDS.columns, "word": dtype})
    with pytest.raises(SchemaChanged, match=r"column 'word' holds String in the lake and .* in the code"):
        Lake(str(tmp_path)).store(other).ensure()


def test_types_come_back_as_they_went(tmp_path: Path) -> None:
    spec = TableSpec(
        "typed",
        {
            "when": pl.Date,
            "at": pl.Datetime("us", "UTC"),
            "price": pl.Decimal(10, 2),
            "raw": pl.Binary,
            "score": pl.Float64,
            "small": pl.Int32,
            "yes": pl.Boolean,
            "pieces": pl.List(pl.Struct({"role": pl.String, "tokens": pl.Int64})),
        },
        partition_by="arm",
    )
    row = {
        "when": date(2026, 1, 2),
        "at": None,
        "price": Decimal("1.50"),
        "raw": b"\x00\xff",
        "score": float("inf"),
        "small": -3,
        "yes": False,
        "pieces": [{"role": "evidence", "tokens": 3}, None],
    }
    lake = Lake(str(tmp_path))
    frame = pl.DataFrame([row, dict.fromkeys(row)], schema=spec.columns)
    lake.replace_partition(spec, "no-distractors", frame, recipe=RECIPE)
    back = lake.scan(spec, "no-distractors").select(list(spec.columns)).sort("small", nulls_last=True).collect()
    assert back.to_dicts() == [row, dict.fromkeys(row)]


@pytest.mark.parametrize("columns", [{"digest": pl.String}, {"agent_type": pl.String}, {"status": pl.Int64}])
def test_system_columns_are_taken(columns: dict[str, type[pl.DataType]]) -> None:
    with pytest.raises(ValueError, match="written by the lake itself"):
        TableSpec("words", dict(columns))


@pytest.mark.parametrize("name", ["", "_markers", "a/b"])
def test_a_table_name_is_a_folder_name(name: str) -> None:
    with pytest.raises(ValueError, match="plain folder name"):
        TableSpec(name, {})
