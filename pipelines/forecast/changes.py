"""Changes that somebody knows of and no history shows: a new price, an amount once or monthly, something that ends.

Each has a date and what it reaches. Its effect is worked out day by day on top of the forecast, exactly: the effects
and the forecast without them add up to what is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from pipelines.forecast.steps import days_in_month

_MICRO = Decimal("0.000001")
_ZERO, _ONE = Decimal(0), Decimal(1)
Key = TypeVar("Key")


class ChangeKind(StrEnum):
    """What a change does from its date on."""

    factor = "factor"
    once = "once"
    monthly = "monthly"
    ends = "ends"


@dataclass(frozen=True)
class KnownChange:
    """From `on` to before `until`: cost times `amount` (factor), `amount` on that day (once), `amount` more or less a
    month (monthly), or no cost at all (ends). project, service and sku are patterns of what it reaches."""

    name: str
    on: date
    kind: ChangeKind
    amount: Decimal = _ZERO
    until: date | None = None
    project: str = "*"
    service: str = "*"
    sku: str = "*"
    currency: str = "EUR"
    source: str = "finops.toml"

    @property
    def is_amount(self) -> bool:
        """Whether it is money by itself rather than a part of what is spent."""
        return self.kind in (ChangeKind.once, ChangeKind.monthly)

    @property
    def words(self) -> str:
        """What it does, for people."""
        what = {
            ChangeKind.factor: f"costs times {self.amount.normalize():f}",
            ChangeKind.once: f"{self.amount:+f} {self.currency} once",
            ChangeKind.monthly: f"{self.amount:+f} {self.currency} a month",
            ChangeKind.ends: "ends",
        }[self.kind]
        scope = ", ".join(
            f"{name} {pattern}"
            for name, pattern in (("project", self.project), ("service", self.service), ("SKU", self.sku))
            if pattern != "*"
        )
        until = f" until {self.until}" if self.until else ""
        return f"{what} from {self.on}{until}, {scope or 'everything'}; {self.source}"


def effect_on(change: KnownChange, points: Sequence[Decimal], share: Decimal, first: date) -> tuple[Decimal, ...]:
    """By day ahead, what a price or an end changes at a cost of which it reaches `share`.

    A change from before `first` is in the history; where it ends later, what it did is taken back then.
    """
    factor = _ZERO if change.kind is ChangeKind.ends else change.amount
    found = []
    for number, point in enumerate(points):
        day = first + timedelta(days=number)
        moved = _ZERO
        if change.on >= first and _holds(change, day):
            moved = factor - _ONE
        elif change.on < first and change.until is not None and day >= change.until and factor:
            moved = _ONE / factor - _ONE
        found.append((point * share * moved).quantize(_MICRO) + _ZERO)
    return tuple(found)


def amounts_of(change: KnownChange, first: date, days: int) -> tuple[Decimal, ...]:
    """By day ahead, the amounts of a change that is money by itself; the days of a full month add up to its amount."""
    found = []
    for number in range(days):
        day = first + timedelta(days=number)
        if change.kind is ChangeKind.once:
            amount = change.amount if day == change.on else _ZERO
        elif change.on >= first:
            amount = _of_day(change.amount, day) if _holds(change, day) else _ZERO
        else:
            over = change.until is not None and day >= change.until
            amount = -_of_day(change.amount, day) if over else _ZERO
        found.append(amount)
    return tuple(found)


def _holds(change: KnownChange, day: date) -> bool:
    return day >= change.on and (change.until is None or day < change.until)


def _of_day(amount: Decimal, day: date) -> Decimal:
    """One day's part of a month's amount, rounded so that the month's days add up to it."""
    length = days_in_month(day.year, day.month)
    until, before = ((amount * number / length).quantize(_MICRO) for number in (day.day, day.day - 1))
    return until - before


def summed(effects: Mapping[Key, Sequence[Decimal]], days: int) -> list[Decimal]:
    """By day ahead, the effects on all that they reach."""
    return [sum((each[number] for each in effects.values()), _ZERO) for number in range(days)]
