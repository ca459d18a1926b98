"""What kind of value each expression of a MySQL query has, so far as its tables tell: the ground for MySQL's casts.

A kind is int, dec:<scale>, float, float32, text, date, datetime, or "" (unknown). Nothing is rewritten here.
"""

from collections.abc import Mapping

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from acc_pipeline.databases.mysql_functions import FUNCTIONS
from acc_pipeline.databases.values import family

_FAMILY = {"int": "int", "bool": "int", "float": "float", "float32": "float32", "text": "text", "date": "date"}


def kind_of_type(type_name: str) -> str:
    """The kind of a column with this type name (`DECIMAL(19,4)` -> `dec:4`)."""
    what = family(type_name)
    if what == "decimal":
        inside = type_name.partition("(")[2].rstrip(")").split(",")
        return f"dec:{inside[1].strip()}" if len(inside) == 2 else "dec:0"
    return "datetime" if what == "timestamp" else _FAMILY.get(what, "")


def scale(kind: str) -> int | None:
    """Digits after the point of an exact number, None for anything else."""
    return 0 if kind == "int" else int(kind[4:]) if kind.startswith("dec:") else None


def is_number(kind: str) -> bool:
    return scale(kind) is not None or kind in {"float", "float32"}


class Kinds:
    """Kinds of the expressions of one query. `schema`: lower-case table name -> {lower-case column name: kind}."""

    def __init__(self, tree: exp.Query, schema: Mapping[str, Mapping[str, str]]) -> None:
        self.schema = schema
        self._scope_of: dict[int, Scope] = {}
        self.scopes = list(traverse_scope(tree))
        for scope in self.scopes:
            for column in scope.find_all(exp.Column):
                self._scope_of.setdefault(id(column), scope)

    def resolve(self, column: exp.Column) -> tuple[Scope, str] | None:
        """The scope and the source name in it that a column belongs to; None for aliases of a select list."""
        scope = self._scope_of.get(id(column))
        while scope is not None:
            for name, source in scope.sources.items():
                wanted = column.table.lower()
                if (not wanted or wanted == name.lower()) and self._in_source(source, column.name) is not None:
                    return scope, name
            scope = scope.parent
        return None

    def is_stored(self, column: exp.Column) -> bool:
        """Whether the column is one of a stored table, which carries its collation itself."""
        found = self.resolve(column)
        return found is not None and isinstance(found[0].sources[found[1]], exp.Table)

    def is_outer(self, column: exp.Column) -> bool:
        """Whether the column belongs to a query around the one it stands in."""
        found = self.resolve(column)
        return found is not None and found[0] is not self._scope_of.get(id(column))

    def _in_source(self, source: exp.Expr | Scope, name: str) -> str | None:
        """The kind of column `name` of a source, None if it has no such column."""
        if isinstance(source, exp.Table):
            return self.schema.get(source.name.lower(), {}).get(name.lower())
        if not isinstance(source, Scope):
            return None
        query: exp.Expr | None = source.expression
        while isinstance(query, (exp.SetOperation, exp.Subquery)):
            query = query.this
        if not isinstance(query, exp.Select):
            return None
        inner = source
        while isinstance(inner.expression, exp.SetOperation) and inner.set_operation_scopes:
            inner = inner.set_operation_scopes[0]
        for projection in query.selects:
            if projection.alias_or_name.lower() == name.lower():
                return self.of(projection)
            if projection.is_star:
                for deeper in inner.sources.values():
                    found = self._in_source(deeper, name)
                    if found is not None:
                        return found
        return None

    def of(self, node: exp.Expr | None) -> str:
        """The kind of an expression."""
        match node:
            case None | exp.Null():
                return ""
            case exp.Literal():
                if node.is_string:
                    return "text"
                body = node.name
                return (
                    "float" if "e" in body.lower() else f"dec:{len(body.partition('.')[2])}" if "." in body else "int"
                )
            case exp.Column():
                return self._column(node)
            case exp.Alias() | exp.Paren() | exp.Min() | exp.Max() | exp.AnyValue() | exp.Neg() | exp.Collate():
                return self.of(node.this)
            case exp.Distinct():
                return self.of(node.expressions[0]) if len(node.expressions) == 1 else ""
            case exp.Subquery():
                query = node.unnest()
                return self.of(query.selects[0]) if isinstance(query, exp.Query) and query.selects else ""
            case exp.Count() | exp.Predicate() | exp.Connector() | exp.Not() | exp.Boolean() | exp.IntDiv():
                return "int"
            case exp.Sum():
                digits = scale(self.of(node.this))
                return "float" if digits is None else f"dec:{digits}" if digits else "int"
            case exp.Avg():
                digits = scale(self.of(node.this))
                return "float" if digits is None else f"dec:{digits + 4}"
            case exp.Div():
                digits = scale(self.of(node.this))
                return "float" if digits is None or scale(self.of(node.expression)) is None else f"dec:{digits + 4}"
            case exp.Add() | exp.Sub() | exp.Mul() | exp.Mod():
                return self._arithmetic(node)
            case exp.Coalesce():
                return self._same([node.this, *node.expressions])
            case exp.If():
                return self._same([node.args["true"], node.args.get("false")])
            case exp.Case():
                return self._same([*(i.args["true"] for i in node.args["ifs"]), node.args.get("default")])
            case exp.Cast():
                name = node.to.sql(dialect="mysql").upper()
                return "int" if "SIGNED" in name else kind_of_type(name)
            case exp.GroupConcat() | exp.Concat() | exp.Trim() | exp.Substring():
                return "text"
            case exp.Anonymous():
                kind = FUNCTIONS.get(node.name.lower(), (None, ""))[1]
                return self.of(node.expressions[0]) if kind == "same" and node.expressions else kind
        return ""

    def _column(self, column: exp.Column) -> str:
        alias = self._alias(column)
        if alias is not None and column.find_ancestor(exp.Order, exp.Select, exp.AggFunc).__class__ is exp.Order:
            return self.of(alias)
        found = self.resolve(column)
        if found is not None:
            return self._in_source(found[0].sources[found[1]], column.name) or ""
        return self.of(alias) if alias is not None else ""

    def _alias(self, column: exp.Column) -> exp.Expr | None:
        """What a bare name stands for among the result columns, as HAVING and ORDER BY may use it."""
        scope = self._scope_of.get(id(column))
        query = scope.expression if scope else None
        if isinstance(query, exp.Select) and not column.table:
            for projection in query.selects:
                if isinstance(projection, exp.Alias) and projection.alias.lower() == column.name.lower():
                    return None if column.find_ancestor(exp.Alias) is projection else projection.this
        return None

    def _arithmetic(self, node: exp.Binary) -> str:
        left, right = self.of(node.this), self.of(node.expression)
        if not left or not right:
            return ""
        a, b = scale(left), scale(right)
        if a is None or b is None:
            return "float" if {left, right} <= {"float", "float32", "text", "int"} or "float" in (left, right) else ""
        digits = a + b if isinstance(node, exp.Mul) else max(a, b)
        return f"dec:{digits}" if digits else "int"

    def _same(self, nodes: list[exp.Expr | None]) -> str:
        kinds = {self.of(n) for n in nodes if n is not None and not isinstance(n, exp.Null)}
        if len(kinds) == 1:
            return kinds.pop()
        if kinds and all(scale(k) is not None for k in kinds):
            return f"dec:{max(scale(k) or 0 for k in kinds)}"
        return "text" if "text" in kinds else "float" if kinds and all(map(is_number, kinds)) else ""
