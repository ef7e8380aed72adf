"""Public gateways that no private network leads to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.recommendations.changes.change import scw
from pipelines.recommendations.changes.cleanup import deleted
from pipelines.recommendations.recommendation import Answer, NothingToDo, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.deletion import ATTACHMENTS, Unused, advised, attached_to, attachments, days_since
from pipelines.recommendations.world import Resource, World

NAME = "gateway_without_network"


@dataclass(frozen=True)
class Thresholds:
    """How long a gateway has no network before it is said."""

    least_days: int = 14


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each public gateway."""
    rows = attachments(world)
    for gateway in world.of_type("vpc_gw_gateway"):
        row = rows.get(gateway.resource_id)
        days = days_since(world, row["unused_since"]) if row else None
        if row is None or row["used_by"] is None:
            yield Unjudged(NAME, gateway.resource_id, "its networks are not known")
        elif row["used_by"]:
            yield NothingToDo(NAME, gateway.resource_id, f"{row['used_by']} private networks use it")
        elif days is None or days < thresholds.least_days:
            yield NothingToDo(NAME, gateway.resource_id, "it may still be in the making")
        else:
            yield _advised(world, gateway, days)


def _advised(world: World, gateway: Resource, days: int) -> Answer:
    zone, kind = gateway.availability_zone or "", (gateway.resource_class or "").upper()
    again = scw("vpc-gw", "gateway", "create", name=gateway.resource_name, type=kind, zone=zone)
    addresses = tuple(attached_to(world, attachments(world), gateway, "vpc_gw_ip"))
    return advised(
        world,
        NAME,
        Unused(
            resource=gateway,
            others=addresses,
            reason=f"No private network has been attached to it for {days} days, so nothing can pass through it.",
            action=f"Delete the public gateway {gateway.resource_name}",
            change=deleted(
                gateway,
                ("Its address goes with it and does not come back: look for it in the allow lists of partners first.",),
                (again,),
                delete_ip=True,
            ),
            unused_days=days,
            evidence={
                "private_networks": 0,
                "query": f"select * from {ATTACHMENTS} where resource_id = '{gateway.resource_id}'",
            },
        ),
    )


GATEWAY_WITHOUT_NETWORK = Rule(
    name=NAME,
    title="Gateways without a network",
    about="Looks for public gateways that no private network is attached to.",
    reads=(ATTACHMENTS,),
    thresholds=Thresholds(),
    judge=judge,
)
