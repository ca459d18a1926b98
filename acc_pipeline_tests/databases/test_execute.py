"""Queries run read-only, inside their limits, and nothing they do reaches a file or outlives its time."""

import os
import sqlite3
import time
from pathlib import Path

import duckdb
import pytest

from acc_pipeline.databases import execute
from acc_pipeline.databases.dump import import_dump
from acc_pipeline.databases.execute import read_tables, run_on_tables, run_query
from acc_pipeline.databases.limits import QueryLimits
from acc_pipeline.databases.statement import PROVEN

SHORT = QueryLimits(seconds=1, memory_mb=256, rows=500)


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same small table as DuckDB file, SQLite file, and folders of CSV and Parquet."""
    folder = tmp_path_factory.mktemp("databases")
    connection = duckdb.connect(str(folder / "d.duckdb"))
    connection.execute("CREATE TABLE t AS SELECT i AS a, 'x' || i AS b FROM range(300) r(i)")
    (folder / "csv").mkdir()
    (folder / "parquet").mkdir()
    connection.execute(f"COPY t TO '{folder}/csv/t.csv'")
    connection.execute(f"COPY t TO '{folder}/parquet/t.parquet'")
    connection.close()
    lite = sqlite3.connect(folder / "s.sqlite")
    lite.execute("CREATE TABLE t (a INTEGER, b TEXT)")
    lite.executemany("INSERT INTO t VALUES (?, ?)", [(i, f"x{i}") for i in range(300)])
    lite.commit()
    lite.close()
    return {
        "duckdb": folder / "d.duckdb",
        "sqlite": folder / "s.sqlite",
        "csv": folder / "csv",
        "parquet": folder / "parquet",
    }


@pytest.mark.parametrize("kind", ["duckdb", "sqlite", "csv", "parquet"])
@pytest.mark.parametrize("dialect", ["", "duckdb", "sqlite", "mysql", "mariadb"])
def test_every_kind_of_database_answers_every_proven_dialect(
    databases: dict[str, Path], kind: str, dialect: str
) -> None:
    result = run_query(databases[kind], "SELECT sum(a), min(b), count(*) FROM t WHERE b LIKE 'x1%'", dialect=dialect)
    assert result.error == ""
    assert result.rows == [(15096, "x1", 111)]


def test_a_dialect_that_is_not_proven_is_refused_by_name(databases: dict[str, Path], tmp_path: Path) -> None:
    for dialect in ("postgres", "postgresql", "snowflake", "tsql"):
        result = run_query(databases["duckdb"], "SELECT 5/2", dialect=dialect)
        assert (result.error_kind, result.rows) == ("dialect", [])
        assert result.error.startswith(f"{dialect} SQL is not run")
        assert "proven: duckdb, mysql, sqlite" in result.error
    halves = {d: run_query(databases["duckdb"], "SELECT 5/2", dialect=d).rows[0][0] for d in PROVEN}
    assert {d: float(str(v)) for d, v in halves.items()} == {"duckdb": 2.5, "mysql": 2.5, "sqlite": 2}
    # the dialect of an imported dump counts where none is given
    dump = tmp_path / "p.sql"
    dump.write_text("CREATE TABLE t (a int); INSERT INTO t VALUES (5);", encoding="utf-8")
    (imported,) = import_dump(dump, dialect="postgres", out_dir=tmp_path)
    assert run_query(imported.path, "SELECT a/2 FROM t").error_kind == "dialect"
    assert run_query(imported.path, "SELECT a//2 FROM t", dialect="duckdb").rows == [(2,)]


HOSTILE = [
    ("ATTACH '/etc/passwd' AS x", {"refused", "syntax"}),
    ("COPY t TO '{tmp}/out.csv'", {"refused"}),
    ("SELECT * FROM read_csv('/etc/passwd')", {"refused", "failed"}),
    ("SELECT * FROM '/etc/passwd'", {"failed"}),
    ("SELECT load_extension('/tmp/x')", {"refused", "failed"}),
    ("DROP TABLE t", {"refused"}),
    ("SELECT 1; DROP TABLE t", {"refused"}),
    ("INSERT INTO t VALUES (1, 'y')", {"refused"}),
    ("PRAGMA writable_schema = 1", {"refused"}),
    ("SET memory_limit = '100GB'", {"refused"}),
    ("WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r", {"timeout", "memory"}),
    ("SELECT count(*) FROM t a, t b, t c, t d", {"timeout"}),
    ("SELECT * FROM t a, t b", {"rows"}),
    ("SELECT a.b FROM t a, t b, t c ORDER BY a.b || b.b || c.b DESC LIMIT 1000", {"memory", "timeout", "rows"}),
    ("SELECT " + "(" * 3000 + "1" + ")" * 3000, {"refused"}),
    ("SELECT '" + "x" * 200_000 + "'", {"refused"}),
    ("not sql at all", {"syntax", "refused"}),
]


@pytest.mark.parametrize(
    ("kind", "dialect"), [("duckdb", "duckdb"), ("sqlite", "sqlite"), ("duckdb", "mysql"), ("csv", "duckdb")]
)
def test_hostile_queries_are_refused_or_stopped(
    databases: dict[str, Path], kind: str, dialect: str, tmp_path: Path
) -> None:
    for sql, kinds in HOSTILE:
        started = time.monotonic()
        result = run_query(databases[kind], sql.replace("{tmp}", str(tmp_path)), dialect=dialect, limits=SHORT)
        assert result.error, sql[:80]
        assert result.error_kind in kinds, (sql[:80], result.error_kind, result.error)
        assert result.rows == []
        assert time.monotonic() - started < 8, sql[:80]
    assert list(tmp_path.iterdir()) == []
    after = run_query(databases[kind], "SELECT count(*) FROM t", dialect=dialect, limits=SHORT)
    assert after.rows == [(300,)]


def test_what_no_interrupt_reaches_is_killed_and_the_next_query_runs(databases: dict[str, Path]) -> None:
    sql = "SELECT 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' REGEXP '(x+x+)+y'"
    result = run_query(databases["duckdb"], sql, dialect="mysql", limits=SHORT)
    assert result.error_kind == "timeout"
    assert "seconds = 1" in result.error
    assert run_query(databases["duckdb"], "SELECT 1", dialect="mysql", limits=SHORT).rows == [(1,)]


def test_a_query_finds_no_environment(databases: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_FOR_TEST", "abc")
    execute.close_children()
    run_query(databases["duckdb"], "SELECT 1", limits=SHORT)
    child = next(c for k, c in execute._children.items() if k[1] == SHORT.memory_mb)
    environment = Path(f"/proc/{child.process.pid}/environ")
    if not environment.exists():
        pytest.skip("no /proc on this machine")
    assert b"SECRET_FOR_TEST" not in environment.read_bytes()


def test_a_killed_child_is_replaced(databases: dict[str, Path]) -> None:
    run_query(databases["duckdb"], "SELECT 1", limits=SHORT)
    child = next(c for k, c in execute._children.items() if k[1] == SHORT.memory_mb)
    os.kill(child.process.pid, 9)
    assert run_query(databases["duckdb"], "SELECT 2", limits=SHORT).rows == [(2,)]


def test_a_database_that_changes_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    for value in (1, 2):
        lite = sqlite3.connect(path)
        lite.execute("CREATE TABLE IF NOT EXISTS t (a INTEGER)")
        lite.execute("INSERT INTO t VALUES (?)", (value,))
        lite.commit()
        lite.close()
        os.utime(path, ns=(value, value))
        assert run_query(path, "SELECT count(*) FROM t").rows == [(value,)]


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    path.write_text("hello")
    result = run_query(path, "SELECT 1")
    assert result.error_kind == "database"
    assert "x.duckdb" in result.error


def broken_database(path: Path, how: str) -> Path:
    """A database of a table t with a long text column, whole at its head and broken behind it."""
    if how == "csv":
        (path / "world").mkdir()
        (path / "world" / "t.parquet").write_bytes(b"PAR1" + b"x" * 500)
        return path / "world"
    file = path / ("world.sqlite" if how == "sqlite" else "world.duckdb")
    rows = [(i, f"{i * 7919 % 1_000_003:0>200}") for i in range(20_000)]
    if how == "sqlite":
        lite = sqlite3.connect(file)
        lite.execute("CREATE TABLE t (a INTEGER, b TEXT)")
        lite.executemany("INSERT INTO t VALUES (?, ?)", rows)
        lite.commit()
        lite.close()
    else:
        with duckdb.connect(str(file)) as connection:
            connection.execute(
                "CREATE TABLE t AS SELECT i AS a, md5(i::VARCHAR) || md5((i + 1)::VARCHAR) AS b FROM range(200000) r(i)"
            )
    content = bytearray(file.read_bytes())
    if how == "truncated":
        content = content[:9000]
    else:
        content[20_000:-20_000] = b"\xa5" * (len(content) - 40_000)
    file.write_bytes(bytes(content))
    return file


@pytest.mark.parametrize("how", ["duckdb", "sqlite", "truncated", "csv"])
@pytest.mark.parametrize("dialect", ["duckdb", "sqlite", "mysql"])
def test_a_database_that_breaks_while_it_is_read_is_told_from_a_bad_query(
    tmp_path: Path, how: str, dialect: str
) -> None:
    path = broken_database(tmp_path, how)
    result = run_query(path, "SELECT max(b), sum(a) FROM t", dialect=dialect)
    assert (result.error_kind, result.rows) == ("database", []), result.error
    # and a whole file in its place is read, the same process still living
    whole = sqlite3.connect(tmp_path / "whole.sqlite")
    whole.execute("CREATE TABLE t (a INTEGER, b TEXT)")
    whole.execute("INSERT INTO t VALUES (1, 'x')")
    whole.commit()
    whole.close()
    if path.is_file():
        os.replace(tmp_path / "whole.sqlite", path)
        assert run_query(path, "SELECT max(b), sum(a) FROM t", dialect=dialect).rows == [("x", 1)]
    assert run_query(tmp_path / "nothing.duckdb", "SELECT 1", dialect=dialect).error_kind == "database"


def test_values_cross_the_process_boundary_with_their_types(tmp_path: Path) -> None:
    path = tmp_path / "v.duckdb"
    connection = duckdb.connect(str(path))
    connection.execute(
        "CREATE TABLE v AS SELECT 170141183460469231731687303715884105727::HUGEINT h, 1.50::DECIMAL(9,2) d, "
        "DATE '2020-01-02' dy, TIMESTAMP '2020-01-02 03:04:05.5' ts, TIME '01:02:03' tm, "
        "'\\xC3\\xA9'::BLOB bl, true bo, "
        "NULL::INTEGER n, [1, NULL] l, 78.4::FLOAT f"
    )
    connection.close()
    (table,) = read_tables(path).tables
    names = [type(v).__name__ for v in table.rows[0]]
    assert names == ["int", "Decimal", "date", "datetime", "time", "bytes", "bool", "NoneType", "str", "float"]
    again = run_on_tables([table], "SELECT * FROM v", dialect="duckdb")
    assert again.rows == table.rows
    assert again.types == table.types


def test_tables_that_are_missing_or_too_large_are_told(databases: dict[str, Path]) -> None:
    read = read_tables(databases["duckdb"], ["T", "nobody"], max_rows=10)
    assert read.tables == []
    assert read.problems == {"T": "300 rows", "nobody": "missing"}


def test_a_process_that_earlier_queries_have_filled_is_replaced_before_a_query_is_blamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "small.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS n")
    execute.close_children()
    assert run_query(path, "SELECT n FROM t").rows == [(1,)]
    real, asked = execute.QueryProcess.ask, []

    def ask(child, request, *, seconds):
        asked.append(child.process.pid)
        full = child.asked > 0  # the fault: a process that has served before has no memory left
        return {"error": "no memory", "kind": "memory"} if full else real(child, request, seconds=seconds)

    monkeypatch.setattr(execute.QueryProcess, "ask", ask)
    assert run_query(path, "SELECT n FROM t").rows == [(1,)]
    assert len(set(asked)) == 2
