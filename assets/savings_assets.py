"""Savings as assets: every run proves the actions that were done on the bill as far as it is known."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets.checks import TableCheck, grain_check
from assets.descriptions import Readers
from assets.forecasts_assets import asset_key, decision_spec, materialized
from assets.resources import LakeResource
from assets.savings_tables import ACTION_DAYS, RECOMMENDATIONS, SAVINGS, SAVINGS_TABLES

_HONEST = TableCheck(
    "counted_is_proved",
    "What counts as saved is verified, lies in its interval, and harmed nobody.",
    f"select recommendation_id, state, counted_saving from {SAVINGS.name} "
    "where counted_saving <> 0 and (state <> 'verified' or is_harmed or counted_saving not between low and high)",
    False,
)


def savings_assets(readers: Readers) -> list[dg.AssetsDefinition]:
    """One step, one asset a table."""
    deps = [
        dg.AssetDep(asset_key(ACTION_DAYS), partition_mapping=dg.AllPartitionMapping()),
        dg.AssetDep(asset_key(RECOMMENDATIONS)),
    ]
    specs = [decision_spec(made, readers, "Of the newest run.", deps) for made in SAVINGS_TABLES]
    grains = {made.name: grain_check(made.name, made.grain, made.table.partition_by) for made in SAVINGS_TABLES}
    key = asset_key(SAVINGS.name)

    @dg.multi_asset(
        name="gold__savings",
        specs=specs,
        check_specs=[*(check.spec(asset_key(name)) for name, check in grains.items()), _HONEST.spec(key)],
    )
    def savings(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult[Any]]:
        from assets.lens import Lens
        from assets.savings import update_savings  # numpy is not loaded to list the assets

        catalog = lake.catalog()
        made = update_savings(catalog)
        told = {state.replace(" ", "_"): count for state, count in made.states.items()}
        with Lens(catalog) as lens:
            for result in materialized(catalog, SAVINGS_TABLES, made.rows, grains, told, context.instance):
                more = [_HONEST.evaluate(lens, key, context.instance)] if result.asset_key == key else []
                yield result._replace(check_results=[*(result.check_results or ()), *more])

    return [savings]
