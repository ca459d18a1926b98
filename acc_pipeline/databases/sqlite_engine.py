"""Queries on SQLite, on copies of the tables they name: its own dialect, and MySQL's through `mysql_rewrite`.

Runs in the query process only. A copy has no indexes, so the same rows in the same order always give the same answer,
whether they come from a database or from the text of a prompt.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from acc_pipeline.databases.mysql_functions import FUNCTIONS, cast, date_add
from acc_pipeline.databases.mysql_kinds import kind_of_type
from acc_pipeline.databases.mysql_rewrite import rewrite
from acc_pipeline.databases.mysql_values import (
    collate,
    comparable_date,
    date_number,
    divide,
    like,
    number,
    rounded,
    whole_divide,
)
from acc_pipeline.databases.sources import Source, TooLarge, identifier, reading
from acc_pipeline.databases.statement import StatementError, tables_of
from acc_pipeline.databases.tables import Table
from acc_pipeline.databases.values import Value, family, float32, short_float32

_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_FORBIDDEN_FUNCTIONS = {"load_extension", "fts3_tokenizer", "readfile", "writefile", "edit", "random", "randomblob"}
_TYPES = {
    "int": "INTEGER",
    "float": "DOUBLE",
    "float32": "FLOAT",
    "text": "VARCHAR",
    "date": "DATE",
    "datetime": "TIMESTAMP",
}


class _First:
    """The first value of a group in the order in which rows are read: what MySQL gives for a column not grouped by."""

    def __init__(self) -> None:
        self.value: Any = None
        self.seen = False

    def step(self, value: Any) -> None:
        if not self.seen:
            self.value, self.seen = value, True

    def finalize(self) -> Any:
        return self.value


def _tuple(*values: Any) -> str | None:
    """Several columns as one value, for COUNT(DISTINCT a, b), which leaves out rows with a NULL."""
    return None if any(v is None for v in values) else json.dumps([str(v) for v in values])


def _authorize(action: int, first: str | None, second: str | None, *_: Any) -> int:
    if action not in _ALLOWED or (action == sqlite3.SQLITE_FUNCTION and (second or "") in _FORBIDDEN_FUNCTIONS):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


def _stored(value: Value) -> Any:
    """A value as SQLite stores it; dates are ISO text, exact decimals become doubles."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, (int, float, str, bytes)):
        return int(value) if isinstance(value, bool) else value
    return value.isoformat()


