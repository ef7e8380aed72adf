"""Turns every file of sql/silver and sql/gold into an asset; name, inputs and meaning come from the file."""

from datetime import date
from typing import Any

import dagster as dg

from assets.partitions import billing_months, months_of
from assets.resources import LakeResource
from assets.told import told_of_table
from pipelines.lake.build import build
from pipelines.lake.sql_models import Layered, SqlModel


def sql_assets(models: Layered, today: date) -> list[dg.AssetsDefinition]:
    """One asset a file, partitioned as its header says."""
    return [_sql_table(model, models, today) for model in models]


def asset_key(table: str) -> dg.AssetKey:
    """`gold.daily_costs` is the asset gold/daily_costs."""
    return dg.AssetKey(table.split("."))


def _is_partitioned(table: str, models: Layered) -> bool:
    model = models.by_name.get(table)
    if model is not None:
        return model.partition_by is not None
    # snapshots are stored by the month they were taken in, yet asked for as a whole
    return table in {"bronze.charges", "bronze.consumptions", "bronze.taxes"}


def _dependency(model: SqlModel, table: str, models: Layered) -> dg.AssetDep:
    """A table without partitions reads all of a partitioned one; months map to the same months."""
    if model.partition_by is None and _is_partitioned(table, models):
        return dg.AssetDep(asset_key(table), partition_mapping=dg.AllPartitionMapping())
    return dg.AssetDep(asset_key(table))


def _sql_table(model: SqlModel, models: Layered, today: date) -> dg.AssetsDefinition:
    reads = sorted(read for read in model.reads if read != "bronze.answers")

    @dg.asset(
        key=asset_key(model.table),
        description=f"{model.description}\n\nOne row per {', '.join(model.grain)}.",
        group_name=model.layer,
        deps=[_dependency(model, read, models) for read in reads],
        partitions_def=billing_months(today) if model.partition_by else None,
        backfill_policy=dg.BackfillPolicy.single_run() if model.partition_by else None,
        code_version=model.fingerprint,
        kinds={"duckdb", "parquet"} if model.is_stored else {"duckdb"},
        owners=["team:finops"],
        metadata={"sql": f"sql/{model.layer}/{model.name}.sql"},
    )
    def table(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult[Any]:
        catalog = lake.catalog()
        built = build(catalog, model, months_of(context) if model.partition_by else [])
        return dg.MaterializeResult(metadata=told_of_table(catalog, model, built))

    return table
