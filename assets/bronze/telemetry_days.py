"""Which days of a place are asked for: complete ones that are not known yet, as far back as they are kept there."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

from pipelines.lake.measurements import Known, measured_days
from pipelines.lake.store import Lake
from pipelines.sources.cockpit.account import DataSource

ONE = timedelta(days=1)
SETTLED_AFTER = timedelta(hours=1)
"""A day asked for so long after its end can change no more."""

ASKED_AGAIN_FOR = timedelta(days=7)
"""Days that were read while something did not answer are read again so long."""

LOOKED_BACK = timedelta(days=35)
"""Days are read from the oldest on. So where the day at this edge is settled, those before it were all dealt with, and
a daily run needs to look at no more of the history than this."""


def midnight(day: date) -> datetime:
    """When a UTC day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def is_settled(day: date, now: datetime) -> bool:
    """Whether what is asked now of a day is its final word."""
    return now - midnight(day) >= ONE + SETTLED_AFTER


def first_kept(source: DataSource, history_days: int, now: datetime) -> date:
    """The first day that is wholly kept at a data source and belongs to the history. The day a data source was made
    on is the first that it can hold."""
    first = now.date() - timedelta(days=history_days)
    if source.retention_days is not None:
        oldest = now - timedelta(days=source.retention_days)
        first = max(first, oldest.date() + (ONE if oldest > midnight(oldest.date()) else timedelta(0)))
    return first if source.created_at is None else max(first, source.created_at.astimezone(UTC).date())


def stretches(days: Iterable[date], longest: int) -> Iterator[list[date]]:
    """Days in runs without a hole, none of more than `longest` days."""
    stretch: list[date] = []
    for day in days:
        if stretch and (len(stretch) >= longest or day != stretch[-1] + ONE):
            yield stretch
            stretch = []
        stretch.append(day)
    if stretch:
        yield stretch


@dataclass(frozen=True)
class Calendar:
    """What the lake knows of one source, and what is to be asked."""

    lake: Lake
    source: str
    now: datetime

    @property
    def today(self) -> date:
        """The day that still runs, and is never asked for."""
        return self.now.date()

    def wanted(self, place: str, first: date) -> list[date]:
        """Complete days from `first` on that are not known yet, the oldest first."""
        edge = self.today - LOOKED_BACK
        known = self._recent.get(place, {})
        if first < edge and not (edge in known and known[edge].is_final):
            known = self._all.get(place, {})
        else:
            first = max(first, edge)
        days = (first + ONE * number for number in range((self.today - first).days))
        return [day for day in days if not self._is_done(day, known.get(day))]

    def is_known(self, place: str, day: date) -> bool:
        """Whether there is a reading of a day."""
        known = self._recent.get(place, {}).get(day)
        return known is not None and known.reading_hash is not None

    def _is_done(self, day: date, known: Known | None) -> bool:
        if known is None or known.reading_hash is None:
            return False
        return known.is_final or self.today - day > ASKED_AGAIN_FOR

    @cached_property
    def _recent(self) -> Mapping[str, Mapping[date, Known]]:
        return measured_days(self.lake, self.source, self.today - LOOKED_BACK)

    @cached_property
    def _all(self) -> Mapping[str, Mapping[date, Known]]:
        return measured_days(self.lake, self.source, date.min.replace(year=1970))
