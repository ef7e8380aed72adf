"""Dict rows of gold tables, as DuckDB or polars return them, become the typed input of the weekly review."""

from collections.abc import Sequence
from datetime import date, datetime

from pipelines.reporting.monthly_input import Rows, read_advice, read_anomalies, read_outlook, read_rows
from pipelines.reporting.monthly_rows import FailedCheck, FreshnessRow
from pipelines.reporting.weekly_rows import WeekCostRow, WeeklyInput
from pipelines.reporting.weeks import Week


def currencies_of_week(rows_by_table: Rows) -> tuple[str, ...]:
    """Currencies charged in the week or the one before, the euro first."""
    found = {str(row["billing_currency"]) for row in rows_by_table.get(WeekCostRow.TABLE, ())}
    return tuple(sorted(found, key=lambda currency: (currency != "EUR", currency)))


def weekly_input(
    rows_by_table: Rows,
    week: Week,
    currency: str,
    *,
    organization_name: str,
    as_of: datetime,
    product_version: str,
    charges_until: date,
    checks_failed: Sequence[FailedCheck] = (),
) -> WeeklyInput:
    """Typed rows of one week and currency.

    A missing column or a float where money is expected is refused. `charges_until` is the first day without charges.
    """
    is_first = currency in currencies_of_week(rows_by_table)[:1]
    return WeeklyInput(
        organization_name=organization_name,
        week=week,
        currency=currency,
        as_of=as_of,
        product_version=product_version,
        charges_until=charges_until,
        costs=read_rows(rows_by_table, WeekCostRow, None, currency),
        anomalies=read_anomalies(rows_by_table, currency, is_first=is_first),
        advice=read_advice(rows_by_table, currency, is_first=is_first),
        outlook=read_outlook(rows_by_table, currency),
        freshness=tuple(sorted(read_rows(rows_by_table, FreshnessRow, None, currency), key=lambda row: row.source)),
        checks_failed=tuple(dict.fromkeys(checks_failed)),
    )
