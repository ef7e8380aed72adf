"""Counters: whole numbers whose increase on each day is known exactly, and seconds of processor time."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from simulator.telemetry_calendar import Days
from simulator.telemetry_noise import Flags, Floats, Whole
from simulator.telemetry_things import Signal, Things


@dataclass(frozen=True)
class Flow:
    """Whole numbers that add up to the `totals` of each day, in lines that belong to things.

    The first sample of a run is only a beginning: whatever is counted on that day is counted in the later ones.
    """

    things: Things
    owners: Whole
    totals: Whole
    signal: Signal | None
    runs: Flags

    @staticmethod
    def of(
        things: Things, owners: Whole, totals: Whole, signal: Signal | None, restarts: Flags | None = None
    ) -> "Flow":
        """Counts nothing on days without samples to tell it. `restarts` are days on which a counter begins anew."""
        counts = things.counts(np.arange(len(things)), slice(0, things.calendar.size))
        runs = things.runs if restarts is None else things.runs | (restarts & (counts > 0))
        told = counts - runs > 0
        return Flow(things, owners, np.where(told[owners], totals, 0), signal, runs)

    def counted(self, lines: Whole, days: Days) -> Floats:
        """What each counter stands at, at each sample."""
        found = self._within(lines, days)
        found += self._before[lines, days.span, None]
        return found.reshape(len(lines), days.size)

    def steps(self, lines: Whole, days: Days) -> Floats:
        """By how much each counter grew until each sample."""
        found = np.diff(self._within(lines, days), axis=2, prepend=0.0)
        return found.reshape(len(lines), days.size)

    def _within(self, lines: Whole, days: Days) -> Floats:
        """What was counted since midnight."""
        rows, line_of = np.unique(self.owners[lines], return_inverse=True)
        weights = self._weights(rows, days)
        running = np.cumsum(weights, axis=2)
        running /= np.maximum(running[:, :, -1:], 1e-300)
        found: Floats = running[line_of] if len(rows) < len(lines) else running
        found *= self.totals[lines, days.span, None]
        np.floor(found, out=found)
        return found

    def _weights(self, rows: Whole, days: Days) -> Floats:
        """How what is counted on a day spreads over its samples."""
        shape = (len(rows), days.count, days.per_day)
        weights = np.ones(shape) if self.signal is None else self.signal.values(rows, days).reshape(shape)
        present = self.things.present(rows, days)
        if present is not None:
            weights *= present.reshape(shape)
        begins = self.runs[rows, days.span]
        if begins.any():
            first = np.zeros(begins.shape, dtype=np.int64)
            if present is not None:
                first = np.argmax(present.reshape(shape), axis=2)
            row, day = np.nonzero(begins)
            weights[row, day, first[row, day]] = 0.0
        return weights

    @cached_property
    def _before(self) -> Whole:
        """What was counted from the beginning of a run until each midnight."""
        before = np.cumsum(self.totals, axis=1) - self.totals
        start = np.maximum.accumulate(np.where(self.runs[self.owners], before, 0), axis=1)
        found: Whole = before - start
        return found


@dataclass(frozen=True)
class BusyTime:
    """Seconds since the beginning of a run, and those of them in which a thing was busy; its share is a signal."""

    signal: Signal

    def elapsed(self, rows: Whole, days: Days) -> tuple[Floats, Floats]:
        """Of each thing at each sample: all seconds, and the busy ones."""
        things, shape = self.signal.things, (len(rows), days.count, days.per_day)
        busy = self.signal.values(rows, days).reshape(shape)
        present = things.present(rows, days)
        there = np.ones(shape) if present is None else present.reshape(shape).astype(np.float64)
        busy *= there
        counts = np.maximum(self._counts[rows, days.span, None], 1)
        busy = _averaging(busy, there, self.signal.daily[rows, days.span, None], counts)
        total, used = np.cumsum(there, axis=2), np.cumsum(busy, axis=2)
        total += self._before[0][rows, days.span, None]
        used += self._before[1][rows, days.span, None]
        size = (len(rows), days.size)
        return total.reshape(size) * days.scrape, used.reshape(size) * days.scrape

    @cached_property
    def _counts(self) -> Whole:
        things = self.signal.things
        return things.counts(np.arange(len(things)), slice(0, things.calendar.size))

    @cached_property
    def _before(self) -> tuple[Floats, Floats]:
        """Samples, and busy ones, from the beginning of a run until each midnight."""
        counts = self._counts.astype(np.float64)
        return self._since_run(counts), self._since_run(counts * self.signal.daily)

    def _since_run(self, amounts: Floats) -> Floats:
        before = np.cumsum(amounts, axis=1) - amounts
        start = np.maximum.accumulate(np.where(self.signal.things.runs, before, 0.0), axis=1)
        found: Floats = before - start
        return found


def _averaging(shares: Floats, there: Floats, wanted: Floats, counts: Whole) -> Floats:
    """Shares moved a little so that those of each day have the wanted mean, and stay between 0 and 1: most in the
    middle, and where that is not enough, evenly towards 0 or 1."""
    missing = wanted - shares.sum(axis=2, keepdims=True) / counts
    room = shares * (1 - shares)
    bend = missing / np.maximum(room.sum(axis=2, keepdims=True) / counts, 1e-12)
    mean = wanted - missing
    evenly = np.where(
        missing <= 0,
        shares * (wanted / np.maximum(mean, 1e-12)),
        there - (there - shares) * ((1 - wanted) / np.maximum(1 - mean, 1e-12)),
    )
    found: Floats = np.where(np.abs(bend) <= 1, shares + bend * room, evenly)
    return found
