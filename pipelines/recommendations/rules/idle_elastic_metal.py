"""Elastic Metal and Apple silicon on which nothing happens: billed until deleted, whatever their power state.

There is no snapshot of such a machine: what is on its disks has to be copied by a person, so the advice is careful and
says so. A monthly server saves only from the end of its term.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipelines.recommendations.changes.cleanup import deleted
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.deletion import Unused, advised, days_since
from pipelines.recommendations.rules.idleness import (
    ACTIVITY,
    Busy,
    Idle,
    Quiet,
    Unknown,
    activity,
    by_cpu,
    facts,
)
from pipelines.recommendations.rules.machine_deletion import MEASURED_DAYS
from pipelines.recommendations.world import Resource, World

NAME = "idle_elastic_metal"
_STOPPED = frozenset({"stopped", "stopping"})


@dataclass(frozen=True)
class Thresholds(Quiet):
    """What counts as idle."""

    stopped_days: int = 30  # a machine that is off and measured no more


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each Elastic Metal and Apple silicon server."""
    rows = activity(world)
    for server in world.of_type("baremetal_server", "apple_silicon_server"):
        yield _judged(world, server, rows.get(server.resource_id), thresholds)


def _judged(world: World, server: Resource, row: dict[str, Any] | None, thresholds: Thresholds) -> Answer:
    if (server.resource_state or "").lower() in _STOPPED and row and row["cpu_p995_ratio"] is None:
        off = days_since(world, row["last_active_on"])
        if off is not None and off < thresholds.stopped_days:
            return NothingToDo(NAME, server.resource_id, f"it was in use {off} days ago")
        return _advised(
            world, server, Idle(row, False), "It is powered off, and billed until it is deleted all the same."
        )
    found = by_cpu(server, row, thresholds)
    if isinstance(found, Unknown):
        return Unjudged(NAME, server.resource_id, found.reason)
    if isinstance(found, Busy):
        return NothingToDo(NAME, server.resource_id, found.reason)
    peak = found.row["cpu_p995_ratio"]
    return _advised(
        world,
        server,
        found,
        f"In {found.row['cpu_days']} days its processors were below {peak:.1%} 99.5 % of the time; powering it off "
        "saves nothing, only deleting does.",
    )


def _advised(world: World, server: Resource, found: Idle, reason: str) -> Answer:
    monthly = any("/monthly/" in sku for sku in server.costs)
    notes = (
        "This cannot be undone, and there is no snapshot: copy what is on its disks to a bucket first.",
        *(("It is billed by the month: the saving begins when its term ends.",) if monthly else ()),
    )
    return advised(
        world,
        NAME,
        Unused(
            resource=server,
            reason=reason,
            action=f"Copy what {server.resource_name} holds, then delete it",
            change=deleted(server, notes),
            unused_days=days_since(world, found.row["last_active_on"] or found.row["measured_from"]),
            evidence={**facts(found, server), "is_billed_by_the_month": monthly},
            gone=True,
            effort=Level.high,
            restart_needed=True,
            evaluation_days=MEASURED_DAYS,
        ),
    )


IDLE_ELASTIC_METAL = Rule(
    name=NAME,
    title="Elastic Metal nobody uses",
    about="Looks for Elastic Metal and Apple silicon servers that do nothing, or are powered off, and are billed until "
    "they are deleted.",
    reads=(ACTIVITY,),
    thresholds=Thresholds(),
    judge=judge,
)
