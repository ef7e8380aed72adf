"""Volumes that were attached once and are no more: what a deleted machine or cluster left behind.

A volume that was never seen attached is not judged unless the deployment says so: somebody made it for a purpose, and
nothing tells when it was last needed. Neither is the volume of a claim in a cluster that exists.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipelines.recommendations.changes.cleanup import volume_deleted
from pipelines.recommendations.recommendation import Answer, NothingToDo, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.deletion import (
    ATTACHMENTS,
    COPY_PRICES,
    Unused,
    advised,
    attachments,
    copy_cost,
    days_since,
)
from pipelines.recommendations.world import Resource, World

NAME = "unattached_volume"


@dataclass(frozen=True)
class Thresholds:
    """How long a volume hangs on nothing before it is said."""

    least_days: int = 32  # a month and a day: what is attached once a month is not left behind
    judges_never_attached: bool = False
    keep_snapshots_days: int = 90


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each volume that is attached to nothing."""
    rows = attachments(world)
    for volume in world.of_type("block_volume", "instance_volume"):
        row = rows.get(volume.resource_id)
        if row is None or row["used_by"] is None:
            yield Unjudged(NAME, volume.resource_id, "what it is attached to is not known")
        elif row["used_by"] == 0:
            yield _judged(world, volume, rows, row, thresholds)


def _judged(
    world: World, volume: Resource, rows: dict[str, dict[str, Any]], row: dict[str, Any], thresholds: Thresholds
) -> Answer:
    if row["cluster_exists"] is None:
        return Unjudged(NAME, volume.resource_id, "whether it belongs to a cluster is not known")
    if row["cluster_exists"]:
        return Unjudged(
            NAME,
            volume.resource_id,
            "it belongs to a claim of a cluster that exists; `kubectl get pv` tells whether the claim is still used",
        )
    if not row["was_used"] and not thresholds.judges_never_attached:
        return Unjudged(NAME, volume.resource_id, "it was never seen attached: ask its owner what it waits for")
    days = days_since(world, row["unused_since"])
    if days is None:
        return Unjudged(NAME, volume.resource_id, "since when it is attached to nothing is not known")
    if days < thresholds.least_days:
        return NothingToDo(NAME, volume.resource_id, f"it was detached {days} days ago")
    return _advised(world, volume, rows, days, thresholds.keep_snapshots_days)


def _advised(world: World, volume: Resource, rows: dict[str, dict[str, Any]], days: int, keep_days: int) -> Answer:
    row = rows[volume.resource_id]
    copies = copy_cost(world, rows, [volume], keep_days)
    if copies is None:
        return Unjudged(NAME, volume.resource_id, "what a snapshot of it costs is not in the price list")
    cluster = " of a cluster that was deleted" if row["cluster_id"] else ""
    return advised(
        world,
        NAME,
        Unused(
            resource=volume,
            reason=f"It is a volume{cluster}, attached to nothing for {days} days and billed as before.",
            action=f"Snapshot {volume.resource_name} if it holds anything, then delete it",
            change=volume_deleted(volume, keep_days),
            unused_days=days,
            evidence={
                "unused_since": row["unused_since"],
                "last_used_by": row["last_used_by_name"] or row["last_used_by"],
                "deleted_cluster_id": row["cluster_id"],
                "size_gb": None if row["size_bytes"] is None else row["size_bytes"] // 10**9,
                "snapshot_cost": copies,
                "snapshots_kept_days": keep_days,
                "query": f"select * from {ATTACHMENTS} where resource_id = '{volume.resource_id}'",
            },
            one_off_cost=copies,
        ),
    )


UNATTACHED_VOLUME = Rule(
    name=NAME,
    title="Volumes attached to nothing",
    about="Looks for volumes that were attached once and have hung on nothing for more than a month.",
    reads=(ATTACHMENTS, COPY_PRICES),
    thresholds=Thresholds(),
    judge=judge,
)
