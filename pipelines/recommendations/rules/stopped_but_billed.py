"""Instances powered off for more than a month whose volumes and addresses go on being billed.

When a machine last ran is told by what was charged for it. What runs at a month's end, or in office hours, was charged
within the month.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from pipelines.recommendations.changes.cleanup import server_deleted
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.deletion import (
    ATTACHMENTS,
    COPY_PRICES,
    Unused,
    advised,
    attached_to,
    attachments,
    copy_cost,
    days_since,
    identifiers,
)
from pipelines.recommendations.rules.idleness import ACTIVITY, activity
from pipelines.recommendations.world import Resource, World

NAME = "stopped_but_billed"


@dataclass(frozen=True)
class Thresholds:
    """How long a machine is off before it is said, and how long the snapshots are kept that are taken first."""

    least_days: int = 45  # a machine for a month's end is off for thirty
    least_days_in_production: int = 92  # and one for a quarter's end for ninety
    keep_snapshots_days: int = 90


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each Instance that is powered off."""
    seen, rows = activity(world), attachments(world)
    for server in world.of_type("instance_server"):
        if (server.resource_state or "") == "stopped":
            yield _judged(world, server, seen.get(server.resource_id), rows, thresholds)


def _judged(
    world: World, server: Resource, row: dict[str, Any] | None, rows: dict[str, dict[str, Any]], thresholds: Thresholds
) -> Answer:
    if row is None or row["is_node"] is None or (row["last_charged_on"] is None and row["history_from"] is None):
        return Unjudged(NAME, server.resource_id, "when it last ran is not known")
    if row["is_node"]:
        return NothingToDo(NAME, server.resource_id, "it is the node of a pool")
    off = days_since(world, row["last_charged_on"] or _off_since(server, row["history_from"])) or 0
    if off < (thresholds.least_days_in_production if server.is_production else thresholds.least_days):
        return NothingToDo(NAME, server.resource_id, f"it ran {off} days ago")
    return _advised(world, server, row, rows, off, thresholds.keep_snapshots_days)


def _off_since(server: Resource, history_from: date) -> date:
    """What was not charged since the day from which charges were read was off all the while, or since it was made."""
    return history_from if server.created_at is None else max(history_from, server.created_at.date())


def _advised(
    world: World, server: Resource, row: dict[str, Any], rows: dict[str, dict[str, Any]], off: int, keep_days: int
) -> Answer:
    volumes = attached_to(world, rows, server, "block_volume", "instance_volume")
    addresses = attached_to(world, rows, server, "instance_ip")
    if not [each for each in (*volumes, *addresses) if each.monthly_cost]:
        return NothingToDo(NAME, server.resource_id, "it is off, and nothing of it is billed")
    copies = copy_cost(world, rows, volumes, keep_days)
    if copies is None:
        return Unjudged(NAME, server.resource_id, "what snapshots of its volumes cost is not in the price list")
    return advised(
        world,
        NAME,
        Unused(
            resource=server,
            reason=f"It has been powered off for {off} days or more, and its {len(volumes)} volumes and "
            f"{len(addresses)} addresses are billed as before.",
            action=f"Snapshot what {server.resource_name} holds, then delete it",
            change=server_deleted(server, volumes, addresses, keep_days),
            unused_days=off,
            evidence={
                "last_charged_on": row["last_charged_on"],
                "charges_read_from": row["history_from"],
                "volumes": identifiers(volumes),
                "addresses": identifiers(addresses),
                "snapshot_cost": copies,
                "snapshots_kept_days": keep_days,
                "query": f"select last_charged_on from {ACTIVITY} where resource_id = '{server.resource_id}'",
            },
            others=(*volumes, *addresses),
            one_off_cost=copies,
            effort=Level.medium,
        ),
    )


STOPPED_BUT_BILLED = Rule(
    name=NAME,
    title="Powered off for long and still billed",
    about="Looks for Instances that have been off for more than a month while their volumes and addresses are billed.",
    reads=(ACTIVITY, ATTACHMENTS, COPY_PRICES),
    thresholds=Thresholds(),
    judge=judge,
)
