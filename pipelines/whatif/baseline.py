"""The baseline a scenario changes: cost lines of days or months, known or forecast, and the totals of their drivers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from types import MappingProxyType

from pipelines.errors import UsageError
from pipelines.whatif.amounts import DECIMALS, is_whole

HOURS_PER_WEEK = 168


class Behaviour(StrEnum):
    """What makes a line cost: a plan, the hours something is on, what is set aside, what is used; or it is a credit."""

    fixed = "fixed"
    runtime = "runtime"
    capacity = "capacity"
    usage = "usage"
    credit = "credit"


@dataclass(frozen=True)
class Line:
    """Cost of one item over the days from `since` until before `until`.

    `driver` names what a usage line follows, as requests; `labels` are what scenarios select by beside the SKU:
    project, environment, team. `hours_per_week` is how long a runtime line is on today.
    """

    item: str
    sku: str
    since: date
    until: date
    cost: Decimal
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    behaviour: Behaviour = Behaviour.fixed
    driver: str | None = None
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    hours_per_week: Decimal = Decimal(HOURS_PER_WEEK)

    def __post_init__(self) -> None:
        if self.since >= self.until:
            raise UsageError(f"'{self.item}' ends on {self.until} and begins on {self.since}; swap them")
        if not is_whole(self.cost):
            raise UsageError(f"'{self.item}' costs {self.cost}; round it to {DECIMALS} decimals first")
        if (self.quantity or 0) < 0 or (self.unit_price or 0) < 0:
            raise UsageError(f"'{self.item}' has a negative quantity or unit price; leave out what is not known")

    @property
    def days(self) -> int:
        return (self.until - self.since).days

    @property
    def is_credit(self) -> bool:
        """What is given back stays as it is, whatever it was given for."""
        return self.behaviour is Behaviour.credit or self.cost < 0


@dataclass(frozen=True)
class Units:
    """How much of a driver, such as requests, came or will come on the days from `since` until before `until`."""

    driver: str
    since: date
    until: date
    count: Decimal

    def __post_init__(self) -> None:
        if self.since >= self.until:
            raise UsageError(f"{self.driver} end on {self.until} and begin on {self.since}; swap them")
        if not self.count >= 0:
            raise UsageError(f"{self.driver} of {self.since} are {self.count}; leave out what is not known")


@dataclass(frozen=True)
class Piece:
    """The days of a line between two dates on which something changes, and their share of the line."""

    line: Line
    since: date
    until: date

    @property
    def share(self) -> Fraction:
        return Fraction((self.until - self.since).days, self.line.days)

    @property
    def cost(self) -> Fraction:
        return Fraction(self.line.cost) * self.share


def pieces(line: Line, dates: Iterable[date]) -> list[Piece]:
    """The line cut at each of the dates within it, and where a month begins."""
    months = (line.since + timedelta(days=number) for number in range(1, line.days))
    cuts = [*dates, *(day for day in months if day.day == 1)]
    return [Piece(line, since, until) for since, until in spans_between(line.since, line.until, cuts)]


def spans_between(since: date, until: date, dates: Iterable[date]) -> list[tuple[date, date]]:
    """The days in spans that end at each of the dates within them."""
    return list(pairwise([since, *sorted({each for each in dates if since < each < until}), until]))
