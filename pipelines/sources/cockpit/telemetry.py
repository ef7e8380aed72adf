"""How much telemetry a data source takes in per day: samples by origin and by metric name, logs by service and level.

Each way of measuring has its own `source`; they overlap and are never added up. Whatever was not measured is null.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pyarrow as pa
import structlog

from pipelines.sources.cockpit.account import DataSource
from pipelines.sources.cockpit.api import NotServed, QueryRefused
from pipelines.sources.cockpit.catalogue import TelemetryNames
from pipelines.sources.cockpit.counting import BASELINE_STEPS, increases
from pipelines.sources.cockpit.loki import LokiClient
from pipelines.sources.cockpit.prometheus import PrometheusClient
from pipelines.sources.cockpit.promql import selector
from pipelines.sources.cockpit.tables import TELEMETRY_DAILY
from pipelines.sources.cockpit.windows import DAY, HOUR, MILLISECOND

MOST_NAMES = 50
_STEP = timedelta(minutes=1)

log = structlog.get_logger()


def samples_by_origin(
    client: PrometheusClient, source: DataSource, names: TelemetryNames, day: date, now: datetime
) -> pa.Table:
    """Samples that Cockpit counted on one day, Scaleway's own apart from custom ones, per data source."""
    start, end = _span(day, now)
    expression = f"last_over_time({names.ingested_samples}[{_STEP.seconds}s])"
    samples = client.query_range(expression, start - _STEP * BASELINE_STEPS, end, _STEP, _STEP - MILLISECOND)
    grown = increases(samples, start).group_by("series").agg(pl.col("value").sum(), pl.col("value").count().alias("n"))
    counted: dict[tuple[str, str], float] = {}
    for series, value, known in grown.iter_rows():
        if known:
            labels = samples.labels[series]
            origin = "scaleway" if labels.get(names.origin_label) == "true" else "custom"
            key = (labels.get("resource_id") or source.id, origin)
            counted[key] = counted.get(key, 0.0) + value
    rows = [
        {"data_source_id": identity, "origin": origin, "source": "ingested samples", "samples": value}
        | ({"retention_days": source.retention_days} if identity == source.id else {"retention_days": None})
        for (identity, origin), value in sorted(counted.items())
    ]
    return _table(source, day, now, rows)


def samples_by_name(
    client: PrometheusClient, source: DataSource, day: date, now: datetime, most: int = MOST_NAMES
) -> pa.Table:
    """The metrics with the most series at the end of the day, at most `most`, and the samples each has on it."""
    start, end = _span(day, now)
    largest = client.query(f'topk({most}, count by (__name__) ({{__name__!=""}}))', end - MILLISECOND)
    rows = []
    for found in sorted(largest, key=lambda each: (-each.value, each.labels["__name__"])):
        name = found.labels["__name__"]
        hours = client.query_range(f"sum(count_over_time({selector(name)}[1h]))", start, end, HOUR, HOUR - MILLISECOND)
        rows.append(
            {
                "metric_name": name,
                "source": "stored samples",
                "samples": hours.frame["value"].sum() if len(hours) else None,
                "active_series": int(found.value),
            }
        )
    return _table(source, day, now, rows)


def logs_by_service(
    client: LokiClient, source: DataSource, names: TelemetryNames, day: date, now: datetime
) -> pa.Table:
    """Bytes and lines of logs by service and level. Where a day is too much to count line by line, the server's index
    tells the bytes by service. No rows without a label that names the service."""
    start, end = _span(day, now)
    used = set(client.labels(start, end))
    service = next((label for label in names.service_labels if label in used), None)
    if service is None:
        log.warning("logs_without_service", data_source=source.id, labels=sorted(used)[:20])
        return TELEMETRY_DAILY.empty_table()
    try:
        rows = _counted_logs(client, service, names.level_labels, start, end)
    except QueryRefused as refused:
        try:
            volumes = client.volume(f'{{{service}=~".+"}}', start, end, [service])
        except NotServed:
            raise refused from None
        rows = [
            {"service_name": each.labels.get(service), "source": "log index", "bytes": each.value} for each in volumes
        ]
    return _table(source, day, now, rows)


def _counted_logs(
    client: LokiClient, service: str, levels: tuple[str, ...], start: datetime, end: datetime
) -> list[dict[str, Any]]:
    by = ", ".join((service, *levels))
    rows: dict[tuple[str | None, str | None], dict[str, Any]] = {}
    for measure, function in (("bytes", "bytes_over_time"), ("lines", "count_over_time")):
        expression = f'sum by ({by}) ({function}({{{service}=~".+"}}[1h]))'
        hours = client.query_range(expression, start, end, HOUR)
        for series, value in hours.frame.group_by("series").agg(pl.col("value").sum()).sort("series").iter_rows():
            labels = hours.labels[series]
            level = next((labels[name] for name in levels if labels.get(name)), None)
            key = (labels.get(service), level)
            row = rows.setdefault(key, {"service_name": key[0], "level": level, "source": "stored logs"})
            row[measure] = row.get(measure, 0.0) + value
    return list(rows.values())


def _span(day: date, now: datetime) -> tuple[datetime, datetime]:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return start, max(min(start + DAY, now), start + MILLISECOND)


def _table(source: DataSource, day: date, now: datetime, rows: list[dict[str, Any]]) -> pa.Table:
    shared: Mapping[str, Any] = {
        "data_source_id": source.id,
        "project_id": source.project_id,
        "region": source.region,
        "day": day,
        "signal": source.signal,
        "origin": source.origin,
        "retention_days": source.retention_days,
        "is_complete": now >= datetime(day.year, day.month, day.day, tzinfo=UTC) + DAY,
        "usage_month": f"{day:%Y-%m}",
    }
    return pa.Table.from_pylist([{**shared, **row} for row in rows], schema=TELEMETRY_DAILY)
