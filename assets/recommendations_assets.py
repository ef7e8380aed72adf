"""Recommendations as assets: every run asks every rule about what exists, after all that rules read was measured."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets.checks import TableCheck, grain_check
from assets.descriptions import Readers
from assets.forecasts_assets import asset_key, decision_spec, materialized
from assets.recommendations_tables import RECOMMENDATIONS, REGISTER_TABLES, RESOURCES
from assets.resources import ClockResource, LakeResource
from assets.sql_tables import has_months
from pipelines.lake.sql_models import Layered
from pipelines.recommendations.rules import RULES
from pipelines.settings import load_settings

_KEPT = {
    RECOMMENDATIONS.name: "One row for each, from the day it was first made; what could not be judged stays as it was."
}
_SAVING = TableCheck(
    "saving_within_cost",
    "Nothing saves more than all it saves on costs.",
    f"select recommendation_id, monthly_saving, monthly_cost from {RECOMMENDATIONS.name} "
    "where judgement = 'advised' and monthly_saving > coalesce(monthly_cost, 0)",
    False,
)
_EVIDENCE = TableCheck(
    "evidence_is_given",
    "Every recommendation has a reason, evidence, a change and a way back.",
    f"select recommendation_id, rule from {RECOMMENDATIONS.name} "
    "where reason is null or reason = '' or coalesce(evidence, '{}') = '{}' or change is null or \"rollback\" is null",
    False,
)
_STATUS = TableCheck(
    "gone_says_why",
    "What is gone, rejected or suppressed says why, and what is suppressed until when.",
    f"select recommendation_id, status from {RECOMMENDATIONS.name} "
    "where (status in ('gone', 'rejected', 'suppressed') and coalesce(status_reason, '') = '') "
    "or (status = 'suppressed' and status_until is null)",
    False,
)


def recommendation_assets(readers: Readers, models: Layered) -> list[dg.AssetsDefinition]:
    """One step, one asset a table."""
    deps = list(_deps(models))
    specs = [decision_spec(made, readers, _KEPT.get(made.name, "Of the newest run."), deps) for made in REGISTER_TABLES]
    grains = {made.name: grain_check(made.name, made.grain, made.table.partition_by) for made in REGISTER_TABLES}
    key = asset_key(RECOMMENDATIONS.name)
    more = (_SAVING, _EVIDENCE, _STATUS)

    @dg.multi_asset(
        name="gold__recommendations",
        specs=specs,
        check_specs=[
            *(check.spec(asset_key(name)) for name, check in grains.items()),
            *(check.spec(key) for check in more),
        ],
    )
    def recommendations(
        context: dg.AssetExecutionContext, lake: LakeResource, clock: ClockResource
    ) -> Iterator[dg.MaterializeResult[Any]]:
        from assets.lens import Lens
        from assets.recommendations import update_recommendations

        catalog = lake.catalog()
        made = update_recommendations(catalog, load_settings(), clock.today())
        told = {
            "rules": len(RULES),
            "rules_without_data": ", ".join(made.silent_rules) or "none",
            "resources": made.resources,
            "known_until": f"{made.known_until or 'nothing'}",
            **dict(sorted(made.statuses.items())),
            "could_not_judge": made.unjudged,
            "spared_by_tags": made.spared,
        }
        results = materialized(catalog, REGISTER_TABLES, made.rows, grains, told, context.instance)
        with Lens(catalog) as lens:
            for result in results:
                checked = [check.evaluate(lens, key, context.instance) for check in more if result.asset_key == key]
                yield result._replace(check_results=[*(result.check_results or ()), *checked])

    return [recommendations]


def _deps(models: Layered) -> Iterator[dg.AssetDep]:
    """What exists, and what the rules read, of all months."""
    for table in sorted({RESOURCES, *(name for rule in RULES for name in rule.reads)}):
        if has_months(table, models):
            yield dg.AssetDep(asset_key(table), partition_mapping=dg.AllPartitionMapping())
        else:
            yield dg.AssetDep(asset_key(table))
