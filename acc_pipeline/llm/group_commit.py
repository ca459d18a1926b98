"""One thread that writes an SQLite file: what waits at the same moment is committed together, and told after that.

So a caller on an event loop never waits for the disk itself, and a thousand small writes cost a few commits. What the
tables mean is `store.py`'s.
"""

import contextlib
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
_BUSY_SECONDS = 60.0  # how long to wait for another process's transaction
_MOST_AT_ONCE = 500
_Job = tuple[Callable[[sqlite3.Connection], Any], "Future[Any]", bool]


class GroupCommit:
    """`submit(fn)` runs `fn(connection)` in a transaction; its future is done once that transaction is on disk.

    A `fn` that raises is undone alone; its exception is in its future. `schema` is run once, at the start.
    """

    def __init__(self, path: Path, *, schema: str) -> None:
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._opened: Future[None] = Future()
        self._closed = False
        self._thread = threading.Thread(target=self._run, args=(path, schema), name=f"store {path.name}", daemon=True)
        self._thread.start()
        self._opened.result()

    def submit(self, fn: Callable[[sqlite3.Connection], T], *, clear_log: bool = False) -> "Future[T]":
        """Never blocks. `clear_log` empties the write-ahead log too, where deleted text would live on until its next
        turn. Raises ValueError after `close`."""
        if self._closed:
            raise ValueError("the response store is closed; open it again")
        future: Future[T] = Future()
        self._jobs.put((fn, future, clear_log))
        return future

    def close(self) -> None:
        """Commit what waits, then close the file."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
            self._thread.join()

    def _run(self, path: Path, schema: str) -> None:
        try:
            connection = _connect(path, schema=schema)
        except Exception as error:  # told to whoever opens the store
            self._opened.set_exception(error)
            return
        self._opened.set_result(None)
        with contextlib.closing(connection):
            ended = False
            while not ended:
                batch = [job for job in [self._jobs.get()] if job is not None]
                ended = not batch
                while not ended and len(batch) < _MOST_AT_ONCE and not self._jobs.empty():
                    job = self._jobs.get()
                    ended = job is None
                    batch += [job] if job is not None else []
                if batch:
                    _commit(connection, batch)


def _connect(path: Path, *, schema: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    _use_wal(connection)
    connection.execute("PRAGMA synchronous=FULL")  # NORMAL may lose the last commits of a WAL at a power cut
    connection.execute("PRAGMA secure_delete=ON")  # a takedown leaves no text in free pages
    connection.executescript(f"BEGIN IMMEDIATE; {schema}; COMMIT;")
    return connection


def _use_wal(connection: sqlite3.Connection) -> None:
    # SQLite's busy timeout does not cover this switch, which two processes opening a new file make at the same time.
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _commit(connection: sqlite3.Connection, batch: list[_Job]) -> None:
    """One transaction; results and errors are told only when it is over."""
    told: list[tuple[Future[Any], Any, Exception | None]] = []
    try:
        connection.execute("BEGIN IMMEDIATE")
        for fn, future, _ in batch:
            connection.execute("SAVEPOINT one")
            try:
                told.append((future, fn(connection), None))
            except Exception as error:  # goes to the one who submitted it; the others' writes stand
                connection.execute("ROLLBACK TO one")
                told.append((future, None, error))
            connection.execute("RELEASE one")
        connection.execute("COMMIT")
        if any(clear_log for _, _, clear_log in batch):
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        told = [(future, None, error) for _, future, _ in batch]
    for future, result, failure in told:
        # An awaited future may have been cancelled meanwhile; the write stands either way.
        if future.set_running_or_notify_cancel():
            future.set_exception(failure) if failure else future.set_result(result)
