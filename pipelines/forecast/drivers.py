"""A cost that follows something else: so much is fixed, and so much comes with each request, tenant or gigabyte."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.errors import UsageError
from pipelines.forecast.recent import carried
from pipelines.forecast.series import Floats, Series

LEARNT_FROM, LEARNT_EVERY = 28, 14
_WINDOW = 120
_ROUNDS = 4


@dataclass(frozen=True)
class Driver:
    """What explains the cost, by the same steps of time; values after the cost's last one are taken as planned."""

    name: str
    series: Series


@dataclass(frozen=True)
class DriverFit:
    """cost = fixed + marginal x driver over the last points, and whether the forecast is better for knowing it."""

    name: str
    fixed: float
    marginal: float
    marginal_error: float
    is_used: bool
    error_with: float
    error_without: float


@dataclass(frozen=True)
class DriverPath:
    """The driver along a series, what would have been forecast of it at each origin, and what is now."""

    values: Floats
    ahead: Floats  # origin, horizon
    final: Floats  # horizon


def along(driver: Driver, series: Series) -> tuple[Series, Floats]:
    """The driver at the points of the series, and its planned values after the last of them."""
    if driver.series.grid.step != series.grid.step:
        raise UsageError(
            f"driver {driver.name} has one value a {driver.series.grid.step}, the series one a {series.grid.step}; "
            "give both by the same step"
        )
    shift = series.grid.index(driver.series.grid.start)
    values = np.full(len(series), np.nan)
    source = driver.series.values
    first, last = max(shift, 0), min(shift + len(source), len(series))
    if last - first < LEARNT_FROM:
        raise UsageError(
            f"driver {driver.name} and the series share {max(last - first, 0)} points; a regression needs {LEARNT_FROM}"
        )
    values[first:last] = source[first - shift : last - shift]
    return Series(values, series.grid), source[max(len(series) - shift, 0) :]


def filled(values: Floats) -> Floats:
    """Gaps take the newest value before, those at the beginning the first."""
    known = carried(values)
    first = known[np.isfinite(known)][0]
    return np.where(np.isfinite(known), known, first)


def line(cost: Floats, driver: Floats) -> tuple[float, float, float]:
    """Fixed part, marginal part and its standard error, over the last points; single strange days count less."""
    cost, driver = cost[-_WINDOW:], driver[-_WINDOW:]
    both = np.isfinite(cost) & np.isfinite(driver)
    y, x = cost[both], driver[both]
    weight = np.ones(len(x))
    fixed, slope, error = float(np.median(y)) if len(y) else 0.0, 0.0, np.inf
    for _ in range(_ROUNDS):
        mass = weight.sum()
        if len(x) < 3 or mass <= 0:
            break
        mean_x, mean_y = weight @ x / mass, weight @ y / mass
        spread = float(weight @ (x - mean_x) ** 2)
        if not spread > 1e-12 * max(float(x @ x), 1e-300):
            break
        slope = float(weight @ ((x - mean_x) * (y - mean_y)) / spread)
        fixed = float(mean_y - slope * mean_x)
        left = y - fixed - slope * x
        size = 1.4826 * float(np.median(np.abs(left)))
        error = float(np.sqrt(weight @ left**2 / max(mass - 2, 1) / spread))
        weight = np.minimum(1.0, 2 * size / np.maximum(np.abs(left), 1e-300)) if size > 0 else weight
    return fixed, slope, error
