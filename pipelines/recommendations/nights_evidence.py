"""What is known of a machine's hours: charges, samples and calls to the API, and what their absence means."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from statistics import median

_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Charge:
    """A stretch a machine was charged for."""

    starts_at: datetime
    ends_at: datetime
    cost: Decimal


@dataclass(frozen=True)
class Call:
    """A call to the API that started or stopped it, and whether a person made it in a browser."""

    at: datetime
    is_start: bool
    by_person: bool = False
    by: str = ""


@dataclass(frozen=True)
class Excuse:
    """From when until when (half-open) a machine may run, and why."""

    starts_at: datetime
    ends_at: datetime
    reason: str


@dataclass(frozen=True)
class Evidence:
    """What is known of one machine.

    `charges` are those that were answered, `read_days` the days whose bill was asked for; `sampled` are the hours
    (their beginnings) with samples, `measured_days` the days on which metrics of its project were read at all.
    `audited_days` are those the Audit Trail was asked about.
    """

    charges: Sequence[Charge]
    sampled: frozenset[datetime]
    calls: Sequence[Call]
    read_days: frozenset[date]
    measured_days: frozenset[date]
    audited_days: frozenset[date]

    @cached_property
    def sampled_days(self) -> frozenset[date]:
        """Days with a sample."""
        return frozenset(hour.date() for hour in self.sampled)

    @cached_property
    def charges_by_day(self) -> Mapping[date, Sequence[Charge]]:
        """Charges by the day they begin on; none goes on beyond it."""
        found: defaultdict[date, list[Charge]] = defaultdict(list)
        for charge in self.charges:
            found[charge.starts_at.date()].append(charge)
        return found

    @cached_property
    def start_days(self) -> frozenset[date]:
        """Days on which a call started it."""
        return frozenset(call.at.date() for call in self.calls if call.is_start)


def hourly_rate(charges: Sequence[Charge]) -> Decimal | None:
    """What an hour usually costs."""
    rates = [each.cost * 3600 / int((each.ends_at - each.starts_at).total_seconds()) for each in charges if each.cost]
    return median(rates) if rates else None


def is_charge_known(day: date, evidence: Evidence) -> bool:
    """Whether no charge of a day means that nothing is charged: not if anything else shows that the machine ran."""
    if day not in evidence.read_days:
        return False
    if day in evidence.charges_by_day:
        return True
    if day in evidence.sampled_days:
        return False
    midnight = _midnight(day)
    was_charged = any(each.ends_at == midnight for each in evidence.charges_by_day.get(day - timedelta(days=1), ()))
    return not _may_run(day, evidence, was_on=was_charged or midnight - _HOUR in evidence.sampled)


def is_measured(day: date, evidence: Evidence) -> bool:
    """Whether no sample on a day means that the machine did not run: not if it was on as far as anything tells."""
    if day not in evidence.measured_days or not evidence.sampled:
        return False
    if day in evidence.sampled_days:
        return True
    return not _may_run(day, evidence, was_on=_midnight(day) - _HOUR in evidence.sampled)


def _may_run(day: date, evidence: Evidence, *, was_on: bool) -> bool:
    """Whether it was started on a day, or on at its beginning and stopped by no call about then."""
    midnight = _midnight(day)
    if day in evidence.start_days:
        return True
    return was_on and not any(abs(call.at - midnight) <= _HOUR for call in evidence.calls if not call.is_start)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def sampled_hours(evidence: Evidence, starts_at: datetime, ends_at: datetime) -> int:
    """Hours with samples that begin within a stretch."""
    first = starts_at.replace(minute=0, second=0, microsecond=0)
    first += timedelta() if first == starts_at else _HOUR
    count = max(-((first - ends_at) // _HOUR), 0)
    return sum(first + number * _HOUR in evidence.sampled for number in range(count))


def charged_within(evidence: Evidence, starts_at: datetime, ends_at: datetime) -> tuple[timedelta, Decimal]:
    """How long a machine was charged within a stretch, each moment once, and what for."""
    cost, parts = Decimal(0), []
    days = range((ends_at.date() - starts_at.date()).days + 1)
    for charge in (
        each for day in days for each in evidence.charges_by_day.get(starts_at.date() + timedelta(days=day), ())
    ):
        first, last = max(charge.starts_at, starts_at), min(charge.ends_at, ends_at)
        if first < last:
            whole = (charge.ends_at - charge.starts_at).total_seconds()
            cost += charge.cost * Decimal((last - first).total_seconds()) / Decimal(whole)
            parts.append((first, last))
    charged, until = timedelta(), starts_at
    for first, last in sorted(parts):
        charged += max(last - max(first, until), timedelta())
        until = max(until, last)
    return charged, cost
