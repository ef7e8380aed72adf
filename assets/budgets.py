"""Budgets, vouchers and what ends, judged once a run from gold. No Dagster here.

A month that runs and the one before it, whose bill may still change, are judged; older months stay as they were last
judged. Thresholds that have spoken are kept and never speak again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from assets.budgets_calendar import calendar_rows
from assets.budgets_costs import Ahead, Costs, Known, costs_of, forecast_ahead, told_ahead
from assets.budgets_kpis import known_end, kpi_of
from assets.budgets_read import NO_TAX_RATE, Wanted, months_of, terms_of, wanted_budgets
from assets.budgets_rows import Judged, budget_row, burn_rows
from assets.budgets_tables import ALERTS, BUDGETS, BURN_DOWN, CALENDAR, VOUCHER_BILLS, VOUCHER_BURN_DOWN
from assets.budgets_vouchers import Credits, bill_rows, voucher_rows, walked
from assets.forecasts_series import read_days
from assets.forecasts_tables import write_partition
from assets.lens import Lens
from pipelines.billing.ahead import periods_ahead
from pipelines.budgets.amounts import percent
from pipelines.budgets.basis import Terms, converted
from pipelines.budgets.budget import COST, Budget, Scope, ScopeKind
from pipelines.budgets.standing import Standing, State, standing
from pipelines.budgets.thresholds import Crossing, Fired, Kind, newly_crossed
from pipelines.forecast.days import Holidays
from pipelines.lake.engine import Catalog
from pipelines.settings import Settings

Row = dict[str, Any]


@dataclass(frozen=True)
class Updated:
    """Rows written by table, budgets judged, and thresholds told for the first time."""

    rows: Mapping[str, int]
    budgets: int
    new_alerts: int


def update_budgets(catalog: Catalog, settings: Settings, today: date) -> Updated:
    """Bring every table of budgets up to date; equal rows make no commit."""
    holidays = Holidays(settings.forecast.holidays.value)
    with Lens(catalog) as lens:
        read = read_days(lens)
        if not read:
            rows = calendar_rows(lens, settings, None, None, today, holidays)
            return Updated({CALENDAR.name: write_partition(catalog, CALENDAR, "", rows)}, 0, 0)
        known = Known(read)
        currency = _main_currency(lens)
        credits = walked(lens, known, currency, periods_ahead(known.until)[2].end, holidays)
        wanted = wanted_budgets(lens, settings, months_of(known.until), currency)
        scopes = {
            (each.budget.scope, each.budget.currency) for each in wanted if each.budget.scope.kind != ScopeKind.kpi
        }
        costs = {scope: costs_of(lens, *scope) for scope in scopes}
        judge = Judge(lens, settings, known, credits, holidays, costs)
        judged = [judge.of(each) for each in wanted]
        fired = _fired(lens)
        crossings = [crossing for each in judged for crossing in _crossed(each, fired, known, today)]
        ending = calendar_rows(lens, settings, known, credits, today, holidays)
        written = {
            VOUCHER_BURN_DOWN.name: voucher_rows(credits, currency, today),
            VOUCHER_BILLS.name: bill_rows(credits, currency, today),
            CALENDAR.name: ending,
        }
        by_month = {
            month: _month_rows(lens, judged, crossings, month, known, today) for month in months_of(known.until)
        }
    told: dict[str, int] = {}
    for made in (VOUCHER_BURN_DOWN, VOUCHER_BILLS, CALENDAR):
        told[made.name] = write_partition(catalog, made, "", written[made.name])
    for made in (BUDGETS, BURN_DOWN, ALERTS):
        told[made.name] = sum(write_partition(catalog, made, month, by_month[month][made.name]) for month in by_month)
    return Updated(told, len(judged), len(crossings))


@dataclass(frozen=True)
class Judge:
    """All that budgets are judged by; `costs` are of each scope and currency, or say why there are none."""

    lens: Lens
    settings: Settings
    known: Known
    credits: Credits
    holidays: Holidays
    costs: Mapping[tuple[Scope, str], Costs | str]

    def of(self, wanted: Wanted) -> Judged:
        """How one budget stands in its month."""
        budget = wanted.budget
        if budget.scope.kind is ScopeKind.kpi:
            return Judged(wanted, kpi_of(self.lens, budget, self.known, self.holidays), None, None, None)
        terms, has_rate = terms_of(self.lens, self.settings, self.credits, budget)
        costs = self.costs[budget.scope, budget.currency]
        if isinstance(costs, str) or (budget.basis.with_tax and not has_rate):
            reason = costs if isinstance(costs, str) else NO_TAX_RATE
            unknown = Standing(budget, State.unknown, None, None, None, None, reason=reason)
            return Judged(wanted, unknown, terms if has_rate else None, None, None)
        ahead = self._ahead(budget, costs)
        month = {day: cost for day, cost in self.known.of(costs).items() if day in set(budget.days)}
        found = standing(budget, terms, month, ahead.outlooks)
        so_far, _ = terms_of(self.lens, self.settings, self.credits, budget, self.known.until)
        found = _counted_so_far(found, so_far)
        if found.state is State.unknown and not ahead.outlooks and ahead.reason:
            found = replace(found, reason=f"{found.reason}; {ahead.reason}")
        return Judged(wanted, found, terms if has_rate else None, ahead.method, ahead.reason, so_far, ahead.is_measured)

    def _ahead(self, budget: Budget, costs: Costs) -> Ahead:
        """The rest of the month; nothing where all of it is known."""
        until = known_end(budget)
        if self.known.until >= until:
            return Ahead(())
        told = told_ahead(self.lens, budget.scope, budget.currency, self.known.until, costs)
        return told or forecast_ahead(costs, self.known, until, self.holidays)


def _counted_so_far(found: Standing, so_far: Terms) -> Standing:
    """What the budget itself counts by now: vouchers have paid for the days until now only."""
    if found.to_date is None:
        return found
    counted = converted(found.to_date, COST, found.budget.basis, so_far)
    assert counted is not None  # every cost can be counted
    return replace(found, counted=counted, used_percent=percent(counted, found.budget.amount))


def _crossed(each: Judged, fired: set[Fired], known: Known, today: date) -> Sequence[Crossing]:
    """Thresholds reached for the first time, by what is spent and by what is expected."""
    found = each.standing
    budget: Budget = found.budget
    end = found.month_end
    is_complete = known.until >= known_end(budget)
    expected = None if end is None or is_complete else end.expected
    if expected is not None and each.terms is not None:
        expected = converted(expected, COST, budget.basis, each.terms)
    # a ratio can come back under its bound: only its month's end counts as spent
    spent = found.counted
    if budget.scope.kind is ScopeKind.kpi and not is_complete:
        spent = None
    return (
        *newly_crossed(budget, spent, Kind.spent, fired, today),
        *newly_crossed(budget, expected, Kind.expected, fired, today),
    )


def _fired(lens: Lens) -> set[Fired]:
    rows = lens.query("select budget_name, billing_month, threshold_percent, kind from gold.budget_alerts").to_pylist()
    return {
        Fired(row["budget_name"], row["billing_month"], row["threshold_percent"], Kind(row["kind"])) for row in rows
    }


def _month_rows(
    lens: Lens, judged: Sequence[Judged], crossings: Sequence[Crossing], month: str, known: Known, today: date
) -> dict[str, list[Row]]:
    """All rows of a month: of budgets with those of other days, of alerts with all told before."""
    of_month = [each for each in judged if each.standing.budget.month == month]
    earlier = f"where billing_month = '{month}'"
    alerts: list[Row] = lens.query(f"select * from gold.budget_alerts {earlier}").to_pylist()
    before: list[Row] = lens.query(f"select * from gold.budgets {earlier} and as_of <> date '{today}'").to_pylist()
    currencies = {each.standing.budget.name: each.standing.budget.currency for each in of_month}
    alerts += [
        {
            "budget_name": each.fired.budget,
            "threshold_percent": each.fired.threshold,
            "kind": each.fired.kind.value,
            "first_seen": each.on,
            "amount": each.value,
            "limit_amount": each.limit,
            "used_percent": each.used_percent,
            "billing_currency": currencies[each.fired.budget],
            "billing_month": month,
        }
        for each in crossings
        if each.fired.month == month
    ]
    return {
        BUDGETS.name: before + [budget_row(each, known.until, today) for each in of_month],
        BURN_DOWN.name: [row for each in of_month for row in burn_rows(each)],
        ALERTS.name: alerts,
    }


def _main_currency(lens: Lens) -> str:
    """The currency of the newest costs, the euro first: budgets and vouchers of Scaleway name none."""
    rows = lens.query(
        "select distinct billing_currency from gold.daily_series where billing_currency is not null order by 1"
    )["billing_currency"].to_pylist()
    return "EUR" if "EUR" in rows or not rows else str(rows[0])
