"""The JSON of a project and of each kind of resource, as the inventory APIs spell it."""

from typing import Any

from simulator.audit_retirements import Retirements
from simulator.instants import offset_style, seconds, zulu
from simulator.loads import is_on
from simulator.price_book import instance_sku
from simulator.resources import Resource
from simulator.scenario import Project
from simulator.world import World

GB = 10**9
_IMAGE_OWNER = "51b656e3-4865-41e8-adbc-0c45bdd780db"  # Scaleway's own, in every answer
_ACTIONS = {
    "running": ["poweroff", "terminate", "reboot", "stop_in_place", "backup"],
    "stopped": ["poweron", "backup"],
    "stopped in place": ["poweron", "poweroff", "backup"],
}


class Shapes:
    """Writes resources as Scaleway would."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._organization = world.scenario.organization.id
        self._retirements = Retirements(world.scenario, world.book)
        self._volumes: dict[str, list[Resource]] = {}
        self._addresses: dict[str, list[Resource]] = {}
        for resource in world.resources:
            if resource.server_id:
                parts = self._addresses if resource.kind == "ip" else self._volumes
                parts.setdefault(resource.server_id, []).append(resource)

    def project(self, project: Project) -> dict[str, Any]:
        created = zulu(self._world.start, 1 + self._world.identity.millionths("created", project.name))
        return {
            "id": self._world.project_id(project),
            "name": project.name,
            "organization_id": self._organization,
            "created_at": created,
            "updated_at": created,
            "description": project.description,
            "qualification": {"architecture_type": "unknown_architecture_type"},
        }

    def server(self, row: Resource, now: int) -> dict[str, Any]:
        state = _state(row, now)
        kind = self._world.book.types[row.type, row.zone]
        volumes = self._volumes.get(row.id, [])
        return {
            "id": row.id,
            "name": row.name,
            "arch": kind.arch,
            "commercial_type": row.type,
            "boot_type": "local",
            **self._owner(row),
            "hostname": row.name,
            "image": self._os_image(kind.arch, row.zone),
            "volumes": {str(index): self._server_volume(volume) for index, volume in enumerate(volumes)},
            "tags": list(row.tags_at(now)),
            "state": state,
            "protected": False,
            "state_detail": {"running": "booted"}.get(state, ""),
            **self._network(row),
            **self._dates(row, now),
            "bootscript": None,
            "security_group": {"id": self._world.identity.uuid("group", row.project.name),
                               "name": "Default security group"},
            "location": None,
            "maintenances": [],
            "allowed_actions": _ACTIONS.get(state, []),
            "placement_group": None,
            "private_nics": [],
            "zone": row.zone,
            "filesystems": [],
            "end_of_service": self._retirements.has_ended(instance_sku(row.type, row.zone), now),
            "dns": f"{row.id}.pub.instances.scw.cloud",
            "admin_password_encryption_ssh_key_id": None,
        }  # fmt: skip

    def _network(self, row: Resource) -> dict[str, Any]:
        addresses = [self._attached_address(ip) for ip in self._addresses.get(row.id, [])]
        return {
            "public_ip": addresses[0] if addresses else None,
            "public_ips": addresses,
            "mac_address": self._world.identity.mac(row.id),
            "routed_ip_enabled": True,
            "ipv6": None,
            "extra_networks": [],
            "dynamic_ip_required": False,
            "enable_ipv6": False,
            "private_ip": None,
        }

    def local_volume(self, row: Resource, now: int) -> dict[str, Any]:
        return {
            "id": row.id,
            "name": row.name,
            "volume_type": row.type or "l_ssd",
            "export_uri": None,
            **self._owner(row),
            "server": {"id": row.server_id, "name": row.server_name} if row.server_id else None,
            "size": row.gb * GB,
            "state": "available",
            **self._dates(row, now),
            "tags": list(row.tags_at(now)),
            "zone": row.zone,
        }

    def local_snapshot(self, row: Resource, now: int) -> dict[str, Any]:
        return {
            "id": row.id,
            "name": row.name,
            "volume_type": row.type or "l_ssd",
            **self._dates(row, now),
            **self._owner(row),
            "size": row.gb * GB,
            "state": "available",
            "base_volume": None,
            "tags": list(row.tags_at(now)),
            "zone": row.zone,
            "error_details": None,
        }

    def image(self, row: Resource, now: int) -> dict[str, Any]:
        root = {
            "id": self._world.identity.uuid("root", row.id),
            "name": f"{row.name}-snapshot",
            "volume_type": "l_ssd",
            "size": row.gb * GB,
        }
        return {
            "id": row.id,
            "name": row.name,
            **self._owner(row),
            "root_volume": root,
            "extra_volumes": {},
            "public": False,
            "arch": "x86_64",
            **self._dates(row, now),
            "default_bootscript": None,
            "from_server": "",
            "state": "available",
            "tags": list(row.tags_at(now)),
            "zone": row.zone,
        }

    def address(self, row: Resource, now: int) -> dict[str, Any]:
        return {
            "id": row.id,
            "address": self._address(row),
            "prefix": None,
            "reverse": None,
            "server": {"id": row.server_id, "name": row.server_name} if row.server_id else None,
            **self._owner(row),
            "zone": row.zone,
            "type": "routed_ipv4",
            "state": "attached" if row.server_id else "detached",
            "tags": list(row.tags_at(now)),
            "ipam_id": self._world.identity.uuid("ipam", row.id),
        }

    def block_volume(self, row: Resource, now: int) -> dict[str, Any]:
        kind = row.type or "sbs_5k"
        created = zulu(row.start, self._micro(row))
        reference = {
            "id": self._world.identity.uuid("reference", row.id),
            "product_resource_type": "instance_server",
            "product_resource_id": row.server_id,
            "created_at": created,
            "type": "exclusive",
            "status": "attached",
        }
        detached = row.group.detached_at
        return {
            "id": row.id,
            "name": row.name,
            "type": kind,
            "size": row.gb * GB,
            "project_id": self._world.project_id(row.project),
            "created_at": created,
            "updated_at": created,
            "references": [reference] if row.server_id else [],
            "parent_snapshot_id": None,
            "status": "in_use" if row.server_id else "available",
            "tags": list(row.tags_at(now)),
            "specs": {"perf_iops": {"sbs_15k": 15_000}.get(kind, 5_000), "class": "sbs"},
            "last_detached_at": zulu(seconds(detached)) if detached and not row.server_id else None,
            "kms_key_id": None,
            "zone": row.zone,
        }

    def block_snapshot(self, row: Resource, now: int) -> dict[str, Any]:
        created = zulu(row.start, self._micro(row))
        return {
            "class": "sbs",
            "created_at": created,
            "id": row.id,
            "name": row.name,
            "parent_volume": None,
            "project_id": self._world.project_id(row.project),
            "public": False,
            "references": [],
            "size": row.gb * GB,
            "status": "available",
            "tags": list(row.tags_at(now)),
            "updated_at": created,
            "zone": row.zone,
        }

    def _owner(self, row: Resource) -> dict[str, str]:
        return {"organization": self._organization, "project": self._world.project_id(row.project)}

    def _dates(self, row: Resource, now: int) -> dict[str, str]:
        changes = [seconds(change.at) for change in row.group.states if seconds(change.at) <= now]
        micro = self._micro(row)
        return {
            "creation_date": offset_style(row.start, micro),
            "modification_date": offset_style(max([row.start, *changes]), micro),
        }

    def _micro(self, row: Resource) -> int:
        return 1 + self._world.identity.millionths("micro", row.id) % 999_999

    def _server_volume(self, volume: Resource) -> dict[str, Any]:
        """A local volume is described in full; a block volume by its identifier alone, without size."""
        if volume.kind == "block-volume":
            return {
                "boot": False,
                "volume_type": "sbs_volume",
                "id": volume.id,
                "state": "available",
                "zone": volume.zone,
            }
        full = self.local_volume(volume, volume.start)
        return {"boot": False, **full}

    def _attached_address(self, row: Resource) -> dict[str, Any]:
        return {
            "id": row.id,
            "address": self._address(row),
            "dynamic": False,
            "gateway": "62.210.0.1",
            "netmask": "32",
            "family": "inet",
            "provisioning_mode": "dhcp",
            "tags": [],
            "state": "attached",
            "ipam_id": self._world.identity.uuid("ipam", row.id),
        }

    def _address(self, row: Resource) -> str:
        return self._world.identity.address(row.id)

    def _os_image(self, arch: str, zone: str) -> dict[str, Any]:
        built = offset_style(self._world.start, 845_576)
        root = {"volume_type": "sbs_snapshot", "id": self._world.identity.uuid("os", zone), "size": 0, "name": ""}
        return {
            "id": self._world.identity.uuid("image", arch, zone),
            "name": "Ubuntu 24.04 Noble Numbat",
            "organization": _IMAGE_OWNER,
            "project": _IMAGE_OWNER,
            "root_volume": root,
            "extra_volumes": {},
            "public": True,
            "arch": arch,
            "creation_date": built,
            "modification_date": built,
            "default_bootscript": None,
            "from_server": "",
            "state": "available",
            "tags": [],
            "zone": zone,
        }


def _state(row: Resource, now: int) -> str:
    """The state a machine was put in last, else what its load says."""
    changes = [c for c in row.group.states if seconds(c.at) <= now]
    if changes:
        return str(max(changes, key=lambda change: change.at).state)
    return "running" if is_on(row.load, now) else "stopped"
