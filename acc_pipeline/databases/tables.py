"""One table in memory, with the types its database gives it: read from a database, written in a prompt, parsed back."""

import msgspec

from acc_pipeline.databases.values import Value


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """`types` are the database's own type names, one a column; `rows` are tuples in stored order."""

    name: str
    columns: list[str]
    types: list[str]
    rows: list[tuple[Value, ...]]
