"""Billing months, in UTC."""

from datetime import UTC, date, datetime

import dagster as dg

FIRST_MONTH = "2020-01"
"""Before Scaleway's billing API; the partitions that hold data say so themselves."""


def billing_months(today: date) -> dg.MonthlyPartitionsDefinition:
    """Every month up to the one `today` lies in, also when `today` is not this machine's day."""
    now = datetime.now(UTC).date()
    ahead = (today.year - now.year) * 12 + today.month - now.month
    return dg.MonthlyPartitionsDefinition(start_date=FIRST_MONTH, fmt="%Y-%m", end_offset=max(ahead, 0) + 1)


def months_of(context: dg.AssetExecutionContext) -> list[str]:
    """The months this run asks for, oldest first."""
    return sorted(context.partition_keys)
