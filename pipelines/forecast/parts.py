"""Forecasts of many series that add up: each part is forecast by itself, and a project or the whole is their sum.

A part keeps its own ways (a fixed fee, a fleet, traffic), and people check sums. So the sums are exact, and their
errors are measured on the sums: what all parts together would have said at each past day. Where a forecast of the whole
was closer, `pipelines.forecast.whole` scales the parts to it.

A part that was not better than the last week again is the last week again, but for the first days ahead where it was;
where a sum of parts was worse than that, all its parts are. A part younger than `LEAST_DAYS` goes on at its mean day
and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from pipelines.forecast.bounds import LEAST_WINDOWS, Errors, bounds, sum_bounds
from pipelines.forecast.days import Holidays
from pipelines.forecast.drivers import Driver, DriverFit
from pipelines.forecast.forecast import Prepared, Tried, try_prepared
from pipelines.forecast.models import season_length, smooth_models
from pipelines.forecast.recent import last_season
from pipelines.forecast.scores import Score, score_of
from pipelines.forecast.series import Floats, Series
from pipelines.forecast.smoothing import Ints
from pipelines.forecast.steps import Grid
from pipelines.forecast.trials import try_span

LEAST_DAYS = 28
"""Fewer days since its first cost say too little of a part's ways."""
RATE_DAYS = 7
"""The run-rate is the mean day of the month so far, and of at least so many days."""
_SETTLING = 8
_EXACT = 1e-9
_TOGETHER = 8
"""Series that are smoothed in one pass: more of them cost memory and save little time."""


@dataclass(frozen=True)
class Part:
    """One series by day: 0 where nothing was charged, NaN where the bill was not read; `begins` is its first cost."""

    values: Floats
    begins: int
    driver: Driver | None = None

    @property
    def days(self) -> int:
        """Days since its first cost, that one included."""
        return len(self.values) - self.begins


@dataclass(frozen=True)
class Path:
    """What one procedure says now, and what it would have said at past days."""

    final: Floats  # horizon
    past: Floats  # origin, tried horizon

    def __add__(self, other: Path) -> Path:
        return Path(self.final + other.final, self.past + other.past)


@dataclass(frozen=True)
class Told:
    """A part's or a sum's forecast with the two simple ones beside it, and what came."""

    shown: Path
    naive: Path
    run_rate: Path
    actual: Floats  # origin, tried horizon
    stride: int
    values: Floats
    """The known days."""
    methods: tuple[str, ...]
    beats_naive: bool
    reason: str | None = None
    drivers: tuple[DriverFit, ...] = ()
    scaled: str | None = None
    """Where it was scaled to a forecast of the whole, in words."""

    @cached_property
    def errors(self) -> Errors:
        """What came less what was shown."""
        return Errors(self.actual - self.shown.past, self.stride)

    @property
    def spread(self) -> float:
        """How far apart days' values were, for a guess where no error could be measured."""
        return float(np.nanmax(self.values) - np.nanmin(self.values))

    @property
    def is_positive(self) -> bool:
        """Whether no day was below zero."""
        return bool(np.nanmin(self.values) >= 0)

    def error(self, path: Path) -> float:
        """Mean absolute error of a procedure by day, the first few origins left out."""
        errors = self.actual - path.past
        errors = errors[_SETTLING:] if len(errors) > 2 * _SETTLING else errors
        known = np.isfinite(errors)
        return float(np.abs(errors[known]).mean()) if known.any() else np.inf

    def as_naive(self) -> Told:
        """The last week again in place of what was shown."""
        methods = tuple("naive" if each != "run-rate" else each for each in self.methods)
        return self if self.reason else replace(self, shown=self.naive, methods=methods, beats_naive=False)


@dataclass(frozen=True)
class Window:
    """The cost of the days `start` to before `end` ahead: the sum of the points, its bounds and how good those were.

    Where `is_measured` is false, too few such forecasts have an outcome, and the bounds are a guess not to be shown.
    """

    value: float
    low: float
    high: float
    is_measured: bool
    score: Score
    rate_score: Score


