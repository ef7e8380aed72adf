"""Kapsule pools of fixed size with more nodes than requests and use take: autoscaling between the need and today."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from pipelines.recommendations.changes.kapsule import bounded
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Recommendation
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.cluster_sizing import DEMAND, OFFERS, POOLS, Cluster, Row, clusters
from pipelines.recommendations.world import Resource, World

NAME = "oversized_pool"


@dataclass(frozen=True)
class Thresholds:
    """How full the nodes that stay may be."""

    filled_share: float = 0.9  # by what the workloads ask for; the rest is the system's and the scheduler's waste
    used_share: float = 0.7  # of the processors, at the p99 of use
    spare_nodes: int = 1  # production stands the loss of a node


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each cluster: about its largest pool, or why it cannot be judged."""
    for cluster in clusters(world, NAME):
        yield _judged(world, cluster, thresholds) if isinstance(cluster, Cluster) else cluster


def _judged(world: World, cluster: Cluster, thresholds: Thresholds) -> Answer:
    fixed = [each for each in cluster.pools if not each[0]["has_autoscaling"] and each[0]["node_ids"]]
    if not fixed:
        return NothingToDo(NAME, cluster.cluster.resource_id, "its pools scale by themselves")
    pool, offer = max(fixed, key=lambda each: (each[0]["node_count"], each[0]["pool_id"]))
    kept = thresholds.spare_nodes if cluster.cluster.is_production else 0
    spare = cluster.spare_nodes(pool, offer, thresholds.filled_share, thresholds.used_share, kept)
    resource = world.resources.get(pool["pool_id"])
    if spare < 1 or resource is None:
        return NothingToDo(NAME, cluster.cluster.resource_id, "its nodes are needed, and one to spare")
    return _advised(cluster, resource, pool, offer, spare, thresholds)


def _advised(
    cluster: Cluster, resource: Resource, pool: Row, offer: Row, spare: int, thresholds: Thresholds
) -> Recommendation:
    costs = sorted(cluster.nodes.get(node_id, Decimal(0)) for node_id in pool["node_ids"])
    size, least = pool["node_count"], pool["node_count"] - spare
    asked = cluster.asked("cpu_requested")
    name = f"{cluster.cluster.resource_name}/{resource.resource_name}"
    return Recommendation(
        rule=NAME,
        resource_id=resource.resource_id,
        target=f"{least} to {size} nodes",
        action=f"Let pool {name} scale between {least} and {size} nodes instead of {size} at all times",
        reason=f"Its cluster has {cluster.cores} cores; its workloads ask for {asked:.1f} and use at most "
        f"{cluster.demand['cpu_used_p99']:.1f} for 99 % of the time. {spare} of {size} nodes ({offer['offer_name']}) "
        "can go, and come back when they are needed.",
        evidence={
            "cluster_cores": cluster.cores,
            "cpu_requested_cores": round(asked, 3),
            "memory_requested_gib": round(cluster.asked("memory_requested") / 2**30, 3),
            "cluster_memory_gib": round(cluster.memory_bytes / 2**30, 3),
            "cpu_used_p99_cores": cluster.demand["cpu_used_p99"],
            "nodes": size,
            "nodes_needed": least,
            "filled_share_allowed": thresholds.filled_share,
            "used_share_allowed": thresholds.used_share,
            "days": cluster.demand["usage_days"],
            "query": f"select cpu_used_p99, cpu_capacity from {DEMAND} "
            f"where cluster_id = '{cluster.cluster.resource_id}' order by usage_month desc limit 1",
        },
        evaluation_start=cluster.demand["known_from"],
        evaluation_end=cluster.demand["known_until"],
        monthly_saving=sum(costs[:spare], Decimal(0)),
        change=bounded(resource, least, size, (False, pool["min_size"] or size, pool["max_size"] or size)),
        risk=Level.medium if cluster.cluster.is_production else Level.low,
        effort=Level.low,
        saves_on=frozenset(pool["node_ids"]) & frozenset(cluster.nodes),
    )


OVERSIZED_POOL = Rule(
    name=NAME,
    title="Pools with more nodes than they need",
    about="Compares the nodes of Kapsule pools of fixed size with what their cluster's workloads ask for and use.",
    reads=(POOLS, OFFERS, DEMAND),
    thresholds=Thresholds(),
    judge=judge,
)
