"""What is known to be right: gold answers, gold SQL, gold patches and test verdicts, read from files of a user's own.

`data/references/<agent type>/` may hold `.json`, `.jsonl`, `.csv` and `.parquet` files. A row's columns are found by
these names (the first that is present and not empty counts; case does not matter):

    task id    task_id, instance_id, id, question_id, qid
    question   question, problem_statement, query, instruction
    answers    answers, answer, gold_answers, gold_answer, expected_answer, expected, ground_truth, true_answer, target,
               gold (search); a list, a JSON list, or one text; `aliases` are accepted as well
    sql        sql, gold_sql, query_sql; sql: query (where there is another question column too), gold
    dialect    dialect, sql_dialect
    patch      patch, gold_patch, gold (swe)
    resolved   resolved, is_resolved, passed: a recorded test verdict (true/false, 1/0, yes/no, pass/fail …)
    database   database, db, db_id, database_id, db_name

A JSON file is a list of rows, an object of rows by task id, or a test report with lists `resolved_ids`,
`unresolved_ids` and `empty_patch_ids` (not resolved). Rows about one task from several files are joined; rows that
contradict each other are dropped and reported. A run's question may come scrubbed: it then meets a question that reads
the same once scrubbed.
"""

import csv
import hashlib
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from acc_pipeline.agents.base import Reference
from acc_pipeline.agents.reference_files import SUFFIXES, read_rows
from acc_pipeline.agents.scrubbed import placeholders, renumbered
from acc_pipeline.agents.text_match import f1, normalise_question

_ID = ("task_id", "instance_id", "id", "question_id", "qid")
_QUESTION = ("question", "problem_statement", "query", "instruction")
_ANSWERS = (
    *("answers", "answer", "gold_answers", "gold_answer", "expected_answer", "expected"),
    *("ground_truth", "true_answer", "target"),
)
_SQL = ("sql", "gold_sql", "query_sql")
_DIALECT = ("dialect", "sql_dialect")
_PATCH = ("patch", "gold_patch")
_RESOLVED = ("resolved", "is_resolved", "passed")
_DATABASE = ("database", "db", "db_id", "database_id", "db_name")
_GOLD = "gold"
_FIELDS = ("question", "answers", "sql", "dialect", "patch", "resolved", "database")
_TRUE = {"true", "1", "1.0", "yes", "resolved", "pass", "passed"}
_FALSE = {"false", "0", "0.0", "no", "unresolved", "fail", "failed"}


