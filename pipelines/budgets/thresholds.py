"""Fires each threshold of a budget once a month, whatever the value does afterwards.

What has fired is remembered by budget, month, threshold and kind, and is handed in and out: nothing is kept here.
A value that falls back and rises again fires nothing, a new month starts afresh, and a new amount of the same budget
does not fire again what was said before.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from pipelines.budgets.amounts import money, percent
from pipelines.budgets.budget import Budget


class Kind(StrEnum):
    """Whether what was spent has reached the threshold, or the month's end is expected to."""

    spent = "spent"
    expected = "expected"


@dataclass(frozen=True)
class Fired:
    """What identifies a threshold that has spoken."""

    budget: str
    month: str
    threshold: Decimal
    kind: Kind


@dataclass(frozen=True)
class Crossing:
    """A threshold reached for the first time, with the value that did it, on the basis the budget counts by."""

    fired: Fired
    value: Decimal
    used_percent: Decimal
    limit: Decimal
    on: date


def newly_crossed(
    budget: Budget, value: Decimal | None, kind: Kind, fired: Collection[Fired], on: date
) -> tuple[Crossing, ...]:
    """Thresholds that `value` reaches and that have not fired, lowest first; an unknown value reaches none."""
    if value is None:
        return ()
    crossings = []
    for threshold in sorted(set(budget.thresholds)):
        limit = Fraction(budget.amount) * Fraction(threshold) / 100
        key = Fired(budget.name, budget.month, threshold, kind)
        if value >= limit and key not in fired:
            crossings.append(Crossing(key, value, percent(value, budget.amount), money(limit), on))
    return tuple(crossings)


def remembered(fired: Collection[Fired], crossings: Collection[Crossing]) -> frozenset[Fired]:
    """What has fired from now on."""
    return frozenset(fired) | {crossing.fired for crossing in crossings}
