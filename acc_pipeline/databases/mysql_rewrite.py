"""A MySQL query as an SQLite query of the same meaning: casts, collation, grouping, division, dates, functions.

SQLite then calls `mysql_values` through names that begin with `my_`. What MySQL has and this lacks is refused by name.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

import msgspec
import sqlglot
from sqlglot import exp
from sqlglot.dialects.mysql import MySQL
from sqlglot.dialects.sqlite import SQLite
from sqlglot.errors import SqlglotError

from acc_pipeline.databases.mysql_columns import bare_columns, joined_columns
from acc_pipeline.databases.mysql_functions import FUNCTIONS
from acc_pipeline.databases.mysql_kinds import Kinds, is_number, scale
from acc_pipeline.databases.mysql_shapes import first_of_equals, quantified, without_brackets
from acc_pipeline.databases.statement import StatementError, parse_query

_KEPT = {
    "COUNT", "SUM", "AVG", "MIN", "MAX", "COALESCE", "IFNULL", "IF", "NULLIF", "ANY_VALUE", "GROUP_CONCAT",
    "ROW_NUMBER",
    "RANK", "DENSE_RANK", "LAG", "LEAD", "FIRST_VALUE", "LAST_VALUE", "NTH_VALUE", "NTILE", "PERCENT_RANK", "CUME_DIST",
}  # fmt: skip
_CLOCK = {
    "NOW",
    "CURDATE",
    "CURTIME",
    "SYSDATE",
    "RAND",
    "UUID",
    "UNIX_TIMESTAMP",
    "CURRENT_DATE",
    "LOCALTIME",
    "UTC_DATE",
}
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ)
_DATES = {"date", "datetime"}


class MySQLCalls(MySQL):
    """MySQL as sqlglot reads it, but ordinary functions stay calls by name, so that their own meaning is kept."""

    class Parser(MySQL.Parser):  # type: ignore[misc, valid-type]
        FUNCTIONS: ClassVar = {k: v for k, v in MySQL.Parser.FUNCTIONS.items() if k in _KEPT}


class SQLiteBackticks(SQLite):
    """SQLite with identifiers in backticks: in double quotes, an unknown column would silently become a string."""

    class Tokenizer(SQLite.Tokenizer):
        IDENTIFIERS: ClassVar = ["`"]


def _call(name: str, *arguments: exp.Expr | str | int) -> exp.Anonymous:
    values = [
        a
        if isinstance(a, exp.Expr)
        else exp.Literal.string(a)
        if isinstance(a, str)
        else exp.Neg(this=exp.Literal.number(-a))
        if a < 0
        else exp.Literal.number(a)
        for a in arguments
    ]
    return exp.Anonymous(this=f"my_{name}", expressions=values)


class _Rewrite:
    """One query. `kind` follows nodes as they are replaced; replaced nodes are kept alive so that ids stay unique."""

    def __init__(self, tree: exp.Query, schema: Mapping[str, Mapping[str, str]]) -> None:
        self.tree = tree
        self.kinds = Kinds(tree, schema)
        self.nodes = list(tree.walk(bfs=True))
        self.kind = {id(n): self.kinds.of(n) for n in self.nodes}
        self.stored = {id(n) for n in self.nodes if isinstance(n, exp.Column) and self.kinds.is_stored(n)}
        self.made: list[exp.Expr] = []

    def k(self, node: exp.Expr | None) -> str:
        return self.kind.get(id(node), "") if node is not None else ""

    def swap(self, old: exp.Expr, new: exp.Expr, kind: str) -> exp.Expr:
        self.made += [old, new]
        self.kind[id(new)] = kind
        if old is not new and old.parent is not None:
            old.replace(new)
        return new

    def wrap(self, node: exp.Expr, name: str, kind: str, *rest: str | int) -> exp.Expr:
        """Put a call around `node` where it stands."""
        holder = exp.Placeholder()
        node.replace(holder)
        call = _call(name, node, *rest)
        holder.replace(call)
        self.made.append(call)
        self.kind[id(call)] = kind
        return call

    def collated(self, node: exp.Expr) -> None:
        """Give a computed text the collation that stored columns have by themselves."""
        inner = node.this if isinstance(node, (exp.Alias, exp.Ordered)) else node
        if isinstance(inner, (exp.Star, exp.Collate)) or id(inner) in self.stored or self.k(inner) != "text":
            return
        holder = exp.Placeholder()
        inner.replace(holder)
        made = exp.Collate(this=inner, expression=exp.Var(this="mysql_ci"))
        holder.replace(made)
        self.made.append(made)
        self.kind[id(made)] = "text"

    # -- one node at a time, innermost first --

    def numeric(self, node: exp.Expr) -> exp.Expr:
        kind = self.k(node)
        if kind == "text":
            return self.wrap(node, "num", "float")
        return self.wrap(node, "datenum", "float") if kind in _DATES else node

    def compare(self, left: exp.Expr, right: exp.Expr) -> None:
        """MySQL's rules for comparing two kinds (manual, "Type Conversion in Expression Evaluation")."""
        a, b = self.k(left), self.k(right)
        if {a, b} & {"text", *_DATES} and (is_number(a) or is_number(b)):
            self.numeric(left)
            self.numeric(right)
        elif {a, b} & _DATES and (a != b or a == "datetime"):
            for side in (left, right):
                if self.k(side) in {*_DATES, "text"}:
                    self.wrap(side, "dt", "date")
        elif "text" in (a, b):
            self.collated(left)

    def visit(self, node: exp.Expr) -> None:
        """Rewrite one node; its children are done."""
        if isinstance(node, _COMPARISONS):
            for quantified in (node.this, node.expression):
                if isinstance(quantified, (exp.All, exp.Any)):
                    self.quantified(node, quantified)
                    return
            self.compare(node.this, node.expression)
        elif isinstance(node, exp.Between):
            self.between(node)
        elif isinstance(node, exp.In):
            self.membership(node)
        elif isinstance(node, (exp.Div, exp.IntDiv, exp.Mod)):
            self.division(node)
        elif isinstance(node, (exp.Add, exp.Sub)) and isinstance(node.expression, exp.Interval):
            sign = -1 if isinstance(node, exp.Sub) else 1
            self.interval(node, node.this, node.expression, sign=sign)
        elif isinstance(node, (exp.Add, exp.Sub, exp.Mul)):
            self.numeric(node.this)
            self.numeric(node.expression)
        elif isinstance(node, exp.Neg):
            self.numeric(node.this)
        elif isinstance(node, (exp.Sum, exp.Avg)):
            self.total(node)
        elif isinstance(node, exp.Count):
            self.count(node)
        elif isinstance(node, (exp.Min, exp.Max)):
            self.collated(node.this)
        elif isinstance(node, exp.RegexpLike):
            self.swap(node, _call("regexp_like", node.this, node.expression), "int")
        elif isinstance(node, exp.ILike):
            self.swap(node, exp.Like(this=node.this, expression=node.expression), "int")
        elif isinstance(node, exp.Cast):
            self.cast(node)
        elif isinstance(node, exp.Trim):
            self.trim(node)
        elif isinstance(node, exp.Substring):
            parts = [node.this, node.args.get("start"), node.args.get("length")]
            self.swap(node, _call("substring", *[p for p in parts if p is not None]), "text")
        elif isinstance(node, exp.Concat):
            self.swap(node, _call("concat", *node.expressions), "text")
        elif isinstance(node, exp.Extract):
            self.swap(node, _call(self._known(node.name), node.expression), "int")
        elif isinstance(node, exp.AnyValue):
            self.swap(node, _call("first", node.this), self.k(node))
        elif isinstance(
            node, (exp.CurrentDate, exp.CurrentTimestamp, exp.CurrentTime, exp.CurrentUser, exp.SessionParameter)
        ):
            raise StatementError(
                "refused", f"{node.sql(dialect='mysql')} has no fixed value; the answer would change by itself"
            )
        elif isinstance(node, exp.Anonymous):
            self.function(node)
        elif isinstance(node, exp.Join):
            if (node.side or "").upper() == "FULL":
                raise StatementError("syntax", "MySQL has no FULL JOIN")
        elif isinstance(node, exp.SetOperation):
            self.compound(node)
        elif isinstance(node, exp.Select):
            self.select(node)

    def quantified(self, node: exp.Expr, which: exp.Expr) -> None:
        inner = which.this.unnest() if isinstance(which.this, exp.Subquery) else which.this
        kinds = self.k(node.this), self.k(inner.selects[0]) if isinstance(inner, exp.Select) else ""

        def compare(test: exp.Expr, value: exp.Expr, element: exp.Expr) -> None:
            self.kind[id(value)], self.kind[id(element)] = kinds
            self.made += [test, value, element]
            self.compare(value, element)

        self.swap(node, quantified(node, which, compare=compare), "int")

    def between(self, node: exp.Between) -> None:
        low = exp.GTE(this=node.this, expression=node.args["low"])
        again = node.this.copy()
        self.kind[id(again)] = self.k(node.this)
        if id(node.this) in self.stored:
            self.stored.add(id(again))
        high = exp.LTE(this=again, expression=node.args["high"])
        made = exp.Paren(this=exp.And(this=low, expression=high))
        self.swap(node, made, "int")
        self.made += [again, low, high]
        self.compare(low.this, low.expression)
        self.compare(high.this, high.expression)

    def membership(self, node: exp.In) -> None:
        query = node.args.get("query")
        if query is not None:
            inner = query.unnest() if isinstance(query, exp.Subquery) else query
            if isinstance(inner, exp.Select) and len(inner.selects) == 1 and not inner.selects[0].is_star:
                self.compare(node.this, inner.selects[0].unalias())
            return
        kinds = {self.k(e) for e in node.expressions}
        own = self.k(node.this)
        if own == "text" and kinds == {"text"}:
            self.collated(node.this)
        elif len(kinds) == 1 or own != "text":
            for item in node.expressions:
                self.compare(node.this, item)
        else:  # each element is compared by its own kind
            tests: list[exp.Expr] = []
            for item in node.expressions:
                value = node.this.copy()
                self.kind[id(value)] = own
                self.made.append(value)
                test = exp.EQ(this=value, expression=item)
                self.compare(test.this, test.expression)
                tests.append(test)
            self.swap(node, exp.Paren(this=exp.or_(*tests)), "int")

    def division(self, node: exp.Binary) -> None:
        left, right = node.this, node.expression
        if isinstance(node, exp.Mod):
            self.swap(node, _call("mod", self.numeric(left), self.numeric(right)), self.k(node))
            return
        digits = scale(self.k(left))
        places = -1 if digits is None or scale(self.k(right)) is None else digits + 4
        if isinstance(node, exp.IntDiv):
            self.swap(node, _call("intdiv", left, right), "int")
        else:
            self.swap(node, _call("div", left, right, places), self.k(node))

    def interval(self, node: exp.Expr, value: exp.Expr, step: exp.Interval, *, sign: int) -> None:
        unit = step.args.get("unit")
        name = unit.name.upper().removesuffix("S") if unit is not None else ""
        if name not in {"SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"}:
            raise StatementError("refused", f"INTERVAL of unit {name or 'none'} is not emulated")
        kind = "datetime" if name in {"SECOND", "MINUTE", "HOUR"} or self.k(value) == "datetime" else "date"
        amount: exp.Expr = step.this if sign > 0 else exp.Neg(this=_call("num", step.this))
        self.swap(node, _call("date_add", value, amount, name), kind)

    def total(self, node: exp.Expr) -> None:
        kind = self.k(node)
        inner = node.this
        if isinstance(inner, exp.Distinct) and len(inner.expressions) == 1:
            inner = inner.expressions[0]
        digits = scale(kind)
        self.numeric(inner)
        if digits and not isinstance(node.parent, exp.Window):
            self.wrap(node, "rounded", kind, digits)

    def count(self, node: exp.Count) -> None:
        inner = node.this
        if isinstance(inner, exp.Distinct):
            if len(inner.expressions) > 1:
                inner.set("expressions", [_call("tuple", *inner.expressions)])
            else:
                self.collated(inner.expressions[0])

    def cast(self, node: exp.Cast) -> None:
        target = node.to.sql(dialect="mysql").upper()
        name, _, inside = target.partition("(")
        if "CHARACTER SET" in name or name in {"CHAR", "NCHAR", "VARCHAR", "TEXT", "BINARY"}:
            name = "CHAR"
        elif name not in {"SIGNED", "UNSIGNED", "DECIMAL", "DATE", "DATETIME", "TIMESTAMP", "DOUBLE", "FLOAT", "REAL"}:
            raise StatementError("refused", f"CAST to {target} is not emulated")
        digits = int(inside.rstrip(")").split(",")[1]) if name == "DECIMAL" and "," in inside else 0
        self.swap(node, _call("cast", node.this, name, digits), self.k(node))

    def trim(self, node: exp.Trim) -> None:
        position = (node.args.get("position") or "").upper()
        if node.expression is not None:
            raise StatementError("refused", "TRIM with a set of characters is not emulated")
        name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(position, "trim")
        self.swap(node, _call(name, node.this), "text")

    def _known(self, name: str) -> str:
        if name.lower() not in FUNCTIONS:
            raise StatementError("refused", f"the MySQL function {name.upper()} is not emulated")
        return name.lower()

    def function(self, node: exp.Anonymous) -> None:
        name = node.name.upper()
        if name.startswith("MY_"):
            return
        if name in _CLOCK:
            raise StatementError("refused", f"{name}() has no fixed value; the answer would change by itself")
        arguments = list(node.expressions)
        if name in {"DATE_ADD", "ADDDATE", "DATE_SUB", "SUBDATE"} and len(arguments) == 2:
            step = arguments[1]
            if not isinstance(step, exp.Interval):
                step = exp.Interval(this=step, unit=exp.Var(this="DAY"))
            self.interval(node, arguments[0], step, sign=-1 if "SUB" in name else 1)
            return
        if name == "TIMESTAMPDIFF" and arguments:
            arguments[0] = exp.Literal.string(arguments[0].name.upper())
        self.swap(node, _call(self._known(name), *arguments), self.k(node))

    def compound(self, node: exp.SetOperation) -> None:
        without_brackets(node)
        for part in (node.this, node.expression):
            for projection in part.selects if isinstance(part, exp.Select) else []:
                self.collated(projection)
        if isinstance(node, exp.Union) and node.args.get("distinct"):
            made = first_of_equals(node)
            if node is self.tree:
                self.tree = made
            self.swap(node, made, "")

    def select(self, node: exp.Select) -> None:
        having, group = node.args.get("having"), node.args.get("group")
        if having is not None and group is None and not any(s.find(exp.AggFunc) for s in [*node.selects, having]):
            node.set("having", None)  # MySQL filters single rows with HAVING, too
            node.where(having.this, copy=False)
        for item in group.expressions if group else []:
            self.collated(item)
            if isinstance(item, exp.Column) and self.kinds.is_outer(item):
                item.replace(exp.Null())  # one value for the whole subquery; SQLite cannot group by it
        if node.args.get("distinct"):
            for projection in node.selects:
                self.collated(projection)
        order = node.args.get("order")
        for item in order.expressions if order else []:
            self.collated(item)

    def run(self) -> exp.Query:
        for scope in self.kinds.scopes:
            for column in bare_columns(self.kinds, scope):
                self.wrap(column, "first", self.k(column))
        for node in reversed(self.nodes):
            self.visit(node)
        return self.tree


