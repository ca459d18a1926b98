"""Blocking asset checks, generated from the contract of each table."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from acc_pipeline.orchestration.contracts import Contract
from acc_pipeline.orchestration.tables import TABLES
from acc_pipeline.orchestration.workspace import Workspace

_SHOWN = 5


def build_checks(contract: Contract, *, partitions_def: dg.PartitionsDefinition) -> dg.AssetChecksDefinition:
    """One op for the table with one blocking check a rule, each over the partition that was just written."""
    descriptions = {"unique": f"No two kept rows share {', '.join(contract.unique)}."}
    descriptions |= {rule.name: rule.description for rule in contract.rules}

    @dg.multi_asset_check(
        name=f"{contract.table}_contract",
        specs=[
            dg.AssetCheckSpec(
                name, asset=contract.table, description=description, blocking=True, partitions_def=partitions_def
            )
            for name, description in descriptions.items()
        ],
    )
    def check(
        context: dg.AssetCheckExecutionContext, workspace: dg.ResourceParam[Workspace]
    ) -> Iterator[dg.AssetCheckResult]:
        rows = workspace.lake.scan(TABLES[contract.table], context.partition_key)
        for name, offenders in broken_rows(contract, rows).items():
            yield dg.AssetCheckResult(
                check_name=name,
                asset_key=contract.table,
                passed=offenders.is_empty(),
                metadata={
                    "broken_rows": offenders.height,
                    "first_offenders": dg.MetadataValue.json(offenders.head(_SHOWN).to_dicts()),
                },
            )

    return check


def broken_rows(contract: Contract, rows: pl.LazyFrame) -> dict[str, pl.DataFrame]:
    """Rule name -> the rows that break it (the unique columns and the columns that the rule reads)."""
    identity = list(contract.unique)
    doubled = rows.select(identity).filter(pl.struct(identity).is_duplicated())
    queries = {"unique": doubled}
    for rule in contract.rules:
        shown = list(dict.fromkeys([*identity, *rule.columns]))
        queries[rule.name] = rows.select(shown).filter(rule.broken)
    return dict(zip(queries, pl.collect_all(list(queries.values())), strict=True))
