"""Columns of a MySQL query in a special place: those that MySQL lets stand ungrouped, those that join tables.

Reads the tree as it was written, before anything is rewritten.
"""

from collections.abc import Sequence

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

from acc_pipeline.databases.mysql_kinds import Kinds


def bare_columns(kinds: Kinds, scope: Scope) -> list[exp.Column]:
    """Columns of an aggregated query neither grouped by nor inside an aggregate: MySQL takes any one row's."""
    query = scope.expression
    if not isinstance(query, exp.Select):
        return []
    group = query.args.get("group")
    # An aggregate may stand in ORDER BY alone; a subquery's are its own, and a window aggregates nothing away.
    if group is None and not any(n for n in scope.find_all(exp.AggFunc) if not n.find_ancestor(exp.Window)):
        return []
    aliases = {s.alias.lower(): s.this for s in query.selects if isinstance(s, exp.Alias)}
    grouped: list[exp.Expr] = []
    for item in group.expressions if group else []:
        grouped.append(item)
        if isinstance(item, exp.Column) and not item.table and kinds.resolve(item) is None:
            grouped.append(aliases.get(item.name.lower(), item))
        if isinstance(item, exp.Literal) and item.name.isdigit() and 0 < int(item.name) <= len(query.selects):
            grouped.append(query.selects[int(item.name) - 1].unalias())
    keys = {_identity(kinds, g) for g in grouped}
    found = []
    for part in (*query.selects, query.args.get("having"), query.args.get("order")):
        if part is None:
            continue
        for column in part.find_all(exp.Column):
            home = kinds.resolve(column)
            if home is None or home[0] is not scope or isinstance(column.this, exp.Star):
                continue
            if part.key == "order" and not column.table and column.name.lower() in aliases:
                continue  # ORDER BY looks for a name among the result columns first
            above: exp.Expr | None = column
            while above is not None and above is not part.parent:
                if isinstance(above, (exp.AggFunc, exp.Window)) or _identity(kinds, above) in keys:
                    break
                if isinstance(above, exp.Select) and above is not query:
                    break
                above = above.parent
            else:
                found.append(column)
    return found


def joined_columns(kinds: Kinds, nodes: Sequence[exp.Expr]) -> list[tuple[str, str]]:
    """Stored columns that are compared for equality with another column, each once as (table, column)."""
    found: dict[tuple[str, str], None] = {}
    for node in nodes:
        if isinstance(node, exp.EQ) and isinstance(node.this, exp.Column) and isinstance(node.expression, exp.Column):
            for column in (node.this, node.expression):
                home = kinds.resolve(column)
                source = home[0].sources[home[1]] if home else None
                if isinstance(source, exp.Table):
                    found[source.name.lower(), column.name.lower()] = None
    for scope in kinds.scopes:
        for join in scope.find_all(exp.Join):
            for name in join.args.get("using") or []:
                for source in scope.sources.values():
                    if isinstance(source, exp.Table) and name.name.lower() in kinds.schema.get(source.name.lower(), {}):
                        found[source.name.lower(), name.name.lower()] = None
    return list(found)


def _identity(kinds: Kinds, node: exp.Expr) -> str:
    if isinstance(node, exp.Column):
        home = kinds.resolve(node)
        if home is not None:
            return f"{home[1].lower()}.{node.name.lower()}"
    return node.sql(dialect="mysql").lower()
