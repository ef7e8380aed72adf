"""Bounds of autoscaling Kapsule pools: a lower one that keeps nodes nobody needs, and an upper one that is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from pipelines.recommendations.changes.kapsule import bounded
from pipelines.recommendations.recommendation import Answer, Fact, Level, NothingToDo, Recommendation
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.cluster_sizing import DEMAND, OFFERS, POOLS, Cluster, Row, clusters
from pipelines.recommendations.world import Resource, World

NAME = "pool_autoscaling"


@dataclass(frozen=True)
class Thresholds:
    """How full the nodes that stay may be, and how far a pool may grow."""

    filled_share: float = 0.9  # by what the workloads ask for
    used_share: float = 0.7  # of the processors, at the p99 of use
    spare_nodes: int = 1  # production stands the loss of a node
    most_times: int = 10  # an upper bound beyond so many times today's nodes is none
    growth: int = 3  # times today's nodes: the upper bound that is proposed


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each pool that scales by itself; one for each cluster that cannot be judged."""
    for cluster in clusters(world, NAME):
        if not isinstance(cluster, Cluster):
            yield cluster
            continue
        for pool, offer in cluster.pools:
            resource = world.resources.get(pool["pool_id"])
            if pool["has_autoscaling"] and resource is not None and pool["node_count"]:
                yield _judged(cluster, resource, pool, offer, thresholds)


def _judged(cluster: Cluster, resource: Resource, pool: Row, offer: Row, thresholds: Thresholds) -> Answer:
    size, least, most = pool["node_count"], pool["min_size"] or 0, pool["max_size"] or 0
    kept = thresholds.spare_nodes if cluster.cluster.is_production else 0
    spare = cluster.spare_nodes(pool, offer, thresholds.filled_share, thresholds.used_share, kept)
    is_bound = size <= least and spare >= 1
    is_open = most == 0 or most > thresholds.most_times * max(size, 1)
    if not is_bound and not is_open:
        return NothingToDo(NAME, resource.resource_id, "its bounds fit")
    new_least = least - spare if is_bound else least
    new_most = thresholds.growth * size if is_open else most
    costs = sorted(cluster.nodes.get(node_id, Decimal(0)) for node_id in pool["node_ids"])
    told = []
    if is_bound:
        told.append(f"It stands at its lower bound of {least} nodes, {spare} more than requests and use take.")
    if is_open:
        told.append(f"Its upper bound is {most or 'missing'}: a fault could make it grow without limit.")
    return Recommendation(
        rule=NAME,
        resource_id=resource.resource_id,
        target=f"{new_least} to {new_most} nodes",
        action=f"Let pool {resource.resource_name} scale between {new_least} and {new_most} nodes",
        reason=" ".join(told),
        evidence=_evidence(cluster, pool, spare),
        evaluation_start=cluster.demand["known_from"],
        evaluation_end=cluster.demand["known_until"],
        monthly_saving=sum(costs[:spare], Decimal(0)) if is_bound else Decimal(0),
        change=bounded(resource, new_least, new_most, (True, least, most)),
        risk=Level.low,
        effort=Level.low,
        saves_on=frozenset(pool["node_ids"]) & frozenset(cluster.nodes),
    )


def _evidence(cluster: Cluster, pool: Row, spare: int) -> dict[str, Fact]:
    return {
        "nodes": pool["node_count"],
        "min_size": pool["min_size"],
        "max_size": pool["max_size"],
        "nodes_to_spare": spare,
        "cluster_cores": cluster.cores,
        "cpu_requested_cores": round(cluster.asked("cpu_requested"), 3),
        "cpu_used_p99_cores": cluster.demand["cpu_used_p99"],
        "query": f"select min_size, max_size, node_count from {POOLS} where pool_id = '{pool['pool_id']}'",
    }


POOL_AUTOSCALING = Rule(
    name=NAME,
    title="Bounds of pools that scale",
    about="Looks for Kapsule pools held at a lower bound above their need, and for pools without an upper bound.",
    reads=(POOLS, OFFERS, DEMAND),
    thresholds=Thresholds(),
    judge=judge,
)
