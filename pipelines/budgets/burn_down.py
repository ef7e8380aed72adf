"""A month's budget by day: the planned line, what was spent, and where the forecast takes it.

A day without a cost is not a day of no cost. It is filled by the forecast, whether it is to come or was lost; a day
that neither tells makes the month's end unknown from there on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction

from pipelines.budgets.amounts import money, total
from pipelines.budgets.chance import Estimate
from pipelines.errors import UsageError

_ZERO = Decimal(0)


@dataclass(frozen=True)
class Outlook:
    """The forecast cost of all days without a known cost, from the first of them up to and including `day`."""

    day: date
    cost: Estimate


@dataclass(frozen=True)
class BurnDay:
    """One day; every amount is the sum from the month's start. `spent` ends at the first day without a known cost,
    `forecast` begins there."""

    day: date
    planned: Decimal
    spent: Decimal | None
    forecast: Estimate | None


@dataclass(frozen=True)
class Breach:
    """The first day on which the sum is above the budget: as spent or expected, and the range of the interval.

    None is: not in this month. `is_past` says that it has happened.
    """

    expected: date | None
    earliest: date | None
    latest: date | None
    is_past: bool


@dataclass(frozen=True)
class BurnDown:
    """The days, the sum of all known costs, the month's end and the breach; with days missing there is no end."""

    limit: Decimal
    days: tuple[BurnDay, ...]
    to_date: Decimal
    month_end: Estimate | None
    breach: Breach | None
    missing: tuple[date, ...]


def burn_down(
    limit: Decimal,
    days: Sequence[date],
    costs: Mapping[date, Decimal],
    forecast: Sequence[Outlook],
    profile: Mapping[date, Decimal] | None = None,
) -> BurnDown:
    """How a month burns down `limit`, which is on the basis of the costs. `profile` weighs the days of the plan.

    Raises UsageError where a day has both a cost and a forecast, since it would count twice.
    """
    outlooks = _outlooks(days, costs, forecast)
    planned = _planned(limit, days, profile)
    missing = tuple(day for day in days if day not in costs and day not in outlooks)
    rows: list[BurnDay] = []
    known, ahead = _ZERO, None
    is_complete = True
    for day in days:
        known = total((known, costs.get(day, _ZERO)))
        ahead = outlooks.get(day, ahead)
        is_complete = is_complete and day in costs
        is_told = not missing or day < missing[0]
        forecast_sum = _raised(known, ahead) if is_told and ahead is not None else None
        rows.append(BurnDay(day, planned[day], known if is_complete else None, forecast_sum))
    if missing:
        return BurnDown(limit, tuple(rows), known, None, None, missing)
    month_end = rows[-1].forecast or Estimate(known, known, known)
    return BurnDown(limit, tuple(rows), known, month_end, _breach(limit, rows), ())


def cumulated(days: Sequence[tuple[date, Estimate]], correlation: Decimal = _ZERO) -> tuple[Outlook, ...]:
    """Sums from single days' forecasts. The errors of any two days are correlated by `correlation`.

    Half-widths w add up as standard deviations do: the root of (1 - c) x sum of w squared + c x (sum of w) squared.
    0 takes the days' errors as independent, 1 as all the same; a wrong level is nearer to 1.
    """
    if not 0 <= correlation <= 1:
        raise UsageError(f"the correlation {correlation} is not between 0 and 1")
    if len({estimate.level for _, estimate in days}) > 1:
        raise UsageError("the forecast's days have intervals of several levels; give them one")
    found = []
    ordered = sorted(days, key=lambda entry: entry[0])
    for count in range(1, len(ordered) + 1):
        estimates = [estimate for _, estimate in ordered[:count]]
        expected = total(estimate.expected for estimate in estimates)
        down = _joint_width([estimate.expected - estimate.low for estimate in estimates], correlation)
        up = _joint_width([estimate.high - estimate.expected for estimate in estimates], correlation)
        cost = Estimate(expected, total((expected, -down)), total((expected, up)), estimates[0].level)
        found.append(Outlook(ordered[count - 1][0], cost))
    return tuple(found)


def _joint_width(widths: Sequence[Decimal], correlation: Decimal) -> Decimal:
    with localcontext() as exact:
        exact.prec = 60
        squares = sum((width * width for width in widths), _ZERO)
        whole = sum(widths, _ZERO)
        return money(Fraction(((1 - correlation) * squares + correlation * whole * whole).sqrt()))


def _outlooks(days: Sequence[date], costs: Mapping[date, Decimal], forecast: Sequence[Outlook]) -> dict[date, Estimate]:
    outlooks = {outlook.day: outlook.cost for outlook in forecast}
    if both := sorted(set(outlooks) & set(costs)):
        raise UsageError(f"{both[0]} has a cost and a forecast; forecast only the days without a cost")
    if outside := sorted((set(outlooks) | set(costs)) - set(days)):
        raise UsageError(f"{outside[0]} is not in the budget's month, {days[0]} to {days[-1]}; leave it out")
    return outlooks


def _planned(limit: Decimal, days: Sequence[date], profile: Mapping[date, Decimal] | None) -> dict[date, Decimal]:
    weights = {day: Fraction(1) if profile is None else Fraction(profile.get(day, _ZERO)) for day in days}
    whole = sum(weights.values(), Fraction(0))
    if not whole > 0 or min(weights.values()) < 0:
        raise UsageError("the profile of the plan has no weight above zero, or one below; leave it out for even days")
    planned, reached = {}, Fraction(0)
    for day in days:
        reached += weights[day]
        planned[day] = money(Fraction(limit) * reached / whole)
    return planned


def _raised(known: Decimal, ahead: Estimate) -> Estimate:
    expected, low, high = (total((known, value)) for value in (ahead.expected, ahead.low, ahead.high))
    return Estimate(expected, low, high, ahead.level)


def _breach(limit: Decimal, rows: Sequence[BurnDay]) -> Breach:
    firsts: dict[str, date] = {}
    for row in rows:
        for bound in ("expected", "high", "low"):
            value = row.spent if row.forecast is None else getattr(row.forecast, bound)
            if value is not None and value > limit:
                firsts.setdefault(bound, row.day)
    is_past = any(row.spent is not None and row.spent > limit for row in rows)
    return Breach(firsts.get("expected"), firsts.get("high"), firsts.get("low"), is_past)
