"""Turns every file of sql/silver and sql/gold into an asset; name, inputs and meaning come from the file."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import dagster as dg

from assets.checks import TableCheck, table_checks
from assets.partitions import billing_months, months_of
from assets.resources import LakeResource
from assets.told import told_of_table
from pipelines.lake.build import build
from pipelines.lake.sql_models import Layered, SqlCheck, SqlModel
from pipelines.lake.tables import PYTHON_TABLES

_NOT_ASSETS = frozenset({"bronze.answers", "bronze.focus_lines"})
"""Written beside other tables or by an import, so they are nobody's upstream in the graph."""


def sql_assets(models: Layered, checks: Sequence[SqlCheck], today: date) -> list[dg.AssetsDefinition]:
    """One asset a file, partitioned as its header says, checked in the step that builds it."""
    return [_sql_table(model, models, table_checks(model, checks), today) for model in models]


def asset_key(table: str) -> dg.AssetKey:
    """`gold.daily_costs` is the asset gold/daily_costs."""
    return dg.AssetKey(table.split("."))


def _is_partitioned(table: str, models: Layered) -> bool:
    model = models.by_name.get(table)
    if model is not None:
        return model.partition_by is not None
    # snapshots are stored by the month they were taken in, yet asked for as a whole
    return table in {"bronze.charges", "bronze.consumptions", "bronze.taxes"}


def _reads(model: SqlModel) -> list[str]:
    """What must be there before it: a table made of answers alone comes after every source has answered."""
    if model.is_stored and model.reads == {"bronze.answers"}:
        return sorted(set(PYTHON_TABLES) - _NOT_ASSETS)
    return sorted(model.reads - _NOT_ASSETS)


def _dependency(model: SqlModel, table: str, models: Layered) -> dg.AssetDep:
    """A table without partitions reads all of a partitioned one; months map to the same months."""
    if model.partition_by is None and _is_partitioned(table, models):
        return dg.AssetDep(asset_key(table), partition_mapping=dg.AllPartitionMapping())
    return dg.AssetDep(asset_key(table))


def _sql_table(model: SqlModel, models: Layered, checks: Sequence[TableCheck], today: date) -> dg.AssetsDefinition:
    key = asset_key(model.table)

    @dg.asset(
        key=key,
        check_specs=[check.spec(key) for check in checks],
        description=f"{model.description}\n\nOne row per {', '.join(model.grain)}.",
        group_name=model.layer,
        deps=[_dependency(model, read, models) for read in _reads(model)],
        partitions_def=billing_months(today) if model.partition_by else None,
        backfill_policy=dg.BackfillPolicy.single_run() if model.partition_by else None,
        code_version=model.fingerprint,
        kinds={"duckdb", "parquet"} if model.is_stored else {"duckdb"},
        owners=["team:finops"],
        metadata={"sql": f"sql/{model.layer}/{model.name}.sql"},
    )
    def table(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult[Any]]:
        catalog = lake.catalog()
        built = build(catalog, model, months_of(context) if model.partition_by else [])
        yield dg.MaterializeResult(
            metadata=told_of_table(catalog, model, built),
            check_results=[check.evaluate(catalog, key) for check in checks],
        )

    return table
