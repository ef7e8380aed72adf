"""A Kapsule cluster: its nodes and what they cost, what its workloads ask for, and how many nodes that takes."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pipelines.recommendations.recommendation import Unjudged
from pipelines.recommendations.world import Resource, World

POOLS, OFFERS, DEMAND = "silver.pools", "silver.offers", "gold.workload_demand"
Row = Mapping[str, Any]
_DAYS = 14


@dataclass(frozen=True)
class Cluster:
    """A cluster, its pools without GPUs with the listing of their nodes, and its demand."""

    cluster: Resource
    pools: tuple[tuple[Row, Row], ...]
    nodes: Mapping[str, Decimal]  # what each node of these pools costs by the month
    demand: Row

    @property
    def cores(self) -> int:
        return sum(int(pool["node_count"] * offer["vcpus"]) for pool, offer in self.pools)

    @property
    def memory_bytes(self) -> int:
        return sum(int(pool["node_count"] * offer["memory_bytes"]) for pool, offer in self.pools)

    @property
    def cost(self) -> Decimal:
        """What all its nodes cost by the month."""
        return sum(self.nodes.values(), Decimal(0))

    def asked(self, what: str) -> float:
        """What all workloads ask for together: `cpu_requested` in cores or `memory_requested` in bytes."""
        return sum(float(each[what] or 0) for each in self.demand["workloads"] or ())

    def spare_nodes(self, pool: Row, offer: Row, filled: float, used: float, kept: int) -> int:
        """How many nodes the pool can lose with requests filling the rest to `filled` and the p99 of use to `used`."""
        cores = max(self.asked("cpu_requested") / filled, float(self.demand["cpu_used_p99"]) / used)
        by_cpu = math.floor((self.cores - cores) / offer["vcpus"])
        memory = self.memory_bytes - self.asked("memory_requested") / filled
        by_memory = math.floor(memory / offer["memory_bytes"])
        spare = min(by_cpu, by_memory, int(pool["node_count"]) - 1) - kept
        return max(0, int(spare))


def clusters(world: World, rule: str) -> Iterator[Cluster | Unjudged]:
    """Every cluster whose requests are known for two weeks; why it cannot be judged for the others."""
    demands = {row["cluster_id"]: row for row in world.rows(DEMAND)}
    offers = {(row["availability_zone"], row["offer_id"]): row for row in world.rows(OFFERS)}
    pools: dict[str, list[tuple[Row, Row]]] = defaultdict(list)
    for pool in world.rows(POOLS):
        offer = offers.get((pool["availability_zone"], pool["node_type"]))
        if offer is not None and offer["vcpus"] and offer["memory_bytes"] and not offer["gpu_count"]:
            pools[pool["cluster_id"]].append((pool, offer))
    for cluster in world.of_type("k8s_cluster"):
        found, demand = tuple(pools[cluster.resource_id]), demands.get(cluster.resource_id)
        missing = _missing(found, demand)
        if missing or demand is None:
            yield Unjudged(rule, cluster.resource_id, missing)
            continue
        nodes = {
            node_id: world.resources[node_id].monthly_cost or Decimal(0)
            for pool, _ in found
            for node_id in pool["node_ids"]
            if node_id in world.resources
        }
        yield Cluster(cluster, found, nodes, demand)


def _missing(pools: tuple[tuple[Row, Row], ...], demand: Row | None) -> str:
    if not pools:
        return "the size of its nodes is not in the listing of its zone, or they have GPUs"
    if demand is None or demand["cpu_used_p99"] is None:
        return "how much of its processors is used (kubernetes_cpu_used) is not measured"
    if demand["allocation_days"] is None or not demand["workloads"]:
        return "what its workloads ask for is not known; OpenCost, which is free, in the cluster tells it"
    if demand["allocation_days"] < _DAYS:
        return f"what its workloads ask for is known of only {demand['allocation_days']} of the {_DAYS} days needed"
    return ""
