"""The key figures of what is to come: budget and forecast."""

from pipelines.reporting.display import Tile, trace
from pipelines.reporting.money import NOTHING, MoneyFormat, arrow
from pipelines.reporting.monthly_rows import MonthlyInput
from pipelines.reporting.outlook_rows import ForecastRow
from pipelines.reporting.sentence import month_name


def budget_tile(report: MonthlyInput, money: MoneyFormat) -> Tile | None:
    """The month's budget of the organisation and by how much its cost differs; None where none was agreed."""
    row = report.outlook.budget_of(report.month, None, None) if report.outlook else None
    if row is None or row.amount_as_cost is None:
        return None
    cost = report.summary.billed_cost
    over = cost - row.amount_as_cost
    rated = money.change_ratio(over, row.amount_as_cost)
    detail = f"{money.signed_headline(over)} ({rated}) {arrow(over)} actual against it"
    if row.amount_as_cost != row.budget_amount:
        detail += f"; {money.headline(row.budget_amount)} {row.basis}"
    period = month_name(report.month) + ("" if report.summary.is_complete else " so far")
    return Tile("Budget", money.headline(row.amount_as_cost), detail, period, trace(row), "more" if over > 0 else "")


def forecast_tile(report: MonthlyInput, money: MoneyFormat) -> Tile | None:
    """Where the running month ends, with its band; None where nothing was forecast."""
    row = report.outlook.whole("month_end") if report.outlook else None
    if row is None or report.outlook is None:
        return None
    detail = "its band is not measured"
    if row.low_cost is not None and row.high_cost is not None:
        detail = f"{row.interval_percent} %: {money.headline(row.low_cost)} to {money.headline(row.high_cost)}"
    month = f"{row.period_start:%Y-%m}"
    budget = report.outlook.budget_of(month, None, None)
    if budget is not None and budget.chance_of_overrun is not None:
        detail += f"; over its budget: {chance(budget.chance_of_overrun)}"
    period = f"{month_name(month)}, {known_days(row)}"
    return Tile("Forecast, month end", money.headline(row.expected_cost), detail, period, trace(row))


def chance(value: float | None) -> str:
    """A chance in whole percent; nothing that is only expected is certain."""
    if value is None:
        return NOTHING
    if 0 < value < 0.005:
        return "<1%"
    return ">99%" if 0.995 < value < 1 else f"{value:.0%}"


def known_days(row: ForecastRow) -> str:
    """How much of the month is known, in words."""
    known, days = max((row.known_until - row.period_start).days, 0), (row.period_end - row.period_start).days
    return f"{known} of {days} days are known"
