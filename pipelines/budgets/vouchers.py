"""How vouchers are used up, what of them will expire unused, and the bill without them.

The spend to come is walked day by day, from the first day that no deduction was made for yet. Of several vouchers
that may pay for the same cost, the one that ends first pays first; none pays for a cost that another has paid.
Beyond the spend that is given, a voucher goes on at the daily rate it had within it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil

from pipelines.budgets.amounts import less, money, total
from pipelines.errors import UsageError

_ZERO = Decimal(0)


@dataclass(frozen=True)
class Voucher:
    """A credit that is used up. It pays from `starts_on` until the day before `ends_on`, or for ever without one."""

    name: str
    remaining: Decimal
    starts_on: date
    ends_on: date | None = None


@dataclass(frozen=True)
class Spend:
    """Cost of one day, known or expected, before vouchers and VAT, and the vouchers that may pay for it.

    A negative cost is paid by none and gives none back.
    """

    day: date
    cost: Decimal
    eligible_for: frozenset[str] = frozenset()


@dataclass(frozen=True)
class VoucherBurn:
    """One voucher's course. `remaining` is what is left at the end of each day of the spend.

    `per_day` is the mean use of the days on which it could pay, None if the spend holds none of them. `used_up_on` is
    the day on which its last cent goes, None if it expires first or goes unused; `unused` is what expires, None if
    nothing ever does or nothing can be told. `is_extrapolated`: the spend ends before the voucher does.
    """

    voucher: Voucher
    remaining: Mapping[date, Decimal]
    per_day: Decimal | None
    used_up_on: date | None
    unused: Decimal | None
    is_extrapolated: bool


@dataclass(frozen=True)
class Bill:
    """A month's cost, what vouchers pay of it, and the rest, all before VAT."""

    month: str
    without_credits: Decimal
    credits: Decimal
    with_credits: Decimal


def burn_vouchers(vouchers: Sequence[Voucher], spend: Sequence[Spend]) -> tuple[tuple[VoucherBurn, ...], list[Bill]]:
    """The course of every voucher, soonest end first, and the bill of every month of the spend."""
    ordered = sorted(vouchers, key=lambda voucher: (voucher.ends_on or date.max, voucher.name))
    _refuse_unusable(ordered)
    left = {voucher.name: voucher.remaining for voucher in ordered}
    remaining: dict[str, dict[date, Decimal]] = {voucher.name: {} for voucher in ordered}
    costs: dict[str, Decimal] = {}
    credits: dict[str, Decimal] = {}
    for day, lines in _by_day(spend):
        month = f"{day:%Y-%m}"
        paid = _pay(ordered, left, day, lines)
        costs[month] = total((costs.get(month, _ZERO), *(line.cost for line in lines)))
        credits[month] = total((credits.get(month, _ZERO), paid))
        for name, amount in left.items():
            remaining[name][day] = amount
    burns = tuple(_burn(voucher, remaining[voucher.name]) for voucher in ordered)
    return burns, [Bill(month, costs[month], credits[month], less(costs[month], credits[month])) for month in costs]


def _by_day(spend: Collection[Spend]) -> list[tuple[date, list[Spend]]]:
    """Every day from the first to the last, in order; the scarcer a line's vouchers, the earlier it is paid."""
    if not spend:
        return []
    first, last = min(line.day for line in spend), max(line.day for line in spend)
    days: dict[date, list[Spend]] = {first + timedelta(days=number): [] for number in range((last - first).days + 1)}
    for line in sorted(spend, key=lambda line: (len(line.eligible_for), sorted(line.eligible_for), line.cost)):
        days[line.day].append(line)
    return list(days.items())


def _pay(vouchers: Sequence[Voucher], left: dict[str, Decimal], day: date, lines: Sequence[Spend]) -> Decimal:
    """Takes the day's costs from what is left of the vouchers; answers how much that was."""
    open_costs = [max(line.cost, _ZERO) for line in lines]
    paid = []
    for voucher in vouchers:
        if day < voucher.starts_on or (voucher.ends_on is not None and day >= voucher.ends_on):
            continue
        for number, line in enumerate(lines):
            if voucher.name in line.eligible_for:
                part = min(open_costs[number], left[voucher.name])
                left[voucher.name] = less(left[voucher.name], part)
                open_costs[number] = less(open_costs[number], part)
                paid.append(part)
    return total(paid)


def _burn(voucher: Voucher, remaining: Mapping[date, Decimal]) -> VoucherBurn:
    """What the walk over the spend tells, carried on at the same rate where the spend ends before the voucher."""
    ends_on = voucher.ends_on or date.max
    valid = [day for day in remaining if voucher.starts_on <= day < ends_on]
    left = remaining[valid[-1]] if valid else voucher.remaining
    used_up_on = next((day for day in valid if not remaining[day]), None)
    active = [day for day in valid if used_up_on is None or day <= used_up_on]
    rate = Fraction(less(voucher.remaining, left)) / len(active) if active else None
    last = max(remaining, default=date.min)
    is_told = used_up_on is not None or (ends_on - last).days <= 1
    unused: Decimal | None = left
    if not is_told:
        used_up_on, unused = (None, None) if rate is None else _carried_on(left, rate, last, ends_on)
    return VoucherBurn(
        voucher=voucher,
        remaining=remaining,
        per_day=None if rate is None else money(rate),
        used_up_on=used_up_on,
        unused=None if voucher.ends_on is None else unused,
        is_extrapolated=not is_told,
    )


def _carried_on(left: Decimal, rate: Fraction, last: date, ends_on: date) -> tuple[date | None, Decimal]:
    """The day on which the rate has used up what is left after `last`, and what is left at the end."""
    days = (ends_on - last).days - 1
    if left > rate * days:
        return None, money(Fraction(left) - rate * days)
    return last + timedelta(days=ceil(Fraction(left) / rate)), _ZERO


def _refuse_unusable(vouchers: Sequence[Voucher]) -> None:
    seen: set[str] = set()
    for voucher in vouchers:
        if voucher.name in seen:
            raise UsageError(f"two vouchers are named '{voucher.name}'; name them by their ids")
        seen.add(voucher.name)
        if voucher.remaining < 0:
            raise UsageError(f"voucher '{voucher.name}': {voucher.remaining} remaining is negative")
