"""Judging daily series, many at once: an array of series by days in, one verdict for each day out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from pipelines.anomalies.alarms import Alarms, Signals, raise_alarms
from pipelines.anomalies.days import Calendar, calendar_of
from pipelines.anomalies.discoveries import discovered
from pipelines.anomalies.excuses import excused, recurring_starts
from pipelines.anomalies.limits import Limits, Rule, limits_of
from pipelines.anomalies.presence import ages, gaps_begin, starts, was_there_before
from pipelines.anomalies.references import (
    Deviation,
    drift_deviation,
    levels_of,
    nearest_deviation,
    point_deviation,
    step_deviation,
)
from pipelines.anomalies.sorting import earlier
from pipelines.anomalies.verdicts import CONTINUING, Codes, DailyCaution, Flags, Floats, Kind, Verdicts
from pipelines.errors import UsageError

_DEFAULT = DailyCaution()
_AS_GOOD_AS_INFINITE = 1e9


@dataclass(frozen=True)
class _View:
    """One way of looking at a block: how far each day deviates, and how far it may."""

    deviation: Deviation
    limits: Limits
    allowed: Floats  # in the unit of the series
    beyond: Floats  # the distance over what is allowed: 1 is the limit
    chance: Floats  # of a deviation so large, by the series' own past


@dataclass(frozen=True)
class _Seen:
    """What is told of each day."""

    expected: Floats
    allowed: Floats
    beyond: Floats
    chance: Floats


def judge_days(values: Floats, days: Sequence[date], caution: DailyCaution = _DEFAULT) -> Verdicts:
    """Verdicts for a block of series (rows) over consecutive days (columns); NaN is a day without value.

    Many series are best given in blocks of a few thousand, which share one false discovery rate.
    """
    block = np.array(values, dtype=np.float64, ndmin=2)
    if block.shape[1] != len(days):
        raise UsageError(f"{block.shape[1]} columns for {len(days)} days: give one value, or NaN, for each day")
    block[np.isinf(block)] = np.nan
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        return _judged(block, calendar_of(days, caution.holidays), caution)


def _judged(values: Floats, calendar: Calendar, caution: DailyCaution) -> Verdicts:
    known = levels_of(values)
    nearest = nearest_deviation(values, known)
    near = _near_view(point_deviation(values, known, nearest), caution)
    far = _far_view(drift_deviation(values, known), caution)
    step = _step_view(step_deviation(values, known), caution)
    mature = np.arange(values.shape[1])[None, :] < values.shape[1] - caution.maturing_days
    judged = mature & (ages(values) >= caution.least_days) & np.isfinite(near.limits.limit) & np.isfinite(values)
    begun = starts(values, caution.gone_days) & mature & (np.abs(values) >= caution.amount_floor)
    recurring = recurring_starts(begun, values, calendar)
    unusual = judged & (near.beyond >= 1) & ~recurring
    explained = excused(unusual, values, known, nearest, near.allowed, calendar)
    unusual = discovered(unusual & ~explained, near.chance, judged, caution.false_discovery_rate)
    drifting, stepping = (
        discovered(judged & (view.beyond >= 1), view.chance, judged, caution.false_discovery_rate)
        for view in (far, step)
    )
    drifting &= values != 0  # what is at nothing has stopped: that was told, and is no drift
    beside = explained | _day_after(explained) | _day_after(_day_after(explained))  # two days tell of a step
    signals = Signals(unusual, near.deviation.distance, drifting & ~beside, stepping & ~beside, begun & ~recurring)
    alarms, gap = raise_alarms(signals, caution), gaps_begin(values) & mature
    kind = _kinds(values, near, alarms, signals.start, caution)
    kind[(kind == Kind.NONE) & ~judged] = Kind.NOT_JUDGED
    kind[np.isnan(values) & mature & (ages(values) > 0)] = Kind.MISSING
    return _verdicts(_seen(near, nearest, far, step, alarms), alarms, gap | signals.start, kind, judged)


def _near_view(deviation: Deviation, caution: DailyCaution) -> _View:
    floor, share, multiple = caution.share_floor, caution.usual_share, caution.usual_multiple
    return _view(
        deviation, deviation.share, Rule(floor, share, multiple, caution.memory_days, caution.least_days), caution
    )


def _far_view(deviation: Deviation, caution: DailyCaution) -> _View:
    """Drift counts as far as two days in a row agree on it."""
    agreed = np.sign(earlier(deviation.distance, 1)) == np.sign(deviation.distance)
    lasting = np.where(agreed, np.fmin(deviation.share, earlier(deviation.share, 1)), 0.0)
    lasting[np.isnan(deviation.distance)] = np.nan
    floor, share, multiple = caution.share_floor, caution.usual_share, caution.drift_multiple
    return _view(
        deviation, lasting, Rule(floor, share, multiple, caution.memory_days, caution.least_days + 14), caution
    )


def _step_view(deviation: Deviation, caution: DailyCaution) -> _View:
    floor, share, multiple = caution.share_floor, caution.usual_share, caution.step_multiple
    return _view(
        deviation, deviation.share, Rule(floor, share, multiple, caution.memory_days, caution.least_days + 7), caution
    )


def _view(deviation: Deviation, share: Floats, rule: Rule, caution: DailyCaution) -> _View:
    limits = limits_of(share, rule)
    allowed = np.maximum(limits.limit * deviation.size, caution.amount_floor)
    beyond = np.where(share == 0, 0.0, share * deviation.size / allowed)
    beyond[(deviation.size == 0) & (np.abs(deviation.distance) > caution.amount_floor)] = np.inf
    chance = limits.chance(share, rule.usual_share)
    return _View(deviation, limits, allowed, np.nan_to_num(beyond, posinf=_AS_GOOD_AS_INFINITE), chance)


def _day_after(flags: Flags) -> Flags:
    moved = np.zeros_like(flags)
    moved[:, 1:] = flags[:, :-1]
    return moved


def _kinds(values: Floats, near: _View, alarms: Alarms, begun: Flags, caution: DailyCaution) -> Codes:
    kind = np.zeros(values.shape, dtype=np.int8)
    kind[alarms.sudden] = np.where(near.deviation.distance[alarms.sudden] > 0, Kind.SPIKE, Kind.DROP)
    kind[alarms.drift] = Kind.DRIFT
    kind[alarms.step] = Kind.LEVEL_SHIFT
    burst = was_there_before(values)[begun] | (np.abs(values[begun]) >= caution.burst_amount)
    kind[begun] = np.where(burst, Kind.BURST, Kind.NEW_SERVICE)
    return kind


def _seen(near: _View, nearest: Deviation, far: _View, step: _View, alarms: Alarms) -> _Seen:
    """A day is told as the view saw it that raised the alarm; every other day as the days just before suggest."""
    quiet = np.where(alarms.sudden | alarms.continues, near.chance, 1.0)
    found = _Seen(near.deviation.expected, _room(near, nearest), near.beyond, quiet)
    for view, raised in ((far, alarms.drift), (step, alarms.step)):
        found = _Seen(
            np.where(raised, view.deviation.expected, found.expected),
            np.where(raised, view.allowed, found.allowed),
            np.where(raised, view.beyond, found.beyond),
            np.where(raised, view.chance, found.chance),
        )
    return found


def _room(near: _View, nearest: Deviation) -> Floats:
    """What was allowed, from the nearest reference on: a day lies outside it where both distances say so."""
    far, mean = np.abs(nearest.distance), np.abs(near.deviation.distance)
    outside = near.allowed * far / np.where(mean > 0, mean, 1.0)
    return np.asarray(np.where(near.beyond >= 1, outside, np.fmax(near.allowed, far)))


def _verdicts(seen: _Seen, alarms: Alarms, certain: Flags, kind: Codes, judged: Flags) -> Verdicts:
    """Alarms score one half and more, everything else less; a gap and a start are certain."""
    is_anomaly = alarms.sudden | alarms.drift | alarms.step | certain
    score = np.where(judged | is_anomaly, seen.beyond / (1 + seen.beyond), 0.0)
    score = np.where(is_anomaly, np.maximum(score, 0.5), np.minimum(score, CONTINUING))
    score[certain] = 1.0
    allowed = np.where(np.isfinite(seen.allowed), seen.allowed, np.nan)
    return Verdicts(
        score=score,
        expected=seen.expected,
        low=seen.expected - allowed,
        high=seen.expected + allowed,
        is_anomaly=is_anomaly,
        kind=kind,
        chance=seen.chance,
        continues=alarms.continues,
    )
