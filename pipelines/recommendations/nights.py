"""Was a machine off in the hours it is meant to be off? Each window is stopped, missed, excused or unknown.

A machine that was powered off from within ("stopped in place") is charged as if it ran, so its night is missed. Charges
decide where they are known; where they are late, samples and calls to the API tell what they can; and where nothing
tells, the night is unknown and never stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, timedelta
from decimal import Decimal
from enum import StrEnum

from pipelines.recommendations.nights_calendar import Window
from pipelines.recommendations.nights_evidence import (
    Call,
    Evidence,
    Excuse,
    charged_within,
    hourly_rate,
    is_charge_known,
    is_measured,
    sampled_hours,
)

_HOUR = timedelta(hours=1)


class NightClass(StrEnum):
    """What became of a night."""

    stopped = "stopped"
    missed = "missed"
    excused = "excused"
    unknown = "unknown"


@dataclass(frozen=True)
class Night:
    """One window and what became of it. Hours and costs are None where they are not known.

    `cost` is what the window was charged, or what its sampled hours cost by the hour where charges are not there yet
    (`is_estimated`, also where some are not); of a missed night all of it was for nothing.
    """

    window: Window
    night_class: NightClass
    reason: str
    charged_hours: float | None
    sampled_hours: int | None
    cost: Decimal | None
    is_estimated: bool = False
    was_standby: bool = False
    stops: int = 0
    starts: int = 0

    @property
    def missed_cost(self) -> Decimal | None:
        """What a miss cost; nothing for nights that were none."""
        return self.cost if self.night_class is NightClass.missed else None


@dataclass(frozen=True)
class Thresholds:
    """How exact a night is judged."""

    grace: timedelta = _HOUR  # an Instance is billed by the hour, at least for sixty minutes
    near: timedelta = timedelta(hours=12)  # how far before a window a call to stop still speaks of it


@dataclass(frozen=True)
class _Seen:
    """What the sources say of one window."""

    window: Window
    charged: timedelta
    cost: Decimal
    charges_known: bool
    sampled: int
    metrics_known: bool
    calls: Sequence[Call] = field(default_factory=tuple)
    last_call: Call | None = None


def classify(
    window: Window, evidence: Evidence, excuses: Sequence[Excuse] = (), thresholds: Thresholds | None = None
) -> Night:
    """What became of a window, and by which of the excuses it was allowed."""
    thresholds = thresholds or Thresholds()
    seen = _seen(window, evidence)
    grace_hours = thresholds.grace / _HOUR
    if seen.charged > thresholds.grace:
        return _ran(seen, evidence, excuses, seen.cost, is_estimated=not seen.charges_known)
    if seen.charges_known:
        return _night(seen, NightClass.stopped, _stopped_words(seen), seen.cost)
    if seen.sampled > grace_hours:
        # where metrics of a part of the window are missing too, nobody knows yet what it cost
        rate = hourly_rate(evidence.charges) if seen.metrics_known else None
        return _ran(seen, evidence, excuses, None if rate is None else rate * seen.sampled, is_estimated=True)
    call = seen.last_call
    is_off = call is not None and not call.is_start and call.at >= window.starts_at - thresholds.near
    if is_off and call is not None and call.at <= window.starts_at + thresholds.grace and seen.sampled == 0:
        return _night(seen, NightClass.stopped, "stopped through the API; its charges are not there yet", None)
    return _night(seen, NightClass.unknown, _unknown_words(seen, evidence), None)


def _ran(
    seen: _Seen, evidence: Evidence, excuses: Sequence[Excuse], cost: Decimal | None, *, is_estimated: bool
) -> Night:
    excuse = _excuse(seen, evidence, excuses)
    if excuse is not None:
        return _night(seen, NightClass.excused, excuse, cost, is_estimated=is_estimated)
    standby = not is_estimated and _is_standby(seen, evidence)
    if standby:
        words = "stopped in place: off from within, charged as if it ran"
    elif seen.charged:
        words = f"charged for {seen.charged / _HOUR:.1f} of {seen.window.hours:.0f} hours"
        words += ", and not all charges are there yet" if is_estimated else ""
    else:
        words = f"ran for {seen.sampled} hours by its metrics; its charges are not there yet"
    return _night(seen, NightClass.missed, words, cost, is_estimated=is_estimated, was_standby=standby)


def _excuse(seen: _Seen, evidence: Evidence, excuses: Sequence[Excuse]) -> str | None:
    """The first reason for which it was allowed to run."""
    window = seen.window
    for excuse in excuses:
        if excuse.starts_at < window.ends_at and window.starts_at < excuse.ends_at:
            return excuse.reason
    for call in seen.calls:
        if call.is_start and call.by_person and charged_within(evidence, window.starts_at, call.at)[0] <= _HOUR:
            return f"switched on by a person at {call.at:%H:%M} UTC"
    return None


def _is_standby(seen: _Seen, evidence: Evidence) -> bool:
    """Charged all along without a sample, by a machine that was measured that day: no call to the API stopped it."""
    if not seen.metrics_known or any(not call.is_start for call in seen.calls):
        return False
    evening = seen.window.starts_at
    was_measured = sampled_hours(evidence, evening - 12 * _HOUR, evening) > 0
    return was_measured and seen.sampled <= 1


def _seen(window: Window, evidence: Evidence) -> _Seen:
    days = _days_of(window)
    charged, cost = charged_within(evidence, window.starts_at, window.ends_at)
    # a call a few minutes late still belongs to the evening, and the morning's first is no call of the night
    before = [call for call in evidence.calls if call.at < window.ends_at - timedelta(minutes=5)]
    return _Seen(
        window=window,
        charged=charged,
        cost=cost,
        charges_known=all(is_charge_known(day, evidence) for day in days),
        sampled=sampled_hours(evidence, window.starts_at, window.ends_at),
        metrics_known=all(is_measured(day, evidence) for day in days),
        calls=[call for call in before if call.at >= window.starts_at - timedelta(minutes=5)],
        last_call=max(before, key=lambda call: call.at, default=None),
    )


def _night(seen: _Seen, night_class: NightClass, reason: str, cost: Decimal | None, **more: bool) -> Night:
    return Night(
        window=seen.window,
        night_class=night_class,
        reason=reason,
        charged_hours=round(seen.charged / _HOUR, 3) if seen.charges_known or seen.charged else None,
        sampled_hours=seen.sampled if seen.metrics_known else None,
        cost=cost,
        stops=sum(not call.is_start for call in seen.calls),
        starts=sum(call.is_start for call in seen.calls),
        **more,
    )


def _stopped_words(seen: _Seen) -> str:
    if seen.charged:
        return f"charged for {seen.charged / timedelta(minutes=1):.0f} minutes, within the hour that is billed at least"
    return "not charged"


def _unknown_words(seen: _Seen, evidence: Evidence) -> str:
    days = _days_of(seen.window)
    missing = ["its bill was not read" if not set(days) <= evidence.read_days else "its charges are not there yet"]
    if not seen.metrics_known:
        missing.append("it was not measured")
    if not set(days) <= evidence.audited_days:
        missing.append("the Audit Trail was not read")
    elif not seen.calls:
        missing.append("no call stopped it")
    return ", ".join(missing)


def _days_of(window: Window) -> list[date]:
    first, last = window.starts_at.astimezone(UTC), window.ends_at.astimezone(UTC) - timedelta(microseconds=1)
    return [first.date() + timedelta(days=number) for number in range((last.date() - first.date()).days + 1)]
