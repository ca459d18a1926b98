"""Side inputs of a record: which reference, database and repository belong to it, and the digest of each.

`SourcesRoot` looks things up by comparing names that stand in a folder; a path is never built from a logged id. What is
not there has the digest "absent", so its appearance makes just the records that looked for it new.
"""

import hashlib
import os
from functools import lru_cache
from pathlib import Path

from acc_pipeline.agents.base import Needs, Sources
from acc_pipeline.agents.references import ReferenceIndex, load_references, reference_digest

ABSENT = "absent"
_SKIPPED = {".git", "__pycache__", ".venv", "node_modules"}


class SourcesRoot:
    """Where a user's references, databases and repositories lie. Reads each reference folder once.

    `references_dir` holds one folder per agent type. A repository is a folder of `repos_dir` named after the task id,
    or `owner__name@commit`, or `owner__name`; it must hold the files as they were before the change.
    """

    def __init__(self, references_dir: Path, databases_dir: Path, repos_dir: Path) -> None:
        self.references_dir = Path(references_dir)
        self.databases_dir = Path(databases_dir)
        self.repos_dir = Path(repos_dir)
        self._indexes: dict[str, ReferenceIndex] = {}

    def references(self, agent_type: str) -> ReferenceIndex:
        """The references of one agent type."""
        if agent_type not in self._indexes:
            # The folder is found among those that exist: an agent type's name is not turned into a path.
            folder = _child(self.references_dir, agent_type) or self.references_dir / "absent"
            self._indexes[agent_type] = load_references(folder, agent_type=agent_type)
        return self._indexes[agent_type]

    def resolve(self, needs: Needs, *, agent_type: str) -> Sources:
        """The side inputs themselves."""
        reference = self.references(agent_type).lookup(needs.task_id, needs.question)
        name = needs.database_name(reference)
        database = None
        if name:
            from acc_pipeline.databases.catalog import find_database

            database = find_database(self.databases_dir, name)
        return Sources(reference=reference, database=database, repo=self._repo(needs))

    def side(self, needs: Needs, *, agent_type: str) -> dict[str, str]:
        """Digest of every side input that the record reads or looks for, by its name."""
        sources = self.resolve(needs, agent_type=agent_type)
        side = {"reference": reference_digest(sources.reference) if sources.reference else ABSENT}
        if needs.database_name(sources.reference):
            side["database"] = _database_digest(sources.database)
        if needs.repo:
            side["repo"] = folder_digest(sources.repo) if sources.repo else ABSENT
        return side

    def _repo(self, needs: Needs) -> Path | None:
        if not needs.repo:
            return None
        name, _, commit = needs.repo.partition("@")
        flat = name.strip("/").replace("/", "__")
        for wanted in (needs.task_id, f"{flat}@{commit}" if commit else "", flat):
            found = _child(self.repos_dir, wanted) if wanted else None
            if found is not None:
                return found
        return None


def folder_digest(folder: Path) -> str:
    """Content hash (64 hex digits) of a folder's files, links and version control left out."""
    entries = []
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if f not in _SKIPPED)
        for name in sorted(files):
            path = os.path.join(root, name)
            if not os.path.islink(path) and os.path.isfile(path):
                stat = os.stat(path)
                entries.append(f"{os.path.relpath(path, folder)}\0{_file_digest(path, stat.st_size, stat.st_mtime_ns)}")
    return hashlib.sha256("\n".join(sorted(entries)).encode("utf-8", "surrogateescape")).hexdigest()


@lru_cache(maxsize=200_000)
def _file_digest(path: str, size: int, mtime_ns: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _database_digest(database: Path | None) -> str:
    if database is None:
        return ABSENT
    from acc_pipeline.databases.catalog import database_digest

    return database_digest(database)


def _child(folder: Path, name: str) -> Path | None:
    if not folder.is_dir():
        return None
    return next((entry for entry in folder.iterdir() if entry.name == name and entry.is_dir()), None)
