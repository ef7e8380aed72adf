"""Running all models of a series over its past: what the combination would have said at each origin, and says now."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pipelines.forecast.days import Holidays
from pipelines.forecast.drivers import DriverPath
from pipelines.forecast.models import Models, origins_of, season_length, smooth_models, spaced
from pipelines.forecast.recent import last_season
from pipelines.forecast.series import Floats, Series
from pipelines.forecast.smoothing import Ints
from pipelines.forecast.weighing import Trial, combined, knots, sum_weights, weights

_TRIED = 400
_MOST_CELLS = 2_000_000
_LEAST_ORIGINS = 24
_SETTLING = 8
_NEAR = 4
"""So far ahead the models are tried at every point of the past: errors of so few points hardly overlap."""


@dataclass(frozen=True)
class SumOutcome:
    """The sum over the next `steps` points; in the past over `tried`, which is less where the history is short."""

    steps: int
    tried: int
    final: float
    past: Floats  # origin
    actual: Floats

    @property
    def errors(self) -> Floats:
        return self.actual - self.past

    def beats(self, other: SumOutcome) -> bool:
        """Whether errors are less than another's."""
        mine, theirs = (np.abs(_settled(each.errors)) for each in (self, other))
        known = np.isfinite(mine) & np.isfinite(theirs)
        return float(mine[known].sum()) < float(theirs[known].sum())


@dataclass(frozen=True)
class Outcome:
    """What one procedure said at past origins, what came, and what it says now; the last origin is now."""

    method: str
    origins: Ints
    stride: int
    final: Floats  # horizon
    past: Floats  # origin, tried horizon
    actual: Floats
    sums: tuple[SumOutcome, ...]

    @property
    def errors(self) -> Floats:
        return self.actual - self.past

    def times(self, unit: float) -> Outcome:
        """The same in another unit."""
        sums = tuple(
            replace(each, final=each.final * unit, past=each.past * unit, actual=each.actual * unit)
            for each in self.sums
        )
        return replace(self, final=self.final * unit, past=self.past * unit, actual=self.actual * unit, sums=sums)

    def error(self) -> float:
        """The mean absolute error over all horizons, the first few origins left out."""
        settled = self._settled
        known = np.isfinite(settled)
        return float(np.abs(settled[known]).mean()) if known.any() else np.inf

    def beats(self, other: Outcome) -> bool:
        """Whether errors are less than another's in the mean over near and far horizons, each by its own ratio.

        Errors of far horizons are the larger ones: added up, they alone would decide, and a day ahead has no say.
        """
        ratios = []
        for at in knots(self.past.shape[1]) - 1:
            mine, theirs = self._settled[:, at], other._settled[:, at]
            known = np.isfinite(mine) & np.isfinite(theirs)
            if known.any():
                mine_missed, missed = float(np.abs(mine[known]).sum()), float(np.abs(theirs[known]).sum())
                ratios.append(mine_missed / missed if missed else np.inf if mine_missed else 1.0)
        return bool(ratios) and float(np.mean(ratios)) < 1

    def reach(self, other: Outcome) -> int:
        """Up to this horizon errors are less than another's at every one of them that weights are worked out for."""
        at = knots(self.past.shape[1])
        mine, theirs = (np.abs(each._settled[:, at - 1]) for each in (self, other))
        known = np.isfinite(mine) & np.isfinite(theirs)
        less = np.where(known, mine, 0).sum(axis=0) < np.where(known, theirs, 0).sum(axis=0)
        return int(at[less.cumprod().sum() - 1]) if less[0] else 0

    def up_to(self, reach: int, other: Outcome) -> Outcome:
        """This one up to a horizon and another beyond; of each sum the one whose errors were less."""
        if not reach:
            return other
        final, past = other.final.copy(), other.past.copy()
        final[:reach], past[:, :reach] = self.final[:reach], self.past[:, :reach]
        sums = tuple(mine if mine.beats(theirs) else theirs for mine, theirs in zip(self.sums, other.sums, strict=True))
        method = f"{other.method}; up to {reach} ahead {self.method}"
        return replace(other, method=method, final=final, past=past, sums=sums)

    @property
    def _settled(self) -> Floats:
        return _settled(self.errors)


def _settled(errors: Floats) -> Floats:
    """Errors without those of the first few origins."""
    return errors[_SETTLING:] if len(errors) > 2 * _SETTLING else errors


def models_of(series: Series, horizon: int, holidays: Holidays) -> Models:
    """All models of a series that need no driver, for trials with and without one; still to be smoothed."""
    length = season_length(series.grid.step, len(series))
    return Models(series, horizon, holidays, try_span(len(series), horizon, length)[0], length)


