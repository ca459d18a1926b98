"""Shapes of MySQL queries that SQLite lacks: ALL and ANY of a subquery, brackets in a UNION and its first rows.

Builds trees only; the kinds of what is compared are `mysql_rewrite`'s business.
"""

from collections.abc import Callable

from sqlglot import exp

from acc_pipeline.databases.statement import StatementError


def _from(query: exp.Expr, name: str) -> exp.From:
    return exp.From(this=exp.Subquery(this=query, alias=exp.TableAlias(this=exp.to_identifier(name))))


def _number(value: int) -> exp.Expr:
    return exp.Literal.number(value)


def quantified(node: exp.Expr, which: exp.Expr, *, compare: Callable[[exp.Expr, exp.Expr, exp.Expr], None]) -> exp.Expr:
    """`x > ALL (q)` or `x > ANY (q)` as a scalar subquery over q, with MySQL's three values (1, 0, NULL).

    `compare(test, value, element)` adapts the comparison to the kinds of both sides; `element` stands for q's column.
    """
    query = which.this.unnest() if isinstance(which.this, exp.Subquery) else which.this
    if not isinstance(query, exp.Select) or which is node.this or len(query.selects) != 1 or query.selects[0].is_star:
        raise StatementError("refused", f"{node.sql(dialect='mysql')} is not emulated")
    value, element = node.this.copy(), exp.column("c")
    test = type(node)(this=value, expression=element)
    compare(test, value, element)
    query = query.copy()
    query.set("expressions", [exp.alias_(query.selects[0].unalias().copy(), "c")])
    everything = isinstance(which, exp.All)
    extreme = (exp.Min if everything else exp.Max)(this=test.copy())
    decided, default = (0, 1) if everything else (1, 0)
    every = exp.Count(this=exp.Star())
    made = exp.Case(
        ifs=[
            exp.If(this=exp.EQ(this=extreme, expression=_number(decided)), true=_number(decided)),
            exp.If(this=exp.LT(this=exp.Count(this=test.copy()), expression=every), true=exp.Null()),
        ],
        default=_number(default),
    )
    return exp.Subquery(this=exp.Select(expressions=[made], from_=_from(query, "q")))


def without_brackets(node: exp.SetOperation) -> None:
    """Replace bracketed parts of a compound query, in place: SQLite takes none."""
    for key in ("this", "expression"):
        part = node.args[key]
        if isinstance(part, exp.Subquery):
            query = part.unnest()
            plain = isinstance(query, exp.Select) and not (query.args.get("order") or query.args.get("limit"))
            node.set(key, query if plain else exp.Select(expressions=[exp.Star()], from_=_from(query, key)))


def first_of_equals(node: exp.SetOperation) -> exp.Select:
    """A UNION as SELECT DISTINCT over UNION ALL: of rows that are equal without case, MySQL keeps the first, SQLite's
    UNION the last. Takes over ORDER BY, LIMIT and WITH."""
    outside = {key: node.args[key] for key in ("order", "limit", "offset", "with_") if node.args.get(key)}
    every = node.copy()
    every.set("distinct", False)
    for key in outside:
        every.set(key, None)
    return exp.Select(expressions=[exp.Star()], distinct=exp.Distinct(), from_=_from(every, "united"), **outside)
