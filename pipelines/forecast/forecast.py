"""A forecast of one series: points, bounds, sums, and how good this very procedure was on it so far.

Many simple models run side by side; at each origin those count that were best up to there. When the combination was
not better than repeating the last season, the forecast says so and is the last season's, but for the first points
ahead where it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipelines.errors import UsageError
from pipelines.forecast.bounds import Bounds, Errors, bounds, sum_bounds
from pipelines.forecast.days import Holidays
from pipelines.forecast.drivers import Driver, DriverFit, DriverPath, along, filled, line
from pipelines.forecast.models import Models, season_length, smooth_models
from pipelines.forecast.scores import Score, Total, score_of, scores_of
from pipelines.forecast.series import Floats, Series, series_of
from pipelines.forecast.trials import Outcome, SumOutcome, models_of, naive_outcome, try_models

LONGEST = 3000
_KEPT, _KEPT_SEASONS = 5000, 8
_HEAD, _LEAST_UNIT, _BITS = 28, 1e-100, 40


@dataclass(frozen=True)
class Forecast:
    """The next points of a series with bounds that hold in `level` percent of the cases, and the proof.

    `backtest` and `totals` measure what is shown: every figure comes from forecasts made as of an earlier point.
    """

    points: Floats
    low: Floats
    high: Floats
    level: float
    method: str
    beats_naive: bool
    naive: Floats
    backtest: tuple[Score, ...]
    totals: tuple[Total, ...]
    driver: DriverFit | None
    notes: tuple[str, ...]


def forecast(
    series: Series,
    horizon: int,
    level: float = 80,
    *,
    holidays: Holidays = Holidays.none,
    driver: Driver | None = None,
    totals: Sequence[int] = (),
) -> Forecast:
    """The next `horizon` points, and for each of `totals` the sum of so many next points.

    The best guess of a sum is not the sum of the points where these are medians of a lopsided cost, so it is
    forecast by itself, with bounds from the errors of past sums.
    """
    _check(horizon, level, totals)
    series = _recent(series)
    tried = try_series(series, horizon, holidays, driver, tuple(totals))
    return _forecast(series, tried, level / 100)


@dataclass(frozen=True)
class Tried:
    """The best procedure of a series and the naive one, each over its past; where that was not beaten in the mean over
    near and far horizons, `shown` is the naive one's beyond `reach`, up to which the best one was closer."""

    shown: Outcome
    naive: Outcome
    beats_naive: bool
    reach: int
    driver: DriverFit | None


def try_series(
    series: Series, horizon: int, holidays: Holidays, driver: Driver | None = None, totals: tuple[int, ...] = ()
) -> Tried:
    """What each procedure would have said of the series at past origins, and says now."""
    prepared = Prepared.of(series, horizon, holidays, driver)
    smooth_models(prepared.smoothed)
    return try_prepared(prepared, totals)


@dataclass(frozen=True)
class Prepared:
    """A series in its own unit and the models to be smoothed; with a driver those of it too, and its planned values."""

    series: Series
    unit: float
    horizon: int
    holidays: Holidays
    models: Models
    driver: Driver | None = None
    driven: tuple[Series, Models, Floats] | None = None

    @classmethod
    def of(cls, series: Series, horizon: int, holidays: Holidays, driver: Driver | None = None) -> Prepared:
        """Before anything is smoothed, so that many series can be at once."""
        unit = _unit(series)
        series = Series(_rounded(series.values / unit), series.grid)
        driven = None
        if driver is not None:
            here, planned = along(driver, series)
            here = Series(filled(here.values), series.grid)
            driven = here, models_of(here, horizon, holidays), planned
        return cls(series, unit, horizon, holidays, models_of(series, horizon, holidays), driver, driven)

    @property
    def smoothed(self) -> list[Models]:
        """All that `smooth_models` is to be given."""
        return [self.models] if self.driven is None else [self.models, self.driven[1]]


def try_prepared(prepared: Prepared, totals: tuple[int, ...] = ()) -> Tried:
    """The same of a series whose models are smoothed."""
    series, unit, horizon = prepared.series, prepared.unit, prepared.horizon
    found = try_models(series, horizon, prepared.holidays, totals, None, prepared.models)
    fit = None
    if prepared.driver is not None:
        found, fit = _informed(prepared, found, totals)
    naive = naive_outcome(series, found, horizon, totals)
    beats = found.beats(naive)
    if fit is not None:
        fit = replace(
            fit, fixed=fit.fixed * unit, marginal=fit.marginal * unit, marginal_error=fit.marginal_error * unit
        )
        fit = replace(fit, error_with=fit.error_with * unit, error_without=fit.error_without * unit)
    reach = horizon if beats else found.reach(naive)
    shown = found if beats else found.up_to(reach, naive)
    return Tried(shown.times(unit), naive.times(unit), beats, reach, fit)


