"""Load balancers with no server behind them, and those that nobody opened a connection to for weeks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.recommendations.changes.change import scw
from pipelines.recommendations.changes.cleanup import deleted
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.deletion import ATTACHMENTS, Unused, advised, attached_to, attachments, days_since
from pipelines.recommendations.world import Resource, World

NAME = "load_balancer_without_backends"
_LOAD = "gold.network_load"


@dataclass(frozen=True)
class Thresholds:
    """How long a load balancer serves nobody before it is said."""

    least_days: int = 14
    least_weekends: int = 2


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each load balancer."""
    rows = attachments(world)
    load = {row["resource_id"]: row for row in world.rows(_LOAD)}
    for balancer in world.of_type("lb_lb"):
        yield _judged(world, balancer, rows.get(balancer.resource_id), load.get(balancer.resource_id), thresholds)


def _judged(
    world: World,
    balancer: Resource,
    row: Mapping[str, Any] | None,
    load: Mapping[str, Any] | None,
    thresholds: Thresholds,
) -> Answer:
    sessions = None if load is None else load["sessions_max"]
    if row is not None and row["used_by"] == 0:
        days = days_since(world, row["unused_since"])
        if sessions:
            return NothingToDo(NAME, balancer.resource_id, f"it had up to {sessions:.0f} sessions though no server")
        if days is None or days < thresholds.least_days:
            return NothingToDo(NAME, balancer.resource_id, "it may still be in the making")
        return _advised(world, balancer, row, sessions, days, "It has no server behind it")
    if load is None or sessions is None:
        return Unjudged(NAME, balancer.resource_id, "its sessions are not measured (load_balancer_sessions)")
    measured = f"{load['measured_days']} days with {load['measured_weekends']} weekends"
    if (load["measured_days"] or 0) < thresholds.least_days or (
        load["measured_weekends"] or 0
    ) < thresholds.least_weekends:
        return Unjudged(NAME, balancer.resource_id, f"only {measured} are measured")
    if sessions > 0:
        return NothingToDo(NAME, balancer.resource_id, f"it serves up to {sessions:.0f} sessions at a time")
    return _advised(
        world, balancer, row or {}, sessions, load["measured_days"], f"Nobody opened a session in {measured}"
    )


def _advised(world: World, balancer: Resource, row: Mapping[str, Any], sessions: Any, days: int, reason: str) -> Answer:
    zone, kind = balancer.availability_zone or "", (balancer.resource_class or "").upper()
    again = scw("lb", "lb", "create", name=balancer.resource_name, type=kind, zone=zone)
    notes = (
        "Its address goes with it and does not come back: look for it in DNS first. To keep the address, say "
        "release-ip=false; it is billed then.",
        "Export its frontends, certificates and rules before; creating it again brings back an empty one.",
    )
    addresses = tuple(attached_to(world, attachments(world), balancer, "lb_ip"))
    return advised(
        world,
        NAME,
        Unused(
            resource=balancer,
            others=addresses,
            reason=f"{reason}, and it is billed by the hour all the same.",
            action=f"Delete the load balancer {balancer.resource_name}",
            change=deleted(balancer, notes, (again,), release_ip=True),
            unused_days=days,
            evidence={
                "servers_behind": row.get("used_by"),
                "unused_since": row.get("unused_since"),
                "sessions_max": sessions,
                "query": f"select used_by, unused_since from {ATTACHMENTS} where resource_id = "
                f"'{balancer.resource_id}'",
            },
            effort=Level.low,
        ),
    )


LOAD_BALANCER_WITHOUT_BACKENDS = Rule(
    name=NAME,
    title="Load balancers that balance nothing",
    about="Looks for load balancers without a server behind them, or without a session for weeks.",
    reads=(ATTACHMENTS, _LOAD),
    thresholds=Thresholds(),
    judge=judge,
)
