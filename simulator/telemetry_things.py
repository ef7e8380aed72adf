"""The things that are measured: when each is there, and how its load goes up and down."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from simulator.instants import DAY, seconds
from simulator.loads import hours_on
from simulator.resources import Resource
from simulator.telemetry_calendar import KINDS_OF_DAY, SHAPES, Calendar, Days
from simulator.telemetry_noise import Bits, Flags, Floats, Whole, derived, uniform
from simulator.telemetry_shapes import KNOTS, Levels, Reference, activity, expected, mapped, reference

REFERENCE_DAYS = 35
_MEMBERS_DIFFER = 0.08
_QUIET = 0.03  # of what is used while somebody uses it
_ALWAYS = (0, DAY)
_NEVER = (0, 0)
MOST_ON_AVERAGE = 0.985


@dataclass(frozen=True)
class Things:
    """Resources of one kind, in rows. `on` is the part of each day a schedule has them on, in seconds of the day."""

    calendar: Calendar
    scrape: int
    resources: tuple[Resource, ...]
    seeds: Bits
    offsets: Whole
    schedules: Whole
    on: Whole

    @staticmethod
    def of(calendar: Calendar, scrape: int, resources: Sequence[Resource], seeds: Sequence[int]) -> "Things":
        """Each takes its samples at a moment of its own."""
        known: dict[object, int] = {}
        tables: list[list[tuple[int, int]]] = []
        rows = []
        for resource in resources:
            key = (resource.group.name, resource.kind)
            if key not in known:
                known[key] = len(tables)
                tables.append(_schedule(calendar, resource))
            rows.append(known[key])
        bits = np.array(seeds, dtype=np.uint64)
        return Things(
            calendar,
            scrape,
            tuple(resources),
            bits,
            (1 + bits % np.uint64(max(scrape - 1, 1))).astype(np.int64),
            np.array(rows, dtype=np.int64),
            np.array(tables, dtype=np.int64).reshape(len(tables), calendar.size, 2),
        )

    def __len__(self) -> int:
        return len(self.resources)

    @cached_property
    def starts(self) -> Whole:
        """When each begins; what is older than history begins a little before it."""
        born = np.array([resource.start for resource in self.resources], dtype=np.int64)
        return np.maximum(born, self.calendar.start)

    @cached_property
    def ends(self) -> Whole:
        return np.array([resource.end for resource in self.resources], dtype=np.int64)

    def hours(self, rows: Whole, span: slice) -> tuple[Whole, Whole]:
        """From when to when each is there on each day, as instants."""
        midnights = self.calendar.midnights[span]
        table = self.on[self.schedules[rows], span]
        first = np.maximum(midnights + table[:, :, 0], self.starts[rows, None])
        last = np.minimum(midnights + table[:, :, 1], self.ends[rows, None])
        return first, np.maximum(last, first)

    def counts(self, rows: Whole, span: slice, since: int | None = None, until: int | None = None) -> Whole:
        """How many samples each has on each day, of those in [since, until)."""
        first, last = self.hours(rows, span)
        if since is not None:
            first = np.maximum(first, since)
        if until is not None:
            last = np.minimum(last, until)
        offsets = self.offsets[rows, None]
        found: Whole = -((offsets - last) // self.scrape) + ((offsets - first) // self.scrape)
        return np.maximum(found, 0)

    def present(self, rows: Whole, days: Days) -> Flags | None:
        """Whether there is a sample at each number; None where there always is."""
        if self.are_always_there(rows, days):
            return None
        first, last = self.hours(rows, days.span)
        at = (days.numbers * self.scrape).reshape(days.count, days.per_day)[None] + self.offsets[rows, None, None]
        found: Flags = (at >= first[:, :, None]) & (at < last[:, :, None])
        return found.reshape(len(rows), days.size)

    def are_always_there(self, rows: Whole, days: Days) -> bool:
        midnights = self.calendar.midnights
        start, end = midnights[days.first], midnights[days.last - 1] + DAY
        if (self.starts[rows] > start).any() or (self.ends[rows] < end).any():
            return False
        table = self.on[np.unique(self.schedules[rows]), days.span]
        return bool((table[:, :, 0] == 0).all() and (table[:, :, 1] == DAY).all())

    @cached_property
    def runs(self) -> Flags:
        """Whether a run begins on a day: a day on which a thing is there and that does not go on from the day before.

        A counter begins anew with each run.
        """
        first, last = self.hours(np.arange(len(self)), slice(0, self.calendar.size))
        goes_on = np.zeros(first.shape, dtype=bool)
        goes_on[:, 1:] = (first[:, 1:] == last[:, :-1]) & (last[:, :-1] > first[:, :-1])
        found: Flags = (last > first) & ~goes_on
        return found

    def is_on(self, row: int, days: Days) -> Flags:
        """Whether a thing's schedule has it on, at each number."""
        table = self.on[self.schedules[row], days.span]
        moments = days.seconds_of_day[None, :]
        found: Flags = (moments >= table[:, :1]) & (moments < table[:, 1:])
        return found.reshape(1, days.size)


