"""Queries on DuckDB, in its own dialect.

Runs in the query process only. MySQL and SQLite have an engine of their own; nothing is translated to DuckDB, because
the same words mean other things there.
"""

from typing import Any

from acc_pipeline.databases.sources import (
    DuckSource,
    Source,
    duckdb_value_columns,
    identifier,
    lock_duckdb,
    open_duckdb,
)
from acc_pipeline.databases.statement import StatementError, parse_query, proven_dialect
from acc_pipeline.databases.tables import Table
from acc_pipeline.databases.values import Value, family


def load_table(connection: Any, table: Table) -> None:
    """Create `table` with its own types. Types that DuckDB does not know (SQLite's) become the nearest one."""
    import duckdb

    types = []
    for name in table.types:
        try:
            connection.execute(f"SELECT CAST(NULL AS {name})")
            types.append(name)
        except duckdb.Error:
            types.append({"int": "BIGINT", "float": "DOUBLE", "float32": "FLOAT"}.get(family(name), "VARCHAR"))
    columns = ", ".join(f"{identifier(c)} {t}" for c, t in zip(table.columns, types, strict=True))
    connection.execute(f"CREATE TABLE {identifier(table.name)} ({columns})")
    if table.rows:
        marks = ", ".join(f"CAST(? AS {t})" for t in types)
        connection.execute("BEGIN")
        connection.executemany(f"INSERT INTO {identifier(table.name)} VALUES ({marks})", table.rows)
        connection.execute("COMMIT")


class DuckEngine:
    """Runs queries on one database: on an open DuckDB file or folder itself, else on a copy in memory."""

    def __init__(self, source: Source, *, memory_mb: int, table_rows: int) -> None:
        self.cursor: Any = None
        if isinstance(source, DuckSource):
            self.connection = source.connection
            return
        self.connection = open_duckdb(None, memory_mb=memory_mb)
        for name in source.names().values():
            if source.count(name) > table_rows:
                continue  # a query that needs it fails with "table does not exist", which names it
            load_table(self.connection, source.read(name))
        lock_duckdb(self.connection)

    def interrupt(self) -> None:
        if self.cursor is not None:
            self.cursor.interrupt()
        self.connection.interrupt()

    def run(self, sql: str, *, dialect: str, rows: int) -> tuple[list[str], list[str], list[tuple[Value, ...]]]:
        """Columns, types and at most `rows + 1` rows; raises duckdb.Error or StatementError."""
        parse_query(sql, dialect=proven_dialect(dialect))
        text = sql.strip().rstrip(";")
        statements = self.connection.extract_statements(text)
        if len(statements) != 1 or statements[0].type.name != "SELECT":  # what counts is DuckDB's own reading
            raise StatementError("refused", "only one query (SELECT …) is run")
        described = self.connection.execute(f"DESCRIBE {text}").fetchall()
        columns, types = [str(d[0]) for d in described], [str(d[1]) for d in described]
        kinds = [family(t) for t in types]
        if "other" in kinds and len(set(columns)) == len(columns):
            text = f"SELECT {duckdb_value_columns(columns, types)} FROM ({text}) AS answer"
        self.cursor = self.connection.cursor()
        try:
            self.cursor.execute(text)
            result = [tuple(_plain(v) for v in row) for row in self.cursor.fetchmany(rows + 1)]
        finally:
            self.cursor.close()
            self.cursor = None
        return columns, types, result


def _plain(value: Any) -> Value:
    """Values that have no wire form (only left when two columns share a name) as their text."""
    if value is None or isinstance(value, (bool, int, float, str, bytes)):
        return value
    if type(value).__module__ in ("datetime", "decimal") and type(value).__name__ != "timedelta":
        return value
    return str(value)
