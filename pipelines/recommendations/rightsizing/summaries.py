"""What is kept of a resource's recorded samples: how often which values occurred, and the highest of each day.

The summary to make in SQL has two small tables per measure, both of a window that ends at a known time; `days_ago`
counts whole days before it, 0 is the newest:

* `Days`: per resource and day, how many samples and the highest;
* `Bins`: per resource, part and bin, how many samples and the highest. Part 0 is the newest day, part k the k-th week
  before the end (week 1 without the newest day): `case when days_ago = 0 then 0 else days_ago // 7 + 1 end`. Bins are
  `floor(8 * log2(greatest(value, 1 / 1024)))`; since each is told by its own highest value, a level read from it is
  never too low and at most a bin (9 %) too high.

Single samples have the same shape, each a bin of its own, and then every level is exact. Where only the quantiles of
each hour are kept, `of_hours` makes the summary of those.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

BINS_PER_OCTAVE = 8
_SMALLEST = 2.0**-10  # below a thousandth of a vCPU or a GiB all is one bin
_WEEK = 7
_HOURLY = np.array([0.0, 0.5, 0.95, 0.99, 0.995, 1.0])
_UPPER_ENDS = np.array([0.125, 0.25, 0.375, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.99, 0.995, 1.0])


@dataclass(frozen=True)
class Bins:
    """How often which values occurred: parallel arrays, one entry per part of the window and bin, in any order."""

    part: Integers
    samples: Floats
    highest: Floats


@dataclass(frozen=True)
class Days:
    """How many samples each day has and the highest of them: parallel arrays, a day occurs once."""

    days_ago: Integers
    samples: Integers
    highest: Floats


@dataclass(frozen=True)
class Summary:
    """All that the rule reads of one measure of one resource."""

    bins: Bins
    days: Days


_NONE = np.zeros(0, dtype=np.int64)
NOTHING = Summary(Bins(_NONE, np.zeros(0), np.zeros(0)), Days(_NONE, _NONE, np.zeros(0)))


def demand_of(used_vcpus: Floats, steal: Floats | None = None) -> Floats:
    """What the machine would have used had nothing been taken from it: used ÷ (1 − steal), steal as a share.

    A steal of 1 leaves the demand unknown (nan). Without steal the use itself is all that is known.
    """
    if steal is None:
        return used_vcpus
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(steal < 1, used_vcpus / (1 - steal), np.nan))


def binned(days_ago: Integers, values: Floats) -> Summary:
    """The summary of samples as SQL makes it; missing values (nan) and what comes after the window do not count."""
    known = np.isfinite(values) & (days_ago >= 0)
    days, found = days_ago[known], values[known]
    bins = np.floor(BINS_PER_OCTAVE * np.log2(np.maximum(found, _SMALLEST))).astype(np.int64)
    keys, samples, highest = _grouped(np.stack([_part(days), bins]), found)
    return Summary(Bins(keys[0], samples.astype(float), highest), _by_day(days, found))


def unbinned(days_ago: Integers, values: Floats) -> Summary:
    """Single samples in the same shape; missing values (nan) and what comes after the window do not count."""
    known = np.isfinite(values) & (days_ago >= 0)
    days, found = days_ago[known], values[known]
    return Summary(Bins(_part(days), np.ones(len(days)), found), _by_day(days, found))


def of_hours(days_ago: Integers, samples: Integers, quantiles: Floats) -> Summary:
    """The summary of hours of which minimum, p50, p95, p99, p99.5 and maximum are known: a row of `quantiles` each.

    Between two of them the quantile is taken from the straight line, and a slice of the samples counts at its upper
    end: where high values are rarer than low ones that is never too low. An hour without a quantile (nan) counts
    nowhere.
    """
    known = np.isfinite(quantiles).all(axis=1) & (days_ago >= 0) & (samples > 0)
    days, counted, given = days_ago[known], samples[known].astype(np.float64), quantiles[known]
    at = np.clip(np.searchsorted(_HOURLY, _UPPER_ENDS) - 1, 0, len(_HOURLY) - 2)
    along = (_UPPER_ENDS - _HOURLY[at]) / (_HOURLY[at + 1] - _HOURLY[at])
    levels = given[:, at] * (1 - along) + given[:, at + 1] * along
    slices = counted[:, None] * np.diff(_UPPER_ENDS, prepend=0.0)
    bins = Bins(np.repeat(_part(days), len(_UPPER_ENDS)), slices.ravel(), levels.ravel())
    found, where = np.unique(days, return_inverse=True)
    highest = np.full(len(found), -np.inf)
    np.maximum.at(highest, where, given[:, -1])
    per_day = np.bincount(where, weights=counted, minlength=len(found)).astype(np.int64)
    return Summary(bins, Days(found, per_day, highest))


def _part(days_ago: Integers) -> Integers:
    return np.where(days_ago == 0, 0, days_ago // _WEEK + 1)


def _by_day(days_ago: Integers, values: Floats) -> Days:
    keys, samples, highest = _grouped(days_ago[None, :], values)
    return Days(keys[0], samples, highest)


def _grouped(keys: Integers, values: Floats) -> tuple[Integers, Integers, Floats]:
    """The distinct columns of the keys, how many values each has, and the highest."""
    found, where = np.unique(keys, axis=1, return_inverse=True)
    highest = np.full(found.shape[1], -np.inf)
    np.maximum.at(highest, where.ravel(), values)
    return found, np.bincount(where.ravel(), minlength=found.shape[1]).astype(np.int64), highest
