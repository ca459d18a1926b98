"""Log files of one agent type become runs: one file is one input, however many runs it holds."""

import hashlib
import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from acc_pipeline.lake.recipe import Recipe
from acc_pipeline.lake.runs import Input, RunReport, run_records
from acc_pipeline.orchestration.tables import TABLES
from acc_pipeline.orchestration.workspace import Workspace
from acc_pipeline.trajectories import stage

_LOG = logging.getLogger(__name__)


def run(workspace: Workspace, partition: str) -> RunReport:
    """Read what is new or changed in the inbox of `partition`; logs that are gone take their runs with them."""
    settings = workspace.settings
    inbox = settings.inbox_dir / partition
    files = {path.relative_to(inbox).as_posix(): path for path in log_files(inbox)}
    if not files:
        _LOG.warning("inbox of %s is empty: put its logs into %s", partition, inbox)
    digests = {name: _sha256(path) for name, path in files.items()}

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


def log_files(inbox: Path) -> Iterator[Path]:
    """Every file below the inbox that is not hidden, in a stable order; links are not followed out of it."""
    if inbox.is_dir():
        for path in sorted(inbox.rglob("*")):
            hidden = any(part.startswith(".") for part in path.relative_to(inbox).parts)
            if path.is_file() and not path.is_symlink() and not hidden:
                yield path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
