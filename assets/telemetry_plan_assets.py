"""Telemetry's plan, budgets and policies as assets: worked out in every run, after charges and what was taken in."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets.checks import TableCheck, grain_check
from assets.descriptions import Readers
from assets.forecasts_assets import asset_key, decision_spec, materialized
from assets.resources import ClockResource, LakeResource
from assets.sql_tables import has_months
from assets.telemetry_plan_tables import RETENTION_POLICIES, TELEMETRY_PLAN, TELEMETRY_TABLES
from pipelines.lake.sql_models import Layered
from pipelines.settings import load_settings

_KEPT = "The newest month is worked out anew; months before stay as they were said."
_DATED = "A snapshot is added on the day on which the settings say something else; none is changed."
_FLOOR = TableCheck(
    "protected_is_kept",
    "Nothing protected is sampled or dropped: audit, security, errors, what is slow or unknown, service levels.",
    f"select data_source_id, stream, stream_class, action from {TELEMETRY_PLAN.name} "
    "where is_protected and keep_share < 1",
    False,
)


def telemetry_assets(readers: Readers, models: Layered) -> list[dg.AssetsDefinition]:
    """One step, one asset a table."""
    key = asset_key(TELEMETRY_PLAN.name)
    checks = {made.name: grain_check(made.name, made.grain, made.table.partition_by) for made in TELEMETRY_TABLES}

    @dg.multi_asset(
        name="gold__telemetry_plan",
        specs=[
            decision_spec(
                made, readers, _DATED if made is RETENTION_POLICIES else _KEPT, list(_deps(made.reads, models))
            )
            for made in TELEMETRY_TABLES
        ],
        check_specs=[*(check.spec(asset_key(name)) for name, check in checks.items()), _FLOOR.spec(key)],
    )
    def telemetry_plan(
        context: dg.AssetExecutionContext, lake: LakeResource, clock: ClockResource
    ) -> Iterator[dg.MaterializeResult[Any]]:
        from assets.lens import Lens
        from assets.telemetry_plan import update_telemetry

        catalog = lake.catalog()
        made = update_telemetry(catalog, load_settings(), clock.today())
        told = {
            "streams": made.streams,
            "data_sources": made.sources,
            "beyond_budget": made.beyond_budget,
            "drifted": made.drifted,
        }
        with Lens(catalog) as lens:
            for result in materialized(catalog, TELEMETRY_TABLES, made.rows, checks, told, context.instance):
                more = [_FLOOR.evaluate(lens, key, context.instance)] if result.asset_key == key else []
                yield result._replace(check_results=[*(result.check_results or ()), *more])

    return [telemetry_plan]


def _deps(tables: tuple[str, ...], models: Layered) -> Iterator[dg.AssetDep]:
    """What a table reads, of all months."""
    for table in tables:
        mapping = dg.AllPartitionMapping() if has_months(table, models) else None
        yield dg.AssetDep(asset_key(table), partition_mapping=mapping)
