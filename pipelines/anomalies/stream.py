"""Judging one series of any step: minutes, hours, weeks, or no step at all.

A point is unusual when it deviates as no more than one point in a thousand does by the series' own past, alone or in
the mean of the last points; or when it lies far outside the usual range and the series does not go there often.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.anomalies.history import (
    Block,
    Tail,
    blocks_of,
    distances,
    means_of_last,
    remembered,
    running_median,
    tail_of,
)
from pipelines.anomalies.seasons import deviations as deviations_of
from pipelines.anomalies.verdicts import CONTINUING, Flags, Floats, Kind, Places, StreamCaution, Verdicts

_DEFAULT = StreamCaution()
_DAY = 86_400
_AS_GOOD_AS_INFINITE = 1e9
_SEEN_EARLY = 1.5  # half of the day itself, and one day more: a young series may be judged from its second day
_ROUNDING = 1e-9  # of the largest value so far: less is no deviation but arithmetic
_POINTS_OF_A_DAY = 24  # the "day" of a series with a longer step holds so many points


@dataclass(frozen=True)
class _Series:
    """The points, and what follows from their step."""

    seconds: Places
    values: Floats
    step: float
    day: float
    enough: float  # the surprise from which a point is unusual


@dataclass(frozen=True)
class _Deviations:
    """How far each point lay from what was expected when it was judged, and how far as later points see it."""

    judged: Floats
    remembered: Floats


@dataclass(frozen=True)
class _Reach:
    """How far beyond what is allowed each point is (1 is the limit), and how far it may lie on both sides."""

    beyond: Floats
    above: Floats
    below: Floats


def judge_stream(seconds: Places, values: Floats, caution: StreamCaution = _DEFAULT) -> Verdicts:
    """Verdicts for points in order of time: `seconds` strictly rising, `values` all finite."""
    step = float(np.median(np.diff(seconds))) if len(seconds) > 1 else float(_DAY)
    enough = float(np.log(max(caution.rare_points, caution.rare_days * _DAY / step)))
    series = _Series(
        np.asarray(seconds, dtype=np.int64),
        np.asarray(values, dtype=np.float64),
        step,
        max(_DAY, _POINTS_OF_A_DAY * step),
        enough,
    )
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        return _judged(series, caution)


def _judged(series: _Series, caution: StreamCaution) -> Verdicts:
    levels = _new_levels(series, caution)
    blocks = list(blocks_of(len(series.values), levels, caution))
    sustained = np.zeros(len(series.values))
    for points in caution.sustained:
        if points * series.step <= _DAY:
            up, down = _tails(series, _deviation(series, points, blocks, levels), blocks, caution)
            sustained = np.maximum(sustained, np.maximum(up.surprise, down.surprise))
    deviations = _deviation(series, 1, blocks, levels)
    deviation = deviations.judged
    up, down = _tails(series, deviations, blocks, caution)
    far = _far(series, deviations, blocks, caution)
    alone = np.maximum(far.beyond, np.maximum(up.surprise, down.surprise) / series.enough)
    reach = _Reach(
        np.maximum(alone, sustained / series.enough),
        np.minimum(far.above, up.bound),
        np.minimum(far.below, down.bound),
    )
    surprise = np.maximum(sustained, np.maximum(up.surprise, down.surprise))
    return _verdicts(series, deviation, reach, alone, np.exp(-surprise), caution)


def _deviation(series: _Series, points: int, blocks: Sequence[Block], levels: Sequence[tuple[int, int]]) -> _Deviations:
    means = means_of_last(series.values, points) if points > 1 else series.values
    found = np.nan_to_num(deviations_of(series.seconds, means, running_median(means, blocks), series.step))
    found[np.abs(found) <= _ROUNDING * np.maximum.accumulate(np.abs(series.values))] = 0.0
    return _Deviations(found, remembered(found, means, levels, points))


def _tails(series: _Series, found: _Deviations, blocks: Sequence[Block], caution: StreamCaution) -> tuple[Tail, Tail]:
    up, down = (
        tail_of(
            np.maximum(side * found.judged, 0.0),
            blocks,
            caution.tail_share,
            series.enough,
            np.maximum(side * found.remembered, 0.0),
        )
        for side in (1.0, -1.0)
    )
    return up, down


def _far(series: _Series, found: _Deviations, blocks: Sequence[Block], caution: StreamCaution) -> _Reach:
    """Distances from the usual range, against how far it was left on earlier days."""
    distance, middle, unit = distances(found.judged, series.values, blocks, caution.usual_floor, found.remembered)
    limit = _day_limits(series, np.abs(distance), caution)
    allowed = np.nan_to_num(limit * unit, nan=np.inf)
    beyond = np.nan_to_num(np.abs(distance) / limit, posinf=_AS_GOOD_AS_INFINITE)
    return _Reach(beyond, allowed + middle, allowed - middle)


def _day_limits(series: _Series, distance: Floats, caution: StreamCaution) -> Floats:
    """The distance that earlier days reached no more often than is tolerated, and never less than `far`."""
    number = (series.seconds - series.seconds[:1]) // series.day
    limit = np.full(len(number), np.inf)
    starts = np.flatnonzero(np.concatenate(([True], number[1:] != number[:-1])))
    peaks: list[float] = []
    for start, stop in zip(starts, [*starts[1:], len(number)], strict=True):
        tolerated = (number[start] + _SEEN_EARLY) / caution.return_days - 0.5
        if tolerated >= 0:
            often = int(tolerated)
            reached = sorted(peaks, reverse=True)[often] if often < len(peaks) else 0.0
            limit[start:stop] = max(caution.far, np.nextafter(reached, np.inf))
        peaks.append(float(distance[start:stop].max()))
    return limit


def _new_levels(series: _Series, caution: StreamCaution) -> list[tuple[int, int]]:
    """Where a series has settled far from its past, as (known at, began at): from there its past counts anew."""
    found: list[tuple[int, int]] = []
    while True:
        blocks = list(blocks_of(len(series.values), found, caution))
        deviation = np.nan_to_num(series.values - running_median(series.values, blocks))
        distance, _, _ = distances(deviation, series.values, blocks, caution.usual_floor)
        settled = _first_settled(series, distance, found[-1][0] if found else 0, caution)
        if settled is None:
            return found
        found.append(settled)


def _first_settled(series: _Series, distance: Floats, after: int, caution: StreamCaution) -> tuple[int, int] | None:
    side = np.where(np.abs(distance) >= caution.far, np.sign(distance), 0.0)
    places = np.arange(len(side))
    run = np.maximum.accumulate(np.where(np.concatenate(([True], side[1:] != side[:-1])), places, 0))
    lasted = (places - run + 1 >= caution.shift_points) & (series.seconds - series.seconds[run] >= series.day)
    at = np.flatnonzero(lasted & (side != 0) & (run >= after))
    return (int(at[0]) + 1, int(run[at[0]])) if len(at) else None


def _verdicts(
    series: _Series, deviation: Floats, reach: _Reach, alone: Floats, chance: Floats, caution: StreamCaution
) -> Verdicts:
    known = np.arange(len(series.values)) >= caution.least_points
    unusual = known & (reach.beyond >= 1)
    begins = _begins(series.seconds, unusual, max(caution.quiet_seconds, 2 * series.step))
    score = reach.beyond / (1 + reach.beyond)
    kind = np.where(begins, np.where(deviation > 0, Kind.SPIKE, Kind.DROP), Kind.NONE).astype(np.int8)
    kind[begins & (alone < 1)] = Kind.DRIFT
    kind[~known] = Kind.NOT_JUDGED
    expected = np.where(known, series.values - deviation, np.nan)
    return Verdicts(
        score=np.where(known, np.where(begins, np.maximum(score, 0.5), np.minimum(score, CONTINUING)), 0.0),
        expected=expected,
        low=expected - np.where(np.isfinite(reach.below), reach.below, np.nan),
        high=expected + np.where(np.isfinite(reach.above), reach.above, np.nan),
        is_anomaly=begins,
        kind=kind,
        chance=np.where(unusual, chance, 1.0),
        continues=unusual & ~begins,
    )


def _begins(seconds: Places, unusual: Flags, quiet_seconds: float) -> Flags:
    """The unusual points before which nothing was unusual for a while."""
    points = np.flatnonzero(unusual)
    first = np.zeros_like(unusual)
    if len(points):
        first[points[np.concatenate(([True], np.diff(seconds[points]) > quiet_seconds))]] = True
    return first
