"""What a series says at each of its samples."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from simulator.instants import DAY
from simulator.telemetry_calendar import Days
from simulator.telemetry_flows import BusyTime, Flow
from simulator.telemetry_noise import Floats, Whole
from simulator.telemetry_things import Signal, Things

_CENTI = 100.0
_GOLDEN = (5**0.5 - 1) / 2


class Values(Protocol):
    """Values of some of the series of a family: a row for each, a column for each sample of the days."""

    def at(self, series: Whole, days: Days) -> Floats: ...


@dataclass(frozen=True)
class Constant:
    amounts: Floats

    def at(self, series: Whole, days: Days) -> Floats:
        return np.repeat(self.amounts[series, None], days.size, axis=1)


@dataclass(frozen=True)
class Gauge:
    """`base` plus `factor` times a signal, to so many digits, and never less than `least`."""

    signal: Signal
    member: Whole
    factor: Floats
    base: Floats
    digits: int
    least: float = -np.inf

    def at(self, series: Whole, days: Days) -> Floats:
        rows, series_of = np.unique(self.member[series], return_inverse=True)
        signal = self.signal.values(rows, days)
        found: Floats = signal[series_of] if len(rows) < len(series) else signal
        found *= self.factor[series, None]
        found += self.base[series, None]
        if self.least > -np.inf:
            np.maximum(found, self.least, out=found)
        return np.round(found, self.digits, out=found)


@dataclass(frozen=True)
class Clock:
    """Processor seconds: `all_share` of every second and `busy_share` of the busy ones."""

    time: BusyTime
    member: Whole
    all_share: Floats
    busy_share: Floats

    def at(self, series: Whole, days: Days) -> Floats:
        rows, series_of = np.unique(self.member[series], return_inverse=True)
        total, busy = self.time.elapsed(rows, days)
        found = busy[series_of] * self.busy_share[series, None]
        if self.all_share[series].any():
            found += total[series_of] * self.all_share[series, None]
        found *= _CENTI
        np.floor(found, out=found)
        found /= _CENTI
        return found


@dataclass(frozen=True)
class Counter:
    """A part of a line of a flow."""

    flow: Flow
    lines: Whole
    share: Floats

    def at(self, series: Whole, days: Days) -> Floats:
        lines, series_of = np.unique(self.lines[series], return_inverse=True)
        counted = self.flow.counted(lines, days)
        found: Floats = counted[series_of] if len(lines) < len(series) else counted
        share = self.share[series]
        if (share != 1.0).any():
            found *= share[:, None]
            np.floor(found, out=found)
        return found


@dataclass(frozen=True)
class Dealt:
    """Those of a line's units that are of one kind. `table` holds, by kind, how many of the first so many units of a
    round are of it, so that no kind ever counts backwards and all of them add up to the line."""

    flow: Flow
    lines: Whole
    kinds: Whole
    table: Whole

    def at(self, series: Whole, days: Days) -> Floats:
        counted = self.flow.counted(self.lines[series], days).astype(np.int64)
        rounds, rest = np.divmod(counted, self.table.shape[1] - 1)
        kinds = self.kinds[series, None]
        found: Floats = (rounds * self.table[kinds, -1] + self.table[kinds, rest]).astype(np.float64)
        return found


def dealt_out(shares: Sequence[float], size: int = 1_000) -> Whole:
    """A round of so many units, well mixed: how many of the first n are of each kind."""
    drawn = (np.arange(size) * _GOLDEN) % 1
    kinds = np.searchsorted(np.cumsum(shares)[:-1], drawn, side="right")
    found = np.zeros((len(shares), size + 1), dtype=np.int64)
    found[:, 1:] = np.cumsum(kinds[None, :] == np.arange(len(shares))[:, None], axis=1)
    return found


@dataclass(frozen=True)
class Increase:
    """What a flow counted since the sample before, per `per` seconds."""

    flow: Flow
    lines: Whole
    per: float

    def at(self, series: Whole, days: Days) -> Floats:
        found = self.flow.steps(self.lines[series], days)
        return found if self.per == 1.0 else found / self.per


@dataclass(frozen=True)
class Split:
    """What a flow counted since the sample before, per `per` seconds, dealt out to the instances that run then."""

    flow: Flow
    lines: Whole
    number: Whole
    running: "Instances"
    per: float

    def at(self, series: Whole, days: Days) -> Floats:
        whole = self.flow.steps(self.lines[series], days)
        running = self.running.at(self.flow.owners[self.lines[series]], days)
        number = np.minimum(self.number[series, None], running)
        dealt: Floats = np.floor(np.minimum(number + 1, running) * whole / running) - np.floor(number * whole / running)
        dealt /= self.per
        return dealt


@dataclass(frozen=True)
class Instances:
    """How many instances of a container run: by the shape of its load alone, at least one, `most` at the peak."""

    things: Things
    curve: Floats
    most: Floats

    def at(self, series: Whole, days: Days) -> Floats:
        kinds = self.things.calendar.weekdays[days.span]
        level = self.curve[series][:, kinds].reshape(len(series), days.size)
        return self._number(level, self.most[series, None])

    def in_a_day(self, series: Whole, number: Whole) -> Whole:
        """How many samples the instance of each number has on each weekday."""
        running = self._number(self.curve[series], self.most[series, None, None])
        found: Whole = (number[:, None, None] < running).sum(axis=2)
        return found

    @staticmethod
    def _number(level: Floats, most: Floats) -> Floats:
        found: Floats = np.clip(np.ceil(level * most), 1.0, most)
        return found


@dataclass(frozen=True)
class ByDay:
    """One value for a whole day, or on the straight way from one midnight to the next."""

    table: Floats
    lines: Whole
    is_straight: bool = False
    digits: int = 0

    def at(self, series: Whole, days: Days) -> Floats:
        lines = self.lines[series]
        today = np.repeat(self.table[lines, days.span], days.per_day, axis=1)
        if not self.is_straight:
            return today
        after = np.append(np.arange(days.first + 1, days.last), min(days.last, self.table.shape[1] - 1))
        share = np.tile(days.seconds_of_day / DAY, days.count)
        found: Floats = today + (np.repeat(self.table[lines][:, after], days.per_day, axis=1) - today) * share
        return np.round(found, self.digits, out=found)


@dataclass(frozen=True)
class Headcount:
    """The weight of those machines of each group that are on."""

    machines: Things
    groups: tuple[Whole, ...]
    weights: Floats
    offsets: Whole

    def at(self, series: Whole, days: Days) -> Floats:
        found = np.zeros((len(series), days.size))
        for position, each in enumerate(series):
            rows = self.groups[each]
            first, last = self.machines.hours(rows, days.span)
            at = (days.numbers * days.scrape + self.offsets[each]).reshape(days.count, days.per_day)
            there = (at >= first[:, :, None]) & (at < last[:, :, None])
            found[position] = np.einsum("r,rds->ds", self.weights[rows], there).ravel()
        return found


@dataclass(frozen=True)
class Product:
    """One of several values times another, to so many digits."""

    factors: Sequence[Values]
    digits: int

    def at(self, series: Whole, days: Days) -> Floats:
        found = self.factors[0].at(series, days)
        for each in self.factors[1:]:
            found = found * each.at(series, days)
        return np.round(found, self.digits, out=found)
