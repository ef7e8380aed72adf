"""Custom metrics that nobody asks for, that come in thousands of series, or that are scraped too often.

What reads a metric is known from the expressions somebody lists under this rule's settings: those of dashboards, alerts
and recorded queries. Without the promise that they are all, no name counts as unused: then only names of very many
series are pointed at, to be dropped once it is sure that nothing reads them. What holds the level of a service, and
what the advice on machines stands on, is never dropped. What Scaleway itself sends is free and left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pipelines.recommendations.changes.telemetry import series_dropped
from pipelines.recommendations.recommendation import Answer, Fact, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.telemetry import (
    SAMPLES,
    STREAMS,
    Row,
    charged,
    named_metrics,
    samples_saving,
    streams,
    whole_samples,
    window,
)
from pipelines.recommendations.rules.telemetry_budget import amounts
from pipelines.recommendations.world import Resource, World
from pipelines.telemetry.metrics import Asked, Limits, Metric, MetricAction, MetricStep, metric_steps

NAME = "custom_metrics"
_SHOWN = 20


@dataclass(frozen=True)
class Thresholds:
    """What reads metrics, and from when on series are many."""

    expressions: tuple[str, ...] = ()  # of dashboards, alerts and queries
    expressions_are_all: bool = False  # nothing else reads the metrics
    queries: tuple[str, ...] = ()  # such as "checkout_carts=120": how often a name is asked for by the month
    service_levels: tuple[str, ...] = ()  # names or expressions of service levels, beyond the usual names
    many_series: int = 5000  # of one name; a fifth of what Cockpit takes
    scrape_seconds: float = 60.0  # more often than that is advised against
    least_saving: Decimal = Decimal(5)  # by the month


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each data source of custom metrics.

    Raises ConfigurationError for a count of queries that is none.
    """
    asked, limits = asked_of(thresholds), Limits(thresholds.many_series, thresholds.scrape_seconds)
    metrics = streams(world, "metrics")
    for source_id, rows in metrics.items():
        source = world.resources[source_id]
        named, whole = named_metrics(rows), whole_samples(rows[0])
        if not named or not whole or not rows[0]["days"]:
            yield Unjudged(NAME, source_id, "which metrics it takes in was not measured")
        elif charged(source, SAMPLES) is None:
            yield NothingToDo(NAME, source_id, "no custom samples were charged for it")
        elif not rows[0]["ingested_samples"]:
            yield Unjudged(NAME, source_id, "how many samples it takes in was not measured")
        else:
            steps = metric_steps(map(_metric, named), asked, limits)
            taken = [step for step in steps if step.action is not MetricAction.keep]
            share = min(Decimal(sum(step.samples_saved for step in taken)) / whole, Decimal(1))
            saving = samples_saving(world, metrics, source, share)
            yield _judged(world, source, named, taken, _Saved(share, saving), thresholds)


def asked_of(thresholds: Thresholds) -> Asked:
    """What reads metrics: what the lists say, and each name that is asked for at all."""
    counts = amounts(thresholds.queries, "queries", NAME)
    named = tuple(name for name, count in counts.items() if count > 0)
    return Asked((*thresholds.expressions, *named), thresholds.service_levels, thresholds.expressions_are_all)


def _metric(row: Row) -> Metric:
    seconds = row["scrape_seconds"]
    return Metric(row["metric_name"], row["samples"], row["active_series"], None if seconds is None else float(seconds))


@dataclass(frozen=True)
class _Saved:
    """The share of a data source's samples that goes, and what it saves by the month."""

    share: Decimal
    by_month: Decimal


def _judged(
    world: World,
    source: Resource,
    rows: Sequence[Row],
    taken: Sequence[MetricStep],
    saved: _Saved,
    thresholds: Thresholds,
) -> Answer:
    days = window(world, rows[0])
    if saved.by_month < thresholds.least_saving:
        return NothingToDo(NAME, source.resource_id, f"what could go would save {saved.by_month} by the month")
    if days is None:
        return Unjudged(NAME, source.resource_id, "the days its metrics were counted on are not charged yet")
    dropped = [step for step in taken if step.keep_share == 0]
    unsure = [step for step in dropped if step.action is MetricAction.check_and_drop]
    slower = [step for step in taken if step.action is MetricAction.scrape_less]
    return Recommendation(
        rule=NAME,
        resource_id=source.resource_id,
        target="fewer samples",
        action=_action(source, dropped, unsure, slower, thresholds),
        reason=_reason(dropped, unsure, slower, saved.share),
        evidence=_evidence(source, rows, taken, saved.share),
        evaluation_start=days[0],
        evaluation_end=days[1],
        monthly_saving=saved.by_month,
        change=series_dropped(
            [step.metric.name for step in dropped], int(thresholds.scrape_seconds) if slower else None, not unsure
        ),
        risk=Level.medium if unsure else Level.low,
        effort=Level.medium if unsure else Level.low,
        saves_on=frozenset({source.resource_id}),
    )


def _action(
    source: Resource,
    dropped: Sequence[MetricStep],
    unsure: Sequence[MetricStep],
    slower: Sequence[MetricStep],
    thresholds: Thresholds,
) -> str:
    parts = []
    if dropped:
        parts.append(f"drop {_count(dropped)} of {source.resource_name}")
    if unsure:
        parts[-1] += ", once it is sure that nothing reads them"
    if slower:
        parts.append(f"scrape {_count(slower)} of {source.resource_name} every {thresholds.scrape_seconds:.0f} s")
    told = ", and ".join(parts)
    return told[:1].upper() + told[1:]


def _reason(
    dropped: Sequence[MetricStep], unsure: Sequence[MetricStep], slower: Sequence[MetricStep], share: Decimal
) -> str:
    parts = []
    if len(dropped) > len(unsure):
        parts.append(f"in no dashboard, alert or query: {_count(dropped[len(unsure) :])}")
    if unsure:
        series = sum(step.metric.active_series or 0 for step in unsure)
        parts.append(f"{series:,} series of {_count(unsure)}, and what reads them is not listed in the settings")
    if slower:
        parts.append(f"scraped more often than dashboards and alerts need: {_count(slower)}")
    told = "; ".join(parts)
    return f"{told[:1].upper()}{told[1:]}. That is {share:.0%} of its samples."


def _count(steps: Sequence[MetricStep]) -> str:
    return "1 metric" if len(steps) == 1 else f"{len(steps)} metrics"


def _evidence(source: Resource, rows: Sequence[Row], taken: Sequence[MetricStep], share: Decimal) -> dict[str, Fact]:
    first = rows[0]
    return {
        "days": first["ingested_days"],
        "days_counted_by_name": first["days"],
        "ingested_samples": first["ingested_samples"],
        "share_of_samples": share,
        "metrics": len(rows),
        "charged_per_month": charged(source, SAMPLES),
        "taken_away": [
            {
                "metric": step.metric.name,
                "use": step.use.value,
                "active_series": step.metric.active_series,
                "samples_per_day": step.metric.samples // first["days"],
                "why": step.reason,
            }
            for step in taken[:_SHOWN]
        ],
        "query": "select metric_name, last_seen, samples, active_series, source_samples, ingested_meanwhile, "
        f"ingested_samples from {STREAMS} where data_source_id = '{source.resource_id}' "
        f"and usage_month = '{first['usage_month']}' order by samples desc",
    }


CUSTOM_METRICS = Rule(
    name=NAME,
    title="Custom metrics nobody needs",
    about="Looks for custom metrics that nothing reads, that come in very many series, or that are scraped too often.",
    reads=(STREAMS,),
    thresholds=Thresholds(),
    judge=judge,
)
