"""Tasks of the simulated sql world: questions filled from a database, each with one answer that its rows decide.

Opens the generated databases in DuckDB and draws tasks. What an agent does with them is `sql_agent`.
"""

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from acc_pipeline.simulation.sql_databases import Tables, build
from acc_pipeline.simulation.sql_tasks import MISSING, TEMPLATES, Template

DIALECT = "duckdb"


@dataclass(frozen=True)
class SqlTask:
    """One question on one database, with its gold query and a query that is wrong on this very data."""

    task_id: str
    question: str
    gold: str
    wrong: str
    first: str
    template: Template


@dataclass
class SqlWorld:
    """The databases of one seed, opened in memory when first used."""

    seed: int
    opened: dict[str, duckdb.DuckDBPyConnection] = field(default_factory=dict)

    def tables(self, database: str) -> Tables:
        """The rows of a database as Arrow tables."""
        return build(database, seed=self.seed)

    def connection(self, database: str, *, backwards: bool = False) -> duckdb.DuckDBPyConnection:
        """The database in memory; `backwards` stores the rows of each table in the opposite order."""
        key = f"{database} backwards" if backwards else database
        if key not in self.opened:
            self.opened[key] = open_tables(self.tables(database), backwards=backwards)
        return self.opened[key]

    def rows(self, database: str, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query; raises `duckdb.Error`."""
        return self.connection(database).execute(sql).fetchall()

    def save(self, database: str, folder: Path) -> list[Path]:
        """Write the database as one Parquet file a table; a folder of them is a database."""
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for name, table in self.tables(database).items():
            path = folder / f"{name}.parquet"
            pq.write_table(table, path, compression="zstd")
            written.append(path)
        return written


def open_tables(tables: Tables, *, backwards: bool = False) -> duckdb.DuckDBPyConnection:
    """A database in memory with these tables; `backwards` stores their rows in the opposite order."""
    connection = duckdb.connect(":memory:")
    for name, table in tables.items():
        rows = table.take(list(range(table.num_rows - 1, -1, -1))) if backwards else table
        connection.register("incoming", rows)
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM incoming")
        connection.unregister("incoming")
    return connection


def draw_tasks(world: SqlWorld, *, count: int) -> list[SqlTask]:
    """So many different tasks, templates in turn. A question whose answer would depend on the order of stored rows,
    or whose wrong query happens to be right, is not asked."""
    draw = random.Random(f"{world.seed} sql tasks")
    tasks: list[SqlTask] = []
    choices: list[list[SqlTask]] = []
    for number, template in enumerate(TEMPLATES):
        values = world.rows(template.database, template.fill) if template.fill else [()]
        filled = [_fill(template, [str(v) for v in row], task_id=f"q{number}") for row in values]
        draw.shuffle(filled)
        choices.append([one for one in filled if _decided(world, one)])
    turn = 0
    while len(tasks) < count and any(choices):
        options = choices[turn % len(choices)]
        if options:
            tasks.append(options.pop())
        turn += 1
    if len(tasks) < count:
        raise ValueError(f"the sql world of seed {world.seed} has {len(tasks)} questions: ask for at most so many runs")
    return [_numbered(one, number) for number, one in enumerate(tasks)]


def missing_database_task(*, number: int) -> SqlTask:
    """A task on the database whose files are left out."""
    return _numbered(_fill(MISSING, [], task_id=""), number)


def _numbered(task: SqlTask, number: int) -> SqlTask:
    return SqlTask(
        task_id=f"{task.template.database}-{number + 1:03d}",
        question=task.question,
        gold=task.gold,
        wrong=task.wrong,
        first=task.first,
        template=task.template,
    )


def _fill(template: Template, values: list[str], *, task_id: str) -> SqlTask:
    def filled(text: str) -> str:
        for position, value in enumerate(values):
            text = text.replace(f"{{{position}}}", value)
        return text

    return SqlTask(
        task_id=task_id,
        question=filled(template.question),
        gold=filled(template.right),
        wrong=filled(template.wrong),
        first=filled(template.first),
        template=template,
    )


def _decided(world: SqlWorld, task: SqlTask) -> bool:
    gold = world.rows(task.template.database, task.gold)
    backwards = world.connection(task.template.database, backwards=True).execute(task.gold).fetchall()
    wrong = world.rows(task.template.database, task.wrong)
    return bool(gold) and len(gold) <= 12 and gold == backwards and sorted(map(str, gold)) != sorted(map(str, wrong))
