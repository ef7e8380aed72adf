"""The days of a world and the moments at which samples are taken."""

from dataclasses import dataclass
from functools import cached_property
from typing import get_args

import numpy as np

from simulator.instants import DAY, at, day_start, month_of
from simulator.telemetry_noise import Flags, Floats, Whole
from simulator.telemetry_scenario import ShapeName

SHAPES: tuple[str, ...] = get_args(ShapeName)
CLOSING_DAYS = 2
CLOSING = 7  # the kind of day after the seven weekdays: the last days of a month
KINDS_OF_DAY = 8
MONTH = 30.4375
# by how much a seasonal business goes up and down, January first
_SEASON = (0.90, 0.84, 0.88, 0.92, 0.95, 0.94, 0.88, 0.80, 0.96, 1.02, 1.22, 1.30)


@dataclass(frozen=True)
class Days:
    """Whole days of the calendar, from its `first` up to `last` (exclusive), and the samples on them.

    A sample has a number: of all moments since 1970 that are a multiple of `scrape` seconds, it belongs to the one
    before it, from which its series' own offset leads to it.
    """

    calendar: "Calendar"
    first: int
    last: int
    scrape: int

    @property
    def per_day(self) -> int:
        return DAY // self.scrape

    @property
    def count(self) -> int:
        return self.last - self.first

    @property
    def size(self) -> int:
        return self.count * self.per_day

    @property
    def start_number(self) -> int:
        return (self.calendar.start + self.first * DAY) // self.scrape

    @cached_property
    def numbers(self) -> Whole:
        return np.arange(self.start_number, self.start_number + self.size, dtype=np.int64)

    @cached_property
    def seconds_of_day(self) -> Whole:
        return np.arange(self.per_day, dtype=np.int64) * self.scrape

    @property
    def span(self) -> slice:
        return slice(self.first, self.last)


@dataclass(frozen=True)
class Calendar:
    """Every day from the one before history to the horizon, numbered from zero."""

    start: int
    end: int
    today: int

    @staticmethod
    def of(start: int, horizon: int, today: int) -> "Calendar":
        return Calendar(day_start(start) - DAY, day_start(horizon - 1) + DAY, today)

    @property
    def size(self) -> int:
        return (self.end - self.start) // DAY

    @cached_property
    def midnights(self) -> Whole:
        return self.start + DAY * np.arange(self.size, dtype=np.int64)

    @cached_property
    def weekdays(self) -> Whole:
        """0 is Monday."""
        return (self.midnights // DAY + 3) % 7

    @cached_property
    def closing(self) -> Flags:
        """The last days of each month."""
        ends = np.array([month_of(int(day)).end for day in self.midnights], dtype=np.int64)
        return self.midnights >= ends - CLOSING_DAYS * DAY

    @cached_property
    def season(self) -> Floats:
        """The factor of each day of a seasonal business, straight from mid-month to mid-month."""
        days = [at(int(day)) for day in self.midnights]
        months = np.array([day.month - 1 + (day.day - 15) / 30.5 for day in days])
        middle = np.arange(-1, 13)
        found: Floats = np.interp(months, middle, [_SEASON[m % 12] for m in middle])
        return found

    @cached_property
    def months_to_today(self) -> Floats:
        """Months from each day to the scenario's today; after it they are negative."""
        middays = self.midnights.astype(np.float64) + DAY / 2
        found: Floats = (self.today - middays) / (MONTH * DAY)
        return found

    @cached_property
    def kinds(self) -> Whole:
        """Which of the kinds of day each day is, by shape."""
        closing = np.where(self.closing, CLOSING, self.weekdays)
        return np.array([closing if shape == "month-end" else self.weekdays for shape in SHAPES])

    def factors(self, shape: str, growth: float) -> Floats:
        """By what each day's load differs from that of the scenario's today, apart from the shape of a week."""
        grown = np.power(1 + growth / 100, -self.months_to_today).astype(np.float64)
        if shape != "seasonal":
            return grown
        seasonal: Floats = grown * (self.season / self.season[self.day_of(self.today)])
        return seasonal

    def day_of(self, instant: int) -> int:
        """The number of the day an instant is in, held within the calendar."""
        return min(max((instant - self.start) // DAY, 0), self.size - 1)

    def days(self, first: int, last: int, scrape: int) -> Days:
        """Whole days that cover [first, last] seconds."""
        return Days(self, self.day_of(first), self.day_of(last) + 1, scrape)
