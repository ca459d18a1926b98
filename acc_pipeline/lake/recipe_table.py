"""The recipes that ever made a row, whole, so that a fingerprint can be told in words. The Delta table `_recipes`."""

from typing import Any

import msgspec
import polars as pl
from deltalake import DeltaTable
from msgspec import Struct

from acc_pipeline.lake.recipe import Recipe
from acc_pipeline.lake.store import Change, Store

RECIPES = "_recipes"


class RecipeTable(Struct, frozen=True):
    """One row for each (table, recipe fingerprint): the settings as JSON."""

    store: Store

    @classmethod
    def at(cls, uri: str, *, storage_options: dict[str, str]) -> "RecipeTable":
        schema: dict[str, pl.DataType | type[pl.DataType]] = {
            "table": pl.String,
            "recipe": pl.String,
            "settings": pl.String,
        }
        return cls(Store(uri, schema, ["table"], storage_options, skip_on_keys=False))

    def save(self, table: str, recipe: Recipe) -> None:
        """Add the recipe unless it is there."""

        def decide(state: DeltaTable, _: int) -> Change | None:
            if self._in(state, table=table, fingerprint=recipe.fingerprint) is not None:
                return None
            row = {"table": table, "recipe": recipe.fingerprint, "settings": recipe.json}
            return Change(pl.DataFrame([row], schema=self.store.schema), None)

        self.store.commit(table, decide=decide)

    def load(self, table: str, fingerprint: str) -> dict[str, Any] | None:
        """The settings behind a fingerprint, or None when no run of this table ever used it."""
        state = self.store.open()
        return None if state is None else self._in(state, table=table, fingerprint=fingerprint)

    def _in(self, state: DeltaTable, *, table: str, fingerprint: str) -> dict[str, Any] | None:
        texts = (
            pl.scan_delta(state, storage_options=self.store.storage_options or None)
            .filter(pl.col("table") == table, pl.col("recipe") == fingerprint)
            .select("settings")
            .collect()["settings"]
        )
        return msgspec.json.decode(texts[0]) if len(texts) else None
