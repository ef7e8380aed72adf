"""Parts that add up to a whole which was forecast by itself where that was closer.

The sum of the parts' forecasts and a forecast of their sum are two answers to one question. Over each stretch of days
ahead (to the month's end, the next month, what follows) the one counts whose sums over that stretch missed less as far
as was known on the day of the forecast, so that past figures are what would have been shown. Where too few outcomes
are known of a stretch, what counts over the one before it does. The parts then take the difference in proportion to
their own points and to how far these were off so far, so that a part that was exact keeps its figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipelines.forecast.parts import Path, Told, added
from pipelines.forecast.series import Floats
from pipelines.forecast.smoothing import Ints
from pipelines.forecast.weighing import Bools

_LEAST_WINDOWS = 2.0
"""Of fewer outcomes without overlap neither answer is known to be the closer one."""
_EXACT = 1e-9


@dataclass(frozen=True)
class Taken:
    """The days `start` to before `end` ahead, whether the whole by itself counts there, and the mean errors of sums."""

    start: int
    end: int
    is_whole: bool
    whole_error: float | None
    parts_error: float | None


@dataclass(frozen=True)
class Coherent:
    """The parts after they were made to add up, how much each may give of its size, and what was taken where."""

    parts: tuple[Told, ...]
    gives: tuple[float, ...]
    total: Floats  # horizon: what the parts add up to
    taken: tuple[Taken, ...]

    @property
    def is_scaled(self) -> bool:
        """Whether the whole by itself counts anywhere ahead."""
        return any(each.is_whole for each in self.taken)


def coherent(parts: Sequence[Told], whole: Told, ends: Sequence[int]) -> Coherent:
    """The parts with a sum that is the closer one of their own and of `whole`, by stretches that end before `ends`."""
    summed = added(parts).shown
    final, past = summed.final.copy(), summed.past.copy()
    tried, start, taken = past.shape[1], 0, []
    before = np.zeros(len(past), bool)
    for end in sorted({min(each, len(final)) for each in ends if each > 0} | {len(final)}):
        first, last = min(start, tried - 1), min(end, tried)
        errors = [_missed(each, whole.actual, first, last) for each in (whole.shown.past, summed.past)]
        better, means = _better(errors, before, (last, whole.stride))
        past[:, first:last] = np.where(better[:, None], whole.shown.past[:, first:last], past[:, first:last])
        if better[-1]:
            final[start:end] = whole.shown.final[start:end]
        taken.append(Taken(start, end, bool(better[-1]), *means))
        start, before = end, better
    gives = tuple(_relative_error(part) for part in parts)
    moved = _moved(parts, gives, Path(final - summed.final, past - summed.past))
    return Coherent(moved, gives, np.asarray(sum(each.shown.final for each in moved)), tuple(taken))


def _missed(past: Floats, actual: Floats, first: int, last: int) -> Floats:
    """By origin, by how much the sum over a stretch was missed; NaN unless all its days are known."""
    return np.asarray(np.abs((actual[:, first:last] - past[:, first:last]).sum(axis=1)))


def _better(
    errors: Sequence[Floats], before: Bools, span: tuple[int, int]
) -> tuple[Bools, tuple[float | None, float | None]]:
    """Where the first one's errors known at an origin were less in the mean, and the means at the last origin."""
    lag = -(-span[0] // span[1])
    known = np.isfinite(errors[0]) & np.isfinite(errors[1])
    sums = [_until(np.where(known, each, 0.0), lag) for each in errors]
    counts = _until(known.astype(np.float64), lag)
    better = np.where(counts * span[1] >= (_LEAST_WINDOWS - 1) * span[0], sums[0] < sums[1] * (1 - _EXACT), before)
    if not counts[-1]:
        return better, (None, None)
    return better, (float(sums[0][-1] / counts[-1]), float(sums[1][-1] / counts[-1]))


def _until(values: Floats, lag: int) -> Floats:
    """Sums over the origins whose outcome is known at each one."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    places: Ints = np.maximum(np.arange(1, len(values) + 1) - lag, 0)
    return np.asarray(sums[places])


def _relative_error(part: Told) -> float:
    """The mean error of a day over the mean day, at most 1; that of a part too young to be measured is 1."""
    known = part.values[np.isfinite(part.values)]
    size, error = float(np.abs(known).mean()) if len(known) else 0.0, part.error(part.shown)
    if not size:
        return 0.0
    return 1.0 if part.reason else min(error / size, 1.0) if error > _EXACT * size else 0.0


def _moved(parts: Sequence[Told], gives: Sequence[float], gap: Path) -> tuple[Told, ...]:
    """Every part with its share of the gap; nobody gives more than it has."""
    most = max(gives)
    if not most:
        return tuple(parts)
    sizes = [_sized(part.shown, may) for part, may in zip(parts, gives, strict=True)]
    whole = Path(np.asarray(sum(each.final for each in sizes)), np.asarray(sum(each.past for each in sizes)))
    share = Path(_ratio(gap.final, whole.final, most), _ratio(gap.past, whole.past, most))
    return tuple(
        replace(part, shown=part.shown + Path(share.final * size.final, share.past * size.past))
        for part, size in zip(parts, sizes, strict=True)
    )


def _sized(path: Path, share: float) -> Path:
    return Path(share * np.abs(path.final), share * np.abs(path.past))


def _ratio(gap: Floats, size: Floats, most: float) -> Floats:
    return np.asarray(np.maximum(np.divide(gap, size, out=np.zeros_like(gap), where=size > 0), -1 / most))
