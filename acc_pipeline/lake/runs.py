"""The record-by-record run: which inputs are done, work on the rest shard by shard, commit each shard as it is done.

What goes in (`Input`), what a stage answers (`Produced`) and what is told afterwards (`RunReport`) are here as well,
because they are the seam between stages and the lake. Nothing here knows what a record means.
"""

from typing import Any

from msgspec import Struct


class Input(Struct, frozen=True):
    """One input record: `key` is its identity, `digest` its content, `side` the digest of each side input by name.

    A side input that was looked for and is not there has a digest too (such as "absent"): its appearance makes just
    this record new. The record itself is loaded shard by shard, so millions of these may be held at once.
    """

    key: str
    digest: str
    side: dict[str, str] = {}


class RejectRow(Struct, frozen=True):
    """A record that was dropped: `reason` is a code to count by, `detail` what was seen, `cure` what would mend it.

    `retryable` marks a passing cause (teacher down, disk full): the input does not count as done and is tried again by
    the next run. `columns` fills the table's own columns where they are known.
    """

    reason: str
    detail: str = ""
    cure: str = ""
    retryable: bool = False
    columns: dict[str, Any] = {}


class Produced(Struct, frozen=True):
    """All that one input became: any number of rows (the table's own columns by name) and of rejects."""

    outputs: list[dict[str, Any]] = []
    rejects: list[RejectRow] = []


class RunReport(Struct, frozen=True, kw_only=True):
    """What a run did to one partition. `total` and `processed` count inputs; the rest counts rows of the partition now.

    `data_version` is a hash over the kept rows' content, not over time; `committed` is False when nothing was written.
    """

    total: int  # inputs upstream now
    reused: int  # inputs that were done already
    processed: int  # inputs worked on by this run
    kept: int
    rejected: int
    reasons: dict[str, int]  # rejected rows by reason
    retryable: int  # rejected rows that the next run tries again
    removed: int  # inputs gone upstream, whose rows were deleted
    data_version: str
    recipe_change: list[str]  # in words, against the recipe that this partition had before
    seconds: float
    committed: bool
