"""Pools on whose nodes nothing runs but what a cluster brings itself: scaled to zero, they cost nothing.

A pool is empty where every one of its nodes is as quiet as a machine without a workload. It is never the last pool of
its cluster, whose own services need a place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pipelines.recommendations.changes.change import Change, block, label, scw
from pipelines.recommendations.recommendation import Answer, NothingToDo, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.deletion import Unused, advised, days_since
from pipelines.recommendations.rules.idleness import ACTIVITY
from pipelines.recommendations.rules.machine_deletion import MEASURED_DAYS
from pipelines.recommendations.world import Resource, World

NAME = "empty_pool"


@dataclass(frozen=True)
class Thresholds:
    """Below which level of every node nothing runs on a pool."""

    least_days: int = 14
    least_weekends: int = 2
    cpu_peak_ratio: float = 0.05  # 99.5th percentile; the cluster's own agents take less


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each pool that has nodes."""
    nodes: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in world.rows(ACTIVITY):
        if row["pool_id"] is not None and row["resource_id"] in world.resources:
            nodes[row["pool_id"]].append(row)
    pools = [pool for pool in world.of_type("k8s_pool") if nodes.get(pool.resource_id)]
    for pool in pools:
        others = [each for each in pools if each.parent_id == pool.parent_id and each is not pool]
        yield _judged(world, pool, nodes[pool.resource_id], bool(others), thresholds)


def _judged(
    world: World, pool: Resource, rows: Sequence[dict[str, Any]], has_others: bool, thresholds: Thresholds
) -> Answer:
    if any(row["cpu_p995_ratio"] is None for row in rows):
        return Unjudged(NAME, pool.resource_id, "the processors of its nodes are not all measured (node_cpu_ratio)")
    if min(row["cpu_days"] or 0 for row in rows) < thresholds.least_days or (
        min(row["cpu_weekends"] or 0 for row in rows) < thresholds.least_weekends
    ):
        return Unjudged(NAME, pool.resource_id, "its nodes are measured for less than two weeks with two weekends")
    peak = max(row["cpu_p995_ratio"] for row in rows)
    if peak >= Decimal(str(thresholds.cpu_peak_ratio)):
        return NothingToDo(NAME, pool.resource_id, f"its nodes peak at {peak:.0%}")
    if not has_others:
        return NothingToDo(NAME, pool.resource_id, "it is the last pool of its cluster, whose own services need it")
    return _advised(world, pool, rows, peak)


def _advised(world: World, pool: Resource, rows: Sequence[dict[str, Any]], peak: Decimal) -> Answer:
    machines = tuple(world.resources[row["resource_id"]] for row in rows)
    days = min(row["cpu_days"] or 0 for row in rows)
    return advised(
        world,
        NAME,
        Unused(
            resource=pool,
            target="scale to zero",
            reason=f"In {days} days none of its {len(machines)} nodes was above {peak:.1%} of its processors 99.5 % of "
            "the time: nothing runs there but what the cluster brings itself.",
            action=f"Scale the pool {pool.resource_name} to zero",
            change=_to_zero(pool, len(machines)),
            unused_days=days_since(
                world, min((row["measured_from"] for row in rows if row["measured_from"]), default=None)
            ),
            evidence={
                "nodes": len(machines),
                "cpu_p995_ratio": peak,
                "cpu_days": days,
                "query": f"select resource_id, cpu_p995_ratio from {ACTIVITY} where pool_id = '{pool.resource_id}'",
            },
            saves_on=machines,
            evaluation_days=MEASURED_DAYS,
        ),
    )


def _to_zero(pool: Resource, size: int) -> Change:
    def update(wanted: int) -> str:
        return scw(
            "k8s",
            "pool",
            "update",
            pool.resource_id,
            size=wanted,
            min_size=min(wanted, size),
            region=pool.region_id or "",
        )

    def terraform(wanted: int) -> str:
        return block(
            "resource",
            "scaleway_k8s_pool",
            label(pool.resource_name),
            name=pool.resource_name,
            size=wanted,
            min_size=wanted,
        )

    return Change(
        cli=(update(0),),
        undo_cli=(update(size),),
        terraform=terraform(0),
        undo_terraform=terraform(size),
        notes=(
            "Drain its nodes first: `kubectl drain` tells what still runs there.",
            "Volumes on a node's own disk go with it.",
        ),
    )


EMPTY_POOL = Rule(
    name=NAME,
    title="Pools on which nothing runs",
    about="Looks for Kapsule pools whose nodes are all as quiet as machines without a workload.",
    reads=(ACTIVITY,),
    thresholds=Thresholds(),
    judge=judge,
)
