"""Families: the series of one metric that are made in the same way, as a data source holds them."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol, TypeAlias

import numpy as np

from simulator.instants import DAY
from simulator.telemetry_calendar import Calendar, Days
from simulator.telemetry_noise import Bits, Flags, Floats, Whole, uniform
from simulator.telemetry_things import Things
from simulator.telemetry_values import Instances, Values

Kind: TypeAlias = Literal["gauge", "counter", "histogram"]
Labels: TypeAlias = Mapping[str, str]


class Family(Protocol):
    """What the evaluation of a query asks of the series of a metric."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> Kind: ...
    @property
    def about(self) -> str: ...
    @property
    def scrape(self) -> int: ...
    @property
    def calendar(self) -> Calendar: ...
    @property
    def size(self) -> int:
        """How many series it ever has."""

    @property
    def offsets(self) -> Whole:
        """Seconds from the moment of a sample's number to the sample, by series."""

    @property
    def labels(self) -> Sequence[Labels]:
        """Of each series, without the metric's name."""

    @property
    def same(self) -> Whole | None:
        """Equal for series with equal labels, of which one follows the other; None where there are none."""

    def block(self, series: Whole, days: Days, with_values: bool) -> tuple[Floats | None, Flags | None]:
        """Values and presence at every sample of the days; a presence of None means everywhere."""

    def seen(self, since: int, until: int) -> Flags:
        """Whether each series has a sample in [since, until)."""

    def samples_by_day(self) -> Whole:
        """Samples of all series on each day of the calendar."""


@dataclass(frozen=True)
class Slots:
    """Series of instances that only exist while so many run."""

    number: Whole
    lines: Whole
    running: Instances

    def present(self, series: Whole, days: Days) -> Flags:
        found: Flags = self.number[series, None] < self.running.at(self.lines[series], days)
        return found


@dataclass(frozen=True, eq=False)
class Metric:
    """Series of things that are measured."""

    name: str
    kind: Kind
    about: str
    things: Things
    member: Whole
    labels: tuple[Labels, ...]
    values: Values
    slots: Slots | None = None

    @property
    def scrape(self) -> int:
        return self.things.scrape

    @property
    def calendar(self) -> Calendar:
        return self.things.calendar

    @property
    def size(self) -> int:
        return len(self.labels)

    @cached_property
    def offsets(self) -> Whole:
        return self.things.offsets[self.member]

    @cached_property
    def same(self) -> Whole | None:
        lives = {(row.id, row.start) for row in self.things.resources}
        if len(lives) == len({identifier for identifier, _ in lives}):
            return None
        known: dict[Hashable, int] = {}
        numbers = [known.setdefault(frozenset(labels.items()), len(known)) for labels in self.labels]
        return np.array(numbers, dtype=np.int64) if len(known) < len(numbers) else None

    def block(self, series: Whole, days: Days, with_values: bool) -> tuple[Floats | None, Flags | None]:
        present = self.things.present(self.member[series], days)
        if self.slots is not None:
            running = self.slots.present(series, days)
            present = running if present is None else present & running
        return (self.values.at(series, days) if with_values else None), present

    def seen(self, since: int, until: int) -> Flags:
        span = slice(self.calendar.day_of(since), self.calendar.day_of(max(until - 1, since)) + 1)
        there = self.things.counts(np.arange(len(self.things)), span, since, until).sum(axis=1) > 0
        found: Flags = there[self.member]
        return found

    def samples_by_day(self) -> Whole:
        if self.slots is not None:
            return self._slotted_by_day()
        rows, count = np.unique(self.member, return_counts=True)
        found: Whole = count @ self.things.counts(rows, slice(0, self.calendar.size))
        return found

    def _slotted_by_day(self) -> Whole:
        """Instances repeat themselves week by week; days on which a thing comes or goes are counted one by one."""
        assert self.slots is not None
        per_day = DAY // self.scrape
        span = slice(0, self.calendar.size)
        whole = self.slots.running.in_a_day(self.slots.lines, self.slots.number)[:, self.calendar.weekdays]
        counts = self.things.counts(np.arange(len(self.things)), span)[self.member]
        found: Whole = np.where(counts == per_day, whole, 0).sum(axis=0)
        for day in np.flatnonzero(((counts > 0) & (counts < per_day)).any(axis=0)):
            days = Days(self.calendar, int(day), int(day) + 1, self.scrape)
            _, present = self.block(np.arange(self.size), days, with_values=False)
            found[day] = 0 if present is None else np.count_nonzero(present)
        return found


