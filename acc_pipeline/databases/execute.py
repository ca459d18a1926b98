"""Running a query, or reading whole tables, in a limited child process: the only way into a database.

One child a process, started at the first use and kept; a query that will not end is killed with it. The parent parses
nothing that the child did not encode, and never opens a database itself.
"""

import atexit
import contextlib
import os
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from acc_pipeline.databases.limits import QueryLimits
from acc_pipeline.databases.tables import Table
from acc_pipeline.databases.values import Value, decode, encode, to_wire


class QueryResult(msgspec.Struct, frozen=True, kw_only=True):
    """`error` is empty when the query ran. `error_kind`: syntax, refused (no query, or it reaches outside),
    dialect (one that no engine here is proven to mean), database (it cannot be read, whatever is asked of it), failed
    (the engine's own error), timeout, memory, rows (too many), killed (the process died)."""

    columns: list[str] = []
    types: list[str] = []
    rows: list[tuple[Value, ...]] = []
    error: str = ""
    error_kind: str = ""
    dialect: str = ""


class TablesRead(msgspec.Struct, frozen=True, kw_only=True):
    """Whole tables; `problems`: name -> "missing" or "<n> rows". `dialect`: what the database was written for."""

    tables: list[Table] = []
    problems: dict[str, str] = {}
    dialect: str = ""
    error: str = ""


class QueryProcess:
    """A child that answers requests one at a time. Not for sharing between threads; see `_child`."""

    def __init__(self, limits: QueryLimits) -> None:
        self.limits = limits
        # An environment made here, not inherited: a query must find no credentials.
        environment = {
            "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
            "PYTHONIOENCODING": "utf-8",
            "TZ": "UTC",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "acc_pipeline.databases.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # an interrupt at the terminal is the parent's to handle
        )
        self.asked = 0
        self._send({"memory_mb": limits.memory_mb, "table_rows": limits.table_rows})

    def _send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        body = encode(message)
        self.process.stdin.write(struct.pack("<Q", len(body)) + body)
        self.process.stdin.flush()

    def _receive(self, count: int, deadline: float) -> bytes:
        assert self.process.stdout is not None
        handle, data = self.process.stdout.fileno(), bytearray()
        while len(data) < count:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([handle], [], [], left)[0]:
                raise TimeoutError
            chunk = os.read(handle, min(count - len(data), 1 << 20))
            if not chunk:
                raise EOFError
            data += chunk
        return bytes(data)

    def ask(self, request: dict[str, Any], *, seconds: float) -> dict[str, Any]:
        """The reply; raises TimeoutError or EOFError when there is none, after which the child must be closed."""
        try:
            self._send({**request, "seconds": seconds})
        except BrokenPipeError as error:
            raise EOFError from error
        # Starting and loading are not the query's time, but they are bounded, too.
        deadline = time.monotonic() + seconds + 30
        size = struct.unpack("<Q", self._receive(8, deadline))[0]
        reply: dict[str, Any] = decode(self._receive(size, deadline))
        return reply

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


_lock = threading.Lock()
_children: dict[tuple[int, int, int], QueryProcess] = {}


def _child(limits: QueryLimits) -> tuple[tuple[int, int, int], QueryProcess]:
    # A forked process must not talk through its parent's pipes: the process id is part of the key.
    key = (os.getpid(), limits.memory_mb, limits.table_rows)
    if key not in _children or _children[key].process.poll() is not None:
        _children[key] = QueryProcess(limits)
    return key, _children[key]


def close_children() -> None:
    """End the query processes of this process; the next query starts a new one."""
    with _lock:
        for key in [k for k in _children if k[0] == os.getpid()]:
            _children.pop(key).close()


atexit.register(close_children)


def _ask(request: dict[str, Any], limits: QueryLimits) -> dict[str, Any]:
    with _lock:
        for attempt in (1, 2):
            key, child = _child(limits)
            fresh = attempt == 2
            try:
                reply = child.ask(request, seconds=limits.seconds)
            except (TimeoutError, EOFError) as error:
                # -9 and -14 are the walls: the memory killer and the child's own alarm.
                code = None if isinstance(error, TimeoutError) else child.process.wait()
                _children.pop(key).close()
                if code is None or code == -14:
                    text = f"the query took longer than seconds = {limits.seconds} and its process was ended"
                    return {"error": text, "kind": "timeout"}
                if fresh:
                    return {"error": f"the query process died (exit {code}), probably of memory", "kind": "killed"}
                continue
            child.asked += 1
            if reply.get("kind") != "memory":
                return reply
            # What earlier queries left behind may be what is missing: a fresh process decides.
            _children.pop(key).close()
            if child.asked == 1:
                return reply
    raise AssertionError("unreachable")


def _result(reply: dict[str, Any]) -> QueryResult:
    if reply.get("error"):
        return QueryResult(error=reply["error"], error_kind=reply["kind"])
    rows = [tuple(row) for row in reply["rows"]]
    return QueryResult(columns=reply["columns"], types=reply["types"], rows=rows, dialect=reply["dialect"])


def run_query(database: Path, sql: str, *, dialect: str = "", limits: QueryLimits | None = None) -> QueryResult:
    """Run one SELECT on a database (DuckDB or SQLite file, folder of CSV or Parquet), read-only, as `dialect` means it.

    An empty dialect is the one the database was written for (its import's, else its engine's own). What a query does
    never raises: see `QueryResult.error`.
    """
    limits = limits or QueryLimits()
    request = {
        "op": "query", "database": str(database), "tables": None, "sql": sql, "dialect": dialect,
        "rows": limits.rows, "result_mb": limits.result_mb,
    }  # fmt: skip
    return _result(_ask(request, limits))


def run_on_tables(tables: Sequence[Table], sql: str, *, dialect: str, limits: QueryLimits | None = None) -> QueryResult:
    """Run one SELECT on nothing but `tables`."""
    limits = limits or QueryLimits()
    wire = [[t.name, t.columns, t.types, [[to_wire(v) for v in row] for row in t.rows]] for t in tables]
    request = {
        "op": "query", "database": "", "tables": wire, "sql": sql, "dialect": dialect,
        "rows": limits.rows, "result_mb": limits.result_mb,
    }  # fmt: skip
    return _result(_ask(request, limits))


def read_tables(
    database: Path,
    names: Sequence[str] | None = None,
    *,
    max_rows: int | None = None,
    limits: QueryLimits | None = None,
) -> TablesRead:
    """Tables of a database, whole, in stored order; all of them when `names` is None."""
    limits = limits or QueryLimits()
    request = {
        "op": "tables", "database": str(database), "names": None if names is None else list(names),
        "table_rows": limits.table_rows if max_rows is None else max_rows, "head_only": False,
    }  # fmt: skip
    reply = _ask(request, limits)
    if reply.get("error"):
        return TablesRead(error=reply["error"])
    tables = [Table(name=n, columns=c, types=t, rows=[tuple(r) for r in rows]) for n, c, t, rows in reply["tables"]]
    return TablesRead(tables=tables, problems=reply["problems"], dialect=reply["dialect"])
