"""Functions over ranges of samples, as Prometheus defines them."""

from collections.abc import Callable, Iterator

import numpy as np

from simulator.promql_select import Window
from simulator.telemetry_noise import Flags, Floats, Whole

Ranged = Callable[[Window, Whole, int], tuple[Floats, Flags | None]]
_EXTRAPOLATED = 1.1  # of the mean distance between samples


def last(window: Window, times: Whole, span: int) -> tuple[Floats, Flags | None]:
    """The newest sample in each window."""
    if window.present is None and window.low.ndim == 1 and (window.high >= window.low).all():
        return window.value(window.high), None
    index, found = _newest(window, window.high)
    return window.value(index), found


def _newest(window: Window, index: Whole) -> tuple[Whole, Flags]:
    """The greatest index up to the given one that has a sample, and whether there is any."""
    there = window.valid(index)
    best = np.broadcast_to(index, there.shape).copy()
    found = there.copy()
    for back in range(1, window.most):
        if found.all():
            break
        there = window.valid(index - back) & ~found
        best = np.where(there, index - back, best)
        found |= there
    return best, found


def irate(window: Window, times: Whole, span: int) -> tuple[Floats, Flags | None]:
    return _instant(window, is_rate=True)


def idelta(window: Window, times: Whole, span: int) -> tuple[Floats, Flags | None]:
    return _instant(window, is_rate=False)


def _instant(window: Window, is_rate: bool) -> tuple[Floats, Flags | None]:
    """From the two newest samples of each window."""
    if window.present is None and window.low.ndim == 1 and (window.high > window.low).all():
        newest, before, found = window.high, window.high - 1, None
    else:
        newest, has_newest = _newest(window, window.high)
        before, has_before = _newest(window, newest - 1)
        found = has_newest & has_before
    value, earlier = window.value(newest), window.value(before)
    change = value - earlier
    if not is_rate:
        return change, found
    change = np.where(value < earlier, value, change)
    elapsed = (window.time(newest) - window.time(before)) / 1_000
    with np.errstate(divide="ignore", invalid="ignore"):
        return change / elapsed, found


def _each(window: Window) -> Iterator[tuple[Floats, Flags, Whole]]:
    """The samples of each window, the oldest first: value, whether there is one, and its time."""
    for step in range(window.most):
        index = window.low + step
        yield window.value(index), window.valid(index), window.time(index)


def _extrapolated(window: Window, times: Whole, span: int, is_counter: bool, is_rate: bool) -> tuple[Floats, Flags]:
    """The increase of each window, extended to its ends as Prometheus does."""
    shape = (window.times.shape[0], len(times))
    count = np.zeros(shape, dtype=np.int64)
    first, newest, added = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    begin, end = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    for value, there, at in _each(window):
        is_first = there & (count == 0)
        if is_counter:
            added += np.where(there & (count > 0) & (value < newest), newest, 0.0)
        first, begin = np.where(is_first, value, first), np.where(is_first, at, begin)
        newest, end = np.where(there, value, newest), np.where(there, at, end)
        count += there
    found = count >= 2
    result = newest - first + added
    with np.errstate(divide="ignore", invalid="ignore"):
        sampled = (end - begin) / 1_000
        mean = sampled / (count - 1)
        to_start, to_end = (begin - (times - span)) / 1_000, (times - end) / 1_000
        if is_counter:
            to_zero = sampled * (first / result)
            to_start = np.where((result > 0) & (first >= 0) & (to_zero < to_start), to_zero, to_start)
        extended = sampled + np.where(to_start < mean * _EXTRAPOLATED, to_start, mean / 2)
        extended += np.where(to_end < mean * _EXTRAPOLATED, to_end, mean / 2)
        result *= extended / sampled
    return (result / (span / 1_000) if is_rate else result), found


def rate(window: Window, times: Whole, span: int) -> tuple[Floats, Flags | None]:
    return _extrapolated(window, times, span, is_counter=True, is_rate=True)


def increase(window: Window, times: Whole, span: int) -> tuple[Floats, Flags | None]:
    return _extrapolated(window, times, span, is_counter=True, is_rate=False)


def delta(window: Window, times: Whole, span: int) -> tuple[Floats, Flags | None]:
    return _extrapolated(window, times, span, is_counter=False, is_rate=False)


