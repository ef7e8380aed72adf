"""Nights on which machines are meant to be off, as an asset: judged in every run, after charges, metrics and calls."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets.checks import grain_check
from assets.descriptions import Readers
from assets.forecasts_assets import asset_key, decision_spec, materialized
from assets.resources import ClockResource, LakeResource
from assets.schedule_nights_tables import SCHEDULE_NIGHTS
from assets.sql_tables import has_months
from pipelines.lake.sql_models import Layered
from pipelines.settings import load_settings

_KEPT = "The newest six weeks are judged anew; what was said of older nights stays."


def schedule_night_assets(readers: Readers, models: Layered) -> list[dg.AssetsDefinition]:
    """One step, one table."""
    made = SCHEDULE_NIGHTS
    checks = {made.name: grain_check(made.name, made.grain, made.table.partition_by)}

    @dg.multi_asset(
        name="gold__schedule_nights",
        specs=[decision_spec(made, readers, _KEPT, list(_deps(models)))],
        check_specs=[check.spec(asset_key(name)) for name, check in checks.items()],
    )
    def schedule_nights(
        context: dg.AssetExecutionContext, lake: LakeResource, clock: ClockResource
    ) -> Iterator[dg.MaterializeResult[Any]]:
        from assets.schedule_nights import update_schedule_nights  # numpy is not loaded to list the assets
        from pipelines.forecast.days import Holidays

        catalog, settings = lake.catalog(), load_settings()
        holidays = Holidays(settings.forecast.holidays.value)
        judged = update_schedule_nights(catalog, settings.schedules, holidays, clock.today())
        told = {"nights": sum(judged.classes.values()), **judged.classes}
        yield from materialized(catalog, (made,), {made.name: judged.rows}, checks, told, context.instance)

    return [schedule_nights]


def _deps(models: Layered) -> Iterator[dg.AssetDep]:
    """What it reads, of all months."""
    for table in SCHEDULE_NIGHTS.reads:
        mapping = dg.AllPartitionMapping() if has_months(table, models) else None
        yield dg.AssetDep(asset_key(table), partition_mapping=mapping)
