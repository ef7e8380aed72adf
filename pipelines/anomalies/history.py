"""What a stream's own past says: its middle, how far it usually strays, how rare a deviation is.

Figures of the past are refreshed when it has grown by a hundredth, always before the points they judge.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.anomalies.verdicts import Floats, StreamCaution

_REFRESH = 0.01
_PRIOR_SPREAD, _PRIOR_WEIGHT = 0.3, 5.0  # of log excesses beyond the rare deviation
_FEWEST = 5
_FLAT = 0.01  # of the range seen: a usual deviation is at least so large, else a flat series would never be calm


@dataclass(frozen=True)
class Block:
    """Points `start` to `stop` are judged by the points from `origin` to `start`."""

    origin: int
    start: int
    stop: int


@dataclass(frozen=True)
class Tail:
    """How surprising each point is (minus the log of its chance), and from which deviation on it would be too much."""

    surprise: Floats
    bound: Floats


def blocks_of(count: int, restarts: Sequence[tuple[int, int]], caution: StreamCaution) -> Iterator[Block]:
    """Blocks that grow with the past; `restarts` are (known at, counts from) of new levels."""
    pending = list(restarts)
    origin, start = 0, caution.least_points
    while start < count:
        while pending and pending[0][0] <= start:
            origin = pending.pop(0)[1]
        stop = start + max(1, int((start - origin) * _REFRESH))
        if pending:
            stop = min(stop, pending[0][0])
        yield Block(max(origin, start - caution.memory_points), start, min(stop, count))
        start = stop


def running_median(values: Floats, blocks: Sequence[Block]) -> Floats:
    """The middle of the past; missing while too little is known."""
    found = np.full(len(values), np.nan)
    for block in blocks:
        found[block.start : block.stop] = np.median(values[block.origin : block.start])
    return found


def remembered(deviation: Floats, means: Floats, levels: Sequence[tuple[int, int]], points: int) -> Floats:
    """The deviations of means of so many points as later points look back on them.

    Where a new level began (known at, began at), the points before it was known lay far from the old one; from the
    new one they never did, and remembered as they were judged they would hide the next event.
    """
    found = deviation.copy()
    for known_at, began in levels:
        of_both = min(began + points - 1, known_at)
        found[began:of_both] = 0.0
        found[of_both:known_at] = means[of_both:known_at] - np.median(means[began:known_at])
    return found


def distances(
    deviation: Floats, values: Floats, blocks: Sequence[Block], floor: float, memory: Floats | None = None
) -> tuple[Floats, Floats, Floats]:
    """Each deviation in usual deviations of its side, signed; the middle; and one usual deviation of that side.

    `memory` holds the deviations as they are remembered, where that differs from how they were judged.

    The usual deviation is the distance of the middle from a quartile, so a quarter of the past may be an event.
    """
    found, centre, unit = np.zeros(len(values)), np.zeros(len(values)), np.full(len(values), np.nan)
    memory = deviation if memory is None else memory
    for block in blocks:
        past, here = slice(block.origin, block.start), slice(block.start, block.stop)
        lower, middle, upper = np.quantile(memory[past], (0.25, 0.5, 0.75))
        least = max(floor * abs(np.median(values[past])), _FLAT * np.ptp(values[past]))
        off = deviation[here] - middle
        one = np.where(off >= 0, max(upper - middle, least), max(middle - lower, least))
        found[here] = np.where(off == 0, 0.0, off / one)
        centre[here], unit[here] = middle, one
    return found, centre, unit


def tail_of(excess: Floats, blocks: Sequence[Block], share: float, enough: float, memory: Floats | None = None) -> Tail:
    """How rare deviations of one side are, by a Pareto tail over the rarest `share` of the past.

    `enough` is the surprise from which a point is unusual; deviations to the other side are given as zero.
    """
    surprise, bound = np.zeros(len(excess)), np.full(len(excess), np.inf)
    memory = excess if memory is None else memory
    for block in blocks:
        past, here = memory[block.origin : block.start], slice(block.start, block.stop)
        positive = past[past > 0]
        if len(positive) < _FEWEST:
            continue
        beyond = min(max(_FEWEST, int(share * len(past))), len(past) - 1)
        top = np.partition(past, len(past) - beyond)[len(past) - beyond :]
        rare = max(top.min(), np.median(positive) * 0.01)
        logs = np.log(np.maximum(top, rare) / rare).sum()
        spread = (logs + _PRIOR_WEIGHT * _PRIOR_SPREAD) / (beyond + _PRIOR_WEIGHT)
        already = np.log(len(past) / beyond)
        sure = beyond + _PRIOR_WEIGHT  # the spread is only estimated: with few examples of it little is surprising
        over = np.log(np.maximum(excess[here] / rare, 1.0))
        surprise[here] = np.where(over > 0, sure * np.log1p(over / (spread * sure)) + already, 0.0)
        bound[here] = rare * np.exp(np.expm1(max(0.0, enough - already) / sure) * spread * sure)
    return Tail(surprise, bound)


def means_of_last(values: Floats, points: int) -> Floats:
    """The mean of each point and those just before it, so many in all."""
    total = np.cumsum(np.concatenate(([0.0], values)))
    first = np.maximum(np.arange(len(values)) - points + 1, 0)
    return np.asarray((total[1:] - total[first]) / (np.arange(len(values)) + 1 - first))
