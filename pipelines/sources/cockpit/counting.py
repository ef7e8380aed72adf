"""Requests and tokens of a day, from counters and from rates.

A counter's day is the sum of its increases from sample to sample, where a value below the one before is a restart
from zero; the first sample a series ever has is only a beginning. A rate's day is each sample times the step. Hours
without samples add nothing, so `coverage` (moments with a sample, of those expected) tells how much was seen.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pyarrow as pa

from pipelines.sources.cockpit.account import DataSource
from pipelines.sources.cockpit.catalogue import MEASURES, RequestCount
from pipelines.sources.cockpit.prometheus import PrometheusClient
from pipelines.sources.cockpit.series import Labels, Samples
from pipelines.sources.cockpit.tables import REQUESTS_DAILY
from pipelines.sources.cockpit.windows import DAY, EPOCH, MILLISECOND, milliseconds

# how far back to look for the sample before the first of a day
BASELINE_STEPS = 5
# a day with this share of its samples counts as complete
ENOUGH = 0.99

_Key = tuple[str | None, ...]
_KEYS = ("service_type", "resource_id", "resource_name", "project_id", "region", "route", "tenant")
_DAY_MILLISECONDS = DAY // MILLISECOND


@dataclass
class _Row:
    """What is known of one thing on one day."""

    counted: dict[str, float] = field(default_factory=dict)
    coverage: float = 1.0
    is_over: bool = True
    sources: list[str] = field(default_factory=list)


def increases(samples: Samples, since: datetime, step: timedelta) -> pl.DataFrame:
    """`series`, `at`, `day`, `value`: by how much each counter grew until each of its samples from `since` on. Null for
    a sample with none before it, on its day or in the few steps before that day; so a day adds up to the same whether
    it is read alone or among others."""
    at, value = pl.col("at"), pl.col("value")
    is_same = pl.col("series") == pl.col("series").shift(1)
    is_near = at.shift(1) >= pl.col("day") - BASELINE_STEPS * (step // MILLISECOND)
    grown = pl.when(value >= value.shift(1)).then(value - value.shift(1)).otherwise(value)
    days = samples.frame.with_columns(day=at // _DAY_MILLISECONDS * _DAY_MILLISECONDS)
    return days.with_columns(value=pl.when(is_same & is_near).then(grown)).filter(at >= milliseconds(since))


@dataclass(frozen=True)
class Counted:
    """What one entry counted in a period: `added` is what each sample of each series adds to its day. The period ends
    when the last day is over, or before."""

    entry: RequestCount
    labels: tuple[Labels, ...]
    added: pl.DataFrame = field(repr=False)
    end: datetime


def counted(
    client: PrometheusClient, entry: RequestCount, since: date, until: date, now: datetime, found_as: str | None = None
) -> Counted:
    """One entry on the days of [since, until) as far as `now` has passed them, in one piece: the period bounds memory.
    `found_as` is the name of its metric here."""
    step, is_counter = entry.sampled, entry.reading == "counter"
    start, end = _midnight(since), min(_midnight(until), now)
    first = start - step * BASELINE_STEPS if is_counter else start
    samples = client.query_range(entry.query(found_as), first, end, step, step - MILLISECOND)
    if is_counter:
        return Counted(entry, samples.labels, increases(samples, start, step), end)
    day = pl.col("at") // _DAY_MILLISECONDS * _DAY_MILLISECONDS
    added = samples.frame.with_columns(value=pl.col("value") * entry.step, day=day)
    return Counted(entry, samples.labels, added, end)


def requests_table(source: DataSource, parts: Iterable[Counted]) -> pa.Table:
    """Each service and resource on each day of a period; entries of the same service share a row."""
    found: dict[tuple[date, _Key], _Row] = {}
    for part in parts:
        _add(found, part, source)
    rows = [_spelled(source, key, row, day) for (day, key), row in sorted(found.items(), key=lambda each: each[0][0])]
    return pa.Table.from_pylist(rows, schema=REQUESTS_DAILY)


def _add(found: dict[tuple[date, _Key], _Row], part: Counted, source: DataSource) -> None:
    entry = part.entry
    groups: dict[tuple[_Key, str], int] = {}
    of_series: list[int | None] = []
    for each in part.labels:
        measure = entry.measure_of(each)
        key = None if measure is None else (_key(entry, each, source), measure)
        of_series.append(None if key is None else groups.setdefault(key, len(groups)))
    grouped = (
        part.added.with_columns(group=pl.Series(of_series, dtype=pl.UInt32).gather(part.added["series"]))
        .filter(pl.col("group").is_not_null())
        .group_by("day", "group", maintain_order=True)
        .agg(pl.col("value").sum(), pl.col("value").count().alias("known"), pl.col("at").n_unique().alias("moments"))
    )
    keys = list(groups)
    for milli, group, value, known, moments in grouped.iter_rows():
        key, measure = keys[group]
        start = EPOCH + milli * MILLISECOND
        row = found.setdefault((start.date(), key), _Row())
        if known:
            row.counted[measure] = row.counted.get(measure, 0.0) + value
        expected = max((min(start + DAY, part.end) - start) // entry.sampled, 1)
        row.coverage = min(row.coverage, moments / expected)
        row.is_over = row.is_over and start + DAY <= part.end
        row.sources += [entry.name] if entry.name not in row.sources else []


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


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


def _spelled(source: DataSource, key: _Key, row: _Row, day: date) -> dict[str, Any]:
    return {
        "data_source_id": source.id,
        **dict(zip(_KEYS, key, strict=True)),
        "day": day,
        **{measure: row.counted.get(measure) for measure in MEASURES},
        "source": ", ".join(row.sources),
        "coverage": row.coverage,
        "is_complete": row.is_over and row.coverage >= ENOUGH,
        "usage_month": f"{day:%Y-%m}",
    }
