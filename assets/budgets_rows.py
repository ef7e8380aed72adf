"""Budgets as rows of their tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from assets.budgets_read import Wanted
from pipelines.budgets.basis import Terms, converted
from pipelines.budgets.budget import COST, SCALEWAY, ScopeKind
from pipelines.budgets.standing import Standing, State
from pipelines.budgets.verdict import verdict

Row = dict[str, Any]


@dataclass(frozen=True)
class Judged:
    """One budget's month: how it stands, what converted it, and how the rest of the month was forecast."""

    wanted: Wanted
    standing: Standing
    terms: Terms | None
    method: str | None
    note: str | None
    so_far: Terms | None = None
    """As `terms`, with what vouchers have paid by now."""
    is_measured: bool = True
    """Whether the bounds of what is to come come from measured errors; else they are not told."""


def budget_row(each: Judged, known_until: date, today: date) -> Row:
    """One budget's month as of today."""
    found, budget = each.standing, each.standing.budget
    broken = verdict((found,)).broken
    reasons = [note for note in (found.reason, each.note) if note]
    return {
        "budget_name": budget.name,
        "source": each.wanted.source,
        "scope_kind": budget.scope.kind.value,
        "scope": budget.scope.value or None,
        "as_of": today,
        "known_until": known_until,
        "billing_currency": budget.currency,
        "budget_amount": budget.amount,
        "basis": str(budget.basis),
        **_amounts(each),
        **_ahead(each),
        "state": found.state.value,
        "band": None if found.band is None else found.band.value,
        **_breach(each),
        **_terms(each.terms),
        "forecast_method": each.method,
        "verdict": broken[0] if broken else None,
        "reason": "; ".join(dict.fromkeys(reasons)) or None,
        "billing_month": budget.month,
    }


def _amounts(each: Judged) -> Row:
    """What was agreed and what is spent, as cost, as the budget counts and as it is invoiced."""
    found, terms = each.standing, each.terms
    is_kpi = found.budget.scope.kind is ScopeKind.kpi
    return {
        "amount_as_cost": found.limit,
        "amount_as_invoiced": None if is_kpi else _counted(found.limit, terms),
        "actual_cost": found.to_date,
        "actual_as_counted": found.counted,
        "actual_as_invoiced": None if is_kpi or terms is None else _counted(found.to_date, each.so_far),
        "used_percent": found.used_percent,
    }


def _ahead(each: Judged) -> Row:
    """What the month's end is expected to be; bounds where they were measured."""
    found, terms, end = each.standing, each.terms, each.standing.month_end
    budget, expected = found.budget, None if end is None else end.expected
    is_kpi = budget.scope.kind is ScopeKind.kpi
    as_counted = expected
    if not is_kpi and expected is not None and budget.basis != COST and terms is not None:
        as_counted = converted(expected, COST, budget.basis, terms)
    return {
        "expected_cost": expected,
        "low_cost": None if end is None or not each.is_measured else end.low,
        "high_cost": None if end is None or not each.is_measured else end.high,
        "expected_as_counted": as_counted,
        "expected_as_invoiced": None if is_kpi else _counted(expected, terms),
        "variance_percent": found.variance_percent,
        "chance_of_overrun": _chance(found) if each.is_measured or found.state is State.over else None,
    }


def _breach(each: Judged) -> Row:
    burn = each.standing.burn
    breach = burn.breach if burn else None
    return {
        "is_breached": None if breach is None else breach.is_past,
        "expected_breach_on": None if breach is None else breach.expected,
        "earliest_breach_on": None if breach is None or not each.is_measured else breach.earliest,
        "latest_breach_on": None if breach is None or not each.is_measured else breach.latest,
    }


def _terms(terms: Terms | None) -> Row:
    return {
        "tax_rate": None if terms is None else terms.tax_rate,
        "discount_rate": None if terms is None else terms.discount_rate,
        "vouchers": None if terms is None else terms.vouchers,
    }


def burn_rows(each: Judged) -> list[Row]:
    """The days of one budget's month; of a KPI there are none."""
    burn = each.standing.burn
    if burn is None:
        return []
    budget = each.standing.budget
    return [
        {
            "budget_name": budget.name,
            "charge_date": day.day,
            "billing_currency": budget.currency,
            "planned_cost": day.planned,
            "spent_cost": day.spent,
            "expected_cost": None if day.forecast is None else day.forecast.expected,
            "low_cost": None if day.forecast is None or not each.is_measured else day.forecast.low,
            "high_cost": None if day.forecast is None or not each.is_measured else day.forecast.high,
            "billing_month": budget.month,
        }
        for day in burn.days
    ]


def _counted(cost: Decimal | None, terms: Terms | None) -> Decimal | None:
    """A cost as Scaleway's own budgets count it; unknown without a tax rate."""
    return None if cost is None or terms is None else converted(cost, COST, SCALEWAY, terms)


def _chance(found: Standing) -> float | None:
    """Six decimals; what is still to come is never certain, however small its chance."""
    burn = found.burn
    is_complete = burn is not None and burn.days[-1].forecast is None
    if found.chance is None or is_complete or found.limit is None or found.state is State.over:
        return found.chance
    return min(max(round(found.chance, 6), 0.000001), 0.999999)
