"""Importing an SQL dump: one DuckDB file a database, with the dump's types, row counts checked against the dump.

USE, CREATE TABLE and INSERT are read (through sqlglot); nothing of the dump is executed, so a statement that would
change rows or columns in another way is an error, and what changes neither (keys, views, grants …) is left out. The
dialect is kept in the file, because queries for such a database are written in it.
"""

import hashlib
import os
import re
from pathlib import Path
from typing import Any

import msgspec

from acc_pipeline.databases.dump_statements import count_rows, numbered_statements, split_actions
from acc_pipeline.databases.sources import META_SCHEMA, identifier
from acc_pipeline.databases.values import family

RULES_VERSION = 2
_TYPES = {
    "BIT": "BIGINT", "YEAR": "INTEGER", "MEDIUMINT": "INTEGER", "UMEDIUMINT": "INTEGER", "DATETIME": "TIMESTAMP",
    "TIMESTAMPTZ": "TIMESTAMP", "TIMESTAMPLTZ": "TIMESTAMP", "TIME": "VARCHAR",
}  # fmt: skip
_TEXT = re.compile(r"(CHAR|TEXT|ENUM|SET|JSON|UUID|INTERVAL|INET)")
_BYTES = re.compile(r"(BLOB|BINARY)")
_CHANGES = {
    "UPDATE", "DELETE", "TRUNCATE", "MERGE", "LOAD", "RENAME", "CALL", "EXEC", "EXECUTE", "DO", "WITH", "ROLLBACK",
}  # fmt: skip
# Actions of ALTER TABLE that leave rows, columns, types and names as they are.
_HARMLESS = re.compile(
    r"""(?ix)
    ADD\s+(CONSTRAINT|PRIMARY|UNIQUE|INDEX|KEY|FOREIGN|FULLTEXT|SPATIAL|CHECK)\b | OWNER\b | (EN|DIS)ABLE\b | COMMENT\b
  | ALTER\s+(COLUMN\s+)?\S+\s+((SET|DROP)\s+(DEFAULT|NOT\s+NULL|STATISTICS|STORAGE)|SET\s+STORAGE|ADD\s+GENERATED)\b
  | DROP\s+(CONSTRAINT|PRIMARY|INDEX|KEY|FOREIGN|CHECK)\b | VALIDATE\b | CLUSTER\b | REPLICA\b
  | SET\s*\( | SET\s+TABLESPACE\b
  | MODIFY\b.*\bAUTO_INCREMENT\b | (AUTO_INCREMENT|ENGINE|ROW_FORMAT)\b | (DEFAULT\s+)?(CHARSET|CHARACTER|COLLATE)\b
    """,
    re.DOTALL,
)
_NAME = r"""(?:[`"\[][^`"\]]+[`"\]]|[^\s.,(]+)"""
_ALTER = re.compile(rf"(?is)ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?{_NAME}(?:\.{_NAME})*\s*(?P<actions>.*)")
_DROP = re.compile(
    r"(?is)DROP\s+(?:TEMPORARY\s+)?TABLE\s+(?:IF\s+EXISTS\s+)?(?P<names>.*?)(?:\s+(?:CASCADE|RESTRICT))?"
)
_SAFE = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9_.\- ]*$")


class DumpError(ValueError):
    """The dump cannot be imported; the message names the statement and what to do."""


class ImportedDatabase(msgspec.Struct, frozen=True, kw_only=True):
    """`tables`: name -> rows stored. `checked`: rows counted in the dump's text, on another route, are the same.
    `notes`: columns whose values do not fit their declared type and are kept as text."""

    name: str
    path: Path
    tables: dict[str, int]
    checked: bool
    notes: list[str] = []


class _Table:
    def __init__(self, name: str, columns: list[str], types: list[str], *, schema: str = "") -> None:
        self.name, self.columns, self.types, self.schema = name, columns, types, schema
        self.rows: list[list[str | bytes | None]] = []
        self.counted = 0


