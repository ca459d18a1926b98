"""A log file to trajectories and rejects: open it, find its format, read each record, keep the limits.

Records in = kept + rejected, always; a reader that yields several runs for one record counts each.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from acc_pipeline.trajectories.container import Container, Refused, open_container, too_many
from acc_pipeline.trajectories.formats.recognised import PLAIN_CHAT, recognise, whole_file
from acc_pipeline.trajectories.formats.record import Record
from acc_pipeline.trajectories.limits import Limits
from acc_pipeline.trajectories.schema import Reject, Source, Trajectory
from acc_pipeline.trajectories.sniff import LogFormat, find_format, log_formats

RULES_VERSION = 3


class FileReading(msgspec.Struct, frozen=True, kw_only=True):
    """What one file gave. `format` is a reader's name, `mixed`, what the file looks like, or "" for unknown.

    `n_records == len(trajectories) + len(rejects)`.
    """

    format: str
    sha256: str
    trajectories: list[Trajectory]
    rejects: list[Reject]
    n_records: int


def read_file(path: Path, *, rel: str, limits: Limits) -> FileReading:
    """Read the log file at `path`; `rel` is its path as provenance tells it. Never raises for what the file holds."""
    try:
        container = open_container(path, rel=rel, limits=limits)
    except Refused as refused:
        reject = refused.reject
        digest = reject.source.sha256 if reject.source else ""
        return FileReading(format="", sha256=digest, trajectories=[], rejects=[reject], n_records=1)
    source = Source(format="", path=rel, sha256=container.sha256)
    whole = container.values[0][1] if container.kind != "lines" else [value for _, value in container.values]
    reader = None if isinstance(whole, bytes) else find_format(whole)
    looks_like = reader.NAME if reader is not None else recognise(whole, name=path.name.removesuffix(".gz"))
    outcome: tuple[str, list[Trajectory | Reject]]
    if container.rejects and (reader is not None or (looks_like == PLAIN_CHAT and whole_file(whole))):
        # a lost message may hold a call, or the answer to one
        outcome = (looks_like, [_not_whole(looks_like, source)])
    elif reader is not None:
        outcome = _read_all(reader, whole, source=source, limits=limits)
    elif isinstance(whole, list) and not whole_file(whole) and any(isinstance(one, dict | list) for one in whole):
        rows = container.values if container.kind == "lines" else list(enumerate(whole))
        outcome = _read_rows(rows, source=source, limits=limits)
    elif container.kind == "lines" and not container.values:
        outcome = ("", [])
    else:
        outcome = (looks_like, [_not_read(looks_like, source)])
    return _counted(outcome, container=container, limits=limits)


def _read_all(
    reader: LogFormat, value: Any, *, source: Source, limits: Limits
) -> tuple[str, list[Trajectory | Reject]]:
    split = getattr(reader, "split", None)
    runs = split(value) if split else [value]
    results: list[Trajectory | Reject] = []
    for row, one in enumerate(runs[: limits.max_records]):
        at = msgspec.structs.replace(source, row=row)
        results += _read_one(reader, Record(value=one, source=at, limits=limits))
    return reader.NAME, [*results, *too_many(len(runs), limits=limits, source=source)]


def _read_one(reader: LogFormat, record: Record) -> list[Trajectory | Reject]:
    """A record of a shape that its reader never thought of costs that record, and not the file or the run."""
    try:
        return reader.read(record)
    except (TypeError, ValueError, KeyError, AttributeError, IndexError, RecursionError) as error:
        detail = f"{reader.NAME} reader: {type(error).__name__}: {error}"
        cure = "the record has an unexpected shape: repair it, or mend the reader"
        return [record.reject("unreadable_record", detail=detail[:500], cure=cure)]


def _read_rows(rows: list[tuple[int, Any]], *, source: Source, limits: Limits) -> tuple[str, list[Trajectory | Reject]]:
    names: Counter[str] = Counter()
    results: list[Trajectory | Reject] = []
    reader: LogFormat | None = None
    for row, value in rows[: limits.max_records]:
        at = msgspec.structs.replace(source, row=row)
        if reader is None or not reader.sniff(value):  # the rows of a file are nearly always all of one format
            reader = next((one for one in log_formats() if one.sniff(value)), None)
        name = reader.NAME if reader else recognise(value)
        names[name] += 1
        if reader is None:
            results.append(_not_read(name, at))
        else:
            results += _read_one(reader, Record(value=value, source=at, limits=limits))
    results += too_many(len(rows), limits=limits, source=source)
    return (next(iter(names)) if len(names) == 1 else "mixed"), results


def _not_whole(name: str, source: Source) -> Reject:
    return Reject(
        reason="incomplete_run",
        detail=f"the lines are the messages of one run ({name}), and not all of them could be read",
        cure="mend what the other rejects of the file name: without these messages the run is not what happened",
        source=source,
    )


def _not_read(name: str, source: Source) -> Reject:
    if name:
        return Reject(
            reason="unsupported_format",
            detail=f"looks like {name}",
            cure="convert it to one of the formats that are read, or add a reader (entry point acc_pipeline.formats)",
            source=source,
        )
    return Reject(
        reason="unknown_format",
        detail="no known log format",
        cure="check that it is an agent's log; a reader can be added (entry point acc_pipeline.formats)",
        source=source,
    )


def _counted(outcome: tuple[str, list[Trajectory | Reject]], *, container: Container, limits: Limits) -> FileReading:
    name, results = outcome
    checked = [_within(one, limits=limits) if isinstance(one, Trajectory) else one for one in results]
    trajectories = _distinct([one for one in checked if isinstance(one, Trajectory)])
    rejects = [*container.rejects, *(one for one in checked if isinstance(one, Reject))]
    return FileReading(
        format=name,
        sha256=container.sha256,
        trajectories=trajectories,
        rejects=sorted(rejects, key=lambda one: one.source.row if one.source else 0),
        n_records=len(trajectories) + len(rejects),
    )


def _within(one: Trajectory, *, limits: Limits) -> Trajectory | Reject:
    cure = "raise the limit if the run is wanted"
    if len(one.steps) > limits.max_steps:
        detail = f"{len(one.steps)} steps, more than {limits.max_steps} (limit max_steps)"
        return Reject(reason="too_many_steps", detail=detail, cure=cure, source=one.source)
    longest = max((len(obs.text) for step in one.steps for obs in step.observations), default=0)
    if longest > limits.max_observation_chars:
        detail = f"an observation of {longest} characters (limit max_observation_chars)"
        return Reject(reason="observation_too_long", detail=detail, cure=cure, source=one.source)
    if not one.task.question.strip():
        detail = "the record holds no task text"
        return Reject(reason="no_question", detail=detail, cure="write the task with the run", source=one.source)
    return one


def _distinct(trajectories: list[Trajectory]) -> list[Trajectory]:
    """Ids made unique in the file: the same record twice gets its row as a suffix."""
    seen: Counter[str] = Counter()
    out = []
    for one in trajectories:
        seen[one.run_id] += 1
        again = seen[one.run_id] > 1
        if again:
            one = msgspec.structs.replace(
                one, run_id=f"{one.run_id}-{one.source.row}", flags=[*one.flags, "repeated_record"]
            )
        out.append(one)
    return out
