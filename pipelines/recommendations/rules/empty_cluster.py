"""Kapsule clusters without a node whose control plane is billed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.recommendations.changes.cleanup import deleted
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.deletion import ATTACHMENTS, Unused, advised, attachments, days_since
from pipelines.recommendations.world import Resource, World

NAME = "empty_cluster"


@dataclass(frozen=True)
class Thresholds:
    """How long a cluster has no node before it is said."""

    least_days: int = 32  # a pool that is scaled up once a month is not given up


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each cluster."""
    rows = attachments(world)
    for cluster in world.of_type("k8s_cluster"):
        row = rows.get(cluster.resource_id)
        days = days_since(world, row["unused_since"]) if row else None
        if row is None or row["used_by"] is None:
            yield Unjudged(NAME, cluster.resource_id, "its nodes are not known")
        elif row["used_by"]:
            yield NothingToDo(NAME, cluster.resource_id, f"it has {row['used_by']} nodes")
        elif cluster.monthly_cost is None:
            yield NothingToDo(NAME, cluster.resource_id, "it has no nodes, and its control plane costs nothing")
        elif days is None or days < thresholds.least_days:
            yield NothingToDo(NAME, cluster.resource_id, "it may still be in the making")
        else:
            yield _advised(world, cluster, days)


def _advised(world: World, cluster: Resource, days: int) -> Answer:
    notes = (
        "This cannot be undone: what is declared in the cluster is lost. Export it first: `kubectl get all,pvc,secret "
        "--all-namespaces -o yaml`.",
        "Its volumes and load balancers stay unless with-additional-resources=true is said; look at them before.",
        "A dedicated control plane may be under a commitment of thirty days.",
    )
    return advised(
        world,
        NAME,
        Unused(
            resource=cluster,
            reason=f"It is {days} days old, has no node, and its control plane is billed.",
            action=f"Delete the cluster {cluster.resource_name}",
            change=deleted(cluster, notes, with_additional_resources=False),
            unused_days=days,
            evidence={
                "nodes": 0,
                "query": f"select * from {ATTACHMENTS} where resource_id = '{cluster.resource_id}'",
            },
            gone=True,
            effort=Level.medium,
        ),
    )


EMPTY_CLUSTER = Rule(
    name=NAME,
    title="Clusters without nodes",
    about="Looks for Kapsule clusters that have no node and whose control plane is billed.",
    reads=(ATTACHMENTS,),
    thresholds=Thresholds(),
    judge=judge,
)
