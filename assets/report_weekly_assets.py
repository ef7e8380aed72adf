"""The weekly review as an asset: written on Mondays, of the last complete week."""

from datetime import timedelta
from typing import Any

import dagster as dg

from assets.budgets_report import OUTLOOK_QUERIES
from assets.report_recommendations import ADVICE_TABLES
from assets.resources import ClockResource, LakeResource
from pipelines.settings import load_settings

WEEKLY_REVIEW = dg.AssetKey(["reports", "weekly_review"])

_DESCRIPTION = """The weekly review as one HTML file: what is unusual, what still waits for an answer, what moved.

- **Grain**: one file per ISO week
- **Source**: gold tables only; a day's costs are summed to those of the week
- **Kept**: in the folder of the setting `report.out`
- **Used by**: people: whoever meets for a quarter of an hour every week
- **Made by**: the same call as `finops report weekly`"""
_READ = (
    *("gold.daily_costs", "gold.monthly_summary", "gold.data_freshness", *OUTLOOK_QUERIES),
    *("gold.anomalies", "gold.anomaly_causes", "gold.anomaly_days", "gold.anomaly_changes"),
    *ADVICE_TABLES,
)
_WEEKLY = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=10), warn_window=timedelta(days=8))


def weekly_asset() -> dg.AssetsDefinition:
    """It speaks of the last complete week, so it has no months."""

    @dg.asset(
        key=WEEKLY_REVIEW,
        description=_DESCRIPTION,
        group_name="reports",
        owners=["team:finops"],
        kinds={"html"},
        freshness_policy=_WEEKLY,
        deps=[
            dg.AssetDep(dg.AssetKey(table.split(".")), partition_mapping=_all_months(table))
            for table in sorted({*_READ})
        ],
    )
    def weekly_review(lake: LakeResource, clock: ClockResource) -> dg.MaterializeResult[Any]:
        from assets.report_weekly import charges_until, chosen_week, write_weekly_report

        settings, catalog = load_settings(), lake.catalog()
        week = chosen_week(None, charges_until(catalog))
        file = write_weekly_report(catalog, week, settings.report.out, clock.read(), settings.locale)
        return dg.MaterializeResult(
            metadata={
                "report": dg.MetadataValue.path(str(file.absolute())),
                "bytes": file.stat().st_size,
                "week": str(week),
            }
        )

    return weekly_review


def _all_months(table: str) -> dg.PartitionMapping | None:
    return dg.AllPartitionMapping() if table in ("gold.daily_costs", "gold.monthly_summary") else None
