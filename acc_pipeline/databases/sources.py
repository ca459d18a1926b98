"""Reading whole tables out of any database: DuckDB, SQLite, folders of CSV or Parquet, or tables in memory.

Runs in the query process only, because the files may be hostile. Queries are the engines' business.
"""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from acc_pipeline.databases.catalog import Unreadable, kind, table_files
from acc_pipeline.databases.tables import Table
from acc_pipeline.databases.values import family

META_SCHEMA = "acc_meta"


class Source(Protocol):
    """`names` maps lower-case table names to stored ones; `read` gives a table whole, in stored order."""

    def names(self) -> dict[str, str]: ...

    def count(self, name: str) -> int: ...

    def read(self, name: str) -> Table: ...

    def dialect(self) -> str: ...

    def close(self) -> None: ...


class TooLarge(ValueError):
    """A table has more rows than the limits allow to copy."""


@contextlib.contextmanager
def reading() -> Iterator[None]:
    """What fails in here is the database's fault, not a query's: it is raised as Unreadable. Lack of memory is not."""
    import duckdb

    try:
        yield
    except duckdb.OutOfMemoryException:
        raise
    except (sqlite3.Error, duckdb.Error, OSError) as error:
        raise Unreadable(f"the database cannot be read: {error}") from error


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def open_duckdb(path: Path | None, *, memory_mb: int) -> Any:
    """A DuckDB connection, read-only when it is a file, still able to read files: `lock_duckdb` ends that."""
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{memory_mb}MB",
        "threads": 1,
        "temp_directory": "",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "python_enable_replacements": False,
    }
    return duckdb.connect(str(path) if path else ":memory:", read_only=path is not None, config=config)


def lock_duckdb(connection: Any) -> None:
    """No file, no network, no extension, and no way back."""
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def duckdb_value_columns(columns: Sequence[str], types: Sequence[str]) -> str:
    """A select list in which columns without a Python value of their own (lists, intervals …) come as text."""
    return ", ".join(
        f"CAST({identifier(c)} AS VARCHAR)" if family(t) == "other" else identifier(c)
        for c, t in zip(columns, types, strict=True)
    )


class DuckSource:
    """Tables of an open DuckDB connection (schema main, and every other schema but the project's own)."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self._schemas: dict[str, str] = {}

    def names(self) -> dict[str, str]:
        rows = self.connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables "
            f"WHERE table_catalog = current_catalog() AND table_schema <> '{META_SCHEMA}' "
            "ORDER BY table_schema = 'main', table_name"
        ).fetchall()
        self._schemas = {name: schema for schema, name in rows}
        return {name.lower(): name for _, name in rows}

    def _qualified(self, name: str) -> str:
        if name not in self._schemas:
            self.names()
        return f"{identifier(self._schemas[name])}.{identifier(name)}"

    def count(self, name: str) -> int:
        return int(self.connection.execute(f"SELECT count(*) FROM {self._qualified(name)}").fetchall()[0][0])

    def read(self, name: str) -> Table:
        described = self.connection.execute(f"DESCRIBE {self._qualified(name)}").fetchall()
        columns, types = [str(d[0]) for d in described], [str(d[1]) for d in described]
        types = ["VARCHAR" if t.upper().startswith("ENUM") else t for t in types]
        select = duckdb_value_columns(columns, types)
        rows = self.connection.execute(f"SELECT {select} FROM {self._qualified(name)}").fetchall()
        return Table(name=name, columns=columns, types=types, rows=rows)

    def dialect(self) -> str:
        found = self.connection.execute(
            "SELECT count(*) FROM information_schema.tables "
            f"WHERE table_schema = '{META_SCHEMA}' AND table_name = 'imported'"
        ).fetchall()
        if not found[0][0]:
            return "duckdb"
        rows = self.connection.execute(f"SELECT dialect FROM {META_SCHEMA}.imported").fetchall()
        return str(rows[0][0]) if rows else "duckdb"

    def close(self) -> None:
        self.connection.close()


class SqliteSource:
    """Tables of an SQLite file, opened so that nothing is written beside it."""

    def __init__(self, path: Path) -> None:
        uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        self.connection = sqlite3.connect(uri, uri=True, isolation_level=None)
        # Bytes that are not UTF-8 stay themselves as lone surrogates rather than fail the table.
        self.connection.text_factory = lambda b: b.decode("utf-8", "surrogateescape")

    def names(self) -> dict[str, str]:
        rows = self.connection.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        ).fetchall()
        return {name.lower(): name for (name,) in rows}

    def count(self, name: str) -> int:
        return int(self.connection.execute(f"SELECT count(*) FROM {identifier(name)}").fetchone()[0])

    def read(self, name: str) -> Table:
        described = self.connection.execute(f"PRAGMA table_info({identifier(name)})").fetchall()
        columns = [str(d[1]) for d in described]
        # SQLite's FLOAT is double precision; elsewhere FLOAT is single.
        types = ["DOUBLE" if family(str(d[2])) == "float32" else str(d[2]) or "ANY" for d in described]
        rows = self.connection.execute(f"SELECT * FROM {identifier(name)}").fetchall()
        return Table(name=name, columns=columns, types=types, rows=rows)

    def dialect(self) -> str:
        return "sqlite"

    def close(self) -> None:
        self.connection.close()


class MemorySource:
    """Tables that are already here, for example parsed back from a prompt."""

    def __init__(self, tables: Sequence[Table], *, dialect: str = "") -> None:
        self._tables = {t.name.lower(): t for t in tables}
        self._dialect = dialect

    def names(self) -> dict[str, str]:
        return {key: table.name for key, table in self._tables.items()}

    def count(self, name: str) -> int:
        return len(self._tables[name.lower()].rows)

    def read(self, name: str) -> Table:
        return self._tables[name.lower()]

    def dialect(self) -> str:
        return self._dialect

    def close(self) -> None:
        self._tables = {}


def open_source(path: Path, *, memory_mb: int) -> Source:
    """The tables of a database on disk. A folder is read whole into memory, then file access is shut for good."""
    what = kind(path)
    if what == "sqlite":
        return SqliteSource(path)
    if what == "duckdb":
        connection = open_duckdb(path, memory_mb=memory_mb)
        lock_duckdb(connection)
        return DuckSource(connection)
    files = table_files(path)
    if not files:
        raise Unreadable(f"{path} holds no .csv or .parquet file; put one file a table there")
    connection = open_duckdb(None, memory_mb=memory_mb)
    for name, file in files.items():
        literal = str(file).replace("'", "''")
        if file.suffix.lower() == ".parquet":
            reader = f"read_parquet('{literal}')"
        else:  # the whole file decides the types, not a sample
            reader = f"read_csv('{literal}', header = true, sample_size = -1)"
        connection.execute(f"CREATE TABLE {identifier(name)} AS SELECT * FROM {reader}")
    lock_duckdb(connection)
    return DuckSource(connection)
