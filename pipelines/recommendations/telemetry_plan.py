"""What each stream of telemetry is worth and what the policy makes of it, and each data source against its budget.

A stream is worth how often it is asked for by what it costs. Euros are its part of what its data source was charged for
taking it in; what Scaleway itself sends is free and left out. What nobody measured is null.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pipelines.recommendations.rules import custom_metrics, telemetry_budget, telemetry_retention
from pipelines.recommendations.rules.telemetry import (
    LOGS,
    SAMPLES,
    SOURCE,
    STREAMS,
    TRACES,
    Row,
    by_month,
    charged,
    named_metrics,
    streams,
    whole_samples,
)
from pipelines.recommendations.rules.telemetry_budget import amounts, at_last_weeks_pace, log_streams
from pipelines.recommendations.rules.telemetry_retention import policy_of, wanted_days
from pipelines.recommendations.world import Resource, World
from pipelines.telemetry.classes import is_protected
from pipelines.telemetry.metrics import Limits, Metric, Use, metric_steps
from pipelines.telemetry.plan import planned
from pipelines.telemetry.policy import FREE_DAYS

_PLACES = Decimal("0.000000000001")
_PARTS = {"logs": (LOGS, "bytes"), "metrics": (SAMPLES, "samples"), "traces": (TRACES, "bytes")}


@dataclass(frozen=True)
class Settings:
    """What the rules about telemetry are told: budgets and queries, how long what is kept, and what reads metrics."""

    budget: telemetry_budget.Thresholds = telemetry_budget.TELEMETRY_BUDGET.thresholds
    retention: telemetry_retention.Thresholds = telemetry_retention.TELEMETRY_RETENTION.thresholds
    metrics: custom_metrics.Thresholds = custom_metrics.CUSTOM_METRICS.thresholds


def stream_rows(world: World, settings: Settings) -> Iterator[dict[str, Any]]:
    """One row for each service and class of logs, metric, and data source of traces that is billed."""
    queries = amounts(settings.budget.queries, "queries")
    for source_id, rows in streams(world, "logs").items():
        if rows[0]["days"] and rows[0]["source_bytes"]:
            yield from _logs(world.resources[source_id], rows, queries, settings)
    for source_id, rows in streams(world, "metrics").items():
        named = named_metrics(rows)
        if named and rows[0]["days"] and whole_samples(rows[0]):
            yield from _metrics(world.resources[source_id], named, settings)
    for source in world.of_type(SOURCE):
        cost = charged(source, TRACES)
        if cost is not None:
            yield _traces(world, source, cost, queries, settings)


def source_rows(world: World, settings: Settings) -> Iterator[dict[str, Any]]:
    """One row for each data source and signal that is billed: cost, what it will cost, budget, and retention."""
    budgets = amounts(settings.budget.budgets, "budgets")
    counted: dict[str, list[Row]] = {}
    for row in world.rows(STREAMS):
        counted.setdefault(row["data_source_id"], []).append(row)
    for source in world.of_type(SOURCE):
        for signal, (part, unit) in _PARTS.items():
            cost = charged(source, part)
            rows = [row for row in counted.get(source.resource_id, ()) if row["signal"] == signal]
            if cost is not None:
                budget = budgets.get(source.resource_id, budgets.get(source.resource_name))
                yield _source(world, source, signal, unit, cost, budget, rows, settings)


def _source(
    world: World,
    source: Resource,
    signal: str,
    unit: str,
    cost: Decimal,
    budget: Decimal | None,
    rows: Sequence[Row],
    settings: Settings,
) -> dict[str, Any]:
    known = bool(rows) and bool(rows[0]["days"])
    expected = max(cost, at_last_weeks_pace(cost, rows[0], unit)) if known else None
    kept = rows[0]["retention_days"] if rows else None
    levels = frozenset(row["level"] for row in rows)
    wanted = wanted_days(signal, levels, settings.retention) if rows or signal != "logs" else None
    return {
        **_who(source, rows[0]["known_until"] if known else world.known_until),
        "signal": signal,
        "monthly_cost": _exact(cost),
        "expected_monthly_cost": _exact(expected),
        "monthly_budget": _exact(budget),
        "is_beyond_budget": None if budget is None else (cost if expected is None else expected) > budget,
        "retention_days": kept,
        "policy_days": wanted,
        "free_days": FREE_DAYS[signal],
        "has_drifted": None if kept is None or wanted is None else kept != wanted,
    }


def _logs(
    source: Resource, rows: Sequence[Row], queries: Mapping[str, Decimal], settings: Settings
) -> Iterator[dict[str, Any]]:
    found = log_streams(rows, charged(source, LOGS), queries)
    for step in planned(found, policy_of(settings.retention)):
        stream = step.stream
        yield {
            **_who(source, rows[0]["known_until"]),
            "signal": "logs",
            "stream": stream.name,
            "stream_class": stream.log_class.value,
            "is_protected": is_protected(stream.log_class),
            "bytes_per_month": stream.bytes_per_month,
            "samples_per_month": None,
            "monthly_cost": _exact(stream.monthly_cost),
            "queries_per_month": stream.queries_per_month,
            "value_score": _exact(stream.value_score),
            "action": step.action.value,
            "keep_share": float(step.keep_share),
            "archive_days": step.archive_days or None,
            "monthly_saving": _exact(step.monthly_saving),
            "restore_cost": _exact(step.restore_cost) if step.archive_days else None,
            "reason": step.reason,
        }


def _metrics(source: Resource, rows: Sequence[Row], settings: Settings) -> Iterator[dict[str, Any]]:
    told, first, cost, whole = settings.metrics, rows[0], charged(source, SAMPLES), whole_samples(rows[0])
    asked, queries = custom_metrics.asked_of(told), amounts(told.queries, "queries", custom_metrics.NAME)
    metrics = [
        Metric(
            row["metric_name"],
            row["samples"],
            row["active_series"],
            None if row["scrape_seconds"] is None else float(row["scrape_seconds"]),
        )
        for row in rows
    ]
    for step in metric_steps(metrics, asked, Limits(told.many_series, told.scrape_seconds)):
        part = None if cost is None or not whole else cost * step.metric.samples / whole
        count = queries.get(step.metric.name)
        yield {
            **_who(source, first["known_until"]),
            "signal": "metrics",
            "stream": step.metric.name,
            "stream_class": step.use.value,
            "is_protected": step.use is Use.service_level,
            "bytes_per_month": None,
            "samples_per_month": by_month(step.metric.samples, first["days"]),
            "monthly_cost": _exact(part),
            "queries_per_month": None if count is None else int(count),
            "value_score": _exact(count / part) if count is not None and part else None,
            "action": step.action.value,
            "keep_share": step.keep_share,
            "archive_days": None,
            "monthly_saving": _exact(None if part is None else part * (1 - Decimal(str(step.keep_share)))),
            "restore_cost": None,
            "reason": step.reason,
        }


def _traces(
    world: World, source: Resource, cost: Decimal, queries: Mapping[str, Decimal], settings: Settings
) -> dict[str, Any]:
    """All of a data source: which of its traces are slow or failed is known to a collector, when they are over."""
    share = settings.budget.trace_share
    count = queries.get(source.resource_name)
    return {
        **_who(source, world.known_until),
        "signal": "traces",
        "stream": source.resource_name,
        "stream_class": "trace",
        "is_protected": False,
        "bytes_per_month": None,
        "samples_per_month": None,
        "monthly_cost": _exact(cost),
        "queries_per_month": None if count is None else int(count),
        "value_score": _exact(count / cost) if count is not None and cost else None,
        "action": "tail sampling",
        "keep_share": None,
        "archive_days": None,
        "monthly_saving": None,
        "restore_cost": None,
        "reason": f"every trace of {settings.budget.slow_seconds:g} s or more and every failed one is kept, and "
        f"{share:.0%} of the others; how many are slow or failed was not measured, so it saves at most "
        f"{cost * (1 - Decimal(str(share))):.2f}",
    }


def _who(source: Resource, until: Any) -> dict[str, Any]:
    return {
        "usage_month": f"{until:%Y-%m}",
        "as_of": until,
        "data_source_id": source.resource_id,
        "data_source_name": source.resource_name,
        "project_id": source.project_id,
        "owner": source.owner,
        "environment": source.environment,
        "billing_currency": source.currency,
    }


def _exact(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else amount.quantize(_PLACES)
