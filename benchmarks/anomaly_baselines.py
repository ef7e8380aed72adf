"""The public methods of anomaly detection, each as commonly described and with its usual parameters, made causal.

Each answers a score for every point of one series; at its own usual threshold a point is unusual. None of them knows
missing days: where there is no value there is no score.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from benchmarks.anomaly_series import Floats, Places

_TREES, _SAMPLE, _REFIT = 25, 64, 0.5
_TINY = 1e-12


@dataclass(frozen=True)
class Baseline:
    """A method, its usual threshold, and thresholds to try where the best of all is looked for in hindsight."""

    name: str
    score: Callable[[Floats, int], Floats]  # values, and points of one season
    usual: float
    tried: tuple[float, ...]


def rolling_z(values: Floats, season: int) -> Floats:
    """Distance from the mean of the last 30 points (or of a season) in their standard deviations."""
    window = _window(values, max(30, season))
    return _over(np.abs(values - np.nanmean(window, axis=1)), np.nanstd(window, axis=1))


def stl_mad(values: Floats, season: int) -> Floats:
    """Residual of a seasonal and trend decomposition of the last eight seasons, over their median absolute residual."""
    if season > 48:
        return _seasonal_mad(values, season)
    window = np.column_stack([_window(values, 8 * season - 1), values])
    filled = np.where(np.isnan(window), np.nanmedian(window, axis=1, keepdims=True), window)
    residuals = filled @ _residual_operator(8, season).T
    spread = np.median(np.abs(residuals[:, :-1]), axis=1) / 0.6745
    return _over(np.abs(residuals[:, -1]), spread)


def percent_over_average(values: Floats, season: int) -> Floats:
    """Share by which a point exceeds the mean of the last week, or of the last season."""
    return _over(values - _mean(values, max(7, season)), np.abs(_mean(values, max(7, season))))


def cusum(values: Floats, season: int) -> Floats:
    """Two-sided cumulative sums of z-scores beyond half a standard deviation, begun anew after an alarm at 5."""
    window = _window(values, max(30, season))
    z = np.nan_to_num((values - np.nanmean(window, axis=1)) / np.maximum(np.nanstd(window, axis=1), _TINY))
    up = down = 0.0
    found = np.zeros(len(values))
    for at, each in enumerate(np.clip(z, -10, 10).tolist()):
        up, down = max(0.0, up + each - 0.5), max(0.0, down - each - 0.5)
        found[at] = max(up, down)
        if found[at] >= 5:
            up = down = 0.0
    return found


def isolation_forest(values: Floats, season: int) -> Floats:
    """Isolation forest over value, change and distance from the last season, grown anew as the past grows."""
    before = np.concatenate(([np.nan], values[:-1]))
    season_ago = np.concatenate((np.full(min(season, len(values)), np.nan), values[:-season]))[: len(values)]
    features = np.nan_to_num(np.column_stack([values, values - before, values - season_ago]))
    chance = np.random.default_rng(7)
    found = np.zeros(len(values))
    start = 30
    while start < len(values):
        stop = min(len(values), start + max(10, int(start * _REFIT)))
        found[start:stop] = _isolated(features[:start], features[start:stop], chance)
        start = stop
    return np.asarray(np.where(np.isnan(values), 0.0, found))


BASELINES = (
    Baseline("rolling z", rolling_z, 3.0, (2.0, 2.5, 3.0, 4.0, 5.0, 7.0, 10.0, 15.0)),
    Baseline("STL + MAD", stl_mad, 3.5, (2.5, 3.5, 5.0, 7.0, 10.0, 15.0, 25.0, 40.0)),
    Baseline("percent over average", percent_over_average, 0.2, (0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 4.0, 8.0)),
    Baseline("CUSUM", cusum, 5.0, (3.0, 4.0, 5.0, 7.0, 9.0, 12.0)),
    Baseline("isolation forest", isolation_forest, 0.6, (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8)),
)


def _window(values: Floats, length: int) -> Floats:
    """For each point the points before it, missing where the series is younger."""
    padded = np.concatenate((np.full(length, np.nan), values))
    return np.asarray(sliding_window_view(padded, length)[: len(values)])


def _mean(values: Floats, length: int) -> Floats:
    return np.asarray(np.nanmean(_window(values, length), axis=1))


def _over(above: Floats, below: Floats) -> Floats:
    return np.asarray(
        np.nan_to_num(np.where(below > _TINY, above / np.maximum(below, _TINY), np.where(above > 0, 99, 0)))
    )


def _seasonal_mad(values: Floats, season: int) -> Floats:
    """For long seasons the decomposition reduced to its heart: the median of the same time on the last seven days."""
    same = np.column_stack(
        [np.concatenate((np.full(min(k * season, len(values)), np.nan), values))[: len(values)] for k in range(1, 8)]
    )
    residual = values - np.nanmedian(same, axis=1)
    spread = np.nanmedian(np.abs(_window(residual, season)), axis=1) / 0.6745
    return _over(np.abs(residual), spread)


def _residual_operator(cycles: int, season: int) -> Floats:
    """STL without robustness weights is linear: the matrix that leaves a window's residuals (two inner rounds)."""
    length = cycles * season
    cycle_of, time_of = np.divmod(np.arange(length), season)
    same_time = np.equal.outer(time_of, time_of)
    seasonal = np.where(same_time, _loess(cycles, 7)[np.ix_(cycle_of, cycle_of)], 0.0)
    low_pass = _moving_mean(length, season) @ _moving_mean(length, season) @ _moving_mean(length, 3)
    trend = _loess(length, season * 2 + 1)
    identity, fitted = np.eye(length), np.zeros((length, length))
    part = fitted
    for _ in range(2):
        cycle = seasonal @ (identity - fitted)
        part = cycle - low_pass @ cycle
        fitted = trend @ (identity - part)
    return np.asarray(identity - part - fitted)


