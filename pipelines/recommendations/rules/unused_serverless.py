"""Serverless containers and functions that nobody called and that cost something all the same: kept warm, mostly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.recommendations.changes.cleanup import deleted
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.deletion import Unused, advised
from pipelines.recommendations.world import Resource, World

NAME = "unused_serverless"
_LOAD = "gold.serverless_load"


@dataclass(frozen=True)
class Thresholds:
    """How long nobody calls before it is said."""

    least_hours: int = 14 * 24


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each container and function that is charged by itself."""
    rows = {row["resource_id"]: row for row in world.rows(_LOAD)}
    for service in world.of_type("containers_container", "functions_function"):
        if service.monthly_cost is not None:
            yield _judged(world, service, rows.get(service.resource_id), thresholds)


def _judged(world: World, service: Resource, row: Mapping[str, Any] | None, thresholds: Thresholds) -> Answer:
    if row is None or row["requests"] is None or row["request_hours"] is None:
        return Unjudged(NAME, service.resource_id, "its requests are not measured (container_requests)")
    if row["requests"] > 0:
        return NothingToDo(NAME, service.resource_id, f"it answered {row['requests']:,.0f} requests")
    if row["request_hours"] < thresholds.least_hours:
        return Unjudged(NAME, service.resource_id, f"only {row['request_hours']} hours are measured")
    notes = (
        "Keep its image and its settings: from both it is made again in a minute, under another address.",
        "Look for triggers and schedules first: what they call once a quarter looks unused.",
    )
    return advised(
        world,
        NAME,
        Unused(
            resource=service,
            reason=f"Nobody called it in {row['request_hours'] // 24} days; what it costs is being kept warm "
            f"(min-scale {row['min_scale']}).",
            action=f"Delete {service.resource_name}",
            change=deleted(service, notes),
            unused_days=row["request_hours"] // 24,
            evidence={
                "requests": 0,
                "measured_hours": row["request_hours"],
                "min_scale": row["min_scale"],
                "query": f"select requests, request_hours from {_LOAD} where resource_id = '{service.resource_id}'",
            },
            effort=Level.low,
        ),
    )


UNUSED_SERVERLESS = Rule(
    name=NAME,
    title="Functions and containers nobody calls",
    about="Looks for serverless containers and functions without a request for two weeks that cost something.",
    reads=(_LOAD,),
    thresholds=Thresholds(),
    judge=judge,
)
