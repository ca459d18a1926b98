"""The lake: where its tables are, and reading them as whole partitions of one recipe.

Writing record by record is `runs.py`, writing a whole set at once is `whole.py` (reached from here for convenience).
Tables are plain Delta tables: anything that reads Delta reads them too.
"""

from typing import Any

import polars as pl
from deltalake import DeltaTable
from msgspec import Struct

from acc_pipeline.lake.errors import NotReady
from acc_pipeline.lake.markers import MARKERS, Marker, Markers
from acc_pipeline.lake.recipe import Recipe
from acc_pipeline.lake.recipe_table import RECIPES, RecipeTable
from acc_pipeline.lake.store import Store
from acc_pipeline.lake.tables import KEPT, REJECTED, TableSpec
from acc_pipeline.lake.whole import replace_whole

_LOOKS = 20  # at a marker that a finishing writer moves between two reads


class Lake(Struct, frozen=True):
    """Delta tables under `root`: a local path or `s3://bucket/prefix` with its `storage_options`. Can be pickled."""

    root: str
    storage_options: dict[str, str] | None = None

    def uri(self, spec: TableSpec) -> str:
        """Where the Delta table of a spec is, for other tools."""
        return self._uri(spec.name)

    def store(self, spec: TableSpec) -> Store:
        """The Delta table of a spec, which may not exist yet."""
        return Store(self.uri(spec), spec.schema, [spec.partition_by], self.storage_options or {})

    @property
    def markers(self) -> Markers:
        return Markers.at(self._uri(MARKERS), storage_options=self.storage_options or {})

    @property
    def recipes(self) -> RecipeTable:
        return RecipeTable.at(self._uri(RECIPES), storage_options=self.storage_options or {})

    def scan(
        self,
        spec: TableSpec,
        partition: str,
        *,
        status: str | None = KEPT,
        recipe: Recipe | None = None,
        allow_partial: bool = False,
    ) -> pl.LazyFrame:
        """The rows of one complete partition, as it is now: later commits do not change what the frame reads.

        `status` is kept, rejected, none, or None for all rows. Raises `NotReady` when the partition is not complete,
        or, with `recipe`, not complete in that recipe; `allow_partial=True` then gives the rows that are there of the
        recipe asked for, else of the one that the last run works towards.
        """
        table, fingerprint = self._look(spec, partition, recipe=recipe, allow_partial=allow_partial)
        if table is None:
            return pl.LazyFrame(schema=spec.schema)
        frame = pl.scan_delta(table, storage_options=self.storage_options)
        stored = set(frame.collect_schema())
        later = [pl.lit(None, dtype=dtype).alias(name) for name, dtype in spec.columns.items() if name not in stored]
        frame = frame.filter(pl.col(spec.partition_by) == partition, pl.col("recipe") == fingerprint)
        if status is not None:
            frame = frame.filter(pl.col("status") == status)
        return frame.with_columns(later).select(list(spec.schema))

    def keys(
        self,
        spec: TableSpec,
        partition: str,
        *,
        columns: tuple[str, ...] = (),
        status: str | None = KEPT,
        recipe: Recipe | None = None,
        allow_partial: bool = False,
    ) -> pl.LazyFrame:
        """`scan` narrowed to input_key, output_no, record_key, digest and the named columns: no record is read."""
        frame = self.scan(spec, partition, status=status, recipe=recipe, allow_partial=allow_partial)
        return frame.select("input_key", "output_no", "record_key", "digest", *columns)

    def rejects(
        self, spec: TableSpec, partition: str, *, recipe: Recipe | None = None, allow_partial: bool = False
    ) -> pl.LazyFrame:
        """The rows that went no further, each with `reason`, `detail`, `cure` and `retryable`."""
        return self.scan(spec, partition, status=REJECTED, recipe=recipe, allow_partial=allow_partial)

    def marker(self, spec: TableSpec, partition: str) -> Marker | None:
        """The completion of a partition, or None when it is not complete now."""
        table, marker = self._state(spec, partition)
        return marker if table is not None and marker is not None and self._holds(spec, marker, table) else None

    def history(self, spec: TableSpec) -> list[dict[str, Any]]:
        """The commits of a table, newest first: version, timestamp (ms), operation, partition, recipe, metrics."""
        table = self.store(spec).open()
        return [] if table is None else table.history()

    def replace_partition(
        self,
        spec: TableSpec,
        partition: str,
        frame: pl.DataFrame,
        *,
        recipe: Recipe,
        upstream: dict[str, str] | None = None,
    ) -> str:
        """Make the partition hold exactly `frame`; writes the rows that changed, nothing when none did.

        `frame` has columns of the table, and may have `input_key` (else a row's content is its key), `status`,
        `reason`, `detail`, `cure`. Returns the data version.
        """
        return replace_whole(
            self.store(spec),
            self.markers,
            self.recipes,
            spec=spec,
            partition=partition,
            frame=frame,
            recipe=recipe,
            upstream=upstream,
        )

    def _uri(self, name: str) -> str:
        return f"{self.root.rstrip('/')}/{name}"

    def _state(self, spec: TableSpec, partition: str) -> tuple[DeltaTable | None, Marker | None]:
        """A state of the table and the marker just after it; when that is of a later state, both are read again."""
        store = self.store(spec)
        for _ in range(_LOOKS):
            table = store.open()
            marker = self.markers.read(spec.name, partition)
            if table is None or marker is None or marker.commit_no <= store.commits(table, partition=partition):
                break
        return table, marker

    def _holds(self, spec: TableSpec, marker: Marker, table: DeltaTable) -> bool:
        return marker.holds_at(self.store(spec).commits(table, partition=marker.partition))

    def _look(
        self, spec: TableSpec, partition: str, *, recipe: Recipe | None, allow_partial: bool
    ) -> tuple[DeltaTable | None, str]:
        table, marker = self._state(spec, partition)
        if table is not None and marker is not None and self._holds(spec, marker, table):
            if recipe is None or recipe.fingerprint == marker.recipe:
                return table, marker.recipe
            why = f"it is complete in recipe {marker.recipe}, not in the recipe asked for, {recipe.fingerprint}"
        elif marker is None:
            why = "it was never made"
        else:
            why = "a run that writes it is going on or was cut off"
        if not allow_partial:
            raise NotReady(spec.name, partition, why)
        if recipe is not None:
            return table, recipe.fingerprint
        return table, marker.wanted if marker is not None else ""
