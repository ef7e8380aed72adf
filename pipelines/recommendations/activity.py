"""When in the week a machine is used: 168 hours, each with how often it was busy, shrunk where few weeks were seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

HOURS_OF_WEEK = 168
_WEEKEND = 5


@dataclass(frozen=True)
class Prior:
    """How an hour's few samples are weighed: with so many imagined ones of the same hour on other days alike."""

    weight: float = 2.0
    least: float = 0.02  # nobody knows that an hour is never used
    most: float = 0.98


@dataclass(frozen=True)
class Week168:
    """Chance by hour of the week (0 is Monday, 00:00 UTC) that the machine is busy, and the hours that were seen."""

    chances: tuple[float, ...]
    seen: tuple[int, ...]
    busy: tuple[int, ...]
    days_seen: int
    weekends_seen: int

    def needed_hours(self, cutoff: float) -> frozenset[int]:
        """Hours of the week in which it is wanted."""
        return frozenset(hour for hour in range(HOURS_OF_WEEK) if self.chances[hour] >= cutoff)


def activity_week(
    first_day: date,
    hours: Sequence[int],
    shares: Sequence[float],
    busy_from: float,
    days_off: Collection[date] = (),
    prior: Prior | None = None,
) -> Week168:
    """The map of a machine from its measured hours (since `first_day`, 00:00 UTC) and how busy it was in each.

    An hour of the week is Beta-binomial: its samples, and `prior.weight` more with the mean of the same hour on working
    days or weekends. Holidays are left out: they are neither.
    """
    prior = prior or Prior()
    seen, busy = [0] * HOURS_OF_WEEK, [0] * HOURS_OF_WEEK
    days: set[date] = set()
    for number, share in zip(hours, shares, strict=True):
        day = first_day + timedelta(days=number // 24)
        if day in days_off:
            continue
        days.add(day)
        cell = day.weekday() * 24 + number % 24
        seen[cell] += 1
        busy[cell] += share >= busy_from
    alike: defaultdict[tuple[bool, int], list[int]] = defaultdict(lambda: [0, 0])
    for cell in range(HOURS_OF_WEEK):
        pooled = alike[_kind(cell)]
        pooled[0] += seen[cell]
        pooled[1] += busy[cell]
    chances = []
    for cell in range(HOURS_OF_WEEK):
        samples, hits = alike[_kind(cell)]
        mean = min(max(hits / samples if samples else 0.5, prior.least), prior.most)
        chances.append((busy[cell] + prior.weight * mean) / (seen[cell] + prior.weight))
    weekends = {day - timedelta(days=day.weekday()) for day in days if day.weekday() >= _WEEKEND}
    return Week168(tuple(chances), tuple(seen), tuple(busy), len(days), len(weekends))


def busy_limit(shares: Sequence[float], least: float, of_peak: float) -> float:
    """Above which share an hour counts as used: background work of a machine is a part of its own peak."""
    if not shares:
        return least
    peak = sorted(shares)[min(len(shares) - 1, int(len(shares) * 0.95))]
    return max(least, of_peak * peak)


def _kind(cell: int) -> tuple[bool, int]:
    return cell // 24 >= _WEEKEND, cell % 24
