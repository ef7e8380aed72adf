"""Budgets of key figures: the most that one unit may cost, against the month's ratio of sums so far and at its end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from assets.budgets_costs import Known, forecast_ahead
from assets.lens import Lens
from pipelines.budgets.amounts import DECIMALS, money
from pipelines.budgets.budget import Budget
from pipelines.budgets.chance import Estimate
from pipelines.budgets.standing import Standing, kpi_standing
from pipelines.forecast.days import Holidays

KPIS = "gold.kpis"
_LEAST = Decimal(1).scaleb(-DECIMALS)


def kpi_of(lens: Lens, budget: Budget, known: Known, holidays: Holidays) -> Standing:
    """How one key figure stands in its month."""
    name, _, scope = budget.scope.value.partition("=")
    chosen = f"kpi = {_text(name)} and billing_currency = {_text(budget.currency)}"
    chosen += f" and scope = {_text(scope)}" if scope else ""
    if KPIS not in lens.catalog.names():
        return kpi_standing(budget, None, None, reason=f"{KPIS} is not built")
    months = lens.query(
        f"select scope, value, is_complete, reason from {KPIS} "
        f"where period = 'month' and period_start = date '{budget.month}-01' and {chosen} order by scope"
    ).to_pylist()
    if len(months) != 1:
        told = ", ".join(str(row["scope"]) for row in months[:5])
        reason = (
            f"{name} is of {len(months)} scopes ({told}); name one as {name}=scope"
            if months
            else (f"no figure of {budget.scope.value} is known in {budget.month}; check its name")
        )
        return kpi_standing(budget, None, None, reason=reason)
    value: Decimal | None = months[0]["value"]
    if value is None:
        return kpi_standing(budget, None, None, reason=months[0]["reason"])
    if known.until > max(budget.days):
        return kpi_standing(budget, value, Estimate(value, value, value))
    days = lens.query(
        f"select period_start as day, numerator, denominator from {KPIS} where period = 'day' and {chosen}"
    ).to_pylist()
    month_end, unknown = _month_end(days, budget, known, holidays)
    return kpi_standing(budget, value, month_end, reason=unknown)


def _month_end(
    days: list[dict[str, Any]], budget: Budget, known: Known, holidays: Holidays
) -> tuple[Estimate | None, str | None]:
    """The ratio of sums at the month's end. Its bounds are those of the cost over the expected units, and the other
    way round, whichever is wider."""
    sums: dict[str, Estimate] = {}
    until = known_end(budget)
    for column in ("numerator", "denominator"):
        values: Mapping[date, Decimal] = {row["day"]: row[column] for row in days if row[column] is not None}
        month = [value for day, value in values.items() if day in budget.days and day < known.until]
        told = Known(known.read & values.keys())
        if not month or not told.read:
            return None, f"its {column} is not known by day"
        ahead = forecast_ahead(values, told, until, holidays)
        if not ahead.outlooks:
            return None, ahead.reason
        so_far, rest = sum(month, Decimal(0)), ahead.outlooks[-1].cost
        sums[column] = Estimate(so_far + rest.expected, so_far + rest.low, so_far + rest.high, rest.level)
    cost, units = sums["numerator"], sums["denominator"]
    if units.low <= 0:
        return None, "its denominator may be zero at the month's end"
    middle = _ratio(cost.expected, units.expected)
    low = min(_ratio(cost.low, units.expected), _ratio(cost.expected, units.high))
    high = max(_ratio(cost.high, units.expected), _ratio(cost.expected, units.low))
    # a month that runs is never final, which no width at all would say
    return Estimate(middle, min(low, middle), max(high, middle + _LEAST), cost.level), None


def known_end(budget: Budget) -> date:
    """The day after the month's last."""
    last = budget.days[-1]
    return date.fromordinal(last.toordinal() + 1)


def _ratio(part: Decimal, whole: Decimal) -> Decimal:
    return money(Fraction(part) / Fraction(whole))


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
