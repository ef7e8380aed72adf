"""A resource's recorded load, as compact as the rule needs it.

The summary to make in SQL has two small tables per measure, both of a window that ends at `end`; `days_ago` counts
whole days before it, 0 is the newest:

* `Days`: per resource and day, how many samples and the highest;
* `Bins`: per resource, part and bin, how many samples and the highest. Part 0 is the newest day, part k the k-th week
  before the end (week 1 without the newest day): `case when days_ago = 0 then 0 else days_ago // 7 + 1 end`. Bins are
  `floor(8 * log2(greatest(value, 1 / 1024)))`; since each is told by its own highest value, a level read from it is
  never too low and at most a bin (9 %) too high.

Single samples have the same shape, each a bin of its own, and then every level is exact. Where only the quantiles of
each hour are kept, `of_hours` makes the summary of those.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from pipelines.errors import UsageError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

BINS_PER_OCTAVE = 8
_SMALLEST = 2.0**-10  # below a thousandth of a vCPU or a GiB all is one bin
_WEEK, _SATURDAY = 7, 5
_HOURLY = np.array([0.0, 0.5, 0.95, 0.99, 0.995, 1.0])
_UPPER_ENDS = np.array([0.125, 0.25, 0.375, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.99, 0.995, 1.0])
_ROUNDING = 1e-6  # of a sample, so that 99 % of 100 samples are 99


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
_NOTHING = Summary(Bins(_NONE, np.zeros(0), np.zeros(0)), Days(_NONE, _NONE, np.zeros(0)))


@dataclass(frozen=True)
class Demand:
    """How high one measure stood: quantiles over all samples, and how they differed from day to day.

    `worst_week_p99` is the highest p99 of the window's weeks (counted back from its end), `newest_p99` that of the
    newest day; `recurring_peak` is the second-highest maximum of a day, so that what happened once does not count.
    """

    p50: float
    p95: float
    p99: float
    p995: float
    max: float
    worst_week_p99: float
    newest_p99: float
    recurring_peak: float
    levels: Floats  # ascending
    up_to: Floats  # the share of samples at each level or below

    def share_over(self, capacity: float) -> float:
        """The share of the recorded time above the capacity: the replay against an offer."""
        at = int(np.searchsorted(self.levels, capacity, side="right"))
        return 1.0 - float(self.up_to[at - 1]) if at else 1.0


@dataclass(frozen=True)
class Load:
    """All that is known about a resource's load in a window (UTC, half-open). None means not measured, never zero."""

    resource_id: str
    start: datetime
    end: datetime
    samples: int
    coverage: float  # samples there, of those that its step would give if it ran all the time
    days: int
    weekends: int
    cpu: Demand | None
    memory: Demand | None = None
    network: Demand | None = None
    disk: Demand | None = None
    volumes: int | None = None


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


def demand(summary: Summary) -> Demand | None:
    """The levels of one measure; None where it has no samples at all."""
    bins, days = summary.bins, summary.days
    if not len(bins.highest):
        return None
    order = np.argsort(bins.highest, kind="stable")
    part, samples, levels = bins.part[order], bins.samples[order], bins.highest[order]
    counted = np.cumsum(samples)
    p50, p95, p99, p995 = (_quantile(levels, counted, share) for share in (0.5, 0.95, 0.99, 0.995))
    worst = _worst_week_p99(levels, samples, np.maximum(part - 1, 0), int(np.searchsorted(levels, p99)))
    ordinary = float(np.sort(days.samples)[len(days.samples) // 2])
    is_new = part <= _newest_part(part, samples, ordinary / 2)
    newest = _quantile(levels[is_new], np.cumsum(samples[is_new]), 0.99)
    recurring = float(np.sort(days.highest)[-2:][0])
    return Demand(
        p50, p95, p99, p995, float(levels[-1]), worst, newest, recurring, levels, counted / float(counted[-1])
    )


def load(
    resource_id: str,
    end: datetime,
    observed_days: int,
    step: timedelta,
    measures: dict[str, Summary],
    off_days: Collection[int] = (),
    volumes: int | None = None,
    day_share: float = 0.25,
) -> Load:
    """A resource's load from its summaries: `cpu` and, where measured, `memory`, `network` and `disk`.

    `off_days` (days ago) are days on which the resource is known to have been stopped: they are known, not missing.
    Raises UsageError for a time without zone.
    """
    if end.utcoffset() is None:
        raise UsageError(f"{end}: the end of the window has no time zone; give it in UTC")
    days = measures.get("cpu", _NOTHING).days
    per_day, samples = timedelta(days=1) / step, int(days.samples.sum())
    known = sorted({*days.days_ago[days.samples >= day_share * per_day].tolist(), *off_days})
    running = max(observed_days - len(set(off_days)), 1)
    return Load(
        resource_id,
        end - timedelta(days=observed_days),
        end,
        samples=samples,
        coverage=min(samples / (per_day * running), 1.0),
        days=len(known),
        weekends=_weekends(end, known),
        cpu=demand(measures.get("cpu", _NOTHING)),
        memory=demand(measures.get("memory", _NOTHING)),
        network=demand(measures.get("network", _NOTHING)),
        disk=demand(measures.get("disk", _NOTHING)),
        volumes=volumes,
    )


def _weekends(end: datetime, days_ago: list[int]) -> int:
    """In how many weeks at least one of the days is a Saturday or a Sunday; a day is named by its middle."""
    middles = [end - timedelta(days=day, hours=12) for day in days_ago]
    return len({tuple(middle.isocalendar())[:2] for middle in middles if middle.weekday() >= _SATURDAY})


def _worst_week_p99(levels: Floats, samples: Floats, weeks: Integers, first: int) -> float:
    """The lowest level that no week exceeds for more than 1 %; it is not below the whole window's p99, at `first`."""
    in_week = np.bincount(weeks, weights=samples)
    tail = np.zeros((len(levels) - first, len(in_week)))
    tail[np.arange(len(tail)), weeks[first:]] = samples[first:]
    over = tail[::-1].cumsum(axis=0)[::-1] - tail
    return float(levels[first + int(np.argmax((over <= 0.01 * in_week + _ROUNDING).all(axis=1)))])


def _newest_part(part: Integers, samples: Floats, enough: float) -> int:
    """How far back one has to go for half an ordinary day's samples: a day just begun says too little."""
    return int(np.argmax(np.cumsum(np.bincount(part, weights=samples)) >= enough))


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


def _quantile(levels: Floats, counted: Floats, share: float) -> float:
    """The lowest level that is exceeded in at most 1 − share of the samples."""
    return float(levels[np.searchsorted(counted, share * float(counted[-1]) - _ROUNDING)])
