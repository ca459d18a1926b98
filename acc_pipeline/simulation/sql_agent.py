"""A scripted analyst: looks at the tables, tries a query, corrects it, and answers; every query really runs in DuckDB.

Two tool kits: InterCode's single `execute[…]`, whose writer cuts long results, and named tools for chat models.
"""

import json
import random
from typing import Any

import duckdb

from acc_pipeline.simulation.records import Run, Turn, stable_id
from acc_pipeline.simulation.sql_world import SqlTask, SqlWorld

ROW_LIMIT, TEXT_LIMIT = 25, 350  # InterCode's own cuts, without a mark in the log


def work(world: SqlWorld, task: SqlTask, *, kit: str, right: bool, trait: str, seed: int) -> Run:
    """One run on a task; `kit` is intercode or chat. A run that is not meant right ends with the task's wrong query."""
    draw = random.Random(f"{seed} {task.task_id} {kit}")
    tool = _Intercode(world, task) if kit == "intercode" else _Chat(world, task)
    turns = [tool.tables(draw.choice(["Which tables are there?", "I look at what the database holds first."]))]
    for table in task.template.tables:
        turns.append(tool.describe(draw.choice([f"What does {table} hold?", f"I need the columns of {table}."]), table))
    if task.first:
        turns.append(tool.query("That should do in one step.", task.first))
        after = "That did not work; now with the names as they are in the tables."
    else:
        after = "With these columns the question can be asked."
    final = task.gold if right else task.wrong
    turns.append(tool.query(after, final))
    rows = world.rows(task.template.database, final)
    gold = world.rows(task.template.database, task.gold)
    return Run(
        run_id=stable_id("sql", seed, task.task_id, kit, length=16),
        task_id=task.task_id,
        question=task.question,
        turns=turns,
        answer="; ".join(", ".join("none" if v is None else str(v) for v in row) for row in rows),
        right=rows == gold,
        trait=trait,
        extra={"hardness": task.template.hardness, "database": task.template.database, "sql": final},
    )


class _Chat:
    """Named tools that answer with JSON, all rows."""

    def __init__(self, world: SqlWorld, task: SqlTask) -> None:
        self._world, self._database = world, task.template.database

    def tables(self, thought: str) -> Turn:
        names = [row[0] for row in self._world.rows(self._database, "SHOW TABLES")]
        return Turn(thought, "list_tables", {}, json.dumps(names))

    def describe(self, thought: str, table: str) -> Turn:
        columns = self._world.rows(self._database, f"DESCRIBE {table}")
        found = [{"column": name, "type": kind, "null": null} for name, kind, null, *_ in columns]
        return Turn(thought, "describe_table", {"table_name": table}, json.dumps(found))

    def query(self, thought: str, sql: str) -> Turn:
        try:
            cursor = self._world.connection(self._database).execute(sql)
            names = [column[0] for column in cursor.description or []]
            text = json.dumps({"columns": names, "rows": [list(row) for row in cursor.fetchall()]}, default=str)
        except duckdb.Error as error:
            text = f"Error: {error}"
        return Turn(thought, "execute_sql", {"query": sql}, text, int(text.startswith("Error")))


class _Intercode:
    """One action, `execute[SQL]`, which answers with Python tuples."""

    def __init__(self, world: SqlWorld, task: SqlTask) -> None:
        self._world, self._database = world, task.template.database

    def tables(self, thought: str) -> Turn:
        return self.query(thought, "SHOW TABLES")

    def describe(self, thought: str, table: str) -> Turn:
        return self.query(thought, f"DESCRIBE {table}")

    def query(self, thought: str, sql: str) -> Turn:
        try:
            rows: list[tuple[Any, ...]] = self._world.rows(self._database, sql)
            return Turn(thought, "execute", {"sql": sql}, str(rows[:ROW_LIMIT]))
        except duckdb.Error as error:
            return Turn(thought, "execute", {"sql": sql}, f"Error executing query: {error}"[:TEXT_LIMIT], 1)
