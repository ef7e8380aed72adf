"""How an Elastic Metal server goes from hourly to monthly terms."""

from __future__ import annotations

from pipelines.recommendations.changes.change import Change, block, label, scw
from pipelines.recommendations.world import Resource


def to_monthly(server: Resource, monthly_offer_id: str) -> Change:
    """The migration of the subscription; the machine and what is on it stay. There is no way back to hourly terms."""
    zone = server.availability_zone or ""
    return Change(
        cli=(scw("baremetal", "server", "migrate-offer-monthly", server.resource_id, zone=zone),),
        undo_cli=(
            scw("baremetal", "server", "get", server.resource_id, zone=zone),
            scw("baremetal", "server", "delete", server.resource_id, zone=zone),
        ),
        terraform=block(
            "resource",
            "scaleway_baremetal_server",
            label(server.resource_name),
            name=server.resource_name,
            zone=zone,
            offer=monthly_offer_id,
        ),
        undo_terraform=block(
            "resource",
            "scaleway_baremetal_server",
            label(server.resource_name),
            name=server.resource_name,
            zone=zone,
            offer=server.resource_class or "",
        ),
        notes=(
            "A monthly subscription cannot be turned back into an hourly one. The way out is to delete the server, "
            "which ends the cost with the term: copy its data first.",
            "Set only `offer` in the block that is there already: any other difference would install the server anew. "
            "Read `terraform plan` before applying; if it wants to replace the server, use the command instead and "
            "refresh the state.",
            "Ask support for the loyalty voucher of twelve months before migrating.",
        ),
    )
