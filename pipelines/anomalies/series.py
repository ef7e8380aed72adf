"""Judging whatever a person brings: points in any order, twice, with holes, with any step or none."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np

from pipelines.anomalies.daily import judge_days
from pipelines.anomalies.events import Event, events_of_days, events_of_stream
from pipelines.anomalies.stream import judge_stream
from pipelines.anomalies.verdicts import DailyCaution, Flags, Floats, Kind, Places, StreamCaution, Verdicts

_DAY = 86_400
_LEAST_DAY, _MOST_DAY = 20 * 3600, 28 * 3600  # a day may have 23 or 25 hours, and an export may come late
_LONGEST_PANEL = 40_000  # days: beyond, the dates are no daily series
_EPOCH = date(1970, 1, 1)
_HOLE = 3  # steps: a longer silence of a regular series is a gap
_REGULAR = 0.8  # of the steps of a regular series are alike


@dataclass(frozen=True)
class Caution:
    """How cautiously a series is judged, whatever its step turns out to be."""

    daily: DailyCaution = field(default_factory=DailyCaution)
    stream: StreamCaution = field(default_factory=StreamCaution)


@dataclass(frozen=True)
class Judged:
    """A verdict for each point as it was given; events and gaps by their times, in seconds since 1970."""

    verdicts: Verdicts
    is_daily: bool
    events: tuple[tuple[int, int, Event], ...]


_DEFAULT = Caution()


def judge_series(seconds: Places, values: Floats, caution: Caution = _DEFAULT) -> Judged:
    """Verdicts for points in any order; points of one time share the verdict of their mean.

    A point whose value is NaN counts as missing. With a step of about a day the calendar is taken into account;
    maturing days are those before the newest point.
    """
    seconds = np.asarray(seconds, dtype=np.int64)
    values = np.array(values, dtype=np.float64)
    values[~np.isfinite(values)] = np.nan
    times, place = np.unique(seconds, return_inverse=True)
    if not len(times):
        return Judged(_nothing(0), False, ())
    means = _means(place, values, len(times))
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    span = int(times[-1] // _DAY - times[0] // _DAY) + 1
    is_daily = _LEAST_DAY <= step <= _MOST_DAY and span <= _LONGEST_PANEL
    if is_daily:
        verdicts, events = _as_days(times, means, caution.daily)
    else:
        verdicts, events = _as_stream(times, means, step, caution)
    return Judged(_taken(verdicts, place), is_daily, tuple(events))


def _as_days(times: Places, means: Floats, caution: DailyCaution) -> tuple[Verdicts, list[tuple[int, int, Event]]]:
    number = times // _DAY
    first = int(number[0])
    place = number - first
    count = int(place[-1]) + 1
    panel = _means(place, means, count)[None, :]
    verdicts = judge_days(panel, [_EPOCH + timedelta(days=first + at) for at in range(count)], caution)
    events = [
        ((first + each.first) * _DAY, (first + each.last) * _DAY, each) for each in events_of_days(panel, verdicts)
    ]
    return _taken(_flat(verdicts), place), events


def _as_stream(
    times: Places, means: Floats, step: float, caution: Caution
) -> tuple[Verdicts, list[tuple[int, int, Event]]]:
    verdicts = _nothing(len(times))
    verdicts.kind[np.isnan(means)] = Kind.MISSING
    known = np.flatnonzero(np.isfinite(means))
    if not len(known):
        return verdicts, []
    judged = judge_stream(times[known], means[known], caution.stream)
    immature = times[known] > times[-1] - caution.daily.maturing_days * _DAY
    judged = _not_judged(judged, immature) if caution.daily.maturing_days else judged
    for name, found in vars(judged).items():
        getattr(verdicts, name)[known] = found
    events = [
        (int(times[known[each.first]]), int(times[known[each.last]]), each)
        for each in events_of_stream(means[known], judged)
    ]
    return verdicts, sorted([*events, *_gaps(times[known], step)], key=lambda each: each[:2])


def _gaps(times: Places, step: float) -> list[tuple[int, int, Event]]:
    """Silences of a series with a regular step, from the first missing time to the last."""
    steps = np.diff(times)
    if not len(steps) or np.mean(np.abs(steps - step) <= 0.1 * step) < _REGULAR:
        return []
    return [
        (int(times[at] + step), int(times[at + 1] - step), Event(0, at, at + 1, Kind.MISSING, None, 1.0, False))
        for at in np.flatnonzero(steps > _HOLE * step).tolist()
    ]


def _means(place: Places, values: Floats, count: int) -> Floats:
    known = np.isfinite(values)
    total = np.bincount(place[known], weights=values[known], minlength=count)
    seen = np.bincount(place[known], minlength=count)
    return np.asarray(np.where(seen > 0, total / np.maximum(seen, 1), np.nan))


def _nothing(count: int) -> Verdicts:
    """Verdicts that say nothing yet."""
    return Verdicts(
        score=np.zeros(count),
        expected=np.full(count, np.nan),
        low=np.full(count, np.nan),
        high=np.full(count, np.nan),
        is_anomaly=np.zeros(count, dtype=np.bool_),
        kind=np.full(count, Kind.NOT_JUDGED, dtype=np.int8),
        chance=np.ones(count),
        continues=np.zeros(count, dtype=np.bool_),
    )


def _not_judged(verdicts: Verdicts, later: Flags) -> Verdicts:
    return replace(
        verdicts,
        score=np.where(later, 0.0, verdicts.score),
        is_anomaly=verdicts.is_anomaly & ~later,
        kind=np.where(later, Kind.NOT_JUDGED, verdicts.kind).astype(np.int8),
        chance=np.where(later, 1.0, verdicts.chance),
        continues=verdicts.continues & ~later,
    )


def _flat(verdicts: Verdicts) -> Verdicts:
    return Verdicts(**{name: found[0] for name, found in vars(verdicts).items()})


def _taken(verdicts: Verdicts, place: Places) -> Verdicts:
    return Verdicts(**{name: found[place] for name, found in vars(verdicts).items()})
