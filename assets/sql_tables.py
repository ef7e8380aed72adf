"""Turns every file of sql/silver and sql/gold into an asset; name, inputs and meaning come from the file."""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from assets.checks import TableCheck, table_checks
from assets.descriptions import Readers, describe_model, readers_of
from assets.lens import Lens
from assets.partitions import months_of
from assets.resources import LakeResource
from assets.told import told_of_table, told_of_view
from pipelines.lake.build import build
from pipelines.lake.sql_models import Layered, SqlCheck, SqlModel
from pipelines.lake.tables import PYTHON_TABLES

Months = dg.MonthlyPartitionsDefinition

ANSWERS = "bronze.answers"
MONTHLY_BRONZE = frozenset({"bronze.charges", "bronze.consumptions", "bronze.taxes", "bronze.footprints"})
"""The others are snapshots: stored by the month they were taken in, yet asked for as a whole."""


def sql_assets(models: Layered, checks: Sequence[SqlCheck], months: Months) -> list[dg.AssetsDefinition]:
    """One asset a file, partitioned as its header says, checked in the step that builds it."""
    readers = readers_of(models)
    return [_sql_table(model, models, table_checks(model, checks), readers, months) for model in models]


def asset_key(table: str) -> dg.AssetKey:
    """`gold.daily_costs` is the asset gold/daily_costs."""
    return dg.AssetKey(table.split("."))


def has_months(table: str, models: Layered) -> bool:
    """Whether a table is an asset with months; a view has none, since it stores none."""
    model = models.by_name.get(table)
    if model is not None:
        return model.is_stored and model.partition_by is not None
    return table in MONTHLY_BRONZE


def upstream_of(model: SqlModel) -> list[str]:
    """Its from clauses; a table made of answers alone comes after every source has answered."""
    if model.is_stored and model.reads == {ANSWERS}:
        return sorted(PYTHON_TABLES)
    return sorted(model.reads)


def _dependency(model: SqlModel, table: str, models: Layered) -> dg.AssetDep:
    """An asset without months reads all of one that has them; months map to the same months."""
    if has_months(table, models) and not has_months(model.table, models):
        return dg.AssetDep(asset_key(table), partition_mapping=dg.AllPartitionMapping())
    return dg.AssetDep(asset_key(table))


def _sql_table(
    model: SqlModel, models: Layered, checks: Sequence[TableCheck], readers: Readers, months: Months
) -> dg.AssetsDefinition:
    key = asset_key(model.table)
    monthly = has_months(model.table, models)

    @dg.asset(
        key=key,
        check_specs=[check.spec(key) for check in checks],
        description=describe_model(model, readers),
        group_name=model.layer,
        deps=[_dependency(model, table, models) for table in upstream_of(model)],
        partitions_def=months if monthly else None,
        backfill_policy=dg.BackfillPolicy.single_run() if monthly else None,
        code_version=model.fingerprint,
        kinds={"duckdb", "deltalake" if model.is_stored else "view"},
        owners=["team:finops"],
        metadata={"sql": f"sql/{model.layer}/{model.name}.sql"},
    )
    def table(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult[Any]]:
        catalog = lake.catalog()
        built = build(catalog, model, months_of(context) if monthly else [])
        if not model.is_stored:
            yield dg.MaterializeResult(metadata=told_of_view(model).shared)
            return
        with Lens(catalog) as lens:
            told = told_of_table(lens, model, built)
            for month, facts in told.by_month.items():
                context.add_asset_metadata(facts, partition_key=month)
            yield dg.MaterializeResult(
                metadata=told.shared, check_results=[check.evaluate(lens, key, context.instance) for check in checks]
            )

    return table
