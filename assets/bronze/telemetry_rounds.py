"""One round over data sources: the days that are wanted of each, asked for a few places at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

import pyarrow as pa

from assets.bronze.reading_measured import Measured
from assets.bronze.telemetry_asking import Asking
from assets.bronze.telemetry_causes import Causes
from assets.bronze.telemetry_days import ONE, Calendar, first_kept, is_settled
from assets.bronze.telemetry_places import ASKERS, NOT_OPENED, Place
from pipelines.lake.measurements import Kept, Measurement
from pipelines.sources.asking import Counters

A = TypeVar("A")
B = TypeVar("B")


def in_turns(function: Callable[[A], B], items: Iterable[A], workers: int = ASKERS) -> Iterator[B]:
    """As `map`, a few at a time and never more than that ahead of whoever takes the results."""
    with ThreadPoolExecutor(workers, thread_name_prefix="cockpit") as pool:
        under_way: deque[Future[B]] = deque()
        for item in items:
            under_way.append(pool.submit(function, item))
            if len(under_way) >= workers:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


@dataclass
class Tally:
    """What one reader did, as it comes in."""

    causes: Causes = field(default_factory=lambda: Causes("Cockpit"))
    counters: list[Counters] = field(default_factory=list)
    days: set[date] = field(default_factory=set)

    def told(self, kept: Kept, also_missing: Sequence[str] = (), more_calls: int = 0) -> Measured:
        """The result for one table."""
        calls = more_calls + sum(each.calls for each in self.counters)
        return Measured(kept, (*also_missing, *self.causes.lines), sorted(self.days), calls)


@dataclass
class Visit:
    """One place in one round, and the days it is asked for."""

    asking: Asking
    days: list[date]

    @property
    def place(self) -> Place:
        """Where."""
        return self.asking.place


@dataclass
class Round:
    """Places that have days to be read of one source of measurements."""

    calendar: Calendar
    visits: list[Visit]
    tally: Tally

    @classmethod
    def over(cls, calendar: Calendar, places: Iterable[Place], history_days: int, tally: Tally) -> Round:
        """Places with the days of theirs that are not known yet."""
        visits = []
        for place in places:
            first = first_kept(place.source, history_days, calendar.now)
            if days := calendar.wanted(place.source.id, first):
                visits.append(Visit(Asking(place), days))
        return cls(calendar, visits, tally)

    def read(
        self,
        tasks: Iterable[tuple[Visit, Sequence[date]]],
        read: Callable[[Visit, Sequence[date]], Iterable[Measurement]],
    ) -> Iterator[Measurement]:
        """What the tasks come to, in their order; then a gap for each place that is closed."""

        def done(task: tuple[Visit, Sequence[date]]) -> list[Measurement]:
            visit, days = task
            found: list[Measurement] = []
            # what was read before a place died is kept
            visit.asking.all_of(lambda: found.extend(read(visit, days)))
            return found

        for measurements in in_turns(done, tasks):
            self.tally.days.update(measurement.day for measurement in measurements)
            yield from measurements
        yield from self._gaps()

    def reading(self, visit: Visit, day: date, rows: pa.Table, note: str = "") -> Measurement:
        """One day that was read; `note` says what is missing of it."""
        is_final = is_settled(day, self.calendar.now) and not visit.asking.is_unsettled
        return self._measurement(visit, day, rows, is_final, note)

    def gap(self, visit: Visit, day: date, note: str) -> Measurement:
        """One day that could not be read."""
        return self._measurement(visit, day, None, False, note)

    def _gaps(self) -> Iterator[Measurement]:
        newest = self.calendar.today - ONE
        for visit in self.visits:
            if not visit.asking.dead:
                for name, cause in visit.asking.failed.items():
                    self.tally.causes.add(f"{name} of {visit.place}", cause)
                continue
            if visit.asking.dead != NOT_OPENED:  # which is told for all data sources of a project at once
                self.tally.causes.add(str(visit.place), visit.asking.dead)
            if newest in visit.days:
                yield self.gap(visit, newest, visit.asking.dead)

    def _measurement(self, visit: Visit, day: date, rows: pa.Table | None, is_final: bool, note: str) -> Measurement:
        source, calendar = visit.place.source, self.calendar
        return Measurement(
            calendar.source, source.id, day, calendar.now, rows, is_final, source.project_id, source.region, note
        )
