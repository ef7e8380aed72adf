"""Bronze assets of what is measured by the day: metrics, telemetry, requests, clusters, storage."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import dagster as dg

from assets.bronze import storage, telemetry
from assets.bronze.reading_measured import Measured
from assets.bronze.sources import POOL
from assets.descriptions import Readers, described
from assets.outside import answered_by
from assets.resources import ClockResource, LakeResource, ScalewayResource
from assets.tables import TABLES
from pipelines.lake.store import Lake
from pipelines.settings import Settings, load_settings
from pipelines.sources.transport import Scaleway

Reader = Callable[[Lake, Scaleway, Settings, datetime], Mapping[str, Measured]]


@dataclass(frozen=True)
class Subject:
    """Tables that one reader fills. `kinds` are Dagster's, `after` bronze assets that must be read before."""

    tables: Sequence[str]
    read: Reader
    kinds: frozenset[str]
    after: Sequence[str] = field(default_factory=tuple)


SUBJECTS: Mapping[str, Subject] = {
    "usage": Subject(
        ("usage_hourly", "metric_findings"), telemetry.read_usage, frozenset({"prometheus", "deltalake"}), ("projects",)
    ),
    "requests": Subject(
        ("requests_daily",), telemetry.read_requests, frozenset({"prometheus", "deltalake"}), ("projects",)
    ),
    "telemetry": Subject(
        ("telemetry_daily",), telemetry.read_telemetry, frozenset({"prometheus", "deltalake"}), ("projects",)
    ),
    "clusters": Subject(("cluster_allocations",), telemetry.read_allocations, frozenset({"kubernetes", "deltalake"})),
    "storage": Subject(
        ("storage_buckets", "storage_listings", "storage_histograms", "storage_uploads"),
        storage.read_storage,
        frozenset({"s3", "deltalake"}),
        ("projects",),
    ),
}


def measured_assets(readers: Readers) -> list[dg.AssetsDefinition]:
    """One step for each subject; it makes one asset a table."""
    return [_measured(name, subject, readers) for name, subject in SUBJECTS.items()]


def _measured(name: str, subject: Subject, readers: Readers) -> dg.AssetsDefinition:
    specs = [
        dg.AssetSpec(
            key=["bronze", table],
            description=described(
                TABLES[f"bronze.{table}"].description,
                grain="measured row, under the reading it came from",
                source=f"`{answered_by(table).to_user_string()}`, read only",
                kept="Append only; complete UTC days that are not known yet, as far back as they are kept there.",
                used_by=readers.get(f"bronze.{table}", ()),
            ),
            deps=[answered_by(table), *(["bronze", before] for before in subject.after)],
            kinds=set(subject.kinds),
            owners=["team:platform"],
            group_name="bronze",
        )
        for table in subject.tables
    ]

    @dg.multi_asset(name=f"bronze__{name}", specs=specs, pool=POOL)
    def measure(
        scaleway: ScalewayResource, lake: LakeResource, clock: ClockResource
    ) -> Iterator[dg.MaterializeResult[Any]]:
        opened, started = lake.open(), time.perf_counter()
        results = subject.read(opened, scaleway.open(), load_settings(), clock.read())
        seconds = round(time.perf_counter() - started, 3)
        for table in subject.tables:
            yield dg.MaterializeResult(
                asset_key=["bronze", table], metadata=_told(table, opened, results[table], seconds)
            )

    return measure


def _told(table: str, lake: Lake, result: Measured, seconds: float) -> dict[str, Any]:
    """What a person reads first, then what debugs a quota."""
    full = f"bronze.{table}"
    told: dict[str, Any] = {
        "new_rows": result.kept.rows,
        "new_answers": result.kept.new,
        "answers_asked": result.kept.asked,
        "calls": result.calls,
        "seconds": seconds,
        "dagster/table_name": full,
        "dagster/uri": lake.uri(full),
        "dagster/column_schema": dg.TableSchema(
            [dg.TableColumn(column.name, str(column.type)) for column in TABLES[full].schema]
        ),
    }
    if result.days:
        told["days_read"] = f"{min(result.days)} to {max(result.days)}"
    if result.missing:
        told["missing"] = dg.MetadataValue.json(list(result.missing))
    return told
