"""Daily series with injected events: what each method finds, how soon, and what it reports besides."""

import warnings
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from benchmarks.anomaly_baselines import Baseline
from benchmarks.anomaly_hindsight import real_moves, stands_clear
from benchmarks.anomaly_injector import Copy, Injected
from benchmarks.anomaly_series import Daily, Flags, Floats
from pipelines.anomalies.daily import judge_days
from pipelines.anomalies.verdicts import DailyCaution

QUIET_DAYS = 4  # alarms closer together count as one, for every method
_AT_MONTH_EDGE = 1  # days
_LEARNING_DAYS = 30
ALONE = ("offsetting", "new service", "burst")
_COUNTS = (
    "false",
    "own",
    "own_unconfirmed",
    "alone",
    "unexplained",
    "at_sharpest",
    "years",
    "month_edge",
    "invoice_years",
)
SIZED = ("spike", "step", "ramp", "drop")

# alarms of one series, once for each threshold
Method = Callable[[Floats, Sequence[date]], list[Flags]]


@dataclass
class Tally:
    """What one method did on all copies and on the untouched series."""

    found: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    injected: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    delays: list[int] = field(default_factory=list)
    false: int = 0  # alarms that neither an event nor the untouched series explains
    own: int = 0  # alarms on copies that the untouched series raises as well
    own_unconfirmed: int = 0  # of these, those that hindsight does not confirm
    alone: int = 0  # alarms on the untouched series
    unexplained: int = 0  # of these, those that hindsight does not confirm
    at_sharpest: int = 0  # the same where a lasting move is confirmed around its sharpest day alone
    of_size: dict[float, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))  # found, injected
    clear: list[int] = field(default_factory=lambda: [0, 0])  # found, injected where it stands clear of the noise
    money: list[float] = field(default_factory=lambda: [0.0, 0.0])  # found, injected: the size of a day's move
    years: float = 0.0
    month_edge: int = 0
    invoice_years: float = 0.0

    def __add__(self, other: "Tally") -> "Tally":
        both = Tally()
        for each in (self, other):
            for name in _COUNTS:
                setattr(both, name, getattr(both, name) + getattr(each, name))
            both.delays += each.delays
            both.clear = [one + other for one, other in zip(both.clear, each.clear, strict=True)]
            both.money = [one + other for one, other in zip(both.money, each.money, strict=True)]
            for kind, count in each.injected.items():
                both.injected[kind] += count
                both.found[kind] += each.found[kind]
            for size, (found, injected) in each.of_size.items():
                both.of_size[size][0] += found
                both.of_size[size][1] += injected
        return both

    @property
    def recall(self) -> float:
        """Share of all injected events that were found in time."""
        return sum(self.found.values()) / max(1, sum(self.injected.values()))

    @property
    def precision(self) -> float:
        """Share of right ones among the alarms that the injection caused."""
        return sum(self.found.values()) / max(1, sum(self.found.values()) + self.false)

    @property
    def clear_recall(self) -> float:
        """The recall over events that are larger than the noise of their series."""
        return self.clear[0] / max(1, self.clear[1])

    @property
    def money_recall(self) -> float | None:
        """The recall weighted by the money that moved in a day; None where no series is money."""
        return self.money[0] / self.money[1] if self.money[1] else None

    @property
    def confirmed_precision(self) -> float:
        """The same when alarms that the untouched series raises count as false unless hindsight confirms them."""
        right = sum(self.found.values())
        return right / max(1, right + self.false + self.own_unconfirmed)

    @property
    def strict_precision(self) -> float:
        """The same when every alarm the untouched series raises anyway counts as false."""
        return sum(self.found.values()) / max(1, sum(self.found.values()) + self.false + self.own)


def f1(precision: float, recall: float) -> float:
    """The harmonic mean."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def detector(*cautions: DailyCaution) -> Method:
    """Ours, once for each caution."""
    return lambda values, days: [judge_days(values, days, each).is_anomaly[0] for each in cautions]


def thresholded(baseline: Baseline) -> Method:
    """A public method at each of its thresholds; alarms close together are one."""

    def alarms(values: Floats, _days: Sequence[date]) -> list[Flags]:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            score = baseline.score(values, 7)
        score[:_LEARNING_DAYS] = 0.0
        return [one_alarm_each(score >= each) for each in baseline.tried]

    return alarms


def one_alarm_each(unusual: Flags) -> Flags:
    """The unusual days before which nothing was unusual for some days."""
    days = np.flatnonzero(unusual)
    first = np.zeros_like(unusual)
    if len(days):
        first[days[np.concatenate(([True], np.diff(days) > QUIET_DAYS))]] = True
    return first


def tally(method: Method, series: Sequence[Daily], copied: dict[str, list[Copy]]) -> list[Tally]:
    """Run one method over all series and their copies; one tally for each threshold."""
    results: list[Tally] = []
    for each in series:
        alone = method(each.values, each.days)
        moved, sharpest = real_moves(each.values), real_moves(each.values, under_way=False)
        results = results or [Tally() for _ in alone]
        for result, flags in zip(results, alone, strict=True):
            result.years += each.years
            result.alone += int(flags.sum())
            result.unexplained += int((flags & ~moved).sum())
            result.at_sharpest += int((flags & ~sharpest).sum())
        for copy in copied[each.name]:
            found = method(copy.series.values, copy.series.days)
            for result, alarms, flags in zip(results, found, alone, strict=True):
                _add(result, each, copy, alarms, flags, moved)
    return results


def _add(result: Tally, untouched: Daily, copy: Copy, alarms: Flags, alone: Flags, moved: Flags) -> None:
    days = set(np.flatnonzero(alarms).tolist())
    if copy.invoices:
        edges = {day + off for day in copy.invoices for off in range(-_AT_MONTH_EDGE, _AT_MONTH_EDGE + 1)}
        unseen = {day for day in days & edges if not alone[max(0, day - 1) : day + 2].any()}
        result.month_edge += len(unseen)
        result.invoice_years += copy.series.years
        return
    for event in copy.events:
        _count(result, untouched, event, sorted(day for day in days if event.start <= day <= event.until), moved)
    if len(copy.events) == 1 and copy.events[0].kind in ALONE:
        return  # such a copy shows whether one event is found; what is raised besides is counted on the others
    for day in days - {day for day in days for event in copy.events if event.start <= day <= event.over}:
        if alone[max(0, day - 1) : day + 2].any():
            result.own += 1
            result.own_unconfirmed += not moved[day]
        else:
            result.false += 1


def _count(result: Tally, untouched: Daily, event: Injected, hits: Sequence[int], moved: Flags) -> None:
    result.injected[event.kind] += 1
    level = np.nanmedian(untouched.values[max(0, event.onset - 14) : event.onset + 1])
    if stands_clear(untouched.values, moved, event.onset, event.size):
        result.clear[0] += bool(hits)
        result.clear[1] += 1
    if untouched.is_money and np.isfinite(level):
        result.money[0] += bool(hits) * float(event.size * abs(level))
        result.money[1] += float(event.size * abs(level))
    if event.kind in SIZED:
        result.of_size[event.size][0] += bool(hits)
        result.of_size[event.size][1] += 1
    if hits:
        result.found[event.kind] += 1
        result.delays.append(max(0, hits[0] - event.onset))