class ReferenceIndex:
    """References of one agent type, looked up by task id, else by question.

    `problems` says in words what could not be used: unreadable files, rows about nothing, contradictions.
    """

    def __init__(self, references: Iterable[Reference], *, problems: Iterable[str] = ()) -> None:
        self.problems = list(problems)
        self._by_id: dict[str, Reference] = {}
        self._by_question: dict[str, Reference] = {}
        groups: dict[tuple[str, str], list[Reference]] = {}
        for reference in references:
            key = (
                ("id", reference.task_id) if reference.task_id else ("question", normalise_question(reference.question))
            )
            groups.setdefault(key, []).append(reference)
        self._all = _merged([r for key, group in groups.items() if (r := self._joined(key, group))])
        ambiguous: set[str] = set()
        for reference in self._all:
            if reference.task_id:
                self._by_id[reference.task_id] = reference
            question = normalise_question(reference.question)
            known = self._by_question.get(question)
            if question and known and _content(known) != _content(reference):
                ambiguous.add(question)
            elif question:
                self._by_question.setdefault(question, reference)
        for question in sorted(ambiguous):
            del self._by_question[question]
            self.problems.append(f"question {question[:80]!r} has contradicting references: they join by task id only")

        self._by_scrubbed = self._scrubbed()

    def __len__(self) -> int:
        return len(self._all)

    def lookup(self, task_id: str, question: str) -> Reference | None:
        """The reference for a task. An id and a question that contradict each other never join."""
        found = self._by_id.get(task_id) if task_id else None
        hidden = bool(placeholders(question))
        asked = renumbered(question) if hidden else question
        if found is not None and _agree(
            renumbered(found.question) if hidden else found.question, asked, task_id=task_id
        ):
            return found
        table = self._by_scrubbed if hidden else self._by_question
        found = table.get(normalise_question(asked)) if question.strip() else None
        if found is not None and not (task_id and found.task_id and task_id != found.task_id):
            return found
        return None

    def digest(self, task_id: str, question: str) -> str:
        """Content hash of what `lookup` gives, "absent" for nothing: the side input of a record's key."""
        found = self.lookup(task_id, question)
        return reference_digest(found) if found is not None else "absent"

    def unused(self, tasks: Iterable[tuple[str, str]]) -> list[Reference]:
        """References that belong to none of the given (task id, question) pairs: references for nobody."""
        used = {id(found) for task in tasks if (found := self.lookup(*task)) is not None}
        return [reference for reference in self._all if id(reference) not in used]

    def _scrubbed(self) -> dict[str, Reference]:
        """References by their question as a scrubbed run has it; not those that only a secret tells apart."""
        by_text: dict[str, list[Reference]] = {}
        for question, reference in self._by_question.items():
            shown = renumbered(reference.question)
            if placeholders(shown):
                by_text.setdefault(normalise_question(shown) or question, []).append(reference)
        for shown, group in by_text.items():
            if len(group) > 1:
                self.problems.append(
                    f"question {shown[:80]!r} stands for {len(group)} references once scrubbed: they join by task id "
                    "only"
                )
        return {shown: group[0] for shown, group in by_text.items() if len(group) == 1}

    def _joined(self, key: tuple[str, str], group: list[Reference]) -> Reference | None:
        joined = _join(group)
        if isinstance(joined, Reference):
            return joined
        self.problems.append(f"{key[0]} {key[1][:80]!r} has contradicting references in `{joined}`: none is used")
        return None


def load_references(folder: Path, *, agent_type: str) -> ReferenceIndex:
    """Read every reference file of `folder` (files only, sorted by name). A missing folder gives an empty index."""
    references: list[Reference] = []
    problems: list[str] = []
    files = sorted(p for p in folder.iterdir() if p.is_file()) if folder.is_dir() else []
    for path in files:
        if path.suffix.lower() not in SUFFIXES:
            if not path.name.startswith("."):
                problems.append(f"{path.name}: not a reference file; use one of {', '.join(SUFFIXES)}")
            continue
        try:
            for place, row in read_rows(path):
                if not isinstance(row, dict):
                    problems.append(f"{path.name}: {place}: {row}")
                    continue
                told: list[str] = []
                reference = read_row(row, agent_type=agent_type, problems=told)
                problems += [f"{path.name}: {place}: {one}" for one in told]
                if reference is not None:
                    references.append(reference)
        except (OSError, ValueError, csv.Error, pl.exceptions.PolarsError) as error:
            problems.append(f"{path.name}: cannot be read: {error}")
    return ReferenceIndex(references, problems=problems)


def read_row(row: dict[str, Any], *, agent_type: str, problems: list[str] | None = None) -> Reference | None:
    """Map one row's columns to a reference; None when it says neither a task id nor a question.

    What could not be understood is added to `problems`, in words.
    """
    told = problems if problems is not None else []
    cells = {str(name).strip().lower(): value for name, value in row.items() if not _empty(value)}
    used: set[str] = set()

    def take(*aliases: str) -> Any:
        for alias in aliases:
            if alias in cells and alias not in used:
                used.add(alias)
                return cells[alias]
        return None

    # In Spider-like files `query` is the SQL, beside whatever column holds the question; in InterCode's it is the
    # question, and `gold` the SQL.
    names = [name for name in _QUESTION if name != "query"] + ["query"] if agent_type == "sql" else _QUESTION
    task_id, question = take(*_ID), take(*names)
    answers = take(*_ANSWERS, *([_GOLD] if agent_type == "search" else []))
    aliases = take("aliases", "answer_aliases")
    sql = take(*_SQL, *(["query"] if agent_type == "sql" else []), *([_GOLD] if agent_type == "sql" else []))
    patch = take(*_PATCH, *([_GOLD] if agent_type == "swe" else []))
    dialect, resolved, database = take(*_DIALECT), take(*_RESOLVED), take(*_DATABASE)
    if task_id is None and question is None:
        told.append("neither a task id nor a question; see the column names")
        return None
    verdict = _boolean(resolved)
    if resolved is not None and verdict is None:
        told.append(f"{str(resolved)[:80]!r} is no test verdict, and says nothing; write true or false")
    return Reference(
        task_id="" if task_id is None else str(task_id),
        question="" if question is None else str(question),
        answers=list(dict.fromkeys([*_texts(answers), *_texts(aliases)])),
        sql=str(sql or ""),
        dialect=str(dialect or ""),
        patch=str(patch or ""),
        resolved=verdict,
        database=str(database or ""),
        extra={name: _plain(value) for name, value in cells.items() if name not in used},
    )


