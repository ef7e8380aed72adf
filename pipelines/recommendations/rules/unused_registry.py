"""Registry namespaces that nobody pushed to for long and that no container is known to pull from.

Scaleway counts no pulls, so what a cluster or a machine pulls cannot be known: the advice says so and is careful.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.recommendations.changes.cleanup import deleted
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.deletion import ATTACHMENTS, Unused, advised, attachments, days_since
from pipelines.recommendations.world import Resource, World

NAME = "unused_registry"


@dataclass(frozen=True)
class Thresholds:
    """How long nothing was pushed before it is said."""

    least_days: int = 180


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each namespace of the registry."""
    rows = attachments(world)
    for namespace in world.of_type("registry_namespace"):
        row = rows.get(namespace.resource_id)
        days = days_since(world, row["last_pushed_on"]) if row else None
        if row is None or days is None:
            yield Unjudged(NAME, namespace.resource_id, "when something was last pushed to it is not known")
        elif row["used_by"]:
            yield NothingToDo(NAME, namespace.resource_id, f"{row['used_by']} serverless namespaces pull from it")
        elif days < thresholds.least_days:
            yield NothingToDo(NAME, namespace.resource_id, f"something was pushed {days} days ago")
        else:
            yield _advised(world, namespace, days)


def _advised(world: World, namespace: Resource, days: int) -> Answer:
    notes = (
        "This cannot be undone: its images are lost. Copy them out first (`skopeo sync`) where anybody may ask.",
        "Pulls are not counted by Scaleway: search clusters and machines for the name of its endpoint first.",
    )
    return advised(
        world,
        NAME,
        Unused(
            resource=namespace,
            reason=f"Nothing was pushed to it for {days} days and no container is known to pull from it; whether "
            "clusters do is not known, since pulls are not counted.",
            action=f"Copy what {namespace.resource_name} holds, then delete it",
            change=deleted(namespace, notes),
            unused_days=days,
            evidence={
                "days_since_last_push": days,
                "pulls": None,
                "missing_metric": "pulls of registry images",
                "query": f"select last_pushed_on from {ATTACHMENTS} where resource_id = '{namespace.resource_id}'",
            },
            gone=True,
            effort=Level.medium,
        ),
    )


UNUSED_REGISTRY = Rule(
    name=NAME,
    title="Registries nobody pushes to",
    about="Looks for registry namespaces without a push for half a year that no container is known to use.",
    reads=(ATTACHMENTS,),
    thresholds=Thresholds(),
    judge=judge,
)
