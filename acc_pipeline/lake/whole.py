"""Set-level tables: a partition that is recomputed whole, of which only the rows that changed are written.

For splits, near-duplicates, caps and other work in which every row depends on all; one commit, or none.
"""

import polars as pl
from deltalake import DeltaTable

from acc_pipeline.lake.keys import record_key, row_digests
from acc_pipeline.lake.markers import Marker, Markers
from acc_pipeline.lake.recipe import Recipe
from acc_pipeline.lake.recipe_table import RecipeTable
from acc_pipeline.lake.store import Change, Store, equals, is_one_of
from acc_pipeline.lake.summary import summarise
from acc_pipeline.lake.tables import KEPT, TableSpec

_FREE = ("input_key", "status", "reason", "detail", "cure")  # system columns that the caller may give
_COMPARED = ("input_key", "output_no", "record_key", "status", "reason", "detail", "cure")
_NAMED_AT_MOST = 2000  # keys in a predicate; past that the partition is rewritten


def replace_whole(
    store: Store,
    markers: Markers,
    recipes: RecipeTable,
    *,
    spec: TableSpec,
    partition: str,
    frame: pl.DataFrame,
    recipe: Recipe,
    upstream: dict[str, str] | None,
) -> str:
    """Make the partition hold exactly `frame` and set its marker; see `Lake.replace_partition`."""
    rows = whole_rows(frame, spec=spec, partition=partition, recipe=recipe)
    summary = summarise(rows.lazy())
    table = store.ensure()
    before = markers.read(spec.name, partition)
    commit_no = store.commits(table, partition=partition)
    marker = Marker(
        table=spec.name,
        partition=partition,
        recipe=recipe.fingerprint,
        wanted=recipe.fingerprint,
        data_version=summary.data_version,
        commit_no=commit_no,
        ready=True,
        counts={"inputs": rows["input_key"].n_unique(), **summary.counts},
        reasons=summary.reasons,
        upstream=upstream if upstream is not None else before.upstream if before is not None else {},
    )
    changed = _changed(table, rows, store=store, spec=spec, partition=partition)
    if not changed and marker == before:
        return summary.data_version
    recipes.save(spec.name, recipe)
    if changed:
        markers.begin(spec.name, partition, wanted=recipe.fingerprint)

    seen = [commit_no]

    def decide(table: DeltaTable, number: int) -> Change | None:
        seen[0] = number
        keys = _changed(table, rows, store=store, spec=spec, partition=partition)
        if not keys:
            return None
        place = equals(spec.partition_by, partition)
        if len(keys) <= _NAMED_AT_MOST:
            place = f"{place} AND {is_one_of('input_key', keys)}"
            new = rows.filter(pl.col("input_key").is_in(keys))
        else:
            new = rows
        return Change(new if new.height else None, place)

    written = store.commit(partition, decide=decide, metadata={"recipe": recipe.fingerprint})
    fields = {name: getattr(marker, name) for name in marker.__struct_fields__}
    markers.set(Marker(**{**fields, "commit_no": seen[0] if written is None else written}))
    return summary.data_version


def whole_rows(frame: pl.DataFrame, *, spec: TableSpec, partition: str, recipe: Recipe) -> pl.DataFrame:
    """`frame` with the system columns, in the table's schema; the same rows in another order give the same result."""
    if unknown := sorted(set(frame.columns) - set(spec.columns) - set(_FREE)):
        raise ValueError(
            f"table {spec.name!r}: the frame has columns {unknown} that the table does not have; "
            f"it has {sorted(spec.columns)}, and {list(_FREE)} may be given"
        )
    fingerprint = recipe.fingerprint
    own = frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype, strict=True).alias(name)
        for name, dtype in spec.columns.items()
    )
    digest = pl.Series("digest", row_digests(own), dtype=pl.String)
    given = {name: frame[name].cast(pl.String) for name in _FREE if name in frame.columns}
    keys = given.get("input_key", digest)
    if keys.null_count():
        raise ValueError(f"table {spec.name!r}: input_key is null in {keys.null_count()} rows of the frame")
    rows = own.with_columns(
        digest,
        keys.alias("input_key"),
        pl.lit(partition, dtype=pl.String).alias(spec.partition_by),
        pl.lit(fingerprint, dtype=pl.String).alias("recipe"),
        pl.lit(False).alias("retryable"),
        *(
            given[name].fill_null("").alias(name) if name in given else pl.lit("", dtype=pl.String).alias(name)
            for name in ("reason", "detail", "cure")
        ),
        given["status"].fill_null(KEPT).alias("status") if "status" in given else pl.lit(KEPT).alias("status"),
    ).sort("input_key", "digest", "status", "reason", "detail", "cure")
    return rows.with_columns(
        pl.int_range(pl.len()).over("input_key").cast(pl.Int64).alias("output_no"),
        pl.len().over("input_key").cast(pl.Int64).alias("outputs"),
        pl.Series(
            "record_key",
            [
                record_key(key=key, digest=content, recipe=fingerprint, side={})
                for key, content in rows.select("input_key", "digest").iter_rows()
            ],
            dtype=pl.String,
        ),
    ).select(list(spec.schema))


def _changed(table: DeltaTable, rows: pl.DataFrame, *, store: Store, spec: TableSpec, partition: str) -> list[str]:
    """The keys whose rows in the table are not those of `rows`, in either direction."""
    present = (
        pl.scan_delta(table, storage_options=store.storage_options or None)
        .filter(pl.col(spec.partition_by) == partition)
        .select(_COMPARED)
        .collect()
    )
    wanted = rows.select(_COMPARED)
    new = wanted.join(present, on=list(_COMPARED), how="anti", nulls_equal=True)
    old = present.join(wanted, on=list(_COMPARED), how="anti", nulls_equal=True)
    return pl.concat([new["input_key"], old["input_key"]]).unique().sort().to_list()