def reference_digest(reference: Reference) -> str:
    """Content hash (64 hex digits) of a reference."""
    return hashlib.sha256(msgspec.json.encode(reference, order="deterministic")).hexdigest()


def _merged(references: list[Reference]) -> list[Reference]:
    """Rows that only name a question go to the tasks that have it, unless they contradict one of these."""
    by_question: dict[str, list[int]] = {}
    for index, reference in enumerate(references):
        question = normalise_question(reference.question)
        if reference.task_id and question:
            by_question.setdefault(question, []).append(index)
    merged = list(references)
    gone: set[int] = set()
    for index, reference in enumerate(references):
        tasks = [] if reference.task_id else by_question.get(normalise_question(reference.question), [])
        joined = [_join([references[task], reference]) for task in tasks]
        whole = [one for one in joined if isinstance(one, Reference)]
        if whole and len(whole) == len(tasks):
            gone.add(index)
            for task, one in zip(tasks, whole, strict=True):
                merged[task] = one
    return [reference for index, reference in enumerate(merged) if index not in gone]


def _join(group: list[Reference]) -> Reference | str:
    """All that the references say together, or the name of the field in which they contradict each other."""
    values: dict[str, Any] = {}
    for reference in group:
        for name in _FIELDS:
            value = getattr(reference, name)
            if value in ("", [], None):
                continue
            if name in values and values[name] != value and not (name == "question" and _agree(value, values[name])):
                return name
            values.setdefault(name, value)
    extra = {name: value for reference in group for name, value in reference.extra.items()}
    return Reference(task_id=group[0].task_id, extra=extra, **values)


def _texts(value: Any) -> list[str]:
    if _empty(value):
        return []
    if isinstance(value, str):
        if value.lstrip().startswith("["):
            try:
                return _texts(msgspec.json.decode(value))
            except ValueError:
                return [value]
        return [value]
    if isinstance(value, (list, tuple)):
        return [text for item in value for text in _texts(item)]
    return [msgspec.json.encode(value).decode() if isinstance(value, (bool, dict)) else str(value)]


def _empty(value: Any) -> bool:
    """Whether a cell says nothing: null, NaN, an empty text or list, or a list of such."""
    if isinstance(value, str):
        return value.strip() in ("", "[]")
    if isinstance(value, (list, tuple, dict)):
        return all(_empty(item) for item in (value.values() if isinstance(value, dict) else value))
    return value is None or (isinstance(value, float) and math.isnan(value))


def _boolean(value: Any) -> bool | None:
    word = str(value).strip().lower()
    return True if word in _TRUE else False if word in _FALSE else None


def _plain(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool, list, dict)) else str(value)


def _agree(left: str, right: str, *, task_id: str = "") -> bool:
    a, b = normalise_question(left), normalise_question(right)
    if not a or not b or a == b:
        return True
    if task_id.isdigit():  # a bare counter names a task only together with its file
        return False
    return a in b or b in a or f1(a, b) >= 0.8


def _content(reference: Reference) -> tuple[Any, ...]:
    return tuple(getattr(reference, name) for name in _FIELDS if name != "question")
