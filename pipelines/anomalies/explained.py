"""What explains an anomaly of cost: usage, prices, the calendar, a change that was meant. Pure; evidence is handed in.

An explanation accounts for the move itself, not only for its direction: what it leaves over must lie within what the
scope is allowed on such days.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from pipelines.anomalies.baselines import Course, course_of, expected_days
from pipelines.anomalies.verdicts import Floats, Kind

Line = Callable[[Floats, Floats], tuple[float, float, float]]
"""Fixed part, part by unit and its standard error, of a cost that follows a driver."""

LEARNT_DAYS, LEAST_DAYS = 120, 28
_TELLING = 0.5  # share of the cost's spread that the driver accounted for before the event
_MOST = 0.75
_SAME = 0.3  # a recurring move is as large as the last one, within this share
_EDGE, _EDGE_EVENT, _FIRST_MONTH = 2, 4, 45
_PURPOSE = re.compile(
    r"(?:^|[^a-z])((?:restore|recovery|dr|fire|failover)[-_ ]?(?:drill|test|exercise)s?|drills?|rehearsals?|"
    r"game[-_ ]?days?|load[-_ ]?tests?)(?:[^a-z]|$)"
)


@dataclass(frozen=True)
class Explanation:
    """Why it is no surprise: by what, in few words, and the sentence."""

    by: str
    words: str


@dataclass(frozen=True)
class Usage:
    """A driver of a service: its name and place for people, its units and the cost that it drives, by day."""

    driver: str
    place: str
    units: Floats
    cost: Floats

    def moved(self, course: Course, kind: Kind) -> float | None:
        """By how many per cent its units moved on the days of an event; None where they are not known."""
        now, usual = (
            self.units[course.first : course.last + 1],
            expected_days(self.units, course.first, course.last, kind),
        )
        base = float(usual.sum())
        return 100 * (float(now.sum()) / base - 1) if np.isfinite(now).all() and base else None


@dataclass(frozen=True)
class PriceChange:
    """The list price of a SKU from an index of a day on, and what the SKU was expected to cost on the event's days."""

    sku: str
    on: date
    before: float
    after: float
    expected: float


@dataclass(frozen=True)
class Deed:
    """What somebody did to a resource; `is_code` when a tool for infrastructure as code did it."""

    what: str
    who: str
    on: date
    resource_id: str
    resource_name: str
    is_code: bool
    is_removal: bool


def by_usage(usage: Usage, course: Course, kind: Kind, room: float, line: Line) -> Explanation | None:
    """A cost that followed its driver before, and still does. `room` is what a day may be off, in the cost's unit."""
    since = max(0, course.first - LEARNT_DAYS)
    cost, units = usage.cost[since : course.first], usage.units[since : course.first]
    known = np.isfinite(cost) & np.isfinite(units)
    now = usage.units[course.first : course.last + 1]
    if known.sum() < LEAST_DAYS or not np.isfinite(now).all():
        return None
    fixed, slope, _ = line(cost[known], units[known])
    left = cost[known] - fixed - slope * units[known]
    spread = np.abs(cost[known] - np.median(cost[known])).sum()
    if slope <= 0 or np.abs(left).sum() > (1 - _TELLING) * spread:
        return None
    usual = expected_days(usage.units, course.first, course.last, kind)
    more, base = float(now.sum() - usual.sum()), float(usual.sum())
    if more * course.impact <= 0 or abs(course.impact - slope * more) > room * course.days or not base:
        return None
    percent = f"{100 * more / base:+.0f} % {usage.driver}"
    return Explanation(f"{usage.driver} of {usage.place}", f"explained by {percent}")


def by_price(changes: Sequence[PriceChange], course: Course, room: float) -> Explanation | None:
    """List prices that changed on its first day, times what was bought before."""
    effect = sum(change.expected * (change.after / change.before - 1) for change in changes if change.before)
    if effect * course.impact <= 0 or abs(course.impact - effect) > room * course.days:
        return None
    largest = max(changes, key=lambda change: abs(change.expected * (change.after / change.before - 1)))
    percent = f"{100 * (largest.after / largest.before - 1):+.1f} %"
    return Explanation("price", f"explained by the list price of {largest.sku}: {percent} from {largest.on}")


