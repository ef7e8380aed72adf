"""How a budget stands: what is used, where the month ends, how likely it is overrun, and how loud to say so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from pipelines.budgets.amounts import less, percent
from pipelines.budgets.basis import DISCOUNTED_AWAY, Terms, converted
from pipelines.budgets.budget import COST, Budget
from pipelines.budgets.burn_down import BurnDown, Outlook, burn_down
from pipelines.budgets.chance import Estimate, chance_above


class Band(StrEnum):
    """What an expected overrun asks for."""

    note = "note"
    look = "look"
    explain = "explain"
    escalate = "escalate"


@dataclass(frozen=True)
class Bands:
    """From which overrun on, in percent of the budget, each band holds; below the first it is a note."""

    look: Decimal = Decimal(5)
    explain: Decimal = Decimal(10)
    escalate: Decimal = Decimal(20)

    def of(self, variance_percent: Decimal) -> Band:
        """The band of an overrun; what stays within the budget is a note."""
        if variance_percent >= self.escalate:
            return Band.escalate
        if variance_percent >= self.explain:
            return Band.explain
        return Band.look if variance_percent >= self.look else Band.note


USUAL_BANDS = Bands()


class State(StrEnum):
    """From good to bad; at risk is a month whose interval, not its expected value, reaches above the budget."""

    unknown = "unknown"
    kept = "kept"
    at_risk = "at risk"
    expected_over = "expected over"
    over = "over"


@dataclass(frozen=True)
class Standing:
    """One budget today. `limit`, `to_date` and `month_end` are costs, `counted` is what the budget itself counts.

    None is not known, and `reason` says why. Without a limit no cost can reach the budget.
    """

    budget: Budget
    state: State
    limit: Decimal | None
    to_date: Decimal | None
    counted: Decimal | None
    used_percent: Decimal | None
    month_end: Estimate | None = None
    variance_percent: Decimal | None = None
    chance: float | None = None
    band: Band | None = None
    burn: BurnDown | None = None
    reason: str | None = None


def standing(
    budget: Budget,
    terms: Terms,
    costs: Mapping[date, Decimal],
    forecast: Sequence[Outlook],
    profile: Mapping[date, Decimal] | None = None,
    bands: Bands = USUAL_BANDS,
) -> Standing:
    """How a budget of money stands, from the month's daily costs and the forecast of the days without one."""
    limit = converted(budget.amount, budget.basis, COST, terms)
    # without a limit there is still a course to show, against the amount as it was set
    burn = burn_down(budget.amount if limit is None else limit, budget.days, costs, forecast, profile)
    counted = converted(burn.to_date, COST, budget.basis, terms)
    assert counted is not None  # every cost can be counted; only the way back may not exist
    used = percent(counted, budget.amount)
    plain = Standing(budget, State.unknown, limit, burn.to_date, counted, used, burn.month_end, burn=burn)
    if limit is None:
        return replace(plain, state=State.kept, chance=0.0, reason=DISCOUNTED_AWAY)
    is_over = burn.to_date > limit
    if burn.month_end is None:
        return replace(plain, state=State.over if is_over else State.unknown, reason=_missing(burn.missing))
    return _judged(plain, limit, burn.month_end, bands, is_over=is_over)


def kpi_standing(
    budget: Budget,
    to_date: Decimal | None,
    month_end: Estimate | None,
    bands: Bands = USUAL_BANDS,
    reason: str | None = None,
) -> Standing:
    """How a KPI stands: its value of the month so far and at its end, each a ratio of sums, or not known.

    A ratio can come back under its bound, so it is over only when the month is: when the interval has no width.
    """
    used = None if to_date is None else percent(to_date, budget.amount)
    plain = Standing(budget, State.unknown, budget.amount, to_date, to_date, used, month_end)
    if to_date is None or month_end is None:
        return replace(plain, reason=reason or "its denominator is not known")
    is_final = month_end.low == month_end.high
    return _judged(plain, budget.amount, month_end, bands, is_over=is_final and month_end.expected > budget.amount)


def _judged(plain: Standing, limit: Decimal, month_end: Estimate, bands: Bands, *, is_over: bool) -> Standing:
    variance = percent(less(month_end.expected, limit), limit)
    if is_over:
        state = State.over
    elif month_end.expected > limit:
        state = State.expected_over
    else:
        state = State.at_risk if month_end.high > limit else State.kept
    # what is spent stays spent, whatever width a forecast has
    chance = 1.0 if is_over else chance_above(limit, month_end)
    return replace(plain, state=state, variance_percent=variance, chance=chance, band=bands.of(variance))


def _missing(days: Sequence[date]) -> str:
    more = f" and {len(days) - 1} more days" if len(days) > 1 else ""
    return f"{days[0]}{more} of the month: neither a cost nor a forecast"