def _schedule(calendar: Calendar, resource: Resource) -> list[tuple[int, int]]:
    """The part of each day a machine is on: by its load, and by the states it was put in."""
    is_machine = resource.kind == "instance"
    changes = sorted((seconds(change.at), change.state == "running") for change in resource.group.states)
    found = []
    for midnight in (int(day) for day in calendar.midnights):
        on = hours_on(resource.load, midnight) if is_machine else (midnight, midnight + DAY)
        first, last = on or (midnight, midnight)
        state = True
        for moment, runs in changes if is_machine else ():
            if moment <= first:
                state = runs
            elif moment < last and not runs:
                last = moment
            elif moment < last and not state:
                first, state = moment, True
        found.append((first - midnight, last - midnight) if state and first < last else _NEVER)
    return found


@dataclass(frozen=True)
class Signal:
    """One quantity of all things of a kind, as a share of what each has: never more than 1."""

    things: Things
    seeds: Bits
    shapes: Whole
    points: Floats
    levels: Floats
    means: Floats
    factors: Floats
    quiet_from: Whole

    def values(self, rows: Whole, days: Days) -> Floats:
        """At each sample of each row, whether the thing is there or not."""
        shapes = self.shapes[rows]
        found = mapped(
            activity(self.seeds[rows], shapes, self.things.calendar.kinds[shapes, days.span], days),
            self.points[rows],
            self.levels[rows],
        )
        found *= np.repeat(self.factors[rows, days.span], days.per_day, axis=1)
        quiet = self.quiet_from[rows]
        if (quiet < self.things.calendar.midnights[days.last - 1] + DAY).any():
            at = days.numbers * days.scrape
            found[at[None, :] >= quiet[:, None]] *= _QUIET
        np.minimum(found, 1.0, out=found)
        return found

    @cached_property
    def daily(self) -> Floats:
        """What to expect on average on each day, while the thing is there."""
        rows = np.arange(len(self.things))
        span = slice(0, self.things.calendar.size)
        found = np.take_along_axis(self.means, self.things.calendar.kinds[self.shapes], axis=1) * self.factors
        first, last = self.things.hours(rows, span)
        busy = np.clip(self.quiet_from[:, None] - first, 0, last - first)
        share = np.where(last > first, busy / np.maximum(last - first, 1), 1.0)
        found *= share + _QUIET * (1 - share)
        return np.minimum(found, MOST_ON_AVERAGE)


class Signals:
    """Makes signals; what depends on a shape and a schedule alone is worked out once."""

    def __init__(self, calendar: Calendar, scrape: int) -> None:
        first = calendar.day_of(calendar.today) - REFERENCE_DAYS
        self._days = Days(calendar, max(first, 0), max(calendar.day_of(calendar.today), 1), scrape)
        self._known: dict[tuple[str, bytes], Reference] = {}

    def signal(
        self,
        things: Things,
        purpose: int,
        shapes: Sequence[str],
        levels: Sequence[Levels],
        growth: Sequence[float],
        stays: bool = False,
    ) -> Signal:
        """One quantity, a share of something; shapes, levels and growth are given by thing. Members of a group differ
        a little. One that `stays` does not care whether anybody uses the thing."""
        seeds = derived(things.seeds, 100 + purpose)
        scale = 1 + _MEMBERS_DIFFER * (2 * uniform(derived(seeds, 7), np.zeros(1, dtype=np.int64)) - 1)
        values = np.array([each.values for each in levels], dtype=np.float64).reshape(len(things), KNOTS) * scale
        np.minimum(values, 1.0, out=values)
        found = [self._reference_of(things, row, shape) for row, shape in enumerate(shapes)]
        calendar = things.calendar
        factors = {key: calendar.factors(*key) for key in set(zip(shapes, growth, strict=True))}
        quiet = [
            seconds(usage.quiet_from)
            if (usage := each.group.usage) and usage.quiet_from and not stays
            else calendar.end
            for each in things.resources
        ]
        return Signal(
            things,
            seeds,
            np.array([SHAPES.index(shape) for shape in shapes], dtype=np.int64),
            np.array([each.points for each in found]).reshape(len(things), KNOTS),
            values,
            expected(found, values) if found else np.empty((0, KINDS_OF_DAY)),
            np.array([factors[key] for key in zip(shapes, growth, strict=True)]).reshape(len(things), calendar.size),
            np.array(quiet, dtype=np.int64),
        )

    def _reference_of(self, things: Things, row: int, shape: str) -> Reference:
        on = things.on[things.schedules[row], self._days.span]
        key = (shape, on.tobytes())
        if key not in self._known:
            is_always = bool((on == _ALWAYS).all())
            self._known[key] = reference(shape, None if is_always else partial(things.is_on, row), self._days)
        return self._known[key]
