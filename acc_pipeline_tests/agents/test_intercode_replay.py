"""Every SELECT that InterCode's agents sent, run again: our engine against what MySQL 8.0.33 showed in the log.

The log cuts lists at 25 rows (a few runs at 10 or 30) without a mark; a list of such a length is not compared.
"""

import ast
import datetime
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

from acc_pipeline.agents.intercode_report import load_gold
from acc_pipeline.databases.compare import follows_order, order_probe, same_rows
from acc_pipeline.databases.dump import import_dump
from acc_pipeline.databases.execute import run_query
from acc_pipeline.trajectories.limits import Limits
from acc_pipeline.trajectories.reading import read_file
from acc_pipeline_tests.shared import shared_path

FOLDER = "trajectories/sql/intercode-sql"
CUTS = {10, 25, 30}
_MAKERS = {"Decimal": Decimal, "datetime.datetime": datetime.datetime, "datetime.date": datetime.date}
# On the server, in no dump: tables that something else had made there.
ELSEWHERE = ("'poker_players'", "'players'", "'singers'")


def _value(node: ast.AST) -> Any:
    match node:
        case ast.Constant():
            return node.value
        case ast.Tuple() | ast.List():
            return [_value(n) for n in node.elts]
        case ast.UnaryOp(op=ast.USub()):
            return -_value(node.operand)
        case ast.Call():
            return _MAKERS[ast.unparse(node.func)](*[_value(a) for a in node.args])
    raise ValueError(ast.dump(node))


def _outcome(database: Path, sql: str, shown: str) -> str:
    result = run_query(database, sql, dialect="mysql")
    if shown.startswith("Error"):
        if result.error:
            return "both fail"
        return "grouping refused there" if "GROUP BY" in shown else f"fails only there: {sql} {shown}"
    if result.error:
        if any(name in result.error for name in ELSEWHERE):
            return "table only there"
        return "VERSION()" if "VERSION" in result.error else f"fails only here: {sql} {result.error}"
    rows = _value(ast.parse(shown.strip(), mode="eval").body)
    if len(rows) in CUTS:
        return "cut"
    if not same_rows(rows, result.rows, ordered=True):
        return "same rows, same order"
    if not same_rows(rows, result.rows, ordered=False):
        return "same rows"
    probe = order_probe(sql, dialect="mysql")
    if probe is not None:
        full = run_query(database, probe.sql, dialect="mysql")
        if follows_order(probe, full.rows, rows, count=len(result.rows)):
            return "tie"
    return f"differs: {sql} {rows[:3]} {result.rows[:3]}"


def test_what_the_agents_saw_is_seen_again(tmp_path: Path) -> None:
    databases = {
        d.name: d.path
        for d in import_dump(shared_path(f"{FOLDER}/ic_spider_dbs.sql"), dialect="mysql", out_dir=tmp_path)
    }
    gold = load_gold(shared_path(f"{FOLDER}/ic_spider_dev.json"))
    seen: Counter[str] = Counter()
    for run in read_file(shared_path(f"{FOLDER}/ic_sql_react_10_turns.json"), rel="x", limits=Limits()).trajectories:
        for step in run.steps:
            for call, observation in zip(step.calls, step.observations, strict=False):
                sql, shown = str(call.arguments.get("sql", "")), observation.text
                if sql.upper().startswith("SELECT") and "Your last `execute`" not in shown and shown != "None":
                    seen[_outcome(databases[gold[int(run.task.task_id)].database], sql, shown)] += 1
    reproduced = [seen.pop(k) for k in ("same rows, same order", "same rows", "tie")]
    assert sum(reproduced) == 1127
    assert seen == {
        "both fail": 404, "grouping refused there": 23, "table only there": 50, "VERSION()": 2, "cut": 66,
    }  # fmt: skip
