"""What an SQL text is: one read-only query or not, which tables it names, how its outermost rows are ordered.

Syntax only, through sqlglot; nothing is executed. Imported in the query process and where tables are gathered.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlglot import exp

_SQLGLOT = {"mariadb": "mysql", "postgresql": "postgres", "sqlite3": "sqlite", "mssql": "tsql", "sqlserver": "tsql"}

_MOST_CHARACTERS = 100_000

PROVEN = ("duckdb", "mysql", "sqlite")
"""Dialects whose queries are run. Others would be translated, and a translation that is not proven gives other rows:
PostgreSQL's `5/2` is 2, DuckDB's is 2.5."""


class StatementError(ValueError):
    """The text is not one query that is run here; `kind` is syntax, refused or dialect."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def sqlglot_dialect(dialect: str) -> str:
    """The name sqlglot has for a dialect; raises StatementError naming the known ones."""
    from sqlglot.dialects.dialect import Dialect

    name = _SQLGLOT.get(dialect.lower(), dialect.lower())
    if not name or Dialect.get(name) is None:
        known = ", ".join(sorted(n for n in Dialect.classes if n))
        raise StatementError("dialect", f"unknown SQL dialect {dialect!r}; known: {known}")
    return name


def proven_dialect(dialect: str) -> str:
    """The name of a dialect that is run as its own engine means it; raises StatementError naming those."""
    name = sqlglot_dialect(dialect)
    if name not in PROVEN:
        raise StatementError(
            "dialect",
            f"{dialect} SQL is not run: no engine here is proven to mean the same; proven: {', '.join(PROVEN)}; "
            "name one of them as the dialect if the queries mean the same in it",
        )
    return name


@lru_cache(maxsize=512)
def _parse(sql: str, dialect: str) -> Any:
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    if len(sql) > _MOST_CHARACTERS:
        raise StatementError("refused", f"the text has {len(sql)} characters, more than {_MOST_CHARACTERS}")
    try:
        statements = [s for s in sqlglot.parse(sql, read=sqlglot_dialect(dialect)) if s is not None]
    except SqlglotError as error:
        raise StatementError("syntax", f"not {dialect} SQL: {str(error).splitlines()[0]}") from error
    except RecursionError as error:
        raise StatementError("refused", "the query is nested too deeply to be read") from error
    statements = [s for s in statements if not isinstance(s, exp.Semicolon)]
    if len(statements) != 1:
        raise StatementError("refused", f"one statement is run at a time, this text has {len(statements)}")
    tree = statements[0]
    if not isinstance(tree, exp.Query):
        raise StatementError("refused", f"only a query (SELECT …) is run, this is {tree.key.upper()}")
    writer = tree.find(exp.Into, exp.DML, exp.DDL, exp.Command)
    if writer is not None and not isinstance(writer, exp.Query):
        raise StatementError("refused", f"only a query (SELECT …) is run, this one holds {writer.key.upper()}")
    return tree


def parse_query(sql: str, *, dialect: str) -> "exp.Query":
    """A fresh tree of the one query in `sql`; raises StatementError when it is anything else."""
    tree: exp.Query = _parse(sql, dialect).copy()
    return tree


def tables_of(sql: str, *, dialect: str) -> list[str]:
    """Names of the tables that a query reads, as written, without CTE names, each once, in order of appearance."""
    from sqlglot import exp

    tree = parse_query(sql, dialect=dialect)
    own = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    names: dict[str, str] = {}
    for table in tree.find_all(exp.Table, bfs=False):
        if isinstance(table.this, exp.Identifier) and not (table.name.lower() in own and not table.db):
            names.setdefault(table.name.lower(), table.name)
    return list(names.values())


def is_ordered(sql: str, *, dialect: str) -> bool:
    """Whether the outermost query says in which order its rows come."""
    tree: Any = parse_query(sql, dialect=dialect)
    while tree.key == "subquery" and not tree.args.get("order"):
        tree = tree.this
    return tree.args.get("order") is not None
