"""Services that log at debug level into Cockpit, where every gigabyte taken in is charged.

Debug is for the hour somebody looks for a fault. Only lines of that level go: what has no level, or speaks of audit,
security, errors or slowness, passes the configuration this rule writes. What Scaleway itself sends is free.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pipelines.recommendations.changes.telemetry import debug_dropped
from pipelines.recommendations.recommendation import Answer, Fact, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.telemetry import (
    LOGS,
    STREAMS,
    Row,
    by_month,
    cents,
    charged,
    share_of,
    streams,
    window,
)
from pipelines.recommendations.world import Resource, World
from pipelines.telemetry.classes import LogClass, class_of_level

NAME = "debug_logs"


@dataclass(frozen=True)
class Thresholds:
    """From when on debug lines are worth a word."""

    least_saving: Decimal = Decimal(5)  # by the month and data source
    least_share: Decimal = Decimal("0.01")  # of a data source's bytes, by service; less is somebody looking for a fault
    observed_days: int = 14


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each data source of custom logs."""
    for source_id, rows in streams(world, "logs").items():
        source = world.resources[source_id]
        days = rows[0]["days"]
        if charged(source, LOGS) is None:
            yield NothingToDo(NAME, source_id, "no custom logs were charged for it")
        elif not rows[0]["source_bytes"] or days is None or all(row["level"] is None for row in rows):
            yield Unjudged(NAME, source_id, "its lines were not counted by level")
        elif days < thresholds.observed_days:
            yield Unjudged(NAME, source_id, f"its lines were counted on {days} of {thresholds.observed_days} days")
        else:
            yield _judged(world, source, rows, thresholds)


def _judged(world: World, source: Resource, rows: Sequence[Row], thresholds: Thresholds) -> Answer:
    whole = rows[0]["source_bytes"]
    debug: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row["service_name"] is not None and class_of_level(row["level"]) is LogClass.debug:
            debug[row["service_name"]].append(row)
    shares = {name: share_of(debug[name], "bytes", whole) for name in sorted(debug)}
    loud = {name: share for name, share in shares.items() if share is not None and share >= thresholds.least_share}
    total = min(sum(loud.values(), Decimal(0)), Decimal(1))
    saving = cents((charged(source, LOGS) or Decimal(0)) * total)
    days = window(world, rows[0])
    if saving < thresholds.least_saving:
        return NothingToDo(NAME, source.resource_id, f"its debug lines cost {saving} by the month")
    if days is None:
        return Unjudged(NAME, source.resource_id, "the days its lines were counted on are not charged yet")
    shown = ", ".join(loud)
    return Recommendation(
        rule=NAME,
        resource_id=source.resource_id,
        target="debug",
        action=f"Raise the log level of {shown} to info",
        reason=f"Debug lines of {shown} are {total:.0%} of all bytes in {source.resource_name}.",
        evidence=_evidence(source, rows, loud, debug),
        evaluation_start=days[0],
        evaluation_end=days[1],
        monthly_saving=saving,
        change=debug_dropped(list(loud)),
        risk=Level.low,
        effort=Level.low,
        saves_on=frozenset({source.resource_id}),
    )


def _evidence(
    source: Resource, rows: Sequence[Row], loud: Mapping[str, Decimal], debug: Mapping[str, Sequence[Row]]
) -> dict[str, Fact]:
    days = rows[0]["days"]
    return {
        "days": days,
        "bytes": rows[0]["source_bytes"],
        "debug_bytes": sum(row["bytes"] for name in loud for row in debug[name]),
        "charged_per_month": charged(source, LOGS),
        "services": [
            {
                "service": name,
                "share_of_bytes": share,
                "gb_per_month": Decimal(by_month(sum(row["bytes"] for row in debug[name]), days)) / 10**9,
            }
            for name, share in loud.items()
        ],
        "query": f"select service_name, level, bytes, source_bytes from {STREAMS} "
        f"where data_source_id = '{source.resource_id}' and usage_month = '{rows[0]['usage_month']}' "
        "order by bytes desc",
    }


DEBUG_LOGS = Rule(
    name=NAME,
    title="Debug logs taken in",
    about="Looks for services whose debug lines are a part of what Cockpit charges for logs.",
    reads=(STREAMS,),
    thresholds=Thresholds(),
    judge=judge,
)