def _loess(length: int, span: int) -> Floats:
    """The smoother matrix of local straight lines with tricube weights over so many neighbours."""
    places = np.arange(length, dtype=np.float64)
    rows = []
    for place in places:
        weight = np.clip(1 - (np.abs(places - place) / (span / 2 + 1)) ** 3, 0, None) ** 3
        design = np.column_stack([np.ones(length), places - place])
        rows.append((np.linalg.pinv(design.T @ (design * weight[:, None])) @ (design.T * weight))[0])
    return np.asarray(rows)


def _moving_mean(length: int, span: int) -> Floats:
    near = np.abs(np.subtract.outer(np.arange(length), np.arange(length))) <= span // 2
    return np.asarray(near / near.sum(axis=1, keepdims=True))


def _isolated(past: Floats, points: Floats, chance: np.random.Generator) -> Floats:
    size = min(_SAMPLE, len(past))
    depths = np.zeros(len(points))
    for _ in range(_TREES):
        sample = past[chance.choice(len(past), size, replace=False)]
        _add_depths(depths, sample, points, np.arange(len(points)), 0, chance)
    return np.asarray(2 ** (-depths / _TREES / _average_depth(size)))


def _add_depths(
    depths: Floats, sample: Floats, points: Floats, which: Places, depth: int, chance: np.random.Generator
) -> None:
    """Add the depth at which one random tree over the sample isolates each of these points.

    The whole tree is grown, wherever the points lie: what is drawn by chance must not depend on them.
    """
    spread = np.ptp(sample, axis=0) if len(sample) else np.zeros(points.shape[1])
    useful = np.flatnonzero(spread > 0)
    if depth >= np.log2(_SAMPLE) or not len(useful):
        depths[which] += depth + _average_depth(len(sample))
        return
    feature = int(useful[chance.integers(len(useful))])
    cut = sample[:, feature].min() + chance.uniform() * spread[feature]
    left, below = sample[:, feature] < cut, points[which, feature] < cut
    _add_depths(depths, sample[left], points, which[below], depth + 1, chance)
    _add_depths(depths, sample[~left], points, which[~below], depth + 1, chance)


def _average_depth(size: int) -> float:
    return 2 * (np.log(size - 1) + 0.5772156649) - 2 * (size - 1) / size if size > 2 else max(0.0, size - 1.0)
