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
from pipelines.sources.cockpit.windows import DAY, EPOCH, HOUR, MILLISECOND

MOST_NAMES = 50
_STEP = timedelta(minutes=1)

log = structlog.get_logger()


def samples_by_origin(
    client: PrometheusClient,
    source: DataSource,
    names: TelemetryNames,
    since: date,
    until: date,
    now: datetime,
    step: timedelta = _STEP,
) -> pa.Table:
    """Samples that Cockpit counted on each day of [since, until), Scaleway's own apart from custom ones, per data
    source."""
    start, end = _span(since, now)[0], _span(until - DAY, now)[1]
    expression = f"last_over_time({names.ingested_samples}[{step.total_seconds():.0f}s])"
    samples = client.query_range(expression, start - step * BASELINE_STEPS, end, step, step - MILLISECOND)
    grown = increases(samples, start, step).group_by("series", "day", maintain_order=True)
    counted: dict[tuple[date, str, str], float] = {}
    for series, milli, value, known in grown.agg(pl.col("value").sum(), known=pl.col("value").count()).iter_rows():
        if known:
            labels = samples.labels[series]
            origin = "scaleway" if labels.get(names.origin_label) == "true" else "custom"
            key = ((EPOCH + milli * MILLISECOND).date(), labels.get("resource_id") or source.id, origin)
            counted[key] = counted.get(key, 0.0) + value
    parts = [TELEMETRY_DAILY.empty_table()]
    for (day, identity, origin), value in sorted(counted.items()):
        row = {"data_source_id": identity, "origin": origin, "source": "ingested samples", "samples": value}
        kept = source.retention_days if identity == source.id else None
        parts.append(_table(source, day, now, [{**row, "retention_days": kept}]))
    return pa.concat_tables(parts)


def samples_by_name(
    client: PrometheusClient, source: DataSource, since: date, until: date, now: datetime, most: int = MOST_NAMES
) -> pa.Table:
    """Of each day of [since, until) the metrics with the most series at its end, at most `most`, and the samples each
    has on it."""
    largest = {day: _largest(client, _span(day, now)[1], most) for day in _days(since, until)}
    start, end = _span(since, now)[0], _span(until - DAY, now)[1]
    samples = {name: _samples(client, name, start, end) for name in sorted(set().union(*largest.values()))}
    parts = [TELEMETRY_DAILY.empty_table()]
    for day, series in largest.items():
        told = [
            {"metric_name": name, "source": "stored samples", "samples": samples[name].get(day), "active_series": count}
            for name, count in series.items()
        ]
        parts.append(_table(source, day, now, told))
    return pa.concat_tables(parts)


def logs_by_service(
    client: LokiClient, source: DataSource, names: TelemetryNames, since: date, until: date, now: datetime
) -> pa.Table:
    """Bytes and lines of logs by service and level on each day of [since, until). Where a single day is too much to
    count line by line, the server's index tells the bytes by service. No rows without a label that names the service.
    """
    start, end = _span(since, now)[0], _span(until - DAY, now)[1]
    used = set(client.labels(start, end))
    service = next((label for label in names.service_labels if label in used), None)
    if service is None:
        log.debug("logs_without_service", data_source=source.id, labels=sorted(used)[:20])
        return TELEMETRY_DAILY.empty_table()
    try:
        by_day = _counted_logs(client, service, names.level_labels, start, end)
    except QueryRefused as refused:
        if until - since > DAY:
            raise
        try:
            volumes = client.volume(f'{{{service}=~".+"}}', start, end, [service])
        except NotServed:
            raise refused from None
        rows = [
            {"service_name": each.labels.get(service), "source": "log index", "bytes": each.value} for each in volumes
        ]
        by_day = {since: rows}
    return pa.concat_tables([TELEMETRY_DAILY.empty_table(), *(_table(source, day, now, by_day[day]) for day in by_day)])


def _counted_logs(
    client: LokiClient, service: str, levels: tuple[str, ...], start: datetime, end: datetime
) -> dict[date, list[dict[str, Any]]]:
    by = ", ".join((service, *levels))
    rows: dict[tuple[date, str | None, str | None], dict[str, Any]] = {}
    for measure, function in (("bytes", "bytes_over_time"), ("lines", "count_over_time")):
        expression = f'sum by ({by}) ({function}({{{service}=~".+"}}[1h]))'
        hours = client.query_range(expression, start, end, HOUR)
        day = pl.from_epoch("at", time_unit="ms").dt.date().alias("day")
        days = hours.frame.group_by("series", day).agg(pl.col("value").sum()).sort("day", "series")
        for series, on, value in days.iter_rows():
            labels = hours.labels[series]
            level = next((labels[name] for name in levels if labels.get(name)), None)
            told = (labels.get(service), level)
            row = rows.setdefault((on, *told), {"service_name": told[0], "level": level, "source": "stored logs"})
            row[measure] = row.get(measure, 0.0) + value
    by_day: dict[date, list[dict[str, Any]]] = {}
    for (on, *_), row in rows.items():
        by_day.setdefault(on, []).append(row)
    return by_day


def _days(since: date, until: date) -> list[date]:
    return [since + DAY * number for number in range((until - since).days)]


def _largest(client: PrometheusClient, end: datetime, most: int) -> dict[str, int]:
    """Series by name, those with the most first."""
    found = client.query(f'topk({most}, count by (__name__) ({{__name__!=""}}))', end - MILLISECOND)
    ordered = sorted(found, key=lambda each: (-each.value, each.labels["__name__"]))
    return {each.labels["__name__"]: int(each.value) for each in ordered}


def _samples(client: PrometheusClient, name: str, start: datetime, end: datetime) -> dict[date, float]:
    """By day; none of a day without a sample."""
    hours = client.query_range(f"sum(count_over_time({selector(name)}[1h]))", start, end, HOUR, HOUR - MILLISECOND)
    day = pl.from_epoch("at", time_unit="ms").dt.date().alias("day")
    return dict(hours.frame.group_by(day).agg(pl.col("value").sum()).iter_rows())


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