class SqliteEngine:
    """One database as seen by one dialect (`mysql` or `sqlite`)."""

    def __init__(self, source: Source, *, mysql: bool, memory_mb: int, table_rows: int) -> None:
        self.source, self.mysql, self.table_rows = source, mysql, table_rows
        self.names = source.names()
        self.loaded: dict[str, dict[str, str]] = {}
        self.connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self.connection.text_factory = lambda b: b.decode("utf-8", "surrogateescape")
        self.connection.execute(f"PRAGMA hard_heap_limit = {memory_mb * 1024 * 1024}")
        self.connection.execute("PRAGMA temp_store = MEMORY")
        self.connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 64 * 1024 * 1024)
        self.connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        if mysql:
            # SQLite before 3.41 puts a Bloom filter on automatic indexes that takes texts of different length for
            # different; here trailing spaces do not count. Joins get indexes of their own instead: see `run`.
            self.connection.execute("PRAGMA automatic_index = OFF")
        self.deadline = float("inf")
        self.connection.set_progress_handler(lambda: int(time.monotonic() > self.deadline), 20_000)
        if mysql:
            self._mysql_functions()

    def _mysql_functions(self) -> None:
        add = self.connection.create_function
        self.connection.create_collation("mysql_ci", collate)
        add("like", 2, like, deterministic=True)
        add("like", 3, like, deterministic=True)
        for name, (function, _) in FUNCTIONS.items():
            add(f"my_{name}", -1, function, deterministic=True)
        own: dict[str, tuple[int, Callable[..., Any]]] = {
            "num": (1, number), "datenum": (1, date_number), "dt": (1, comparable_date), "div": (3, divide),
            "intdiv": (2, whole_divide), "rounded": (2, rounded), "cast": (3, cast), "date_add": (3, date_add),
            "tuple": (-1, _tuple),
        }  # fmt: skip
        for name, (count, function) in own.items():
            add(f"my_{name}", count, function, deterministic=True)
        self.connection.create_aggregate("my_first", 1, _First)

    def interrupt(self) -> None:
        self.connection.interrupt()

    def _load(self, wanted: Iterable[str]) -> None:
        self.connection.set_authorizer(None)
        for name in wanted:
            key = name.lower()
            if key in self.loaded:
                continue
            if key not in self.names:
                raise StatementError(
                    "failed", f"there is no table {name!r}; tables here: {', '.join(self.names.values())}"
                )
            stored = self.names[key]
            with reading():
                count = self.source.count(stored)
            if count > self.table_rows:
                raise TooLarge(f"table {stored} has {count} rows, more than table_rows = {self.table_rows}")
            with reading():
                table = self.source.read(stored)
            self._create(table)
            # Views and CTE-like names read nothing else here: a view was read as its rows.

    def _create(self, table: Table) -> None:
        columns = []
        for column, type_name in zip(table.columns, table.types, strict=True):
            if self.mysql:
                kind = kind_of_type(type_name)
                declared = {"int": "INTEGER", "": "BLOB"}.get(kind, "REAL" if kind[:3] in ("flo", "dec") else "TEXT")
                if declared == "TEXT":
                    declared += " COLLATE mysql_ci"
            else:
                declared = "" if type_name == "ANY" else type_name.replace(";", "")
            columns.append(f"{identifier(column)} {declared}")
        self.connection.execute(f"CREATE TABLE {identifier(table.name)} ({', '.join(columns)})")
        single = {i for i, t in enumerate(table.types) if family(t) == "float32"}
        rows = (
            [float32(v) if i in single and isinstance(v, float) else _stored(v) for i, v in enumerate(row)]
            for row in table.rows
        )
        marks = ", ".join("?" * len(table.columns))
        self.connection.execute("BEGIN")
        self.connection.executemany(f"INSERT INTO {identifier(table.name)} VALUES ({marks})", rows)
        self.connection.execute("COMMIT")
        self.loaded[table.name.lower()] = {
            c.lower(): kind_of_type(t) for c, t in zip(table.columns, table.types, strict=True)
        }

    def _fetch(self, text: str, rows: int) -> tuple[list[str], list[tuple[Value, ...]]]:
        self.connection.set_authorizer(_authorize)
        cursor = self.connection.execute(text)
        try:
            return [d[0] for d in cursor.description], cursor.fetchmany(rows + 1)
        finally:
            cursor.close()

    def run(self, sql: str, *, dialect: str, rows: int) -> tuple[list[str], list[str], list[tuple[Value, ...]]]:
        """Columns, types and at most `rows + 1` rows; raises sqlite3.Error, TooLarge or StatementError."""
        self._load(tables_of(sql, dialect=dialect))
        if not self.mysql:
            columns, result = self._fetch(sql, rows)
            return columns, ["ANY"] * len(columns), result
        query = rewrite(sql, self.loaded)
        # Dropped again: what was asked before must not change a plan, and with it the order of ties.
        indexes = [f"my_index_{n}" for n in range(len(query.joins))]
        try:
            for index, (table, column) in zip(indexes, query.joins, strict=True):
                self.connection.execute(f"CREATE INDEX {index} ON {identifier(table)} ({identifier(column)})")
            columns, result = self._fetch(query.sql, rows)
        finally:
            self.connection.set_authorizer(None)
            self.deadline = float("inf")
            for index in indexes:
                self.connection.execute(f"DROP INDEX IF EXISTS {index}")
        kinds = query.kinds
        kinds = kinds if len(kinds) == len(columns) else [""] * len(columns)
        if any(k == "float32" or k.startswith("dec:") for k in kinds):
            result = [tuple(_shown(v, k) for v, k in zip(row, kinds, strict=True)) for row in result]
        return (
            columns,
            [_TYPES.get(k, f"DECIMAL(38,{k[4:]})" if k.startswith("dec:") else "ANY") for k in kinds],
            result,
        )


def _shown(value: Value, kind: str) -> Value:
    """A result value as MySQL prints it: single-precision numbers short, exact numbers with their own digits."""
    if not isinstance(value, float):
        return value
    if kind == "float32" and float32(value) == value:
        return float(short_float32(value))
    return rounded(value, int(kind[4:])) if kind.startswith("dec:") else value
