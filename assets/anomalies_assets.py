"""Anomalies as assets: every run judges the days that are known, after all series were measured."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets.anomalies_tables import ANOMALIES, ANOMALY_TABLES
from assets.checks import grain_check
from assets.descriptions import Readers
from assets.forecasts_assets import asset_key, decision_spec, materialized
from assets.resources import ClockResource, LakeResource
from assets.sql_tables import has_months
from pipelines.lake.sql_models import Layered
from pipelines.settings import load_settings

_READ = (
    *("gold.judged_series", "gold.daily_series", "gold.daily_series_drivers"),
    *("silver.labelled_costs", "silver.latest_answers", "silver.projects", "silver.prices"),
    *("silver.audit_events", "silver.deploys", "silver.resource_history"),
)


def anomaly_assets(readers: Readers, models: Layered) -> list[dg.AssetsDefinition]:
    """One step, one asset a table."""
    kept = {
        ANOMALIES.name: "What began in the last six weeks is told anew under its name; older ones stay as they were "
        "said, apart from where they stand."
    }
    deps = list(_deps(models))
    specs = [decision_spec(made, readers, kept.get(made.name, "As its anomaly."), deps) for made in ANOMALY_TABLES]
    checks = {made.name: grain_check(made.name, made.grain, made.table.partition_by) for made in ANOMALY_TABLES}

    @dg.multi_asset(
        name="gold__anomalies",
        specs=specs,
        check_specs=[check.spec(asset_key(name)) for name, check in checks.items()],
    )
    def anomalies(
        context: dg.AssetExecutionContext, lake: LakeResource, clock: ClockResource
    ) -> Iterator[dg.MaterializeResult[Any]]:
        from assets.anomalies import update_anomalies  # numpy is not loaded to list the assets

        catalog = lake.catalog()
        made = update_anomalies(catalog, load_settings(), clock.today())
        told = {
            "series_judged": made.series,
            "judged_until": f"{made.judged_until or 'nothing'}",
            "anomalies": made.anomalies,
            "actionable": made.actionable,
            "new_today": made.new,
        }
        yield from materialized(catalog, ANOMALY_TABLES, made.rows, checks, told, context.instance)

    return [anomalies]


def _deps(models: Layered) -> Iterator[dg.AssetDep]:
    """What it reads, of all months."""
    for table in _READ:
        if has_months(table, models):
            yield dg.AssetDep(asset_key(table), partition_mapping=dg.AllPartitionMapping())
        else:
            yield dg.AssetDep(asset_key(table))
