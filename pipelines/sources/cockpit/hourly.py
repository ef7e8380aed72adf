"""Samples to hours: mean, quantiles and extremes of the samples themselves, never of averages.

An hour without samples has no row, and each row says how many samples it has and how many a full hour would have.
Quantiles are interpolated linearly between the two nearest samples.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import polars as pl
import pyarrow as pa

from pipelines.errors import UsageError
from pipelines.sources.cockpit.account import DataSource
from pipelines.sources.cockpit.catalogue import Metric
from pipelines.sources.cockpit.prometheus import PrometheusClient
from pipelines.sources.cockpit.series import Labels, Samples
from pipelines.sources.cockpit.tables import USAGE_HOURLY
from pipelines.sources.cockpit.windows import HOUR, MILLISECOND, floored

_HOUR_MILLISECONDS = HOUR // MILLISECOND
_QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p995": 0.995}


@dataclass(frozen=True)
class Usage:
    """The hours of one metric, and how many values were no finite numbers."""

    table: pa.Table
    not_finite: int


def usage_hourly(
    client: PrometheusClient,
    source: DataSource,
    metric: Metric,
    since: datetime,
    until: datetime,
    found_as: str | None = None,
    series: int | None = None,
) -> Usage:
    """The hours of one metric in [since, until), which begin and end on the hour; `found_as` is its name here, and
    `series` about how many it has."""
    if floored(since, HOUR) != since or floored(until, HOUR) != until:
        raise UsageError(f"{since.isoformat()} to {until.isoformat()} are not whole hours; begin and end on the hour")
    parts, not_finite = [], 0
    step = metric.sampled
    expression = metric.query(found_as)
    for samples in client.query_windows(expression, since, until, step, step - MILLISECOND, HOUR, series):
        parts.append(_table(source, metric, samples.labels, aggregated(samples)))
        not_finite += samples.not_finite
    return Usage(merged(parts), not_finite)


def aggregated(samples: Samples) -> pl.DataFrame:
    """`series`, `hour` (milliseconds), `samples` and the statistics, one row for each hour that has samples."""
    value = pl.col("value")
    hour = (pl.col("at") // _HOUR_MILLISECONDS * _HOUR_MILLISECONDS).alias("hour")
    return (
        samples.frame.group_by("series", hour)
        .agg(
            value.len().cast(pl.Int64).alias("samples"),
            value.mean().alias("mean"),
            *(value.quantile(q, interpolation="linear").alias(name) for name, q in _QUANTILES.items()),
            value.max().alias("max"),
            value.min().alias("min"),
        )
        .sort("series", "hour")
    )


def merged(parts: Iterable[pa.Table]) -> pa.Table:
    """The hours of several windows; the windows meet on the hour, so no hour is in two of them."""
    return pa.concat_tables([USAGE_HOURLY.empty_table(), *parts])


def spelled(labels: Labels) -> str:
    """Labels as one text, equal for equal labels; the metric's own name is not one of them."""
    kept = {name: value for name, value in sorted(labels.items()) if name != "__name__"}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def _table(source: DataSource, metric: Metric, labels: tuple[Labels, ...], hours: pl.DataFrame) -> pa.Table:
    named = pl.DataFrame(
        {
            "series": pl.Series(range(len(labels)), dtype=pl.UInt32),
            "project_id": [each.get("project_id") or source.project_id for each in labels],
            "region": [each.get("region") or source.region for each in labels],
            "resource_id": [each.get(metric.resource_id) for each in labels],
            "resource_name": [each.get(metric.resource_name) for each in labels],
            "labels": [spelled(each) for each in labels],
        },
        schema_overrides=dict.fromkeys(("project_id", "region", "resource_id", "resource_name", "labels"), pl.String),
    )
    hour = pl.from_epoch("hour", time_unit="ms").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    complete = hours.join(named, on="series", how="left").with_columns(
        hour,
        hour.dt.strftime("%Y-%m").alias("usage_month"),
        pl.lit(source.id).alias("data_source_id"),
        pl.lit(metric.key).alias("metric"),
        pl.lit(metric.resource_type).alias("resource_type"),
        pl.lit(HOUR // metric.sampled, dtype=pl.Int64).alias("expected_samples"),
    )
    return complete.select(USAGE_HOURLY.names).to_arrow().cast(USAGE_HOURLY)