@lru_cache(maxsize=256)
def _tree(sql: str) -> exp.Expr:
    return sqlglot.parse_one(sql.strip().rstrip(";"), read=MySQLCalls)


class Rewritten(msgspec.Struct, frozen=True, kw_only=True):
    """`sql`: the query for SQLite. `kinds`: of the result columns ("" = unknown; [] when a star hides them).
    `joins`: (table, column) of stored columns that are compared with other columns, for which indexes pay."""

    sql: str
    kinds: list[str]
    joins: list[tuple[str, str]]


def rewrite(sql: str, schema: Mapping[str, Mapping[str, str]]) -> Rewritten:
    """The SQLite query for a MySQL query. Raises StatementError.

    `schema`: lower-case table name -> {lower-case column name: kind of mysql_kinds}.
    """
    parse_query(sql, dialect="mysql")
    try:
        tree: Any = _tree(sql).copy()
    except SqlglotError as error:
        raise StatementError("syntax", f"not mysql SQL: {str(error).splitlines()[0]}") from error
    while isinstance(tree, exp.Subquery) and not (tree.args.get("order") or tree.args.get("limit")):
        tree = tree.this
    for table in tree.find_all(exp.Table):
        table.set("db", None)  # one database is open, whatever name it had on its server
        table.set("catalog", None)
    work = _Rewrite(tree, schema)
    projections = tree.selects
    kinds = [] if any(p.is_star for p in projections) else [work.kinds.of(p) for p in projections]
    joins = joined_columns(work.kinds, work.nodes)
    return Rewritten(sql=work.run().sql(dialect=SQLiteBackticks, identify=True), kinds=kinds, joins=joins)
