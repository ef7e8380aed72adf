"""One request that becomes several behind the door: retries, fan-out, and what a cache or a rate limit would stop.

A route is compared with itself: what enters with what it causes at a later hop. Only what is charged by use costs more
with more requests, so only there is a share of the cost told as a saving.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Any

from pipelines.recommendations.changes.change import Change, block, label, scw
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.world import Resource, World

NAME = "request_amplification"
_TABLE = "gold.request_hops"
_KINDS = ("containers_container", "functions_function")


@dataclass(frozen=True)
class Thresholds:
    """From when on more requests behind the door than at it are worth a word."""

    ratio: float = 1.25  # requests at the hop for each that enters
    counted_days: int = 14
    same_days: int = 2  # both hops must have been counted for as long, but for so many days
    least_saving: Decimal = Decimal(5)  # by the month
    retry_share: float = 0.02  # of requests that fail: from here on retries explain it


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each container or function that stands behind another hop."""
    by_resource: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in world.rows(_TABLE):
        for resource_id in row["resource_ids"] or ():
            by_resource[resource_id].append(row)
    for service in world.of_type(*_KINDS):
        rows = by_resource.get(service.resource_id)
        if rows:
            yield _judged(service, sorted(rows, key=lambda row: row["route"]), thresholds)


def _judged(service: Resource, rows: Sequence[Mapping[str, Any]], thresholds: Thresholds) -> Answer:
    same = [row for row in rows if _is_comparable(row, thresholds)]
    if not same:
        return Unjudged(NAME, service.resource_id, "its requests and those at the entry were not counted for two weeks")
    entered = sum((row["entry_requests"] for row in same), Decimal(0))
    caused = sum((row["requests"] for row in same), Decimal(0))
    ratio = float(caused / entered)
    if ratio < thresholds.ratio:
        return NothingToDo(NAME, service.resource_id, f"{ratio:.2f} requests reach it for each that enters")
    if service.monthly_cost is None:
        return Unjudged(
            NAME, service.resource_id, f"{ratio:.2f} requests reach it for each that enters; its cost is not known"
        )
    alone = max(len(row["resource_ids"]) for row in same)
    extra = (service.monthly_cost * (caused - entered) / caused / alone).quantize(Decimal("0.01"), ROUND_DOWN)
    if extra < thresholds.least_saving:
        return NothingToDo(NAME, service.resource_id, f"its additional requests cost {extra:.2f} by the month")
    return _advised(service, same, ratio, extra, thresholds)


def _is_comparable(row: Mapping[str, Any], thresholds: Thresholds) -> bool:
    if not row["requests"] or not row["entry_requests"]:
        return False
    days: tuple[int, int] = (row["counted_days"], row["entry_counted_days"])
    return min(days) >= thresholds.counted_days and abs(days[0] - days[1]) <= thresholds.same_days


def _advised(
    service: Resource, rows: Sequence[Mapping[str, Any]], ratio: float, extra: Decimal, thresholds: Thresholds
) -> Recommendation:
    shares = [row["failed_share"] for row in rows if row["failed_share"] is not None]
    failed = max(shares, default=None)
    is_retried = failed is not None and failed >= thresholds.retry_share
    missing = [] if any(row["has_edge_cache"] for row in rows) else ["a cache at the edge"]
    missing += ["a rate limit, or a pause between retries"] if is_retried or failed is None else []
    routes = ", ".join(row["route"] for row in rows)
    cause = f"{failed:.1%} of them fail and are tried again" if is_retried and failed is not None else "they fan out"
    return Recommendation(
        rule=NAME,
        resource_id=service.resource_id,
        target="amplification",
        action=f"Keep repeated requests of {routes} away from {service.resource_name}: "
        f"{' and '.join(missing) or 'look for the caller that asks twice'}",
        reason=f"{ratio:.2f} requests reach it for each that enters at the {rows[0]['entry_service_type']}; "
        f"{cause if failed is not None else 'whether they are retries is not measured'}.",
        evidence={
            "requests_per_entering_request": round(ratio, 4),
            "additional_share_of_requests": round(1 - 1 / ratio, 4),
            "failed_share": failed,
            "entry_requests": sum((row["entry_requests"] for row in rows), Decimal(0)),
            "requests_at_the_hop": sum((row["requests"] for row in rows), Decimal(0)),
            "cost_per_month": service.monthly_cost,
            "has_edge_cache": any(row["has_edge_cache"] for row in rows),
            "query": f"select * from {_TABLE} where list_contains(resource_ids, '{service.resource_id}')",
        },
        evaluation_start=rows[0]["known_from"],
        evaluation_end=rows[0]["known_until"],
        monthly_saving=extra,
        change=_cached(service),
        risk=Level.medium,
        effort=Level.medium,
    )


def _cached(service: Resource) -> Change:
    """A pipeline of Edge Services in front, whose cache answers what was asked before."""
    name = label(service.resource_name)
    stage = block("resource", "scaleway_edge_services_cache_stage", name, fallback_ttl=60)
    in_pipeline = f"{{\n  pipeline_id  = scaleway_edge_services_pipeline.{name}.id\n"
    return Change(
        cli=(
            scw("edge-services", "pipeline", "create", name=f"{name}-cache", project_id=service.project_id or ""),
            scw("edge-services", "cache-stage", "create", "PIPELINE_ID", fallback_ttl="60s"),
        ),
        undo_cli=(scw("edge-services", "pipeline", "delete", "PIPELINE_ID"),),
        terraform=block("resource", "scaleway_edge_services_pipeline", name, name=f"{name}-cache")
        + "\n"
        + stage.replace("{\n", in_pipeline, 1),
        notes=(
            "PIPELINE_ID is what the first command answers; the pipeline needs a backend and a DNS stage too.",
            "Only what may be answered twice alike belongs in a cache: no answers to signed-in users.",
            "Let callers wait before they try again (twice as long each time, with chance) and give up after three.",
        ),
    )


REQUEST_AMPLIFICATION = Rule(
    name=NAME,
    title="One request becomes several",
    about="Looks for containers and functions that are reached by more requests of a route than enter it: retries and "
    "fan-out that a cache or a rate limit would stop.",
    reads=(_TABLE,),
    thresholds=Thresholds(),
    judge=judge,
    spares_protected=False,
)
