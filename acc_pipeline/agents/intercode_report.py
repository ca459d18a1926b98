"""InterCode-SQL as a proof: import its dump, execute every run's final query against the gold SQL, and set the verdicts
beside the logged rewards; compile every right run and answer it again from the text alone.

The logged reward is never an input of a verdict. What the kinds of disagreement mean is told in docs/intercode.md.
"""

import json
import time
from collections import Counter
from pathlib import Path

import msgspec

from acc_pipeline.agents.base import Context, Gathered, PlacedPiece, Reference, Sources, Verdict
from acc_pipeline.agents.sql import TIE, SqlAgent
from acc_pipeline.agents.text_match import normalise_question
from acc_pipeline.databases.catalog import find_database
from acc_pipeline.databases.dump import import_dump
from acc_pipeline.databases.execute import run_query
from acc_pipeline.trajectories.limits import Limits
from acc_pipeline.trajectories.reading import read_file
from acc_pipeline.trajectories.schema import Trajectory


class Disagreement(msgspec.Struct, frozen=True, kw_only=True):
    """One run on which verdict and logged reward differ. `kind`: tie, missing_table, empty_answer or other."""

    task_id: str
    database: str
    kind: str
    verdict: str
    reward: float
    reason: str
    gold: str
    final: str


class InterCodeReport(msgspec.Struct, frozen=True, kw_only=True):
    """`table`: (verdict, logged) -> runs, logged: correct where the reward is 1. `gold_failures`: id -> error."""

    databases: int
    tables: int
    rows: int
    runs: int
    gold_ran: int
    gold_failures: dict[str, str]
    table: dict[tuple[str, str], int]
    disagreements: list[Disagreement]
    compiled: int
    answered_again: int
    not_compiled: dict[str, str]
    seconds: float

    @property
    def agreement(self) -> float:
        """Share of all runs on which verdict and logged reward agree."""
        return sum(n for (verdict, logged), n in self.table.items() if verdict == logged) / self.runs

    def text(self) -> str:
        """The report as printed by `acc bench intercode`."""
        logged = ("correct", "wrong")
        lines = [
            f"dump       {self.databases} databases, {self.tables} tables, {self.rows} rows, counts checked",
            f"gold SQL   {self.gold_ran} of {self.runs} run",
            f"{'':10} {'reward 1':>10} {'reward < 1':>10}",
        ]
        for verdict in ("correct", "wrong", "unknown"):
            counts = [self.table.get((verdict, one), 0) for one in logged]
            if any(counts) or verdict != "unknown":
                lines.append(f"{verdict:10} {counts[0]:>10} {counts[1]:>10}")
        lines.append(f"agreement  {self.agreement:.2%}")
        for kind, count in sorted(Counter(d.kind for d in self.disagreements).items()):
            tasks = ", ".join(d.task_id for d in self.disagreements if d.kind == kind)
            lines.append(f"  {kind}: {count} (tasks {tasks})")
        lines.append(f"compiled   {self.compiled}, answered again from the text alone: {self.answered_again}")
        lines += [f"  not compiled: task {task}: {why}" for task, why in self.not_compiled.items()]
        lines.append(f"seconds    {self.seconds:.1f}")
        return "\n".join(lines)


