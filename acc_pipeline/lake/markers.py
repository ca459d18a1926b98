"""Completion markers: which recipe a partition is whole in, and at which of its commits that was true.

A marker holds only while the partition's commit number is the one it names, so the first commit of a new run unsets it
in the same instant, and no reader sees a mixture even if the writer is killed. Kept in the Delta table `_markers`.
"""

from datetime import UTC, datetime

import msgspec
import polars as pl
from deltalake import DeltaTable
from msgspec import Struct
from msgspec.structs import replace

from acc_pipeline.lake.store import Change, Store, equals

MARKERS = "_markers"


class Marker(Struct, frozen=True, kw_only=True):
    """The last completion of one partition. `wanted` is the recipe of the run that began last."""

    table: str
    partition: str
    recipe: str = ""
    wanted: str = ""
    data_version: str = ""
    commit_no: int = 0
    ready: bool = False
    counts: dict[str, int] = {}  # inputs, kept, rejected, retryable
    reasons: dict[str, int] = {}  # rejected rows by reason
    upstream: dict[str, str] = {}  # data version of each table that was read, as far as the run was told

    def holds_at(self, commit_no: int) -> bool:
        """Whether the partition is whole in the state with this commit number."""
        return self.ready and self.commit_no == commit_no


class Markers(Struct, frozen=True):
    """The markers of one lake."""

    store: Store

    @classmethod
    def at(cls, uri: str, *, storage_options: dict[str, str]) -> "Markers":
        schema: dict[str, pl.DataType | type[pl.DataType]] = {
            "table": pl.String,
            "partition": pl.String,
            "recipe": pl.String,
            "wanted": pl.String,
            "data_version": pl.String,
            "commit_no": pl.Int64,
            "ready": pl.Boolean,
            "counts": pl.String,
            "reasons": pl.String,
            "upstream": pl.String,
            "written": pl.Datetime("us", "UTC"),
        }
        # A file for each marker: writers of different partitions then never touch the same file.
        return cls(Store(uri, schema, ["table", "partition"], storage_options, skip_on_keys=False))

    def read(self, table: str, partition: str) -> Marker | None:
        """The marker as last written, ready or not."""
        state = self.store.open()
        return None if state is None else self._in(state, table=table, partition=partition)

    def begin(self, table: str, partition: str, *, wanted: str) -> None:
        """Say that a run with the recipe `wanted` begins to write; what was complete before stays on record."""

        def decide(state: DeltaTable, _: int) -> Change:
            marker = self._in(state, table=table, partition=partition) or Marker(table=table, partition=partition)
            return self._put(replace(marker, wanted=wanted, ready=False))

        self.store.commit(f"{table}/{partition}", decide=decide)

    def set(self, marker: Marker) -> None:
        """Say that the partition is whole, unless a later commit of it has been found whole already."""

        def decide(state: DeltaTable, _: int) -> Change | None:
            present = self._in(state, table=marker.table, partition=marker.partition)
            newer = present is not None and present.ready and present.commit_no > marker.commit_no
            return None if newer else self._put(marker)

        self.store.commit(f"{marker.table}/{marker.partition}", decide=decide)

    def _in(self, state: DeltaTable, *, table: str, partition: str) -> Marker | None:
        rows = (
            pl.scan_delta(state, storage_options=self.store.storage_options or None)
            .filter(pl.col("table") == table, pl.col("partition") == partition)
            .drop("written")
            .collect()
            .to_dicts()
        )
        if not rows:
            return None
        maps = {name: msgspec.json.decode(rows[0].pop(name)) for name in ("counts", "reasons", "upstream")}
        return Marker(**rows[0], **maps)

    def _put(self, marker: Marker) -> Change:
        row = {field: getattr(marker, field) for field in marker.__struct_fields__}
        for name in ("counts", "reasons", "upstream"):
            row[name] = msgspec.json.encode(row[name], order="sorted").decode()
        row["written"] = datetime.now(UTC)
        place = f"{equals('table', marker.table)} AND {equals('partition', marker.partition)}"
        return Change(pl.DataFrame([row], schema=self.store.schema), place)