def tell(part: Part, grid: Grid, horizon: int, holidays: Holidays) -> Told:
    """The forecast of one part."""
    return tell_all([part], grid, horizon, holidays)[0]


def tell_all(parts: Sequence[Part], grid: Grid, horizon: int, holidays: Holidays) -> list[Told]:
    """The forecasts of many parts, smoothed a few at a time, each as if it were alone."""
    told = [_simple(part, grid, horizon) for part in parts]
    open_ = [number for number, (_, is_final) in enumerate(told) if not is_final]
    found = [plain for plain, _ in told]
    for start in range(0, len(open_), _TOGETHER):
        several = open_[start : start + _TOGETHER]
        prepared = [Prepared.of(Series(parts[at].values, grid), horizon, holidays, parts[at].driver) for at in several]
        smooth_models([models for each in prepared for models in each.smoothed])
        for at in several:  # each is forgotten once it is tried: what it said takes much memory
            found[at] = _tried(found[at], try_prepared(prepared.pop(0)))
    return found


def _tried(plain: Told, found: Tried) -> Told:
    shown = Path(found.shown.final, found.shown.past)
    method = found.shown.method if found.beats_naive or found.reach else "naive"
    drivers = () if found.driver is None else (found.driver,)
    return replace(plain, shown=shown, methods=(method,), beats_naive=found.beats_naive, drivers=drivers)


def _simple(part: Part, grid: Grid, horizon: int) -> tuple[Told, bool]:
    """The last week again, or the run-rate of a part that is young; and whether nothing can be better."""
    series = Series(part.values, grid)
    length = season_length(grid.step, len(series))
    origins, stride, tried = try_span(len(series), horizon, length)
    actual = _ahead(part.values, origins, tried)
    naive = Path(
        last_season(part.values, origins[-1:], horizon, length)[0], last_season(part.values, origins, tried, length)
    )
    rate = _run_rate(part, grid, origins, horizon, tried)
    known = part.values[np.isfinite(part.values)]
    plain = Told(
        shown=naive,
        naive=naive,
        run_rate=rate,
        actual=actual,
        stride=stride,
        values=part.values,
        methods=("naive",),
        beats_naive=False,
    )
    if part.days < LEAST_DAYS:
        reason = f"{part.days} days of history; a forecast needs {LEAST_DAYS}"
        return replace(plain, shown=rate, methods=("run-rate",), reason=reason), True
    return plain, plain.error(naive) <= _EXACT * max(float(np.abs(known).mean()), _EXACT)


def added(parts: Sequence[Told]) -> Told:
    """The sum of parts of one grid and horizon; it is no better than its parts say, and `methods` are all of theirs."""
    first, *others = parts
    shown, naive, rate, actual = first.shown, first.naive, first.run_rate, first.actual
    for part in others:
        shown, naive, rate = shown + part.shown, naive + part.naive, rate + part.run_rate
        actual = actual + part.actual
    whole = Told(
        shown=shown,
        naive=naive,
        run_rate=rate,
        actual=actual,
        stride=first.stride,
        values=np.asarray(sum(part.values for part in parts)),
        methods=tuple(method for part in parts for method in part.methods),
        beats_naive=False,
        drivers=tuple(fit for part in parts for fit in part.drivers),
        scaled=next((part.scaled for part in parts if part.scaled), None),
        reason=next((part.reason for part in parts), None) if all(part.reason for part in parts) else None,
    )
    return replace(whole, beats_naive=whole.reason is None and whole.error(shown) < whole.error(naive))


def not_worse_than_naive(parts: Sequence[Told]) -> tuple[Told, ...]:
    """The parts as they are, or all as the last week again where their sum was worse than that."""
    whole = added(parts)
    if whole.error(whole.shown) <= whole.error(whole.naive):
        return tuple(parts)
    return tuple(part.as_naive() for part in parts)


