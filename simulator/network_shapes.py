"""Load balancers, gateways, private networks and their addresses, and Edge Services, as their APIs list them."""

from collections.abc import Iterator
from typing import Any

from simulator.resources import Resource
from simulator.service_parts import Placed, Services, amount, meter, word

_BALANCER = "/network/loadbalancer/loadbalancer-"
_GATEWAY = "/network/vpc/public-gateway/vpc-gw-"
_BANDWIDTHS = {"s": 100_000_000, "m": 1_000_000_000, "l": 10_000_000_000}
"""Bits a second by type; no public source says them."""
_PRIVATE = "/network/vpc/private-network/"
MACHINES_BEHIND_A_BALANCER = 3


class NetworkShapes:
    """Writes networks as Scaleway would."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def balancers(self, now: int) -> Iterator[Placed]:
        for row in self._services.billed_for(now, _BALANCER):
            yield self._services.in_zone(row, self._balancer(row, now))

    def balancer_addresses(self, now: int) -> Iterator[Placed]:
        for row in self._services.billed_for(now, _BALANCER):
            yield Placed(row.zone, self._services.project_id(row), self._balancer_address(row))

    def backends(self, now: int) -> Iterator[Placed]:
        for row in self._services.billed_for(now, _BALANCER):
            if row.group.detached_at is not None:
                continue
            created = self._services.created(row)
            yield Placed(row.zone, self._services.project_id(row), {
                "id": self._services.uuid("backend", row.id),
                "name": f"{row.name}-backend",
                "lb": {**self._balancer(row, now), "zone": row.zone},
                "forward_protocol": "http",
                "forward_port": 80,
                "forward_port_algorithm": "roundrobin",
                "pool": self._machines(row, now),
                "sticky_sessions": "none",
                "health_check": {"port": 80, "check_delay": 60_000, "check_timeout": 30_000, "tcp_config": {}},
                "created_at": created,
                "updated_at": created,
            }, parent=row.id)  # fmt: skip

    def gateways(self, now: int) -> Iterator[Placed]:
        for row in self._services.billed_for(now, _GATEWAY):
            created = self._services.created(row)
            network = {
                "id": self._services.uuid("gateway network", row.id),
                "gateway_id": self._gateway_id(row),
                "private_network_id": self._network_id(row, 0),
                "masquerade_enabled": True,
                "push_default_route": True,
                "status": "ready",
                "created_at": created,
                "updated_at": created,
                "zone": row.zone,
            }
            yield self._services.in_zone(row, {
                **self._services.common(row),
                "id": self._gateway_id(row),
                "organization_id": self._services.organization_id,
                "type": f"VPC-GW-{word(row, _GATEWAY).upper()}",
                "bandwidth": _BANDWIDTHS.get(word(row, _GATEWAY), 1_000_000_000),
                "status": "running",
                "tags": list(row.tags_at(now)),
                "ipv4": self._gateway_address(row),
                "gateway_networks": [network],
                "bastion_enabled": False,
                "bastion_port": 61_000,
                "bastion_allowed_ips": ["0.0.0.0/0"],
                "is_legacy": False,
                "smtp_enabled": False,
                "version": "0.7.9",
            })  # fmt: skip

    def gateway_addresses(self, now: int) -> Iterator[Placed]:
        for row in self._services.billed_for(now, _GATEWAY):
            address = self._gateway_address(row)
            address.pop("gateway_id")
            yield Placed(row.zone, self._services.project_id(row), address)

    def private_networks(self, now: int) -> Iterator[Placed]:
        for row in self._services.billed_for(now, _GATEWAY, _PRIVATE):
            for number in range(max(1, amount(row, _PRIVATE))):
                item = {
                    **self._services.common(row),
                    "id": self._network_id(row, number),
                    "name": f"{row.project.name}-{row.name}-{number + 1}",
                    "organization_id": self._services.organization_id,
                    "vpc_id": self._vpc_id(row),
                    "tags": [],
                    "subnets": [],
                    "dhcp_enabled": True,
                    "default_route_propagation_enabled": False,
                    "has_s3_integration": False,
                }
                yield self._services.in_region(row, item)

    def vpcs(self, now: int) -> Iterator[Placed]:
        seen = set()
        for row in self._services.billed_for(now, _GATEWAY, _PRIVATE):
            identifier = self._vpc_id(row)
            if identifier in seen:
                continue
            seen.add(identifier)
            yield self._services.in_region(row, {
                **self._services.common(row),
                "id": identifier,
                "name": "default",
                "organization_id": self._services.organization_id,
                "tags": ["default"],
                "is_default": True,
                "private_network_count": 1,
                "routing_enabled": True,
                "custom_routes_propagation_enabled": True,
                "s3_integration_enabled": False,
                "transitivity_enabled": False,
            })  # fmt: skip

    def addresses(self, now: int) -> Iterator[Placed]:
        """IPAM's view of the addresses of Instances."""
        for row in self._services.world.living(now):
            if row.kind != "ip":
                continue
            created = self._services.created(row)
            resource = {"type": "instance_server", "id": row.server_id, "name": row.server_name, "mac_address": None}
            yield Placed(row.zone[:6], self._services.project_id(row), {
                "id": self._services.uuid("ipam", row.id),
                "address": f"{self._services.world.identity.address(row.id)}/32",
                "is_ipv6": False,
                "project_id": self._services.project_id(row),
                "resource": resource if row.server_id else None,
                "source": {"zonal": row.zone},
                "reverses": [],
                "tags": [],
                "region": row.zone[:6],
                "zone": row.zone,
                "created_at": created,
                "updated_at": created,
            })  # fmt: skip

    def pipelines(self, now: int) -> Iterator[Placed]:
        for row in self._services.billed_for(now, "/network/edge-services/plan/"):
            yield Placed("", self._services.project_id(row), {
                **self._services.common(row),
                "organization_id": self._services.organization_id,
                "description": "",
                "errors": [],
                "status": "ready",
            })  # fmt: skip

    def _balancer(self, row: Resource, now: int) -> dict[str, Any]:
        has_backends = row.group.detached_at is None
        created = self._services.created(row)
        machine = {
            "id": self._services.uuid("balancer machine", row.id),
            "status": "ready",
            "ip_address": "",
            "created_at": created,
            "updated_at": created,
            "region": self._services.region(row),
            "zone": row.zone,
        }
        return {
            **self._services.common(row),
            "organization_id": self._services.organization_id,
            "description": "",
            "status": "ready",
            "type": f"lb-{word(row, _BALANCER)}",
            "tags": list(row.tags_at(now)),
            "instances": [machine],
            "ip": [self._balancer_address(row)],
            "frontend_count": int(has_backends),
            "backend_count": int(has_backends),
            "private_network_count": 0,
            "route_count": 0,
            "subscriber": None,
            "ssl_compatibility_level": "ssl_compatibility_level_intermediate",
            "region": self._services.region(row),
        }

    def _balancer_address(self, row: Resource) -> dict[str, Any]:
        return {
            "id": self._services.uuid("balancer address", row.id),
            "ip_address": self._services.world.identity.address(row.id),
            "lb_id": row.id,
            "organization_id": self._services.organization_id,
            "project_id": self._services.project_id(row),
            "reverse": "",
            "tags": [],
            "region": self._services.region(row),
            "zone": row.zone,
        }

    def _gateway_address(self, row: Resource) -> dict[str, Any]:
        created = self._services.created(row)
        return {
            "id": self._services.uuid("gateway address", row.id),
            "gateway_id": self._gateway_id(row),
            "address": self._services.world.identity.address(row.id),
            "organization_id": self._services.organization_id,
            "project_id": self._services.project_id(row),
            "reverse": None,
            "tags": [],
            "created_at": created,
            "updated_at": created,
            "zone": row.zone,
        }

    def _machines(self, row: Resource, now: int) -> list[str]:
        """Addresses of the project's first machines in the zone."""
        near = (r for r in self._services.world.living(now) if r.kind == "instance" and r.zone == row.zone)
        own = sorted(r.id for r in near if r.project.name == row.project.name)
        return [self._services.world.identity.address(each) for each in own[:MACHINES_BEHIND_A_BALANCER]]

    def _gateway_id(self, row: Resource) -> str:
        """What is billed, unless a load balancer in the same group is."""
        return self._services.uuid("gateway", row.id) if meter(row, _BALANCER) else row.id

    def _network_id(self, row: Resource, number: int) -> str:
        return self._services.uuid("private network", row.id, number)

    def _vpc_id(self, row: Resource) -> str:
        return self._services.uuid("vpc", row.project.name, self._services.region(row))