def by_calendar(values: Floats, days: Sequence[date], course: Course) -> Explanation | None:
    """The edge of a month that did the same last month or the month before.

    In the first weeks of a bill no such edge is known yet: then too it is taken for one.
    """
    told = days[course.first : course.last + 1]
    if course.days > _EDGE_EVENT or not all(min(day.day, _to_end(day)) <= _EDGE for day in told):
        return None
    place = "month end" if _to_end(told[0]) <= told[0].day else "month start"
    for back in (1, 2):
        same = _month_before(told[-1], back)
        last = (same - days[0]).days
        first = last - course.days + 1
        if first >= 0:
            then = course_of(values, first, last, Kind.SPIKE)
            # the month before the first known one may not be there to compare with
            if then.impact * course.impact > 0 and abs(course.impact - then.impact) <= _SAME * abs(course.impact):
                return Explanation(place, f"the same at the {place} of {same:%Y-%m}")
    if course.first < _FIRST_MONTH:
        return Explanation(place, f"a {place}, when no earlier one was known to compare with")
    return None


def by_purpose(names: Sequence[str]) -> Explanation | None:
    """Resources whose names or tags say that they are an exercise; all of them must."""
    found = [_PURPOSE.search(name.lower()) for name in names]
    if not found or not all(found) or found[0] is None:
        return None
    return Explanation("planned exercise", f"an exercise by its name: {found[0][1]}")


def by_code(deeds: Sequence[Deed], explained: float, course: Course, limit: float) -> Explanation | None:
    """A change rolled out as code, which somebody reviewed; `explained` is the move of the resources it touched.

    None where a day comes to more than `limit`: so much is told, whoever did it.
    """
    made = [deed for deed in deeds if deed.is_code and deed.is_removal == (course.impact < 0)]
    if not made or not course.impact or explained / course.impact < _MOST or abs(course.impact) / course.days > limit:
        return None
    first = made[0]
    named = f"{first.resource_name} and {len(made) - 1} more" if len(made) > 1 else first.resource_name
    return Explanation(f"change made as code: {first.what}", f"{first.what} {named} by {first.who} on {first.on}")


def by_removal(deeds: Sequence[Deed], explained: float, course: Course) -> Explanation | None:
    """A drop because something was deleted or switched off."""
    gone = [deed for deed in deeds if deed.is_removal]
    if course.impact >= 0 or not gone or explained / course.impact < _MOST:
        return None
    return Explanation("removal", f"{gone[0].what} {gone[0].resource_name} by {gone[0].who} on {gone[0].on}")


def by_end(names: Sequence[str], on: date, explained: float, course: Course) -> Explanation | None:
    """A drop because resources are on the bill no more; `explained` is the move of those that are gone."""
    if course.impact >= 0 or not names or explained / course.impact < _MOST:
        return None
    named = f"{names[0]} and {len(names) - 1} more are" if len(names) > 1 else f"{names[0]} is"
    return Explanation("removal", f"{named} no longer billed since {on}")


def by_resize(resource: str, before: str, after: str, on: date) -> Explanation:
    """A resource that is billed as something else from a day on."""
    return Explanation("resize", f"{resource} is billed as {after} instead of {before} since {on}")


def by_plan(name: str, on: date) -> Explanation:
    """A change that the settings name."""
    return Explanation(f"planned change: {name}", f"planned: {name}, from {on}")


def _to_end(day: date) -> int:
    following = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return (following - day).days


def _month_before(day: date, back: int) -> date:
    """The day of an earlier month in the same place, counted from the nearer edge."""
    first = day.replace(day=1)
    for _ in range(back):
        first = (first - timedelta(days=1)).replace(day=1)
    if day.day <= _to_end(day):
        return first.replace(day=day.day)
    following = (first + timedelta(days=32)).replace(day=1)
    return following - timedelta(days=_to_end(day))