def daily_bounds(told: Told, share: float) -> tuple[Floats, Floats]:
    """Low and high of each day ahead; NaN where too few such forecasts have an outcome."""
    horizon = len(told.shown.final)
    edges = bounds(told.errors, share, horizon, LEAST_WINDOWS)
    measured = np.arange(1, horizon + 1) <= edges.measured
    low, high = _allowed(told, told.shown.final + edges.low, told.shown.final + edges.high)
    return np.where(measured, low, np.nan), np.where(measured, high, np.nan)


def window(told: Told, start: int, end: int, share: float) -> Window:
    """The days `start` to before `end`, counted from the first one ahead.

    Its bounds come from the errors of the same sum as of earlier days. Where too few of these have an outcome, they
    are a guess from fewer and from shorter ones, wider as the length and the square root of the distance say. How
    often bounds held is told where as many of them were put to the test.
    """
    tried = told.shown.past.shape[1]
    last = min(end, tried)
    first = max(last - (end - start), 0)
    sums = {
        name: path.past[:, first:last].sum(axis=1)
        for name, path in (("shown", told.shown), ("naive", told.naive), ("rate", told.run_rate))
    }
    came = told.actual[:, first:last].sum(axis=1)  # NaN, unless all its days are known
    errors = told.errors
    edges = sum_bounds(errors, came - sums["shown"], share, last, LEAST_WINDOWS)
    value = float(told.shown.final[start:end].sum())
    is_measured = bool(edges.measured) and last == end
    low, high = _allowed(
        told,
        *(
            _guess(told, errors, came - sums["shown"], (first, last), (start, end), share)
            if not is_measured
            else (value + edges.low, value + edges.high)
        ),
    )
    inside = edges.inside[:, 0]
    if np.isfinite(inside).sum() * told.stride < LEAST_WINDOWS * last:
        inside = np.full(len(inside), np.nan)
    return Window(
        value=value,
        low=min(float(low[0]), value),
        high=max(float(high[0]), value),
        is_measured=is_measured,
        score=score_of(last, sums["shown"], came, sums["naive"], inside),
        rate_score=score_of(last, sums["rate"], came, sums["naive"], inside),
    )


def _guess(
    told: Told, errors: Errors, missed: Floats, tried: tuple[int, int], asked: tuple[int, int], share: float
) -> tuple[Floats, Floats]:
    """Bounds of the days `asked` from the few errors of the days `tried`, or as wide as days' values differ."""
    value, days = float(told.shown.final[asked[0] : asked[1]].sum()), asked[1] - asked[0]
    edges = sum_bounds(errors, missed, share, tried[1])
    if not edges.measured:
        return np.array([value - days * told.spread]), np.array([value + days * told.spread])
    wider = days / (tried[1] - tried[0]) * (asked[1] / tried[1]) ** 0.5
    return value + wider * edges.low, value + wider * edges.high


def _ahead(values: Floats, origins: Ints, horizon: int) -> Floats:
    padded = np.concatenate([values, np.full(horizon, np.nan)])
    return np.asarray(padded[origins[:, None] + np.arange(1, horizon + 1)])


def _run_rate(part: Part, grid: Grid, origins: Ints, horizon: int, tried: int) -> Path:
    """The mean day of the month so far, and of at least `RATE_DAYS`; of a young part none before its first cost."""
    known = np.where(np.isfinite(part.values), part.values, 0.0)
    sums = np.concatenate([[0.0], np.cumsum(known)])
    counts = np.concatenate([[0], np.cumsum(np.isfinite(part.values))])
    begins = part.begins if part.days < LEAST_DAYS else 0
    rates = []
    for origin in (int(each) for each in origins):
        day = int(grid.time(origin).day)
        first = max(origin + 1 - max(day, RATE_DAYS), min(begins, origin), 0)
        count = counts[origin + 1] - counts[first]
        rates.append((sums[origin + 1] - sums[first]) / count if count else 0.0)
    column = np.array(rates)[:, None]
    return Path(np.full(horizon, rates[-1]), np.repeat(column, tried, axis=1))


def _allowed(told: Told, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """What was never below zero does not go there."""
    return (np.maximum(low, 0.0) if told.is_positive else low), high
