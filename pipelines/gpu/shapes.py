"""Requests by the hour, and what machines that are always on, on a schedule, or there by the hour cost for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

import numpy as np

from pipelines.errors import UsageError
from pipelines.gpu.queueing import Held
from pipelines.gpu.traffic import Floats

HOURS_A_MONTH = 730
_WEEK = 168
_UNIT = Decimal("0.000000000001")


class Running(StrEnum):
    """When machines are on: day and night; in hours of the week in which something was ever asked; as many as each
    hour needs, none where nothing is asked."""

    always = "always on"
    scheduled = "on a schedule"
    hourly = "scaled by the hour"


@dataclass(frozen=True)
class Hours:
    """Requests of consecutive hours; NaN where nobody counted."""

    counts: Floats

    @classmethod
    def of(cls, counts: Sequence[float | None]) -> Hours:
        """From counts by the hour, None where they are not known. Raises UsageError where none is above zero."""
        found = np.array([np.nan if each is None else each for each in counts], dtype=np.float64)
        if not np.nansum(found) > 0:
            raise UsageError("no request was counted in any hour; traffic without requests has no shape")
        return cls(found)

    @property
    def known(self) -> Floats:
        """Those that were counted."""
        found: Floats = self.counts[~np.isnan(self.counts)]
        return found

    @property
    def mean(self) -> float:
        """Requests an hour, hours without any included."""
        return float(self.known.mean())

    @property
    def peak(self) -> float:
        """Requests of the busiest of a hundred hours: a number that was really seen."""
        return float(np.quantile(self.known, 0.99, method="inverted_cdf"))

    @property
    def working_share(self) -> float:
        """Share of the hours in which anything was asked."""
        return float((self.known > 0).mean())

    def scheduled(self) -> Floats:
        """For each counted hour whether its hour of the week had requests in any week: when a schedule is on."""
        places = np.arange(len(self.counts)) % _WEEK
        asked = np.zeros(_WEEK, dtype=bool)
        np.logical_or.at(asked, places, np.nan_to_num(self.counts) > 0)
        found: Floats = asked[places][~np.isnan(self.counts)].astype(np.float64)
        return found

    @property
    def scheduled_share(self) -> float:
        """Share of the hours in which a schedule is on."""
        return float(self.scheduled().mean())


@dataclass(frozen=True)
class Offer:
    """A kind of machine: what one costs by the hour, with volumes and addresses, and what so many of them hold."""

    name: str
    hourly_cost: Decimal
    held: Held

    def machines(self, hours: Hours, running: Running, level: float) -> Floats:
        """Machines in each hour, where as much more or less is asked that the mean is `level` requests an hour."""
        factor = level / hours.mean
        if running is Running.hourly:
            return self.held.machines(hours.known * factor)
        most = self.held.machines([hours.peak * factor]) if hours.peak > 0 else np.array([1.0])
        on = hours.scheduled() if running is Running.scheduled else np.ones(len(hours.known))
        found: Floats = on * np.maximum(most, 1.0)
        return found

    def monthly_cost(self, hours: Hours, running: Running, level: float) -> Decimal:
        """Cost of 730 such hours."""
        share = Decimal(repr(float(self.machines(hours, running, level).mean())))
        return (HOURS_A_MONTH * self.hourly_cost * share).quantize(_UNIT)


def tokens_cost(each: Decimal, level: float) -> Decimal:
    """Cost of 730 hours of `level` requests at an API that takes `each` for one."""
    return (HOURS_A_MONTH * Decimal(repr(level)) * each).quantize(_UNIT)


def crossing(
    offer: Offer, hours: Hours, running: Running, each: Decimal, low: float = 0.01, decades: int = 8
) -> float | None:
    """The least mean requests an hour at which the machines cost no more than the API that takes `each` a request.

    None where they never do, however many are asked: full machines cost more, or the API nothing. Looked for in steps
    of an eighth, and between two steps by halves.
    """
    if each <= 0 or not offer.held.is_able:
        return None

    def is_cheaper(level: float) -> bool:
        return offer.monthly_cost(hours, running, level) <= tokens_cost(each, level)

    levels = [low * 10 ** (step / 20) for step in range(20 * decades + 1)]
    found = next((at for at, level in enumerate(levels) if is_cheaper(level)), None)
    if found is None:
        return None
    below, above = (levels[found - 1], levels[found]) if found else (0.0, levels[0])
    for _ in range(50):
        middle = (below + above) / 2
        below, above = (below, middle) if is_cheaper(middle) else (middle, above)
    return above


def levels_between(*points: float, steps: int = 41) -> list[float]:
    """Levels from a tenth of the least to ten times the largest of the points, evenly spaced to the eye, each of the
    points among them; none where no point is above zero."""
    known = [each for each in points if each > 0]
    if not known:
        return []
    low, high = min(known) / 10, max(known) * 10
    return sorted({*known, *(low * (high / low) ** (step / (steps - 1)) for step in range(steps))})