@dataclass(frozen=True, eq=False)
class Crowd:
    """Series that are only there to be many: nobody reads their values. `counts` says how many there are by day."""

    name: str
    kind: Kind
    about: str
    scrape: int
    calendar: Calendar
    offset: int
    seed: int
    counts: Whole
    label: str
    common: Labels
    instances: tuple[str, ...]

    @property
    def size(self) -> int:
        return int(self.counts.max(initial=0))

    @cached_property
    def offsets(self) -> Whole:
        return np.full(self.size, self.offset, dtype=np.int64)

    @property
    def labels(self) -> Sequence[Labels]:
        return _CrowdLabels(self)

    @property
    def same(self) -> Whole | None:
        return None

    def block(self, series: Whole, days: Days, with_values: bool) -> tuple[Floats | None, Flags | None]:
        present = np.repeat(series[:, None] < self.counts[days.span], days.per_day, axis=1)
        if not with_values:
            return None, present
        seeds: Bits = np.uint64(self.seed) + series.astype(np.uint64)
        level = np.floor(uniform(seeds, np.zeros(1, dtype=np.int64)) * 1_000)
        if self.kind == "counter":
            since = (days.numbers - self.calendar.start // self.scrape).astype(np.float64)
            return np.floor(level * since[None, :] / 10), present
        return np.repeat(level, days.size, axis=1), present

    def seen(self, since: int, until: int) -> Flags:
        first, last = self.calendar.day_of(since), self.calendar.day_of(max(until - 1, since))
        most = int(self.counts[first : last + 1].max(initial=0)) if until > since else 0
        return np.arange(self.size) < most

    def samples_by_day(self) -> Whole:
        found: Whole = self.counts * (DAY // self.scrape)
        return found

    def tally(self, low: Whole, high: Whole) -> tuple[Whole, Whole]:
        """How many series have a sample from one number to another, and how many samples there are."""
        first, per_day = self.calendar.start // self.scrape, DAY // self.scrape
        limit = self.calendar.size * per_day
        low, after = np.clip(low - first, 0, limit), np.clip(high + 1 - first, 0, limit)
        before = np.concatenate([[0], np.cumsum(self.counts * per_day)])
        counts = np.append(self.counts, 0)
        until, since = (before[n // per_day] + counts[n // per_day] * (n % per_day) for n in (after, low))
        is_some = after > low
        alive = np.array([
            int(counts[begin // per_day : (end - 1) // per_day + 1].max(initial=0)) if some else 0
            for begin, end, some in zip(low, after, is_some, strict=True)
        ], dtype=np.int64)  # fmt: skip
        return alive, np.where(is_some, until - since, 0)


@dataclass(frozen=True)
class _CrowdLabels(Sequence[Labels]):
    """Labels are written when they are asked for: there may be a hundred thousand."""

    crowd: Crowd

    def __len__(self) -> int:
        return self.crowd.size

    def __getitem__(self, position: int) -> Labels:  # type: ignore[override]
        if not 0 <= position < len(self):
            raise IndexError(position)
        crowd = self.crowd
        machine, number = position % len(crowd.instances), position // len(crowd.instances)
        return {**crowd.common, "instance": crowd.instances[machine], crowd.label: f"{number:04}"}

    def __iter__(self) -> Iterator[Labels]:
        return (self[position] for position in range(len(self)))
