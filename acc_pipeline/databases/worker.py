"""The query process: reads requests from standard input, answers on standard output, under limits it sets on itself.

Started by `execute` only. A query reaches no network and no files through it. It keeps the last databases open, and
dies by itself when its parent does or when a query will not be interrupted.
"""

import contextlib
import os
import resource
import signal
import sqlite3
import struct
import sys
import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO

from acc_pipeline.databases.catalog import Unreadable, kind
from acc_pipeline.databases.duckdb_engine import DuckEngine
from acc_pipeline.databases.sources import MemorySource, Source, TooLarge, open_source, reading
from acc_pipeline.databases.sqlite_engine import SqliteEngine
from acc_pipeline.databases.statement import StatementError, proven_dialect
from acc_pipeline.databases.tables import Table
from acc_pipeline.databases.values import decode, encode, to_wire

_OPEN = 32


class Databases:
    """The databases and engines that are open, the least recently used closed first."""

    def __init__(self, *, memory_mb: int, table_rows: int) -> None:
        self.memory_mb, self.table_rows = memory_mb, table_rows
        self._sources: OrderedDict[tuple[Any, ...], Source] = OrderedDict()
        self._engines: OrderedDict[tuple[Any, ...], SqliteEngine | DuckEngine] = OrderedDict()

    def source(self, path: Path) -> tuple[tuple[Any, ...], Source]:
        with reading():
            return self._source(path)

    def _source(self, path: Path) -> tuple[tuple[Any, ...], Source]:
        stat = path.stat()
        key: tuple[Any, ...] = (str(path), stat.st_size, stat.st_mtime_ns)
        if path.is_dir():
            key += tuple(sorted((p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in path.iterdir()))
        if key not in self._sources:
            self._sources[key] = open_source(path, memory_mb=self.memory_mb)
            while len(self._sources) > _OPEN:
                gone, old = self._sources.popitem(last=False)
                self._close(gone, old)
        self._sources.move_to_end(key)
        return key, self._sources[key]

    def _close(self, key: tuple[Any, ...], source: Source) -> None:
        for engine in [e for e in self._engines if e[: len(key)] == key]:
            self._engines.pop(engine).connection.close()
        source.close()

    def forget(self, path: Path) -> None:
        """Close what is open of a database, so that the next request opens it anew."""
        for key in [k for k in self._sources if k[0] == str(path)]:
            self._close(key, self._sources.pop(key))

    def engine(self, request: dict[str, Any]) -> SqliteEngine | DuckEngine:
        if request.get("tables") is not None:
            tables = [
                Table(name=n, columns=c, types=t, rows=[tuple(r) for r in rows]) for n, c, t, rows in request["tables"]
            ]
            return self._make(MemorySource(tables), request["dialect"])
        key, source = self.source(Path(request["database"]))
        with reading():
            dialect = request["dialect"] or source.dialect()
        full = (*key, proven_dialect(dialect))
        if full not in self._engines:
            with reading():
                self._engines[full] = self._make(source, dialect)
        return self._engines[full]

    def _make(self, source: Source, dialect: str) -> SqliteEngine | DuckEngine:
        name = proven_dialect(dialect)
        if name in ("mysql", "sqlite"):
            mysql = name == "mysql"
            return SqliteEngine(source, mysql=mysql, memory_mb=self.memory_mb, table_rows=self.table_rows)
        return DuckEngine(source, memory_mb=self.memory_mb, table_rows=self.table_rows)


def _query(databases: Databases, request: dict[str, Any]) -> dict[str, Any]:
    engine = databases.engine(request)
    dialect = request["dialect"] or databases.source(Path(request["database"]))[1].dialect()
    timer = threading.Timer(request["seconds"], engine.interrupt)
    timer.daemon = True
    timer.start()
    if isinstance(engine, SqliteEngine):
        engine.deadline = time.monotonic() + request["seconds"]
    try:
        columns, types, rows = engine.run(request["sql"], dialect=dialect, rows=request["rows"])
    finally:
        timer.cancel()
    if len(rows) > request["rows"]:
        return {"error": f"the result has more than rows = {request['rows']} rows", "kind": "rows"}
    size = sum(len(v) for row in rows for v in row if isinstance(v, (str, bytes)))
    if size > request["result_mb"] * 1_000_000:
        return {
            "error": f"the result holds {size} bytes of text, more than result_mb = {request['result_mb']}",
            "kind": "rows",
        }
    return {"columns": columns, "types": types, "rows": [[to_wire(v) for v in row] for row in rows], "dialect": dialect}


def _tables(databases: Databases, request: dict[str, Any]) -> dict[str, Any]:
    """Whole tables by name (all of them when names is None); a missing or too large one is told, not raised."""
    _, source = databases.source(Path(request["database"]))
    names = source.names()
    out, problems = [], {}
    for name in names.values() if request["names"] is None else request["names"]:
        stored = names.get(name.lower())
        if stored is None:
            problems[name] = "missing"
            continue
        count = source.count(stored)
        if count > request["table_rows"]:
            problems[name] = f"{count} rows"
            continue
        if request["head_only"]:
            out.append([stored, [], [], count])
            continue
        table = source.read(stored)
        out.append([stored, table.columns, table.types, [[to_wire(v) for v in row] for row in table.rows]])
    return {"tables": out, "problems": problems, "dialect": source.dialect(), "source": kind(Path(request["database"]))}


def answer(databases: Databases, request: dict[str, Any]) -> dict[str, Any]:
    """One request's reply; whatever goes wrong inside a query becomes its error."""
    import duckdb

    # What DuckDB raises when a file's content is at fault, which it may find out only while a query runs.
    damaged = duckdb.IOException, duckdb.SerializationException, duckdb.FatalException, duckdb.InternalException
    try:
        return (_query if request["op"] == "query" else _tables)(databases, request)
    except StatementError as error:
        return {"error": str(error), "kind": error.kind}
    except TooLarge as error:
        return {"error": str(error), "kind": "rows"}
    except (MemoryError, duckdb.OutOfMemoryException):
        return {"error": f"the query needs more than memory_mb = {databases.memory_mb}", "kind": "memory"}
    except (Unreadable, *damaged) as error:
        if request["database"]:
            databases.forget(Path(request["database"]))
        return {"error": str(error), "kind": "database"}
    except (sqlite3.Error, duckdb.Error) as error:
        text = str(error)
        if "interrupt" in text.lower():
            return {"error": f"the query took longer than seconds = {request.get('seconds')}", "kind": "timeout"}
        if "not authorized" in text or "prohibited" in text or isinstance(error, duckdb.PermissionException):
            return {"error": f"refused: {text}", "kind": "refused"}
        return {"error": text, "kind": "failed"}
    except RecursionError:
        return {"error": "the query is nested too deeply", "kind": "refused"}
    except (OSError, ValueError, OverflowError) as error:
        return {"error": str(error), "kind": "failed"}


def _read(stream: BinaryIO) -> bytes | None:
    head = stream.read(8)
    return stream.read(struct.unpack("<Q", head)[0]) if len(head) == 8 else None


def _limit(memory_mb: int) -> None:
    """Address space: what the process has now and `memory_mb` more; no core files, no new processes to hide in."""
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    now = pages * resource.getpagesize()
    if now:
        ceiling = now + memory_mb * 2 * 1024 * 1024  # DuckDB and SQLite keep to memory_mb themselves; this is the wall
        resource.setrlimit(resource.RLIMIT_AS, (ceiling, ceiling))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def main() -> None:
    import duckdb

    stdin, stdout = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing that prints may write into the replies
    first = _read(stdin)
    if first is None:
        return
    settings = decode(first)
    duckdb.connect(":memory:").execute("SELECT 1").fetchall()
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    _limit(settings["memory_mb"])
    databases = Databases(memory_mb=settings["memory_mb"], table_rows=settings["table_rows"])
    while (data := _read(stdin)) is not None:
        request = decode(data)
        # The default action of SIGALRM ends the process: the last resort for work that no interrupt reaches.
        signal.setitimer(signal.ITIMER_REAL, request["seconds"] + 2.0)
        reply = answer(databases, request)
        signal.setitimer(signal.ITIMER_REAL, 0)
        body = encode(reply)
        with contextlib.suppress(BrokenPipeError):
            stdout.write(struct.pack("<Q", len(body)) + body)
            stdout.flush()


if __name__ == "__main__":
    main()
