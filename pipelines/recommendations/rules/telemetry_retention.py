"""How long each Cockpit data source keeps what it holds, against the policy of this organisation.

Kept for less than a protected class needs is told whatever it costs. Kept for longer costs only beyond the free days,
and only where the bill has a line for it: ingestion costs a hundred times as much, so it comes first. A data source
keeps all it holds equally long, so the longest-kept class in it decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pipelines.recommendations.changes.telemetry import kept_for
from pipelines.recommendations.recommendation import Answer, Basis, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.telemetry import STREAMS, Row, by_month, cents, window
from pipelines.recommendations.world import Resource, World
from pipelines.telemetry.classes import LogClass, class_of_level
from pipelines.telemetry.policy import DEFAULTS, FREE_DAYS, ClassPolicy, Policy
from pipelines.telemetry.prices import LIST

NAME = "telemetry_retention"
_RETENTION = ("retention", "-day/", "storage")
"""How lines of a bill for keeping telemetry read."""


@dataclass(frozen=True)
class Thresholds:
    """Days each class of logs must be kept, and days of metrics and traces that are enough."""

    error_days: int = 30
    slow_days: int = 30
    unknown_days: int = 30
    warn_days: int = 14
    info_days: int = 7
    debug_days: int = 3
    audit_days: int = 365
    security_days: int = 365
    metrics_days: int = 400  # a year and a month, so that a year can be compared
    traces_days: int = 7
    least_saving: Decimal = Decimal(5)  # by the month


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each data source whose telemetry was counted."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in world.rows(STREAMS):
        if row["data_source_id"] in world.resources:
            found[row["data_source_id"]].append(row)
    for source_id in sorted(found):
        yield _judged(world, world.resources[source_id], found[source_id], thresholds)


def policy_of(thresholds: Thresholds) -> Policy:
    """The thresholds as a policy, whose floor holds for protected classes."""
    classes = {}
    for log_class in LogClass:
        days: int = getattr(thresholds, f"{log_class}_days")
        usual = DEFAULTS[log_class]
        # what need not be kept at all may be dropped: its days are those of what is taken in
        least = days if usual.least_days else 0
        classes[log_class] = ClassPolicy(least, days, usual.keep_share, usual.archive_days)
    return Policy(classes)


def wanted_days(signal: str, levels: frozenset[str | None], thresholds: Thresholds) -> int:
    """The days a data source must keep, never less than what is free."""
    if signal == "logs":
        days = policy_of(thresholds).shortest(frozenset(class_of_level(level) for level in levels))
    else:
        days = thresholds.metrics_days if signal == "metrics" else thresholds.traces_days
    return max(days, FREE_DAYS.get(signal, 0))


def _judged(world: World, source: Resource, rows: Sequence[Row], thresholds: Thresholds) -> Answer:
    signal, today = rows[0]["signal"], rows[0]["retention_days"]
    if today is None or signal not in FREE_DAYS:
        return Unjudged(NAME, source.resource_id, "how long it keeps what it holds is not in the inventory")
    days = window(world, rows[0])
    if days is None or not rows[0]["days"]:
        return Unjudged(NAME, source.resource_id, "the days it was counted on are not charged yet")
    wanted = wanted_days(signal, frozenset(row["level"] for row in rows), thresholds)
    if today == wanted:
        return NothingToDo(NAME, source.resource_id, f"it keeps {today} days, as the policy says")
    if today < wanted:
        if signal != "logs":
            return NothingToDo(NAME, source.resource_id, f"it keeps {today} days; nothing in it has to be kept longer")
        longer = _Kept(wanted, -_listed(rows, wanted - today), Basis.list_price)
        return _advised(source, rows, longer, days, policy_of(thresholds))
    charged = sum((cost for sku, cost in source.costs.items() if any(word in sku for word in _RETENTION)), Decimal(0))
    beyond = today - FREE_DAYS[signal]
    saving = cents(charged * (today - wanted) / beyond) if beyond > 0 else Decimal(0)
    if saving < thresholds.least_saving:
        told = f"it keeps {today} days instead of {wanted}, which saves {saving} by the month on its bill"
        return NothingToDo(NAME, source.resource_id, told)
    return _advised(source, rows, _Kept(wanted, saving, Basis.charged), days, policy_of(thresholds))


def _listed(rows: Sequence[Row], days: int) -> Decimal:
    """What so many days more of these logs cost by the month at the list price."""
    held = by_month(rows[0]["source_bytes"] or 0, rows[0]["days"])
    return cents(Decimal(held) / 10**9 * days * LIST.log_gb_day)


@dataclass(frozen=True)
class _Kept:
    """Other days to keep a data source, with what they save by the month."""

    days: int
    saving: Decimal
    basis: Basis


def _advised(
    source: Resource, rows: Sequence[Row], kept: _Kept, days: tuple[date, date], policy: Policy
) -> Recommendation:
    today, wanted = rows[0]["retention_days"], kept.days
    by_service: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row["service_name"] is not None and row["level"] is not None:
            by_service[row["service_name"]].append(row["level"])
    levels = sorted({row["level"] for row in rows if row["level"] is not None})
    longer = wanted > today
    return Recommendation(
        rule=NAME,
        resource_id=source.resource_id,
        target=f"retention={wanted}",
        action=f"Keep {source.resource_name} for {wanted} days instead of {today}",
        reason=f"The policy asks for {wanted} days of what it holds"
        + (f" ({', '.join(levels)})" if levels else "")
        + ("; what is gone earlier cannot be looked at." if longer else "; all beyond that is charged for nothing."),
        evidence={
            "retention_days": today,
            "policy_days": wanted,
            "free_days": FREE_DAYS[rows[0]["signal"]],
            "levels": list(levels),
            "bytes": rows[0]["source_bytes"],
            "samples": rows[0]["source_samples"],
            "counted_days": rows[0]["days"],
            "query": f"select distinct level, retention_days from {STREAMS} "
            f"where data_source_id = '{source.resource_id}' and usage_month = '{rows[0]['usage_month']}'",
        },
        evaluation_start=rows[0]["known_from"],
        evaluation_end=days[1],
        monthly_saving=kept.saving,
        change=kept_for(source, wanted, today, by_service, policy),
        risk=Level.low if longer else Level.medium,
        effort=Level.low,
        basis=kept.basis,
        saves_on=frozenset({source.resource_id}),
    )


TELEMETRY_RETENTION = Rule(
    name=NAME,
    title="Retention of telemetry",
    about="Looks for data sources that keep logs for less than the policy asks, or telemetry for longer than it needs.",
    reads=(STREAMS,),
    thresholds=Thresholds(),
    judge=judge,
)
