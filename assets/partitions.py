"""Billing months, in UTC."""

from datetime import UTC, date, datetime

import dagster as dg

from assets.opening import open_lake_of
from pipelines.billing.periods import history, month_start
from pipelines.errors import FinopsError
from pipelines.settings import Settings

FIRST_MONTH = "2020-01"
"""Before Scaleway's billing API; no bill is older."""


def billing_months(today: date, first: str = FIRST_MONTH) -> dg.MonthlyPartitionsDefinition:
    """Every month from `first` to the one `today` lies in, also when `today` is not this machine's day."""
    now = datetime.now(UTC).date()
    ahead = (today.year - now.year) * 12 + today.month - now.month
    return dg.MonthlyPartitionsDefinition(start_date=first, fmt="%Y-%m", end_offset=ahead + 1)


def months_of(context: dg.AssetExecutionContext) -> list[str]:
    """The months this run asks for, oldest first."""
    return sorted(context.partition_keys)


def months_to_show(settings: Settings, today: date) -> dg.MonthlyPartitionsDefinition:
    """The history the settings ask for, widened to what the lake holds, so that a page shows no month nobody wants."""
    wanted = history(today, settings.billing.history_months).months or [f"{today:%Y-%m}"]
    try:
        stored = sorted(open_lake_of(settings).state("bronze.charges").partitions)
    except FinopsError:  # the pages open all the same; a run will say what is wrong
        stored = []
    known = sorted([*wanted, *stored])
    return billing_months(max(today, month_start(known[-1])), known[0])
