"""Log files of one agent type become runs: one file is one input, however many runs it holds."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from acc_pipeline.lake.recipe import Recipe
from acc_pipeline.lake.runs import Input, RunReport, run_records
from acc_pipeline.orchestration.tables import TABLES
from acc_pipeline.orchestration.workspace import Workspace
from acc_pipeline.trajectories import stage

_UNREADABLE = "unreadable"


def run(workspace: Workspace, partition: str) -> RunReport:
    """Read what is new or changed in the inbox of `partition`; logs that are gone take their runs with them."""
    settings = workspace.settings
    inbox = settings.inbox_dir / partition
    files = {_name(path.relative_to(inbox)): path for path in log_files(inbox)}
    digests = {name: digest for name, path in files.items() if (digest := _sha256(path))}

    def load(wanted: Sequence[Input]) -> Iterable[stage.ReadItem]:
        for item in wanted:
            yield stage.ReadItem(
                path=str(files[item.key]),
                rel=item.key,
                agent_type=partition,
                sha256=item.digest,
                limits=settings.reading.limits,
                scrub=settings.reading.scrub,
            )

    return run_records(
        workspace.lake,
        TABLES["trajectories"],
        partition=partition,
        recipe=Recipe(stage.recipe(limits=settings.reading.limits, scrub_texts=settings.reading.scrub)),
        inputs=[Input(key=name, digest=digest) for name, digest in digests.items()],
        load=load,
        process=stage.process,
        engine=workspace.engine,
        # A file may hold thousands of runs: a shard of files stays small.
        shard_size=min(16, settings.compute.shard_size),
    )


def notes(workspace: Workspace, partition: str) -> list[str]:
    """What a person should know about the inbox and would not see in the table: nothing there, or not looked at."""
    settings = workspace.settings
    inbox = settings.inbox_dir / partition
    found = []
    if next(log_files(inbox), None) is None:
        found.append(f"the inbox of {partition} is empty: put its logs into {inbox.resolve()}")
    links = [path for path in sorted(inbox.rglob("*")) if path.is_symlink()] if inbox.is_dir() else []
    if links:
        first = _name(links[0].relative_to(inbox))
        found.append(
            f"{len(links)} links in {inbox.resolve()} are not followed, such as {first}: copy what they lead to"
        )
    return found + _for_nobody(settings.inbox_dir, known=settings.agent_types)


def _for_nobody(folder: Path, *, known: Sequence[str]) -> list[str]:
    """Logs beside the agent types' own folders belong to none: a misspelt folder would be missed without a word."""
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    others = [_name(Path(one.name)) for one in entries if one.name not in known and not one.name.startswith(".")]
    if not others:
        return []
    return [
        f"{', '.join(others[:5])} in {folder.resolve()} belong to no agent type of this profile and are not read: "
        f"logs go into {', '.join(f'{name}/' for name in known)}"
    ]


def log_files(inbox: Path) -> Iterator[Path]:
    """Every file below the inbox that is not hidden, in a stable order; links are not followed out of it."""
    if inbox.is_dir():
        for path in sorted(inbox.rglob("*")):
            hidden = any(part.startswith(".") for part in path.relative_to(inbox).parts)
            if path.is_file() and not path.is_symlink() and not hidden:
                yield path


def _name(path: Path) -> str:
    """The path as text that a table can hold, whatever bytes it is made of."""
    return os.fsencode(path.as_posix()).decode("utf-8", "backslashreplace")


def _sha256(path: Path) -> str:
    """Empty for a file that was taken away since it was listed; one that cannot be read becomes a reject."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ""
    except OSError:
        return _UNREADABLE
