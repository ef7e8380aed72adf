"""Workloads of Kapsule that ask for far more than they use, or use nothing: together one advice a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from pipelines.recommendations.changes.kapsule import Requests, asks_less
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Plain, Recommendation
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.cluster_sizing import DEMAND, OFFERS, POOLS, Cluster, Row, clusters
from pipelines.recommendations.world import World

NAME = "oversized_workload"


@dataclass(frozen=True)
class Thresholds:
    """What a workload may ask for above what it uses.

    Use is known by day only: the busiest day's mean says nothing of its peaks, hence the factors.
    """

    cpu_factor: float = 2.0  # over the busiest day's mean
    memory_factor: float = 1.3  # the same; what memory holds changes little within a day
    idle_share: float = 0.02  # of the processors asked for: below, nothing seems to use it
    least_saving: Decimal = Decimal(20)  # by the month and workload
    least_cores: float = 0.1  # no workload is told to ask for less


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each cluster."""
    for cluster in clusters(world, NAME):
        yield _judged(cluster, thresholds) if isinstance(cluster, Cluster) else cluster


def _judged(cluster: Cluster, thresholds: Thresholds) -> Answer:
    found = [
        (requests, freed)
        for row in cluster.demand["workloads"]
        if (requests := _wanted(cluster, row, thresholds)) is not None
        and (freed := _worth(cluster, requests)) >= thresholds.least_saving
    ]
    if not found:
        return NothingToDo(NAME, cluster.cluster.resource_id, "what its workloads ask for is near what they use")
    found.sort(key=lambda each: (-each[1], each[0].namespace, each[0].name))
    return _advised(cluster, found, thresholds)


def _wanted(cluster: Cluster, row: Row, thresholds: Thresholds) -> Requests | None:
    """What it should ask for; None where it is gone already, or something of it is not known."""
    known = (row["cpu_requested"], row["cpu_used_max"], row["memory_requested"], row["memory_used_max"])
    if any(each is None for each in known) or row["last_seen_on"] < cluster.demand["last_seen_on"]:
        return None
    if row["kind"] not in ("deployment", "statefulset", "daemonset") or row["days"] < cluster.demand["allocation_days"]:
        return None
    if cluster.demand["kind_cost_ratio"] is None:
        return None  # nothing was charged for its nodes
    cpu, used, memory, held = (float(each) for each in known)
    is_idle = row["kind"] == "deployment" and used < thresholds.idle_share * cpu
    wanted = None if is_idle else min(cpu, max(used * thresholds.cpu_factor, thresholds.least_cores))
    wanted_memory = None if is_idle else min(memory, held * thresholds.memory_factor)
    return Requests(row["namespace"], row["kind"], row["controller"], cpu, memory, wanted, wanted_memory)


def _worth(cluster: Cluster, requests: Requests) -> Decimal:
    """What the part of the nodes costs that it would leave, processors and memory weighed as OpenCost does."""
    weight = Decimal(cluster.demand["kind_cost_ratio"])
    cores = Decimal(str((requests.cpu - (requests.wanted_cpu or 0)) / cluster.cores))
    memory = Decimal(str((requests.memory_bytes - (requests.wanted_memory_bytes or 0)) / cluster.memory_bytes))
    return (cluster.cost * (weight * cores + (1 - weight) * memory)).quantize(Decimal("0.000001"))


def _advised(cluster: Cluster, found: list[tuple[Requests, Decimal]], thresholds: Thresholds) -> Recommendation:
    resource = cluster.cluster
    names = [f"{each.namespace}/{each.name}" for each, _ in found]
    return Recommendation(
        rule=NAME,
        resource_id=resource.resource_id,
        target="requests of " + ", ".join(sorted(names)),
        action=f"Let workloads of {resource.resource_name} ask for what they use: {', '.join(names)}",
        reason=" ".join(_sentence(each) for each, _ in found)
        + " What they leave is worth the saving once the pool loses nodes, by its autoscaler or by hand.",
        evidence={
            "workloads": [_numbers(each, worth) for each, worth in found],
            "days": cluster.demand["allocation_days"],
            "cluster_cores": cluster.cores,
            "cluster_monthly_cost": cluster.cost,
            "cpu_share_of_node_cost": cluster.demand["kind_cost_ratio"],
            "cpu_factor": thresholds.cpu_factor,
            "memory_factor": thresholds.memory_factor,
            "query": "select allocation, max(cpu_cores_used), max(cpu_cores_requested) from silver.cluster_allocations "
            f"where cluster_id = '{resource.resource_id}' group by allocation",
        },
        evaluation_start=cluster.demand["known_from"],
        evaluation_end=cluster.demand["known_until"],
        monthly_saving=sum((worth for _, worth in found), Decimal(0)),
        change=asks_less(resource, [each for each, _ in found]),
        risk=Level.medium,
        effort=Level.medium,
        restart_needed=True,
        saves_on=frozenset(cluster.nodes),
    )


def _numbers(requests: Requests, worth: Decimal) -> Mapping[str, Plain]:
    return {
        "workload": f"{requests.namespace}/{requests.name}",
        "cpu_requested_cores": round(requests.cpu, 3),
        "cpu_wanted_cores": round(requests.wanted_cpu or 0, 3),
        "memory_requested_gib": round(requests.memory_bytes / 2**30, 3),
        "memory_wanted_gib": round((requests.wanted_memory_bytes or 0) / 2**30, 3),
        "monthly_worth": worth,
    }


def _sentence(requests: Requests) -> str:
    name = f"{requests.namespace}/{requests.name}"
    if requests.wanted_cpu is None:
        return f"{name} asks for {requests.cpu:g} cores and uses next to nothing: scale it to zero, then delete it."
    return (
        f"{name} asks for {requests.cpu:g} cores and {requests.memory_bytes / 2**30:.1f} GiB, where "
        f"{requests.wanted_cpu:.1f} and {(requests.wanted_memory_bytes or 0) / 2**30:.1f} would leave room."
    )


OVERSIZED_WORKLOAD = Rule(
    name=NAME,
    title="Workloads that ask for more than they use",
    about="Compares what the workloads of Kapsule clusters ask for with what they use on their busiest day, and finds "
    "those that use nothing.",
    reads=(POOLS, OFFERS, DEMAND),
    thresholds=Thresholds(),
    judge=judge,
)
