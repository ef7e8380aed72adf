"""The efficiency of buckets as an asset: judged in every run, after what lies in them and what they cost."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets.checks import TableCheck, grain_check
from assets.descriptions import Readers
from assets.forecasts_assets import asset_key, decision_spec, materialized
from assets.resources import ClockResource, LakeResource
from assets.sql_tables import has_months
from assets.storage_efficiency_tables import STORAGE_EFFICIENCY
from pipelines.lake.sql_models import Layered
from pipelines.settings import load_settings

_KEPT = "The newest month with a listing is judged anew; months before stay as they were said."
_AT_MOST_ONE = TableCheck(
    "best_is_no_dearer",
    "No bucket's best plan costs more than what it costs now, and what has no figure says why.",
    f"select usage_month, resource_id, lifecycle_efficiency, reason from {STORAGE_EFFICIENCY.name} "
    "where best_monthly_cost > monthly_cost or (monthly_cost is null and coalesce(reason, '') = '')",
    False,
)


def storage_efficiency_assets(readers: Readers, models: Layered) -> list[dg.AssetsDefinition]:
    """One step, one table."""
    made, key = STORAGE_EFFICIENCY, asset_key(STORAGE_EFFICIENCY.name)
    checks = {made.name: grain_check(made.name, made.grain, made.table.partition_by)}

    @dg.multi_asset(
        name="gold__storage_efficiency",
        specs=[decision_spec(made, readers, _KEPT, list(_deps(models)))],
        check_specs=[checks[made.name].spec(key), _AT_MOST_ONE.spec(key)],
    )
    def storage_efficiency(
        context: dg.AssetExecutionContext, lake: LakeResource, clock: ClockResource
    ) -> Iterator[dg.MaterializeResult[Any]]:
        from assets.lens import Lens
        from assets.storage_efficiency import update_storage_efficiency

        catalog = lake.catalog()
        judged = update_storage_efficiency(catalog, load_settings(), clock.today())
        told = {"buckets": judged.buckets, "could_not_plan": judged.unplanned}
        results = materialized(catalog, (made,), {made.name: judged.rows}, checks, told, context.instance)
        with Lens(catalog) as lens:
            for result in results:
                more = _AT_MOST_ONE.evaluate(lens, key, context.instance)
                yield result._replace(check_results=[*(result.check_results or ()), more])

    return [storage_efficiency]


def _deps(models: Layered) -> Iterator[dg.AssetDep]:
    """What it reads, of all months."""
    for table in STORAGE_EFFICIENCY.reads:
        mapping = dg.AllPartitionMapping() if has_months(table, models) else None
        yield dg.AssetDep(asset_key(table), partition_mapping=mapping)
