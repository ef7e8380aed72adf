"""Takes what was read of Object Storage, leaves out what is known, and stores the rest in batches."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

import pyarrow as pa

from assets.bronze.reading_measured import NOTHING, Measured
from assets.bronze.storage_gaps import Gaps
from assets.bronze.storage_known import BUCKETS, HISTOGRAMS, LISTINGS, UPLOADS, Known
from assets.bronze.storage_places import Place
from assets.tables import TABLES
from pipelines.lake.measurements import Kept, Measurement, keep
from pipelines.lake.store import Lake
from pipelines.lake.tables import PythonTable
from pipelines.sources.objects.checkpoints import Unstored

STORE_AFTER_REQUESTS = 1000
STORE_AFTER_ROWS = 200_000
"""What a killed run may have to list again, and what is gathered in memory."""

# a listing makes its bucket known, so what belongs to it is stored before
SOURCES = (BUCKETS, HISTOGRAMS, UPLOADS, LISTINGS)


@dataclass
class _Column:
    """One table of this run."""

    waiting: list[Measurement]
    kept: Kept = NOTHING
    calls: int = 0
    days: frozenset[date] = frozenset()


class Ledger:
    """What one run adds to the lake."""

    def __init__(self, lake: Lake, now: datetime, checkpoints: Unstored) -> None:
        self.known, self.gaps = Known(lake), Gaps()
        self._lake, self._now, self._checkpoints = lake, now, checkpoints
        self._columns = {source: _Column([]) for source in SOURCES}
        self._requests = self._rows = 0

    def found(self, source: str, place: Place, day: date, rows: pa.Table, bucket: str = "") -> None:
        """Rows of a day: all buckets of a place, or what lies in one of them."""
        self._take(self._measurement(source, place, bucket, day, rows))

    def refused(self, source: str, place: Place, gap: str, bucket: str = "") -> None:
        """What was asked for today and could not be had."""
        line = self._measurement(source, place, bucket, self._now.date(), None)
        self._take(replace(line, note=gap, is_final=False))
        self.missing(source, place, gap, bucket)

    def missing(self, source: str, place: Place, gap: str, bucket: str = "") -> None:
        """To be told, and not to be stored."""
        many = "buckets" if bucket else "projects and regions"
        self.gaps.add(source, many, bucket or str(place), place.region, gap)

    def count(self, source: str, calls: int) -> None:
        """Requests that went into a table; after many of them what was found is stored."""
        self._columns[source].calls += calls
        self._requests += calls
        if self._requests >= STORE_AFTER_REQUESTS or self._rows >= STORE_AFTER_ROWS:
            self.store()

    def store(self) -> None:
        """Write what waits; a listing that was interrupted before this goes on, one after it is known."""
        for source, column in self._columns.items():
            if column.waiting:
                column.kept = _sum(column.kept, keep(self._lake, _table(source), column.waiting))
                column.waiting = []
        self._checkpoints.stored()
        self._requests = self._rows = 0

    def told(self) -> Mapping[str, Measured]:
        """What came of the run, by table."""
        return {
            source.replace(".", "_"): Measured(column.kept, self.gaps.lines(source), column.days, column.calls)
            for source, column in self._columns.items()
        }

    def _take(self, measurement: Measurement) -> None:
        column = self._columns[measurement.source]
        column.days |= {measurement.day}
        if self.known.is_news(measurement):
            column.waiting.append(measurement)
            self._rows += 0 if measurement.rows is None else measurement.rows.num_rows
        else:
            column.kept = _sum(column.kept, Kept(1, 0, 0))

    def _measurement(self, source: str, place: Place, bucket: str, day: date, rows: pa.Table | None) -> Measurement:
        name = f"{place.name}/{bucket}" if bucket else place.name
        return Measurement(source, name, day, self._now, rows, project_id=place.project_id, region_id=place.region)


def nothing_read(missing: Iterable[str] = ()) -> Mapping[str, Measured]:
    """Of every table."""
    return {source.replace(".", "_"): Measured(missing=tuple(missing)) for source in SOURCES}


def _table(source: str) -> PythonTable:
    return TABLES[f"bronze.{source.replace('.', '_')}"]


def _sum(one: Kept, other: Kept) -> Kept:
    return Kept(one.asked + other.asked, one.new + other.new, one.rows + other.rows)
