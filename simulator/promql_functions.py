"""Functions over vectors, as Prometheus defines them."""

from collections.abc import Callable, Hashable, Sequence

import numpy as np

from simulator.promql_values import Labels, Vector
from simulator.telemetry_noise import Flags, Floats

BOUND = "le"
_FEWEST_BUCKETS = 2


def _rounded(values: Floats, to: Floats) -> Floats:
    inverse = 1.0 / to
    found: Floats = np.floor(values * inverse + 0.5) / inverse
    return found


ELEMENTWISE: dict[str, Callable[..., Floats]] = {
    "abs": np.abs,
    "ceil": np.ceil,
    "floor": np.floor,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "ln": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "sgn": np.sign,
    "clamp_min": np.maximum,
    "clamp_max": np.minimum,
    "round": _rounded,
}
"""Functions of each value, and of scalars given by step."""


def elementwise(name: str, vector: Vector, *scalars: Floats) -> Vector:
    if name == "round" and not scalars:
        scalars = (np.ones(vector.values.shape[1]),)
    with np.errstate(all="ignore"):
        values = ELEMENTWISE[name](vector.values, *(scalar[None, :] for scalar in scalars))
    return Vector(vector.labels, vector.names, values, vector.present).nameless()


def clamp(vector: Vector, low: Floats, high: Floats) -> Vector:
    """Empty at steps where the bounds are the wrong way round."""
    values = np.maximum(low[None, :], np.minimum(high[None, :], vector.values))
    there = vector.there() & (low <= high)[None, :]
    return Vector(vector.labels, vector.names, values, there).nameless()


def scalar_of(vector: Vector) -> Floats:
    """The only value of each step, NaN where there is none or more than one."""
    there = vector.there()
    value = np.where(there, vector.values, 0.0).sum(axis=0)
    found: Floats = np.where(there.sum(axis=0) == 1, value, np.nan)
    return found


def ordered(vector: Vector, is_rising: bool) -> Vector:
    """For an instant: by value; a range is ordered by its labels whatever one asks for."""
    if vector.values.shape[1] != 1:
        return vector
    values = vector.values[:, 0] if is_rising else -vector.values[:, 0]
    rows = np.argsort(values, kind="stable")
    return vector.of(rows, None if vector.present is None else vector.present[rows])


def histogram_quantile(share: Floats, vector: Vector) -> Vector:
    """The quantile of each classic histogram, straight between the bounds of the bucket it falls in."""
    groups: dict[Hashable, list[tuple[float, int]]] = {}
    labels: dict[Hashable, Labels] = {}
    for row, each in enumerate(vector.labels):
        bound = _number(each.get(BOUND, ""))
        if bound is None:
            continue
        rest = {name: value for name, value in each.items() if name != BOUND}
        key = frozenset(rest.items())
        groups.setdefault(key, []).append((bound, row))
        labels[key] = rest
    there = vector.there()
    values = np.empty((len(groups), vector.values.shape[1]))
    present = np.empty(values.shape, dtype=bool)
    for position, buckets in enumerate(groups.values()):
        buckets.sort()
        rows = [row for _, row in buckets]
        bounds = np.array([bound for bound, _ in buckets])
        values[position] = _quantiles(share, bounds, vector.values[rows], there[rows])
        present[position] = there[rows].any(axis=0)
    return Vector(list(labels.values()), None, values, None if present.all() else present)


def _quantiles(share: Floats, bounds: Floats, counts: Floats, there: Flags) -> Floats:
    """By the buckets that are there, which may differ from step to step."""
    if there.all():
        return _quantile(share, bounds, counts)
    found = np.full(counts.shape[1], np.nan)
    patterns, which = np.unique(there, axis=1, return_inverse=True)
    for number in range(patterns.shape[1]):
        steps, kept = np.flatnonzero(which.ravel() == number), patterns[:, number]
        if kept.any():
            found[steps] = _quantile(share[steps], bounds[kept], counts[np.ix_(kept, steps)])
    return found


def _quantile(share: Floats, bounds: Floats, counts: Floats) -> Floats:
    unique, first = np.unique(bounds, return_index=True)
    if len(unique) < len(bounds):
        counts, bounds = np.add.reduceat(counts, first, axis=0), unique
    steps = counts.shape[1]
    if len(bounds) < _FEWEST_BUCKETS or not np.isposinf(bounds[-1]):
        return np.full(steps, np.nan)
    rising = np.maximum.accumulate(counts, axis=0)
    observed = rising[-1]
    with np.errstate(all="ignore"):
        rank = share * observed
        bucket = np.minimum((rising[:-1] < rank[None, :]).sum(axis=0), len(bounds) - 1)
        column = np.arange(steps)
        upper = bounds[bucket]
        lower = np.where(bucket > 0, bounds[np.maximum(bucket - 1, 0)], 0.0)
        below = np.where(bucket > 0, rising[np.maximum(bucket - 1, 0), column], 0.0)
        inside = rising[bucket, column] - below
        found = lower + (upper - lower) * ((rank - below) / inside)
    found = np.where((bucket == 0) & (bounds[0] <= 0), bounds[0], found)
    found = np.where(bucket == len(bounds) - 1, bounds[-2], found)
    found = np.where((observed == 0) | np.isnan(observed) | np.isnan(share), np.nan, found)
    result: Floats = np.where(share < 0, -np.inf, np.where(share > 1, np.inf, found))
    return result


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def constant(value: Floats) -> Vector:
    """A scalar as a vector of one series without labels."""
    labels: Sequence[Labels] = [{}]
    return Vector(labels, None, value[None, :], None)
