"""The calendar of what ends: commitments, contracts, vouchers, options, offers that are given up; soonest first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

KINDS = (
    "end_of_life",
    "end_of_service",
    "commitment_end",
    "contract_end",
    "voucher_end",
    "service_end",
    "option_end",
    "end_of_sale",
    "end_of_growth",
    "loyalty_reward",
    "deletable_from",
)
"""What of one day comes first: what stops by force, what costs money if missed, then what is only good to know."""


@dataclass(frozen=True)
class DueDate:
    """Something that ends on a day, or some day if `on` is None; `amount` is the money at stake, if that is known."""

    kind: str
    subject: str
    on: date | None
    amount: Decimal | None = None
    note: str | None = None


@dataclass(frozen=True)
class Due:
    """A date with the days until it: 0 is today, below zero it has passed, None is a date nobody has named."""

    entry: DueDate
    days_left: int | None


def calendar(entries: Iterable[DueDate], today: date, horizon_days: int | None = None) -> tuple[Due, ...]:
    """What is to come, soonest first, and then what has no date; passed dates are left out.

    One day's entries come in the order of KINDS, unknown kinds last, the larger amount first, then by subject.
    """
    found = [Due(entry, None if entry.on is None else (entry.on - today).days) for entry in entries]
    coming = [
        due
        for due in found
        if due.days_left is None or (due.days_left >= 0 and (horizon_days is None or due.days_left <= horizon_days))
    ]
    return tuple(sorted(coming, key=_place))


def _place(due: Due) -> tuple[bool, int, int, Decimal, str, str]:
    entry = due.entry
    rank = KINDS.index(entry.kind) if entry.kind in KINDS else len(KINDS)
    amount = entry.amount or Decimal(0)
    return due.days_left is None, due.days_left or 0, rank, -amount, entry.kind, entry.subject
