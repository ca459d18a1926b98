"""The durable response store: each model response is on disk before anybody uses it, and is never asked for again.

One SQLite file (WAL), shared by any number of processes of one machine. It also keeps the book of requests that are
under way, so that a request whose fate is unknown (a kill, a cut connection) counts in the budget and can be listed.
"""

import sqlite3
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from acc_pipeline.llm.group_commit import GroupCommit
from acc_pipeline.llm.owner import is_dead, this_process
from acc_pipeline.llm.reply import Reply
from acc_pipeline.llm.request import Request

_SCHEMA = """
CREATE TABLE IF NOT EXISTS responses (
    key TEXT PRIMARY KEY, purpose TEXT NOT NULL, tag TEXT NOT NULL, model TEXT NOT NULL, prompt_sha256 TEXT NOT NULL,
    sampling TEXT NOT NULL, sample_no INTEGER NOT NULL, reply BLOB NOT NULL, cost REAL NOT NULL, stored_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS responses_cost ON responses (purpose, cost);
CREATE INDEX IF NOT EXISTS responses_tag ON responses (tag);
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, purpose TEXT NOT NULL, tag TEXT NOT NULL, model TEXT NOT NULL,
    state TEXT NOT NULL, cost REAL NOT NULL, owner TEXT NOT NULL, began REAL NOT NULL, lease_until REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS calls_key ON calls (key);
CREATE INDEX IF NOT EXISTS calls_purpose ON calls (purpose, state, cost)
"""
_PENDING, _LOST, _FORGOTTEN = "pending", "lost", "forgotten"


class Claim(Struct, frozen=True, kw_only=True):
    """What `claim` answers. stored: `reply` is there; granted: send it, as `call_id`; busy: another sends it now;
    over_budget: it was not granted, `spent` says why."""

    outcome: Literal["stored", "granted", "busy", "over_budget"]
    reply: Reply | None = None
    call_id: int = 0
    spent: float = 0.0


class LostCall(Struct, frozen=True, kw_only=True):
    """A request that was sent and whose response never came: the server may have billed it. `cost` is the most it can
    have cost (USD), `began` seconds since the epoch."""

    key: str
    purpose: str
    tag: str
    model: str
    cost: float
    began: float


