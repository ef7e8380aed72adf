"""Instances that are kept warm while nobody asks: what they cost, against the cold starts they spare.

An instance that is kept warm costs its price in every hour without a request. Without it each wake-up is a cold start:
kept-warm cost ÷ wake-ups is what one avoided cold start costs, and whether that is worth it is a setting.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from pipelines.recommendations.changes.serverless import least_instances
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.data_services import HOURS_PER_MONTH, Row, charged, measured, unknown, window
from pipelines.recommendations.world import Resource, World

NAME = "serverless_min_scale"
_LOAD = "gold.serverless_load"


@dataclass(frozen=True)
class Thresholds:
    """What an avoided cold start may cost. In production somebody waits for it."""

    observed_hours: int = 14 * 24
    price_of_a_cold_start: Decimal = Decimal("0.02")
    price_of_a_cold_start_in_production: Decimal = Decimal("0.20")
    least_saving: Decimal = Decimal(2)  # by the month; reversible with the next revision


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each container and function that keeps instances warm."""
    load = measured(world.rows(_LOAD))
    for service in world.of_type("containers_container", "functions_function"):
        seen = load.get(service.resource_id)
        if seen is None or seen["min_scale"] is None:
            yield Unjudged(NAME, service.resource_id, "how many instances it keeps warm is not in the inventory")
        elif seen["min_scale"] > 0:
            yield _judged(service, seen, thresholds)


def _judged(service: Resource, seen: Row, thresholds: Thresholds) -> Answer:
    hours = seen["request_hours"]
    if hours is None or seen["idle_hours"] is None or hours < thresholds.observed_hours:
        found = hours or 0
        return Unjudged(NAME, service.resource_id, f"its requests are known of only {found} hours")
    missing = unknown(seen, "wake_ups", "known_from", "known_until")
    if missing:
        return Unjudged(NAME, service.resource_id, missing)
    cost, mean = charged(service, "/caas/", "/faas/"), seen["instances_mean"]
    if cost <= 0 or not mean:
        return Unjudged(NAME, service.resource_id, "what an hour of one instance costs is not known")
    # what is charged by the month, over the hours of all instances of a month
    instance_hour = cost / (Decimal(str(mean)) * HOURS_PER_MONTH)
    to_month = Decimal(HOURS_PER_MONTH) / hours
    kept_warm = min(instance_hour * seen["min_scale"] * seen["idle_hours"] * to_month, cost)
    cold_starts = Decimal(seen["wake_ups"]) * to_month
    accepted = (
        thresholds.price_of_a_cold_start_in_production if service.is_production else thresholds.price_of_a_cold_start
    )
    if kept_warm < thresholds.least_saving or kept_warm <= cold_starts * accepted:
        return NothingToDo(
            NAME,
            service.resource_id,
            f"keeping it warm costs {kept_warm:.2f} a month and spares about {cold_starts:.0f} cold starts",
        )
    return _advised(service, seen, kept_warm, cold_starts)


def _advised(service: Resource, seen: Row, kept_warm: Decimal, cold_starts: Decimal) -> Recommendation:
    hours, idle = seen["request_hours"], seen["idle_hours"]
    return Recommendation(
        rule=NAME,
        resource_id=service.resource_id,
        target="min_scale=0",
        action=f"Let {service.resource_name} scale to zero (min_scale {seen['min_scale']} → 0)",
        reason=f"In {idle} of {hours} hours nobody asked; keeping it warm then costs {kept_warm:.2f} a month and "
        f"spares about {cold_starts:.0f} cold starts.",
        evidence={
            "metric": "container_requests, container_instances",
            "min_scale": seen["min_scale"],
            "hours": hours,
            "idle_hours": idle,
            "wake_ups": seen["wake_ups"],
            "instances_mean": seen["instances_mean"],
            "kept_warm_cost_per_month": kept_warm,
            "cold_starts_per_month": cold_starts,
            "cost_per_avoided_cold_start": kept_warm / cold_starts if cold_starts else None,
            "query": f"select idle_hours, request_hours, wake_ups from {_LOAD} "
            f"where resource_id = '{service.resource_id}' order by usage_month desc limit 1",
        },
        evaluation_start=window(seen)[0],
        evaluation_end=window(seen)[1],
        monthly_saving=kept_warm,
        change=least_instances(service, 0, seen["min_scale"]),
        risk=Level.medium if service.is_production else Level.low,
        effort=Level.low,
    )


SERVERLESS_MIN_SCALE = Rule(
    name=NAME,
    title="Instances kept warm for nobody",
    about="Weighs what serverless instances cost while nobody asks against the cold starts they spare.",
    reads=(_LOAD,),
    thresholds=Thresholds(),
    judge=judge,
)
