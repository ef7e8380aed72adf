"""Requests and tokens of a day, from counters and from rates.

A counter's day is the sum of its increases from sample to sample, where a value below the one before is a restart
from zero; the first sample a series ever has is only a beginning. A rate's day is each sample times the step. Hours
without samples add nothing, so `coverage` (moments with a sample, of those expected) tells how much was seen.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pyarrow as pa

from pipelines.sources.cockpit.account import DataSource
from pipelines.sources.cockpit.catalogue import MEASURES, RequestCount
from pipelines.sources.cockpit.prometheus import PrometheusClient
from pipelines.sources.cockpit.series import Labels, Samples
from pipelines.sources.cockpit.tables import REQUESTS_DAILY
from pipelines.sources.cockpit.windows import DAY, MILLISECOND, milliseconds

# how far back to look for the sample before the first of a day
BASELINE_STEPS = 5
# a day with this share of its samples counts as complete
ENOUGH = 0.99

_Key = tuple[str | None, ...]
_KEYS = ("service_type", "resource_id", "resource_name", "project_id", "region", "route", "tenant")


@dataclass
class _Row:
    """What is known of one thing on one day."""

    counted: dict[str, float]
    coverage: float
    sources: list[str]


def increases(samples: Samples, since: datetime) -> pl.DataFrame:
    """`series`, `at`, `value`: by how much each counter grew until each of its samples from `since` on."""
    before = pl.col("value").shift(1).over("series")
    grown = pl.when(pl.col("value") >= before).then(pl.col("value") - before).otherwise(pl.col("value"))
    return samples.frame.with_columns(value=pl.when(before.is_null()).then(None).otherwise(grown)).filter(
        pl.col("at") >= milliseconds(since)
    )


def requests_daily(
    client: PrometheusClient,
    source: DataSource,
    counts: Iterable[RequestCount],
    since: date,
    until: date,
    now: datetime,
    found_as: Mapping[str, str] | None = None,
) -> pa.Table:
    """Each service and resource on each day of [since, until); entries of the same service share a row.

    `found_as` is the name of an entry's metric here. A day that `now` has not passed is measured up to then.
    """
    names, entries = found_as or {}, tuple(counts)
    rows: list[dict[str, Any]] = []
    for day in (since + timedelta(days=n) for n in range((until - since).days)):
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        end = min(start + DAY, now)
        if end <= start:
            break
        found: dict[_Key, _Row] = {}
        for entry in entries:
            _add(found, entry, *_counted(client, entry, start, end, names.get(entry.key)), source, end - start)
        rows += [_spelled(source, key, row, day, end == start + DAY) for key, row in found.items()]
    return pa.Table.from_pylist(rows, schema=REQUESTS_DAILY)


def _counted(
    client: PrometheusClient, entry: RequestCount, start: datetime, end: datetime, found_as: str | None
) -> tuple[tuple[Labels, ...], pl.DataFrame]:
    """Labels of the series, and what each sample of the day adds."""
    step = entry.sampled
    is_counter = entry.reading == "counter"
    first = start - step * BASELINE_STEPS if is_counter else start
    samples = client.query_range(entry.query(found_as), first, end, step, step - MILLISECOND)
    if is_counter:
        return samples.labels, increases(samples, start)
    return samples.labels, samples.frame.with_columns(value=pl.col("value") * entry.step)


def _add(
    found: dict[_Key, _Row],
    entry: RequestCount,
    labels: tuple[Labels, ...],
    added: pl.DataFrame,
    source: DataSource,
    span: timedelta,
) -> None:
    groups: dict[tuple[_Key, str], list[int]] = {}
    for number, each in enumerate(labels):
        measure = entry.measure_of(each)
        if measure is not None:
            groups.setdefault((_key(entry, each, source), measure), []).append(number)
    expected = max(span // entry.sampled, 1)
    for (key, measure), series in groups.items():
        part = added.filter(pl.col("series").is_in(series))
        if part.is_empty():
            continue
        coverage = min(part["at"].n_unique() / expected, 1.0)
        row = found.setdefault(key, _Row({}, 1.0, []))
        if part["value"].count():
            row.counted[measure] = row.counted.get(measure, 0.0) + float(part["value"].sum())
        row.coverage = min(row.coverage, coverage)
        row.sources += [entry.name] if entry.name not in row.sources else []


def _key(entry: RequestCount, labels: Labels, source: DataSource) -> _Key:
    return (
        entry.service_type,
        labels.get(entry.resource_id),
        labels.get(entry.resource_name),
        labels.get("project_id") or source.project_id,
        labels.get("region") or source.region,
        labels.get(entry.route),
        labels.get(entry.tenant),
    )


def _spelled(source: DataSource, key: _Key, row: _Row, day: date, is_over: bool) -> dict[str, Any]:
    return {
        "data_source_id": source.id,
        **dict(zip(_KEYS, key, strict=True)),
        "day": day,
        **{measure: row.counted.get(measure) for measure in MEASURES},
        "source": ", ".join(row.sources),
        "coverage": row.coverage,
        "is_complete": is_over and row.coverage >= ENOUGH,
        "usage_month": f"{day:%Y-%m}",
    }
