"""Public addresses that are reserved and attached to nothing: of Instances, Elastic Metal, load balancers, gateways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.recommendations.changes.cleanup import deleted
from pipelines.recommendations.recommendation import Answer, NothingToDo, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.deletion import ATTACHMENTS, Unused, advised, attachments, days_since
from pipelines.recommendations.world import World

NAME = "unused_address"
_TYPES = ("instance_ip", "flexible_ip_flexible_ip", "lb_ip", "vpc_gw_ip", "ipam_ip")


@dataclass(frozen=True)
class Thresholds:
    """How long an address waits before it is said."""

    least_days: int = 7


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each address that is attached to nothing; the private ones that cost nothing have none."""
    rows = attachments(world)
    for address in world.of_type(*_TYPES):
        row = rows.get(address.resource_id)
        if row is None or row["used_by"] is None:
            yield Unjudged(NAME, address.resource_id, "what it is attached to is not known")
            continue
        if row["used_by"] or (address.resource_type == "ipam_ip" and address.monthly_cost is None):
            continue
        days = days_since(world, row["unused_since"])
        if days is None:
            yield Unjudged(NAME, address.resource_id, "since when it is attached to nothing is not known")
        elif days < thresholds.least_days:
            yield NothingToDo(NAME, address.resource_id, f"it was detached {days} days ago")
        else:
            yield advised(
                world,
                NAME,
                Unused(
                    resource=address,
                    reason=f"It has been attached to nothing for {days} days, and a reserved address is billed by the "
                    "hour all the same.",
                    action=f"Release the address {address.resource_name}",
                    change=deleted(
                        address,
                        (
                            "This cannot be undone: another address may be had, this one will not come back. Look for "
                            "it in DNS and in the allow lists of partners first.",
                        ),
                    ),
                    unused_days=days,
                    evidence={
                        "unused_since": row["unused_since"],
                        "last_used_by": row["last_used_by_name"] or row["last_used_by"],
                        "query": f"select * from {ATTACHMENTS} where resource_id = '{address.resource_id}'",
                    },
                    gone=True,
                ),
            )


UNUSED_ADDRESS = Rule(
    name=NAME,
    title="Addresses attached to nothing",
    about="Looks for reserved public addresses that are attached to nothing for a week and more.",
    reads=(ATTACHMENTS,),
    thresholds=Thresholds(),
    judge=judge,
)
