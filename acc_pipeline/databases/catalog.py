"""Finding databases on disk and telling their content apart: DuckDB files, SQLite files, folders of CSV or Parquet.

Looks at names and bytes only; what is in a database is read by the query process.
"""

import hashlib
import unicodedata
from functools import lru_cache
from pathlib import Path

SUFFIXES = (".duckdb", ".db", ".sqlite", ".sqlite3")
_TABLE_SUFFIXES = (".csv", ".parquet")


class Unreadable(ValueError):
    """The database itself cannot be read, whatever is asked of it."""


def _table_files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in _TABLE_SUFFIXES and p.is_file())


def find_database(directory: Path, name: str) -> Path | None:
    """The database `name` in `directory`, or None. Any name that a file can have will do, and case does not matter.

    `name` never becomes a path: it is compared with what stands in `directory`, hidden files left out.
    """
    if not directory.is_dir():
        return None
    wanted = _spelling(name)
    found = []
    for path in sorted(p for p in directory.iterdir() if not p.name.startswith(".")):
        if (
            path.suffix.lower() in SUFFIXES
            and wanted in (_spelling(path.stem), _spelling(path.name))
            and path.is_file()
        ):
            found.append((SUFFIXES.index(path.suffix.lower()), path))
        elif _spelling(path.name) == wanted and path.is_dir():
            # Spider and BIRD lay databases out as <name>/<name>.sqlite
            inner = [path / f"{path.name}{s}" for s in SUFFIXES]
            existing = [p for p in inner if p.is_file()]
            if existing:
                found.append((len(SUFFIXES), existing[0]))
            elif _table_files(path):
                found.append((len(SUFFIXES) + 1, path))
    return min(found)[1] if found else None


def _spelling(name: str) -> str:
    # file systems differ in how they write accents: as letters of their own, or as marks after a letter
    return unicodedata.normalize("NFC", name).lower()


def kind(database: Path) -> str:
    """duckdb, sqlite or folder, by content; raises Unreadable naming the file when it is none of them."""
    if database.is_dir():
        return "folder"
    with database.open("rb") as file:
        head = file.read(16)
    if head.startswith(b"SQLite format 3\x00"):
        return "sqlite"
    if head[8:12] == b"DUCK":
        return "duckdb"
    raise Unreadable(
        f"{database} is neither a DuckDB nor an SQLite file; put one of them, or a folder of CSV or Parquet"
    )


def table_files(folder: Path) -> dict[str, Path]:
    """Table name -> file of a folder database; Parquet wins where both exist, because it carries types."""
    files: dict[str, Path] = {}
    for path in _table_files(folder):
        if path.stem not in files or path.suffix.lower() == ".parquet":
            files[path.stem] = path
    return files


@lru_cache(maxsize=4096)
def _file_digest(path: str, size: int, mtime_ns: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def database_digest(path: Path) -> str:
    """sha256 over the file's bytes, or over names and bytes of a folder's tables; cached by size and mtime."""
    if path.is_dir():
        parts = [f"{p.name}:{database_digest(p)}" for p in _table_files(path)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()
    stat = path.stat()
    return _file_digest(str(path), stat.st_size, stat.st_mtime_ns)