class ResponseStore:
    """Open with a file path; its folder is made. Close it, or use it as a context manager.

    Every method answers a future that is done when the change is on disk. Errors in it are sqlite3.Error.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._writer = GroupCommit(path, schema=_SCHEMA)
        self._owner = this_process()

    def __enter__(self) -> "ResponseStore":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._writer.close()

    def get(self, key: str) -> "Future[Reply | None]":
        """The stored reply, or None."""
        return self._writer.submit(lambda connection: _stored(connection, key))

    def claim(
        self, request: Request, *, purpose: str, cost: float, lease_seconds: float, budget: float | None
    ) -> "Future[Claim]":
        """Ask for the right to send `request`, which may cost at most `cost` USD and end within `lease_seconds`.

        `budget` bounds what all requests of `purpose` have cost or may still cost. A claim of a dead process, or one
        past its lease, becomes a lost call.
        """

        def run(connection: sqlite3.Connection) -> Claim:
            key = request.key
            if reply := _stored(connection, key):
                return Claim(outcome="stored", reply=reply)
            now = time.time()
            query = "SELECT id, owner, lease_until FROM calls WHERE key = ? AND state = ?"
            for call_id, owner, lease_until in connection.execute(query, (key, _PENDING)).fetchall():
                if lease_until > now and not is_dead(owner):
                    return Claim(outcome="busy")
                _set_state(connection, call_id, state=_LOST)
            spent = _spent(connection, purpose)
            if budget is not None and spent + cost > budget:
                return Claim(outcome="over_budget", spent=spent)
            row = (key, purpose, request.tag, request.model, _PENDING, cost, self._owner, now, now + lease_seconds)
            columns = "key, purpose, tag, model, state, cost, owner, began, lease_until"
            added = connection.execute(f"INSERT INTO calls ({columns}) VALUES (?,?,?,?,?,?,?,?,?)", row)
            return Claim(outcome="granted", call_id=added.lastrowid or 0)

        return self._writer.submit(run)

    def finish(self, call_id: int, *, request: Request, purpose: str, reply: Reply) -> "Future[None]":
        """The response of a granted request; it may be used when the future is done."""

        def run(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM calls WHERE id = ?", (call_id,))
            sampling = request.sampling.as_json()
            named = (request.key, purpose, request.tag, request.model, request.prompt_sha256, sampling)
            row = (*named, request.sample_no, msgspec.json.encode(reply), reply.cost, time.time())
            connection.execute("INSERT OR IGNORE INTO responses VALUES (?,?,?,?,?,?,?,?,?,?)", row)

        return self._writer.submit(run)

    def release(self, call_id: int) -> "Future[None]":
        """The request was surely not billed (never sent, or refused): as if it had not been claimed."""

        def run(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM calls WHERE id = ?", (call_id,))

        return self._writer.submit(run)

    def lose(self, call_id: int) -> "Future[None]":
        """The request was sent and its response did not come: it stays in the book and in the budget."""
        return self._writer.submit(lambda connection: _set_state(connection, call_id, state=_LOST))

    def spent(self, purpose: str) -> "Future[float]":
        """USD that requests of `purpose` cost, with the most that pending and lost ones may have cost."""
        return self._writer.submit(lambda connection: _spent(connection, purpose))

    def possibly_billed_twice(self) -> "Future[list[LostCall]]":
        """Requests sent without a response, those in flight at a kill included."""

        def run(connection: sqlite3.Connection) -> list[LostCall]:
            for call_id, owner, lease in connection.execute(
                "SELECT id, owner, lease_until FROM calls WHERE state = ?", (_PENDING,)
            ).fetchall():
                if lease <= time.time() or is_dead(owner):
                    _set_state(connection, call_id, state=_LOST)
            query = "SELECT key, purpose, tag, model, cost, began FROM calls WHERE state = ? ORDER BY id"
            names = ("key", "purpose", "tag", "model", "cost", "began")
            return [LostCall(**dict(zip(names, row, strict=True))) for row in connection.execute(query, (_LOST,))]

        return self._writer.submit(run)

    def forget(self, tag: str) -> "Future[int]":
        """Take down all responses of one record; what they cost stays in the book. Answers how many there were."""

        def run(connection: sqlite3.Connection) -> int:
            columns = "key, purpose, tag, model, state, cost, owner, began, lease_until"
            connection.execute(
                f"INSERT INTO calls ({columns}) SELECT key, purpose, '', model, ?, cost, '', stored_at, 0 "
                "FROM responses WHERE tag = ?",
                (_FORGOTTEN, tag),
            )
            connection.execute("UPDATE calls SET tag = '' WHERE tag = ? AND state != ?", (tag, _PENDING))
            return connection.execute("DELETE FROM responses WHERE tag = ?", (tag,)).rowcount

        return self._writer.submit(run, clear_log=True)


def _stored(connection: sqlite3.Connection, key: str) -> Reply | None:
    row = connection.execute("SELECT reply FROM responses WHERE key = ?", (key,)).fetchone()
    return msgspec.json.decode(row[0], type=Reply) if row else None


def _spent(connection: sqlite3.Connection, purpose: str) -> float:
    query = """SELECT COALESCE((SELECT SUM(cost) FROM responses WHERE purpose = ?1), 0)
                    + COALESCE((SELECT SUM(cost) FROM calls WHERE purpose = ?1), 0)"""
    return float(connection.execute(query, (purpose,)).fetchone()[0])


def _set_state(connection: sqlite3.Connection, call_id: int, *, state: str) -> None:
    connection.execute("UPDATE calls SET state = ? WHERE id = ?", (state, call_id))