def _duckdb_type(kind: Any) -> str:
    """The DuckDB type of a declared column type (an sqlglot DataType)."""
    from sqlglot import exp

    name = kind.this.name if isinstance(kind.this, exp.DType) else str(kind.this).upper()
    if _BYTES.search(name):
        return "BLOB"
    if _TEXT.search(name):
        return "VARCHAR"
    if name in ("DECIMAL", "UDECIMAL"):
        sizes = [e.name for e in kind.expressions] or ["10", "0"]
        return f"DECIMAL({sizes[0]},{sizes[1] if len(sizes) > 1 else 0})" if int(sizes[0]) <= 38 else "DOUBLE"
    if name in ("FLOAT", "DOUBLE", "UDOUBLE"):
        return "FLOAT" if name == "FLOAT" else "DOUBLE"
    return _TYPES.get(name) or str(exp.DataType(this=kind.this).sql(dialect="duckdb"))


def _literal(node: Any) -> str | bytes | None:
    """A value of an INSERT as text (numbers keep their digits), bytes, or None; raises DumpError for an expression."""
    from sqlglot import exp

    if isinstance(node, exp.Null):
        return None
    if isinstance(node, exp.Literal):
        return str(node.this)
    if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal):
        return f"-{node.this.this}"
    if isinstance(node, exp.Boolean):
        return "1" if node.this else "0"
    if isinstance(node, exp.HexString):
        return bytes.fromhex(str(node.this).removeprefix("0x"))
    if isinstance(node, exp.BitString):
        return str(int(node.this, 2))
    if isinstance(node, (exp.Introducer, exp.Cast, exp.Paren, exp.National)):
        return _literal(node.expression if isinstance(node, exp.Introducer) else node.this)
    raise DumpError(f"a value of the dump is no literal: {node.sql()[:80]}; dump the data itself, not expressions")


