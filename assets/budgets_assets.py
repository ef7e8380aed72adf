"""Budgets, vouchers and what ends, as assets: judged in every run, after the forecast."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets.budgets_costs import ALLOCATED
from assets.budgets_kpis import KPIS
from assets.budgets_tables import ALERTS, BUDGET_TABLES, BUDGETS
from assets.checks import grain_check
from assets.descriptions import Readers
from assets.forecasts_assets import asset_key, decision_spec, materialized, monthly_deps
from assets.resources import ClockResource, LakeResource
from assets.tables import TABLES
from pipelines.lake.sql_models import Layered
from pipelines.settings import load_settings

_READ = (
    *("gold.forecasts", "gold.forecast_days", "gold.voucher_costs"),
    *(
        "silver.budgets",
        "silver.vouchers",
        "silver.calendar",
        "silver.taxes",
        "silver.invoices",
        "silver.labelled_costs",
    ),
)


def budget_assets(readers: Readers, models: Layered) -> list[dg.AssetsDefinition]:
    """One step, one asset a table."""
    kept = {
        BUDGETS.name: "By month and day: what was judged on other days stays.",
        ALERTS.name: "What was told stays; each threshold speaks once a month.",
    }
    deps = [*monthly_deps(), *_deps(models)]
    specs = [decision_spec(made, readers, kept.get(made.name, "As of the last run."), deps) for made in BUDGET_TABLES]
    checks = {made.name: grain_check(made.name, made.grain, made.table.partition_by) for made in BUDGET_TABLES}

    @dg.multi_asset(
        name="gold__budgets",
        specs=specs,
        check_specs=[check.spec(asset_key(name)) for name, check in checks.items()],
    )
    def budgets(
        context: dg.AssetExecutionContext, lake: LakeResource, clock: ClockResource
    ) -> Iterator[dg.MaterializeResult[Any]]:
        from assets.budgets import update_budgets  # numpy is not loaded to list the assets

        catalog = lake.catalog()
        made = update_budgets(catalog, load_settings(), clock.today())
        told = {"budgets_judged": made.budgets, "new_alerts": made.new_alerts}
        yield from materialized(catalog, BUDGET_TABLES, made.rows, checks, told, context.instance)

    return [budgets]


def _deps(models: Layered) -> Iterator[dg.AssetDep]:
    """What it reads; a table of months is read whole."""
    for table in (*_READ, KPIS, ALLOCATED):
        model = models.by_name.get(table)
        by_month = model.is_stored and model.partition_by if model else TABLES.get(table) and TABLES[table].partition_by
        if model is None and table not in TABLES:
            continue
        if by_month in ("billing_month", "usage_month"):
            yield dg.AssetDep(asset_key(table), partition_mapping=dg.AllPartitionMapping())
        else:
            yield dg.AssetDep(asset_key(table))