def try_models(
    series: Series,
    horizon: int,
    holidays: Holidays,
    totals: tuple[int, ...],
    driver: DriverPath | None,
    models: Models | None = None,
) -> Outcome:
    """The combination of all models; `models` are those of the series where they were smoothed already."""
    length = season_length(series.grid.step, len(series))
    origins, stride, tried = try_span(len(series), horizon, length)
    if models is None:
        models = models_of(series, horizon, holidays)
        smooth_models([models])
    models = models if driver is None else models.driven(driver, origins)
    points, active = models.forecasts(origins, tried, None if driver is None else driver.ahead)
    actual = _actual(series.values, origins, tried)
    trial = Trial(points, actual, active, stride, length)
    weight = weights(trial, _near_trial(models, trial, origins) if driver is None else None)
    now = points[-1:]
    if driver is not None or tried < horizon:
        now, _ = models.forecasts(origins[-1:], horizon, None if driver is None else driver.final[None])
    past = combined(points, weight, tried)
    final = combined(now, weight[-1:], tried)[0]
    sums = tuple(_sum(trial, past, now[0], final, steps) for steps in totals)
    return Outcome(_method(models, weight[-1]), origins, stride, final, past, actual, sums)


def _near_trial(models: Models, trial: Trial, origins: Ints) -> Trial | None:
    """The first points ahead at every point from the first origin to the last; None where the trial has them all."""
    if trial.stride == 1:
        return None
    every, ahead = np.arange(origins[0], origins[-1] + 1), min(_NEAR, trial.horizon)
    points, active = models.forecasts(every, ahead)
    return Trial(points, _actual(models.values, every, ahead), active, 1, trial.length)


def try_span(count: int, horizon: int, length: int) -> tuple[Ints, int, int]:
    """Where the back-test of so many points stands, how far apart, and how far ahead it looks."""
    origins, stride = origins_of(count, length)
    tried = max(1, min(horizon, _TRIED, int(origins[-1] - origins[0])))
    most = max(_LEAST_ORIGINS, _MOST_CELLS // (tried * 100))
    if len(origins) > most:  # farther apart rather than fewer years: far horizons need all the past there is
        origins, stride = spaced(int(origins[0]), int(origins[-1]), most, length)
    return origins, stride, tried


def naive_outcome(series: Series, like: Outcome, horizon: int, totals: tuple[int, ...]) -> Outcome:
    """The last season again, at the same origins."""
    length = season_length(series.grid.step, len(series))
    past = last_season(series.values, like.origins, like.past.shape[1], length)
    final = last_season(series.values, like.origins[-1:], horizon, length)[0]
    sums = []
    for steps in totals:
        tried = min(steps, past.shape[1])
        told, came = _summed(past, like.actual, tried)
        sums.append(SumOutcome(steps, tried, float(final[:steps].sum()), told, came))
    method = "the last value" if length == 1 else f"the last {length} values again"
    return Outcome(f"naive: {method}", like.origins, like.stride, final, past, like.actual, tuple(sums))


def _actual(values: Floats, origins: Ints, horizon: int) -> Floats:
    padded = np.concatenate([values, np.full(horizon, np.nan)])
    return np.asarray(padded[origins[:, None] + np.arange(1, horizon + 1)])


def _sum(trial: Trial, past: Floats, now: Floats, final: Floats, steps: int) -> SumOutcome:
    """Half the sum of the points, half the models' sums weighted by how good their sums were."""
    tried = min(steps, trial.horizon)
    weight = sum_weights(trial, tried)
    told, came = _summed(past, trial.actual, tried)
    known = np.isfinite(trial.actual[:, :tried])
    share = tried / np.maximum(known.sum(axis=1), 1)
    models = (trial.points[:, :tried] * known[:, :, None]).sum(axis=1) * share[:, None]
    told = 0.5 * told + 0.5 * (models * weight).sum(axis=1)
    best = 0.5 * float(final[:steps].sum()) + 0.5 * float((now[:steps].sum(axis=0) * weight[-1]).sum())
    return SumOutcome(steps, tried, best, told, came)


def _summed(past: Floats, actual: Floats, steps: int) -> tuple[Floats, Floats]:
    """Sums of forecasts and outcomes over the known points, scaled to all; NaN where half or more are unknown."""
    known = np.isfinite(actual[:, :steps])
    count = known.sum(axis=1)
    share = np.where(count > steps / 2, steps / np.maximum(count, 1), np.nan)
    told = np.where(known, past[:, :steps], 0).sum(axis=1) * share
    came = np.where(known, actual[:, :steps], 0).sum(axis=1) * share
    return told, came


def _method(models: Models, weight: Floats) -> str:
    """Which families of models the forecast rests on, in percent."""
    shares: dict[str, float] = {}
    for family, columns in models.families:
        shares[family] = shares.get(family, 0.0) + float(weight[:, columns].sum(axis=1).mean())
    ranked = sorted(((share, family) for family, share in shares.items()), reverse=True)
    return "combined: " + ", ".join(f"{family} {share:.0%}" for share, family in ranked if share >= 0.005)
