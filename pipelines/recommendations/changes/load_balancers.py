"""Load balancers and public gateways: another type, in place, both ways."""

from __future__ import annotations

from pipelines.recommendations.changes.change import Change, block, label, scw
from pipelines.recommendations.world import Resource


def balancer_type(balancer: Resource, wanted: str, today: str) -> Change:
    """A load balancer of another type; its address and its rules stay."""
    return Change(
        cli=(_migrate(balancer, wanted),),
        undo_cli=(_migrate(balancer, today),),
        terraform=_block("scaleway_lb", balancer, wanted.upper()),
        undo_terraform=_block("scaleway_lb", balancer, today.upper()),
        notes=("Open connections are cut when it moves; do it outside the busy hours.",),
    )


def gateway_type(gateway: Resource, wanted: str, today: str) -> Change:
    """A public gateway of another type; its address and its rules stay."""
    return Change(
        cli=(_upgrade(gateway, wanted),),
        undo_cli=(_upgrade(gateway, today),),
        terraform=_block("scaleway_vpc_public_gateway", gateway, wanted.upper()),
        undo_terraform=_block("scaleway_vpc_public_gateway", gateway, today.upper()),
        notes=("The gateway stops for some minutes, and with it all that leaves its private networks.",),
    )


def _migrate(balancer: Resource, wanted: str) -> str:
    return scw("lb", "lb", "migrate", balancer.resource_id, type=wanted.upper(), zone=balancer.availability_zone or "")


def _upgrade(gateway: Resource, wanted: str) -> str:
    zone = gateway.availability_zone or ""
    return scw("vpc-gw", "gateway", "upgrade", gateway.resource_id, type=wanted.upper(), zone=zone)


def _block(kind: str, resource: Resource, wanted: str) -> str:
    return block("resource", kind, label(resource.resource_name), name=resource.resource_name, type=wanted)