def _check(horizon: int, level: float, totals: Sequence[int]) -> None:
    if not 1 <= horizon <= LONGEST:
        raise UsageError(f"horizon {horizon}: ask for 1 to {LONGEST} steps")
    if not 0 < level < 100:
        raise UsageError(f"level {level:g}: bounds hold in more than 0 and less than 100 percent of the cases")
    wrong = [each for each in totals if not 1 <= each <= horizon]
    if wrong:
        raise UsageError(f"a sum over {wrong[0]} points needs a horizon of at least that, not {horizon}")


def _unit(series: Series) -> float:
    """The size of the first values that are not zero: what follows is worked out in it, so that units do not matter."""
    sizes = np.abs(series.values[np.isfinite(series.values) & (series.values != 0)])[:_HEAD]
    return max(float(np.median(sizes)), _LEAST_UNIT) if len(sizes) else 1.0


def _rounded(values: Floats) -> Floats:
    """Without the last bits, which depend on the unit; choices between equally good models must not."""
    mantissa, exponent = np.frexp(values)
    return np.asarray(np.ldexp(np.round(np.ldexp(mantissa, _BITS)), exponent - _BITS))


def _recent(series: Series) -> Series:
    """The last points, some thousands of them: older ones have no say in what comes."""
    kept = max(_KEPT, _KEPT_SEASONS * season_length(series.grid.step, len(series)))
    older = len(series) - kept
    return series if older <= 0 else series_of(series.values[older:], series.grid.moved(older))


def _informed(prepared: Prepared, plain: Outcome, totals: tuple[int, ...]) -> tuple[Outcome, DriverFit]:
    """The better of the forecasts without and with the driver.

    The driver's future is forecast too, also in the back-test; where the whole horizon is planned, the plan counts and
    the back-test takes the driver as known.
    """
    assert prepared.driver is not None
    assert prepared.driven is not None
    series, horizon, holidays = prepared.series, prepared.horizon, prepared.holidays
    here, models, planned = prepared.driven
    own = try_models(here, horizon, holidays, (), None, models)
    final, past = own.final.copy(), own.past
    ahead = planned[:horizon]
    final[: len(ahead)] = np.where(np.isfinite(ahead), ahead, final[: len(ahead)])
    if len(ahead) == horizon and np.isfinite(ahead).all():
        past = np.where(np.isfinite(own.actual), own.actual, past)
    informed = try_models(series, horizon, holidays, totals, DriverPath(here.values, past, final), prepared.models)
    known, _ = along(prepared.driver, series)
    fixed, marginal, error = line(series.values, known.values)
    is_used = informed.error() < plain.error()
    fit = DriverFit(prepared.driver.name, fixed, marginal, error, is_used, informed.error(), plain.error())
    return (informed if is_used else plain), fit


def _forecast(series: Series, tried: Tried, share: float) -> Forecast:
    shown, naive = tried.shown, tried.naive
    edges = bounds(Errors(shown.errors, shown.stride), share, len(shown.final))
    low, high, notes = _bounded(series, shown, edges)
    if not tried.beats_naive:
        where = f" from {tried.reach + 1} steps ahead on" if tried.reach else ""
        notes = (f"no forecast was better than the naive one, which is shown{where}", *notes)
    return Forecast(
        points=shown.final,
        low=low,
        high=high,
        level=100 * share,
        method=shown.method,
        beats_naive=tried.beats_naive,
        naive=naive.final,
        backtest=scores_of(shown, naive, edges),
        totals=tuple(_total(each, shown, naive, share, series) for each in shown.sums),
        driver=tried.driver,
        notes=notes,
    )


def _bounded(series: Series, shown: Outcome, edges: Bounds) -> tuple[Floats, Floats, tuple[str, ...]]:
    """Low and high, inside what the history allows; without any measured error as wide as the values differ."""
    points, notes = shown.final, []
    if edges.measured:
        low, high = points + edges.low, points + edges.high
        if edges.measured < len(points):
            notes.append(
                f"the history is too short to measure more than {edges.measured} steps ahead: "
                "beyond, the bounds are extrapolated"
            )
    else:
        spread = float(np.nanmax(series.values) - np.nanmin(series.values))
        low, high = points - spread, points + spread
        notes.append("the history is too short to measure any error: the bounds are as wide as the values differ")
    return (*_allowed(series, low, high), tuple(notes))


def _allowed(series: Series, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    if np.nanmin(series.values) >= 0:
        low = np.maximum(low, 0.0)
    if np.nanmax(series.values) <= 0:
        high = np.minimum(high, 0.0)
    return low, high


def _total(own: SumOutcome, shown: Outcome, naive: Outcome, share: float, series: Series) -> Total:
    edges = sum_bounds(Errors(shown.errors, shown.stride), own.errors, share, own.tried)
    wider = own.steps / own.tried
    if edges.measured:
        low, high = own.final + wider * edges.low, own.final + wider * edges.high
    else:
        spread = own.steps * float(np.nanmax(series.values) - np.nanmin(series.values))
        low, high = np.array([own.final - spread]), np.array([own.final + spread])
    low, high = _allowed(series, low, high)
    rival = next(each for each in naive.sums if each.steps == own.steps)
    score = score_of(own.tried, own.past, own.actual, rival.past, edges.inside[:, 0])
    return Total(own.steps, own.final, float(low[0]), float(high[0]), score)
