"""Elastic Metal: another offer is another server; it is installed, filled and taken over by hand."""

from __future__ import annotations

from pipelines.recommendations.changes.change import Change, block, label, scw
from pipelines.recommendations.world import Resource


def replaced(server: Resource, offer_id: str, offer_name: str, current: str) -> Change:
    """A server on another offer in the place of this one. The old one is deleted by a person, last of all."""
    zone = {"zone": server.availability_zone} if server.availability_zone else {}
    return Change(
        cli=(
            scw("baremetal", "server", "create", name=f"{server.resource_name}-new", offer_id=offer_id, **zone),
            scw(
                "baremetal", "server", "install", "NEW_SERVER_ID", os_id="OS_ID", hostname=server.resource_name, **zone
            ),
            scw("baremetal", "server", "delete", server.resource_id, **zone),
        ),
        undo_cli=(scw("baremetal", "server", "delete", "NEW_SERVER_ID", **zone),),
        terraform=_terraform(server, offer_name),
        undo_terraform=_terraform(server, current),
        notes=(
            "This is a migration: install the new server, copy the data, move the flexible IPs, and only then delete "
            "the old one.",
            "Both are billed until the old one is deleted; a server by the month is billed until its month is over.",
            "The way back is open until the old one is deleted; its disks are wiped then, so keep a backup elsewhere.",
        ),
    )


def _terraform(server: Resource, offer_name: str) -> str:
    return block(
        "resource",
        "scaleway_baremetal_server",
        label(server.resource_name),
        name=server.resource_name,
        offer=offer_name,
    )
