"""What the rules about idle machines advise: delete with snapshots of what it holds. No rule of its own."""

from __future__ import annotations

from pipelines.recommendations.changes.cleanup import server_deleted
from pipelines.recommendations.recommendation import Answer, Fact, Level, Unjudged
from pipelines.recommendations.rules.deletion import (
    Unused,
    advised,
    attached_to,
    attachments,
    copy_cost,
    days_since,
    identifiers,
)
from pipelines.recommendations.rules.idleness import Idle, facts
from pipelines.recommendations.world import Resource, World

MEASURED_DAYS = 35


def instance_deleted(world: World, rule: str, server: Resource, found: Idle, keep_days: int, reason: str) -> Answer:
    """A machine with its volumes and addresses: snapshots first, and what they cost until they go is a one-off."""
    rows = attachments(world)
    volumes = attached_to(world, rows, server, "block_volume", "instance_volume")
    addresses = attached_to(world, rows, server, "instance_ip")
    copies = copy_cost(world, rows, volumes, keep_days)
    if copies is None:
        return Unjudged(rule, server.resource_id, "what snapshots of its volumes cost is not in the price list")
    quiet_since = found.row["last_active_on"] or found.row["measured_from"]
    evidence: dict[str, Fact] = {
        **facts(found, server),
        "volumes": identifiers(volumes),
        "addresses": identifiers(addresses),
        "snapshot_cost": copies,
        "snapshots_kept_days": keep_days,
    }
    return advised(
        world,
        rule,
        Unused(
            resource=server,
            reason=reason,
            action=f"Snapshot what {server.resource_name} holds, then delete it",
            change=server_deleted(server, volumes, addresses, keep_days),
            unused_days=days_since(world, quiet_since),
            evidence=evidence,
            others=(*volumes, *addresses),
            one_off_cost=copies,
            effort=Level.low if found.is_network_known else Level.medium,
            restart_needed=True,
            evaluation_days=MEASURED_DAYS,
        ),
    )