class _Reader:
    """Collects the tables of each database of a dump."""

    def __init__(self, dialect: str, default_name: str) -> None:
        self.dialect, self.current = dialect, default_name
        self.databases: dict[str, dict[str, _Table]] = {}

    def read(self, text: str) -> None:
        """Read all statements; an error names the line and the statement."""
        line, statement = 1, ""
        try:
            for line, statement in numbered_statements(text, dialect=self.dialect):  # noqa: B007
                self.statement(statement)
        except DumpError as error:
            shown = " ".join(statement[:120].split())[:80]
            raise DumpError(f"line {line}: {error} (statement: {shown})") from error
        except (ValueError, AttributeError, TypeError) as error:  # sqlglot gave a tree of another shape
            shown = " ".join(statement[:120].split())[:80]
            raise DumpError(f"line {line}: cannot be read as {self.dialect}: {error} (statement: {shown})") from error

    def statement(self, text: str) -> None:
        head = re.match(r"[A-Za-z]+(\s+[A-Za-z]+)?", text)
        words = head.group().upper().split() if head else [""]
        if words[0] == "USE":
            self.current = text.split(None, 1)[1].strip('`"[] \n')
        elif words == ["CREATE", "TABLE"] or words[:2] == ["CREATE", "TEMPORARY"]:
            self.create(text)
        elif words[0] in ("INSERT", "REPLACE"):
            self.insert(text)
        elif words[0] == "COPY":
            raise DumpError("the dump holds COPY … FROM stdin; make it with INSERT statements (pg_dump --inserts)")
        elif words == ["DROP", "TABLE"] or words == ["DROP", "TEMPORARY"]:
            self.drop(text)
        elif words[0] in _CHANGES:
            raise DumpError(
                f"{words[0]} would change the data and is not carried out; dump the data as it is in the end"
            )
        elif words == ["ALTER", "TABLE"]:
            self.alter(text)

    def alter(self, text: str) -> None:
        found = _ALTER.fullmatch(text)
        actions = split_actions(found["actions"], dialect=self.dialect) if found else [text]
        for action in actions:
            if not _HARMLESS.match(action):
                raise DumpError(
                    f"ALTER TABLE … {action[:60]} would change the table; dump the table as it is in the end"
                )

    def drop(self, text: str) -> None:
        found = _DROP.fullmatch(text)
        for name in found["names"].split(",") if found else []:
            bare = name.strip().rsplit(".", 1)[-1].strip('`"[] \n')
            self.databases.get(self.current, {}).pop(bare.lower(), None)

    def _parse(self, text: str) -> Any:
        import sqlglot
        from sqlglot.errors import SqlglotError

        try:
            return sqlglot.parse_one(text, read=self.dialect)
        except (SqlglotError, RecursionError) as error:
            reason = str(error).splitlines()[0]
            raise DumpError(f"not {self.dialect} SQL: {text[:60]!r}…: {reason}; name the dump's own dialect") from error

    def create(self, text: str) -> None:
        from sqlglot import exp

        tree = self._parse(text)
        schema = tree.this
        if not isinstance(tree, exp.Create) or not isinstance(schema, exp.Schema):
            raise DumpError(f"CREATE TABLE without columns: {text[:60]!r}; only plain tables are imported")
        columns = [c for c in schema.expressions if isinstance(c, exp.ColumnDef)]
        names = [c.name for c in columns]
        twice = [n for i, n in enumerate(names) if n.lower() in {m.lower() for m in names[:i]}]
        if twice:
            raise DumpError(
                f"table {schema.this.name} has column {twice[0]!r} twice (case does not matter); rename one"
            )
        types = [_duckdb_type(c.kind) if c.kind is not None else "VARCHAR" for c in columns]
        table = _Table(schema.this.name, names, types, schema=schema.this.db)
        tables = self.databases.setdefault(self.current, {})
        other = tables.get(table.name.lower())
        if other is not None:
            both = " and ".join(f"{t.schema}.{t.name}".lstrip(".") for t in (other, table))
            raise DumpError(f"two tables of one name: {both} (neither schema nor case is kept); dump them apart")
        tables[table.name.lower()] = table

    def insert(self, text: str) -> None:
        from sqlglot import exp

        tree = self._parse(text)
        if not isinstance(tree, exp.Insert):
            raise DumpError("this INSERT cannot be read; dump plain INSERT … VALUES")
        target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        table = self.databases.get(self.current, {}).get(target.name.lower())
        if table is None:
            raise DumpError(f"INSERT INTO {target.name} before its CREATE TABLE; dump structure and data together")
        if target.db and table.schema and target.db.lower() != table.schema.lower():
            raise DumpError(f"INSERT INTO {target.db}.{target.name}, but the table is {table.schema}.{table.name}")
        if not isinstance(tree.expression, exp.Values):
            raise DumpError(f"INSERT INTO {target.name} without VALUES; dump the data itself")
        order = list(range(len(table.columns)))
        if isinstance(tree.this, exp.Schema):
            positions = {c.lower(): i for i, c in enumerate(table.columns)}
            unknown = [c.name for c in tree.this.expressions if c.name.lower() not in positions]
            if unknown:
                raise DumpError(f"INSERT INTO {target.name}: there is no column {unknown[0]!r}")
            order = [positions[c.name.lower()] for c in tree.this.expressions]
        for row in tree.expression.expressions:
            cells = row.expressions if isinstance(row, exp.Tuple) else [row.unnest()]
            if len(cells) != len(order):
                raise DumpError(f"INSERT INTO {target.name}: a row of {len(cells)} values for {len(order)} columns")
            values: list[str | bytes | None] = [None] * len(table.columns)
            for position, cell in zip(order, cells, strict=True):
                values[position] = _literal(cell)
            table.rows.append(values)
        table.counted += count_rows(text, dialect=self.dialect)


def _store(connection: Any, table: _Table, notes: list[str]) -> int:
    """Write one table; a column that its declared type cannot hold exactly is kept as text and noted."""
    import pyarrow as pa

    types = list(table.types)
    arrays = {}
    for index, (column, type_name) in enumerate(zip(table.columns, table.types, strict=True)):
        values = [row[index] for row in table.rows]
        if type_name == "BLOB":
            arrays[f"c{index}"] = pa.array([v.encode() if isinstance(v, str) else v for v in values], pa.binary())
            continue
        texts = [v.decode("utf-8", "replace") if isinstance(v, bytes) else v for v in values]
        arrays[f"c{index}"] = pa.array(texts, pa.string())
        if family(type_name) != "text":
            probe = pa.table({"c": arrays[f"c{index}"]})
            connection.register("probe", probe)
            bad = connection.execute(
                f"SELECT c FROM probe WHERE c IS NOT NULL AND try_cast(c AS {type_name}) IS NULL LIMIT 1"
            ).fetchall()
            connection.unregister("probe")
            if bad:
                types[index] = "VARCHAR"
                notes.append(f"{table.name}.{column}: {bad[0][0]!r} is no {type_name}; the column is kept as text")
    columns = ", ".join(f"{identifier(c)} {t}" for c, t in zip(table.columns, types, strict=True))
    connection.execute(f"CREATE TABLE {identifier(table.name)} ({columns})")
    if table.rows:
        connection.register("batch", pa.table(arrays))
        select = ", ".join(f"CAST(c{i} AS {t})" for i, t in enumerate(types))
        connection.execute(f"INSERT INTO {identifier(table.name)} SELECT {select} FROM batch")
        connection.unregister("batch")
    return int(connection.execute(f"SELECT count(*) FROM {identifier(table.name)}").fetchall()[0][0])