def load_gold(path: Path) -> list[Reference]:
    """The references of `ic_spider_dev.json`: a list, joined by position (a run's task_id) and checked by question.

    Raises ValueError for a file that is no such list.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: not JSON: {error}") from None
    wanted = {"query", "gold", "db"}
    if not isinstance(rows, list) or not all(isinstance(row, dict) and wanted <= row.keys() for row in rows):
        raise ValueError(f"{path}: must be a list of objects with query, gold and db, as InterCode's is")
    return [
        Reference(task_id=str(n), question=r["query"], sql=r["gold"], database=r["db"], dialect="mysql")
        for n, r in enumerate(rows)
    ]


def plain_context(agent: SqlAgent, trajectory: Trajectory, gathered: Gathered) -> Context:
    """The gathered pieces one after the other, without budget or tokens: enough to answer again from text alone."""
    prompt, placed = agent.instruction, []
    for piece in gathered.pieces:
        prompt += "\n\n"
        placed.append(
            PlacedPiece(
                role=piece.role,
                kind=piece.kind,
                locator=piece.locator,
                start=len(prompt),
                end=len(prompt) + len(piece.text),
                tokens=0,
            )
        )
        prompt += piece.text
    question = agent.question(trajectory)
    return Context(
        example_id=trajectory.run_id,
        agent_type=agent.name,
        form="pieces",
        question=question,
        prompt=f"{prompt}\n\n{question}",
        answer=gathered.answer,
        tokens=0,
        budget=0,
        seed=0,
        pieces=placed,
        checks=gathered.checks,
    )


def report(logs: Path, gold: Path, dump: Path, workdir: Path, *, agent: SqlAgent | None = None) -> InterCodeReport:
    """Do it all; imported databases go to `workdir`. Raises ValueError when gold and runs do not belong together."""
    started = time.monotonic()
    agent = agent or SqlAgent()
    imported = import_dump(dump, dialect="mysql", out_dir=workdir)
    references = load_gold(gold)
    reading = read_file(logs, rel=logs.name, limits=Limits())
    if reading.rejects:
        raise ValueError(f"{logs.name}: {len(reading.rejects)} records were not read: {reading.rejects[0].detail}")
    table: Counter[tuple[str, str]] = Counter()
    gold_failures, not_compiled = {}, {}
    disagreements = []
    compiled = again = 0
    for trajectory in reading.trajectories:
        task = trajectory.task.task_id
        if not (task.isdigit() and int(task) < len(references)):
            raise ValueError(f"run {trajectory.run_id}: its task {task!r} is no place in {gold.name}")
        reference = references[int(task)]
        if normalise_question(reference.question) != normalise_question(trajectory.task.question):
            raise ValueError(
                f"task {task}: the log asks another question than {gold.name}; use the same release of both"
            )
        database = find_database(workdir, reference.database)
        if database is None:
            raise ValueError(f"task {task}: database {reference.database} is not in {dump.name}")
        sources = Sources(reference=reference, database=database)
        right = run_query(database, reference.sql, dialect="mysql", limits=agent.options.limits)
        if right.error:
            gold_failures[task] = right.error
        verdict = agent.verify(trajectory, sources)
        table[verdict.outcome, trajectory.outcome.status] += 1
        if verdict.outcome != trajectory.outcome.status:
            disagreements.append(_disagreement(trajectory, reference, verdict))
        if verdict.outcome != "correct":
            continue
        gathered = agent.gather(trajectory, sources)
        if not isinstance(gathered, Gathered):
            not_compiled[task] = f"{gathered.reason}: {gathered.detail}"
            continue
        compiled += 1
        sufficiency = agent.sufficient(plain_context(agent, trajectory, gathered))
        if sufficiency.outcome == "holds":
            again += 1
        else:
            not_compiled[task] = f"{sufficiency.outcome}: {sufficiency.reason}"
    return InterCodeReport(
        databases=len(imported),
        tables=sum(len(d.tables) for d in imported),
        rows=sum(sum(d.tables.values()) for d in imported),
        runs=len(reading.trajectories),
        gold_ran=len(reading.trajectories) - len(gold_failures),
        gold_failures=gold_failures,
        table=dict(table),
        disagreements=disagreements,
        compiled=compiled,
        answered_again=again,
        not_compiled=not_compiled,
        seconds=time.monotonic() - started,
    )


def _disagreement(trajectory: Trajectory, reference: Reference, verdict: Verdict) -> Disagreement:
    if verdict.reason == TIE:
        kind = "tie"
    elif "there is no table" in verdict.reason:
        kind = "missing_table"
    elif verdict.evidence.get("given_rows") == 0:
        kind = "empty_answer"
    else:
        kind = "other"
    return Disagreement(
        task_id=trajectory.task.task_id,
        database=reference.database,
        kind=kind,
        verdict=verdict.outcome,
        reward=trajectory.outcome.score or 0.0,
        reason=verdict.reason,
        gold=reference.sql,
        final=trajectory.answer.text,
    )
