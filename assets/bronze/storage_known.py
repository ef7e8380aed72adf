"""What the lake knows of Object Storage already, so that a day on which nothing changed stores nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa

from assets.tables import TABLES
from pipelines.lake.engine import Catalog
from pipelines.lake.measurements import READING_HASH, Measurement
from pipelines.lake.sql_models import Layered
from pipelines.lake.store import Lake

BUCKETS, LISTINGS, HISTOGRAMS, UPLOADS = (
    f"storage.{name}" for name in ("buckets", "listings", "histograms", "uploads")
)
"""Sources of measurements; each has the bronze table of its name."""

_OF_THE_DAY = (READING_HASH, "usage_month", "as_of")
_OBJECTS_METRIC = "bucket_objects"


@dataclass(frozen=True)
class Newest:
    """The newest line of a source and place, and when it was last read to the end."""

    is_gap: bool
    note: str
    read_on: date | None
    read_at: datetime | None


class Known:
    """The lake as it was before this run."""

    def __init__(self, lake: Lake) -> None:
        self._catalog = Catalog(lake, Layered({}), TABLES)
        self._lines = self._newest_lines()
        self._buckets = self._newest_buckets()

    def is_news(self, measurement: Measurement) -> bool:
        """Whether it says something else than the newest line of its place, of whatever day.

        Buckets stay as they are until a later line tells otherwise; so does a gap.
        """
        newest = self._lines.get((measurement.source, measurement.place))
        if newest is None:
            return True
        if measurement.rows is None:
            return not newest.is_gap or newest.note != measurement.note
        if measurement.source != BUCKETS or newest.is_gap:
            return True
        return _told(measurement.rows) != self._buckets.get(measurement.place, [])

    def is_due(self, source: str, place: str, created_at: datetime | None, today: date, days: int) -> bool:
        """Whether it is `days` since it was read, if it ever was; one made anew under its old name was not."""
        newest = self._lines.get((source, place))
        if newest is None or newest.read_on is None or newest.read_at is None:
            return True
        if created_at is not None and created_at > newest.read_at:
            return True
        return (today - newest.read_on).days >= days

    def expected_objects(self, today: date) -> dict[str, int]:
        """Objects by bucket as its metrics told last, this month or in the one before."""
        months = sorted({f"{day:%Y-%m}" for day in (today, today.replace(day=1) - timedelta(days=1))})
        rows = self._catalog.query(
            "select resource_id as bucket, arg_max(max, hour) as objects from bronze.usage_hourly "
            f"where metric = '{_OBJECTS_METRIC}' and usage_month in ('{months[0]}', '{months[1]}') "
            "and resource_id is not null and isfinite(max) group by resource_id"
        )
        return {row["bucket"]: round(row["objects"]) for row in rows.to_pylist()}

    def _newest_lines(self) -> Mapping[tuple[str, str], Newest]:
        rows = self._catalog.query(
            """
            select
                source,
                place,
                arg_max(reading_hash is null, row(day, asked_at)) as is_gap,
                arg_max(note, row(day, asked_at)) as note,
                max(day) filter (where reading_hash is not null and is_final) as read_on,
                max(asked_at) filter (where reading_hash is not null and is_final) as read_at
            from bronze.measurements
            where source like 'storage.%'
            group by source, place
            """
        )
        return {
            (row["source"], row["place"]): Newest(row["is_gap"], row["note"], row["read_on"], row["read_at"])
            for row in rows.to_pylist()
        }

    def _newest_buckets(self) -> Mapping[str, list[dict[str, Any]]]:
        rows = self._catalog.query(
            f"""
            with newest as (
                select place, arg_max(reading_hash, row(day, asked_at)) as reading_hash
                from bronze.measurements
                where source = '{BUCKETS}' and reading_hash is not null
                group by place
            )
            select newest.place, buckets.*
            from newest
            inner join bronze.storage_buckets as buckets on newest.reading_hash = buckets.reading_hash
            """
        )
        places: dict[str, list[int]] = {}
        for position, place in enumerate(rows["place"].to_pylist()):
            places.setdefault(place, []).append(position)
        return {place: _told(rows.drop_columns("place").take(found)) for place, found in places.items()}


def _told(buckets: pa.Table) -> list[dict[str, Any]]:
    """What a snapshot says, apart from its day."""
    names = [name for name in buckets.column_names if name not in _OF_THE_DAY]
    return sorted(buckets.select(names).to_pylist(), key=lambda row: str(row["bucket"]))