def _write(path: Path, tables: dict[str, _Table], *, dialect: str, digest: str) -> tuple[dict[str, int], list[str]]:
    import duckdb
    import pyarrow as pa

    # Beside its final place and renamed when whole: a killed import leaves no half database to be found.
    scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    scratch.unlink(missing_ok=True)
    notes: list[str] = []
    connection = duckdb.connect(str(scratch))
    try:
        counts = {t.name: _store(connection, t, notes) for t in tables.values()}
        connection.execute(f"CREATE SCHEMA {META_SCHEMA}")
        connection.execute(
            f"CREATE TABLE {META_SCHEMA}.imported "
            "(dialect VARCHAR, dump_sha256 VARCHAR, rules INTEGER, notes VARCHAR[])"
        )
        row = [dialect, digest, RULES_VERSION, notes]
        connection.execute(f"INSERT INTO {META_SCHEMA}.imported VALUES (?, ?, ?, ?)", row)
    except (duckdb.Error, pa.ArrowException) as error:
        connection.close()
        scratch.unlink(missing_ok=True)
        raise DumpError(f"database {path.stem} cannot be stored: {str(error).splitlines()[0]}") from error
    finally:
        connection.close()
    os.replace(scratch, path)
    return counts, notes


def _stored(path: Path, digest: str) -> tuple[dict[str, int], list[str]] | None:
    """Counts and notes of a file that this very dump was imported to: it stays as it is, as does its digest."""
    import duckdb

    if not path.is_file():
        return None
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            query = f"SELECT notes FROM {META_SCHEMA}.imported WHERE dump_sha256 = ? AND rules = ?"
            found = connection.execute(query, [digest, RULES_VERSION]).fetchall()
            names = connection.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'").fetchall()
            counts = {
                n: int(connection.execute(f"SELECT count(*) FROM {identifier(n)}").fetchall()[0][0]) for (n,) in names
            }
    except duckdb.Error:
        return None  # another program's file, or a broken one: replaced
    return (counts, list(found[0][0])) if found else None


def _known(dialect: str) -> None:
    from sqlglot.dialects.dialect import Dialects

    allowed = sorted(one.value for one in Dialects if one.value)
    if dialect not in allowed:
        raise DumpError(f"dialect {dialect!r} is not known; allowed: {', '.join(allowed)}")


def import_dump(path: Path, *, dialect: str, out_dir: Path) -> list[ImportedDatabase]:
    """Write one `<name>.duckdb` into `out_dir` for each database of the dump (the dump's own name if it names none).

    Raises DumpError when a statement cannot be read, a name is unfit for a file, or the stored rows are not as many as
    the rows counted in the dump's text.
    """
    _known(dialect)
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DumpError(f"{path.name} is not UTF-8 (byte {error.start}); make the dump in UTF-8") from error
    reader = _Reader(dialect, path.stem)
    reader.read(text)
    if not reader.databases:
        raise DumpError(f"{path.name} holds no CREATE TABLE that {dialect} understands; is it an SQL dump?")
    out_dir.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(raw).hexdigest()
    imported = []
    for name, tables in reader.databases.items():
        if not _SAFE.match(name):
            raise DumpError(f"database name {name!r} cannot be a file name; rename it in the dump")
        target = out_dir / f"{name}.duckdb"
        counts, notes = _stored(target, digest) or _write(target, tables, dialect=dialect, digest=digest)
        wrong = {t.name: (counts.get(t.name), t.counted) for t in tables.values() if counts.get(t.name) != t.counted}
        if wrong:
            target.unlink()
            raise DumpError(f"database {name}: stored and counted rows differ: {wrong}; please report this dump")
        imported.append(ImportedDatabase(name=name, path=target, tables=counts, checked=True, notes=notes))
    return imported
