"""When things run by themselves; partitions are UTC, only the clock on the wall is Paris."""

from datetime import UTC, date, datetime
from typing import Any

import dagster as dg

from assets.due import due_months
from assets.opening import open_lake_of
from assets.tables import open_catalog
from pipelines.billing.periods import history
from pipelines.settings import load_settings

AnyJob = Any
"""A job before Dagster resolved it; its type has no public name."""

PARIS = "Europe/Paris"
RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"
MONTHS_THAT_CAN_CHANGE = 2
"""Complete months the daily run looks at: an invoice is issued in the first days of the month after."""


def range_tags(months: list[str]) -> dict[str, str]:
    """Tags that make one run out of a range of months."""
    return {
        RANGE_START_TAG: months[0],
        RANGE_END_TAG: months[-1],
        "finops/months": months[0] if len(months) == 1 else f"{months[0]} to {months[-1]}",
    }


def daily_schedule(job: AnyJob) -> dg.ScheduleDefinition:
    """Every morning: what is new, and the months that can still change."""

    @dg.schedule(
        job=job,
        cron_schedule="30 6 * * *",
        execution_timezone=PARIS,
        name="daily",
        description="Every morning: reads what is new and rebuilds the months that can still change.",
        metadata={"reads": "the open month, and complete ones whose invoice is not out"},
        tags={"finops/trigger": "daily schedule"},
    )
    def daily(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        now: datetime = context.scheduled_execution_time.astimezone(UTC)
        months = _due(now.date())
        return dg.RunRequest(run_key=f"daily-{now:%Y-%m-%d}", tags=range_tags(months))

    return daily


def _due(today: date) -> list[str]:
    """The months that can change; from the first that is due, where the lake tells of an earlier one."""
    months = history(today, MONTHS_THAT_CAN_CHANGE).months
    settings = load_settings()
    catalog = open_catalog(open_lake_of(settings))
    if catalog.state("bronze.charges").delta is None:
        return months
    due = due_months(catalog, history(today, settings.billing.history_months).months, today, settings)
    return sorted({*months, *due})


def monthly_schedule(job: AnyJob) -> dg.ScheduleDefinition:
    """On the sixth: the report of the month before, when its invoice is usually out."""

    @dg.schedule(
        job=job,
        cron_schedule="0 8 6 * *",
        execution_timezone=PARIS,
        name="monthly_report",
        description="On the sixth: writes the report of the last complete month; it says preliminary while no "
        "invoice is issued.",
        metadata={"writes": "the report of the month before"},
        tags={"finops/trigger": "monthly schedule"},
    )
    def monthly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        now: datetime = context.scheduled_execution_time.astimezone(UTC)
        month = history(now.date(), 1).months[0]
        return dg.RunRequest(run_key=f"report-{month}", partition_key=month, tags={"finops/months": month})

    return monthly


def weekly_schedule(job: AnyJob) -> dg.ScheduleDefinition:
    """On Monday: the review of the week that is over, after the daily run."""

    @dg.schedule(
        job=job,
        cron_schedule="0 8 * * 1",
        execution_timezone=PARIS,
        name="weekly_review",
        description="On Monday: writes the review of the last complete week, with what is unusual and what moved.",
        metadata={"writes": "the review of the week before"},
        tags={"finops/trigger": "weekly schedule"},
    )
    def weekly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        now: datetime = context.scheduled_execution_time.astimezone(UTC)
        return dg.RunRequest(run_key=f"review-{now:%G-W%V}")

    return weekly


def health_schedule(job: AnyJob) -> dg.ScheduleDefinition:
    """Every morning, after the daily run."""
    return dg.ScheduleDefinition(
        job=job,
        cron_schedule="0 9 * * *",
        execution_timezone=PARIS,
        name="platform_health",
        description="Every morning: says which runs, watchers and sources are in trouble.",
        metadata={"writes": "one materialization with the numbers of the last seven days"},
        tags={"finops/trigger": "health schedule"},
    )