def count(window: Window, times: Whole, span: int) -> tuple[Floats, Flags | None]:
    """How many samples each window has; the values do not matter."""
    found = np.zeros((window.times.shape[0], len(times)))
    for step in range(window.most):
        found += window.valid(window.low + step)
    return found, found > 0


def present(window: Window, times: Whole, span: int) -> tuple[Floats, Flags | None]:
    found, there = count(window, times, span)
    return np.ones_like(found), there


def total(window: Window, times: Whole, span: int) -> tuple[Floats, Flags | None]:
    found, there = np.zeros((window.times.shape[0], len(times))), np.zeros((window.times.shape[0], len(times)), bool)
    for value, valid, _ in _each(window):
        found += np.where(valid, value, 0.0)
        there |= valid
    return found, there


def mean(window: Window, times: Whole, span: int) -> tuple[Floats, Flags | None]:
    found, there = total(window, times, span)
    return found / np.maximum(count(window, times, span)[0], 1), there


def least(window: Window, times: Whole, span: int) -> tuple[Floats, Flags | None]:
    return _extreme(window, times, np.fmin, np.inf)


def most(window: Window, times: Whole, span: int) -> tuple[Floats, Flags | None]:
    return _extreme(window, times, np.fmax, -np.inf)


def _extreme(window: Window, times: Whole, better: np.ufunc, worst: float) -> tuple[Floats, Flags | None]:
    shape = (window.times.shape[0], len(times))
    found, there = np.full(shape, worst), np.zeros(shape, dtype=bool)
    for value, valid, _ in _each(window):
        found = better(found, np.where(valid, value, worst))
        there |= valid
    return found, there


def quantile(window: Window, times: Whole, span: int, share: Floats) -> tuple[Floats, Flags | None]:
    """Between the two nearest of the samples of each window; `share` is given by step."""
    parts = list(_each(window))
    values = np.stack([np.where(valid, value, np.inf) for value, valid, _ in parts])
    number: Whole = np.stack([valid for _, valid, _ in parts]).sum(axis=0)
    return quantile_of(values, number, share), number > 0


def quantile_of(values: Floats, number: Whole, share: Floats) -> Floats:
    """The quantile along the first axis of the `number` smallest values."""
    ordered = np.sort(values, axis=0)
    rank = np.clip(share, 0, 1) * (number - 1)
    low = np.maximum(np.floor(rank), 0).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(number - 1, 0))
    weight = rank - np.floor(rank)
    below = np.take_along_axis(ordered, low[None], axis=0)[0]
    above = np.take_along_axis(ordered, high[None], axis=0)[0]
    with np.errstate(invalid="ignore"):
        found = below * (1 - weight) + above * weight
    found = np.where(share < 0, -np.inf, np.where(share > 1, np.inf, found))
    result: Floats = np.where(np.isnan(share), np.nan, found)
    return result


def changes(window: Window, times: Whole, span: int) -> tuple[Floats, Flags | None]:
    return _counting(window, times, lambda before, value: value != before)


def resets(window: Window, times: Whole, span: int) -> tuple[Floats, Flags | None]:
    return _counting(window, times, lambda before, value: value < before)


def _counting(window: Window, times: Whole, test: Callable[[Floats, Floats], Flags]) -> tuple[Floats, Flags | None]:
    shape = (window.times.shape[0], len(times))
    found, newest, there = np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=bool)
    for value, valid, _ in _each(window):
        found += there & valid & test(newest, value)
        newest = np.where(valid, value, newest)
        there |= valid
    return found, there


RANGED: dict[str, Ranged] = {
    "last_over_time": last,
    "irate": irate,
    "idelta": idelta,
    "rate": rate,
    "increase": increase,
    "delta": delta,
    "count_over_time": count,
    "present_over_time": present,
    "sum_over_time": total,
    "avg_over_time": mean,
    "min_over_time": least,
    "max_over_time": most,
    "changes": changes,
    "resets": resets,
}
WITHOUT_VALUES = frozenset({"count_over_time", "present_over_time"})
"""Functions that do not look at the values."""
KEEPS_NAME = frozenset({"last_over_time"})
