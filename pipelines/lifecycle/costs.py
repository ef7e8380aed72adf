"""What a stock costs over the months to come when its objects move and go at given ages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise

from pipelines.lifecycle.limits import GLACIER, ONE_ZONE, RANKS
from pipelines.lifecycle.stock import Cohort, Stock, byte_days, inflow_days

GIGABYTE = 10**9
_MONTH_HOURS = Decimal(730)
_HOURS_A_DAY = Decimal(24)


@dataclass(frozen=True)
class Prices:
    """Per GB (10^9 bytes) and month of 730 hours by class, per GB restored, and per 1,000 objects moved.

    `minimum_days` is how long a class is billed at least where leaving early is charged. Nothing of the kind is
    documented for Scaleway: requests and moves are free, and a class has no shortest stay.
    """

    by_class: Mapping[str, Decimal]
    restore: Decimal = Decimal(0)
    per_1000_moves: Decimal = Decimal(0)
    minimum_days: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Reads:
    """Which share of the bytes is read by the month; each entry holds from its age in days to that of the next."""

    by_age: tuple[tuple[int, Decimal], ...]

    @property
    def highest(self) -> Decimal:
        """The largest share of any age."""
        return max((share for _, share in self.by_age), default=Decimal(0))


@dataclass(frozen=True)
class Steps:
    """At which ages in days objects move to a class and go; None is never."""

    one_zone: int | None = None
    glacier: int | None = None
    expire: int | None = None

    def with_rules(self, other: Steps) -> Steps:
        """Both at work: whichever comes first."""
        return Steps(
            _first(self.one_zone, other.one_zone),
            _first(self.glacier, other.glacier),
            _first(self.expire, other.expire),
        )


def cost_of(stock: Stock, steps: Steps, prices: Prices, reads: Reads, days: int) -> Decimal:
    """What storage, restores and moves cost over so many days, in the currency of the prices."""
    total = _inflow_cost(stock, steps, prices, reads, days)
    for cohort in stock.cohorts:
        for since, until, storage_class in _stays(cohort.storage_class, steps):
            total += _storage(byte_days(cohort, since, until, days), storage_class, prices)
            if storage_class == GLACIER:
                for low, high, share in _read_at(reads, since, until):
                    total += _restores(byte_days(cohort, low, high, days), share, prices)
        total += _leaving(cohort, steps, prices, days)
    return total


def monthly_rate(stock: Stock, steps: Steps, prices: Prices, reads: Reads) -> Decimal:
    """What the present stock costs by the month once everything lies where its age wants it."""
    total = Decimal(0)
    for cohort in stock.cohorts:
        for since, until, storage_class in _stays(cohort.storage_class, steps):
            if since <= cohort.age and (until is None or cohort.age < until):
                total += prices.by_class[storage_class] * cohort.size / GIGABYTE
                if storage_class == GLACIER:
                    total += _share_at(reads, cohort.age) * prices.restore * cohort.size / GIGABYTE
    return total


def _inflow_cost(stock: Stock, steps: Steps, prices: Prices, reads: Reads, days: int) -> Decimal:
    total = Decimal(0)
    if stock.inflow_size:
        for since, until, storage_class in _stays(stock.inflow_class, steps):
            total += _storage(stock.inflow_size * inflow_days(since, until, days), storage_class, prices)
            if storage_class == GLACIER:
                for low, high, share in _read_at(reads, since, until):
                    total += _restores(stock.inflow_size * inflow_days(low, high, days), share, prices)
            if since and RANKS[storage_class] > RANKS[stock.inflow_class]:
                moved = stock.inflow_objects * max(0, days - since)
                total += prices.per_1000_moves * moved / 1000
                if until is not None and (short := prices.minimum_days.get(storage_class, 0) - (until - since)) > 0:
                    gone = stock.inflow_size * max(0, days - until + 1)
                    total += _storage(gone * short, storage_class, prices)
    return total


def _leaving(cohort: Cohort, steps: Steps, prices: Prices, days: int) -> Decimal:
    """Moves, and the rest of a shortest stay that ends early within the days."""
    total = Decimal(0)
    for since, until, storage_class in _stays(cohort.storage_class, steps):
        is_moved = RANKS[storage_class] > RANKS[cohort.storage_class]
        entered = max(since, cohort.age)
        if not is_moved or (until is not None and entered >= until) or entered >= cohort.age + days:
            continue
        total += prices.per_1000_moves * cohort.objects / 1000
        if until is not None and cohort.age + days >= until:
            short = prices.minimum_days.get(storage_class, 0) - (until - entered)
            total += _storage(cohort.size * max(0, short), storage_class, prices)
    return total


def _stays(held: str, steps: Steps) -> Iterator[tuple[int, int | None, str]]:
    """From which age to which an object that begins in `held` lies in which class."""
    moves = [(age, name) for age, name in ((steps.one_zone, ONE_ZONE), (steps.glacier, GLACIER)) if age is not None]
    begin, end = 0, steps.expire
    for age, name in sorted(moves, key=lambda move: (move[0], RANKS[move[1]])):
        if end is not None and age >= end:
            break
        if RANKS[name] > RANKS[held]:
            if age > begin:
                yield begin, age, held
            begin, held = age, name
    if end is None or begin < end:
        yield begin, end, held


def _read_at(reads: Reads, since: int, until: int | None) -> Iterator[tuple[int, int | None, Decimal]]:
    edges: list[tuple[int | None, Decimal]] = [*reads.by_age, (None, Decimal(0))]
    for (low, share), (high, _) in pairwise(edges):
        begin = max(since, low or 0)
        end = high if until is None else until if high is None else min(high, until)
        if share and (end is None or begin < end):
            yield begin, end, share


def _share_at(reads: Reads, age: int) -> Decimal:
    return next((share for low, share in reversed(reads.by_age) if low <= age), Decimal(0))


def _storage(byte_day_count: int, storage_class: str, prices: Prices) -> Decimal:
    if not byte_day_count:
        return Decimal(0)
    return prices.by_class[storage_class] * byte_day_count * _HOURS_A_DAY / _MONTH_HOURS / GIGABYTE


def _restores(byte_day_count: int, share: Decimal, prices: Prices) -> Decimal:
    return prices.restore * share * byte_day_count * _HOURS_A_DAY / _MONTH_HOURS / GIGABYTE


def _first(one: int | None, other: int | None) -> int | None:
    known = [each for each in (one, other) if each is not None]
    return min(known, default=None)
