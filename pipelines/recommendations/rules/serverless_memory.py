"""Serverless containers and functions with more memory than they use: the next smaller size that holds their peak.

A function's processors follow its memory, so its processors have to fit as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from pipelines.recommendations.changes.serverless import memory
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.data_services import (
    Observed,
    Row,
    charged,
    measured,
    too_few_days,
    unknown,
    window,
)
from pipelines.recommendations.world import Resource, World

NAME = "serverless_memory"
_LOAD = "gold.serverless_load"
_MB = 10**6
_SIZES_MB = (128, 256, 512, 1024, 2048, 3072, 4096)  # what the console offers for both, documented


@dataclass(frozen=True)
class Thresholds(Observed):
    """How much room to leave: an instance out of memory is killed, with its requests."""

    memory_headroom: float = 0.25  # above the highest sample
    cpu_percent: float = 80.0  # at the 99.5th percentile, of the smaller size's processors
    least_saving: Decimal = Decimal(2)  # by the month; reversible with the next revision


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each serverless container and function."""
    load = measured(world.rows(_LOAD))
    for service in world.of_type("containers_container", "functions_function"):
        yield _judged(service, load.get(service.resource_id), thresholds)


def _judged(service: Resource, seen: Row | None, thresholds: Thresholds) -> Answer:
    missing = too_few_days(seen, "memory", "its memory in use (memory_used_bytes)", thresholds)
    if missing or seen is None:
        return Unjudged(NAME, service.resource_id, missing)
    missing = unknown(seen, "memory_limit_bytes", "memory_max_bytes", "memory_samples", "known_from", "known_until")
    if missing:
        return Unjudged(NAME, service.resource_id, missing)
    limit, peak = seen["memory_limit_bytes"], seen["memory_max_bytes"]
    wanted = [size * _MB for size in _SIZES_MB if size * _MB >= peak * (1 + thresholds.memory_headroom)]
    if not wanted or wanted[0] >= limit:
        return NothingToDo(NAME, service.resource_id, "no smaller size holds its peak with room")
    follows = service.resource_type == "functions_function"
    if follows and not _cpu_fits(seen, wanted[0] / limit, thresholds):
        return NothingToDo(NAME, service.resource_id, "its processors follow its memory, and are busy or not measured")
    paid = charged(service, "/memory/", "/vcpu/") if follows else charged(service, "/memory/")
    saving = paid * (limit - wanted[0]) / limit
    if paid <= 0:
        return Unjudged(NAME, service.resource_id, "nothing was charged for its memory by itself")
    if saving < thresholds.least_saving:
        return NothingToDo(NAME, service.resource_id, f"a smaller size saves {saving:.2f} a month")
    return _advised(service, seen, wanted[0], saving)


def _cpu_fits(seen: Row, factor: float, thresholds: Thresholds) -> bool:
    percent = seen["cpu_p995_percent"]
    return percent is not None and percent / factor <= thresholds.cpu_percent


def _advised(service: Resource, seen: Row, wanted: int, saving: Decimal) -> Recommendation:
    limit = seen["memory_limit_bytes"]
    return Recommendation(
        rule=NAME,
        resource_id=service.resource_id,
        target=f"{wanted // _MB} MB",
        action=f"Give {service.resource_name} {wanted // _MB} MB of memory instead of {limit // _MB} MB",
        reason=f"Its busiest instance never used more than {seen['memory_max_bytes'] / _MB:.0f} MB.",
        evidence={
            "metric": "memory_used_bytes, the busiest instance",
            "memory_limit_mb": limit // _MB,
            "memory_p995_mb": None if seen["memory_p995_bytes"] is None else seen["memory_p995_bytes"] / _MB,
            "memory_max_mb": seen["memory_max_bytes"] / _MB,
            "cpu_p995_percent": seen["cpu_p995_percent"],
            "samples": int(seen["memory_samples"]),
            "days": seen["memory_days"],
            "query": f"select memory_max_bytes, memory_limit_bytes from {_LOAD} "
            f"where resource_id = '{service.resource_id}' order by usage_month desc limit 1",
        },
        evaluation_start=window(seen)[0],
        evaluation_end=window(seen)[1],
        monthly_saving=saving,
        change=memory(service, wanted, limit),
        risk=Level.medium if service.is_production else Level.low,
        effort=Level.low,
    )


SERVERLESS_MEMORY = Rule(
    name=NAME,
    title="Serverless memory nobody uses",
    about="Looks for serverless containers and functions with a memory limit far above what their instances use.",
    reads=(_LOAD,),
    thresholds=Thresholds(),
    judge=judge,
)
