"""Kapsule clusters, pools and nodes: the machines that a scenario puts into a cluster, seen from the cluster."""

from collections.abc import Iterator
from typing import Any

from simulator.instants import DAY, seconds, zulu
from simulator.resources import CONTROL_PLANE, Resource, cluster_id
from simulator.service_parts import GB, Placed, Services, word

_COMMITTED_DAYS = 30


class KubernetesShapes:
    """Writes clusters as Scaleway would."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def clusters(self, now: int) -> Iterator[Placed]:
        for row in self._control_planes(now):
            name = row.group.kapsule.cluster if row.group.kapsule else row.name
            identifier = row.id if row.kind == "service" else self._cluster_id(name)
            kind = word(row, CONTROL_PLANE) if row.kind == "service" else ""
            yield self._services.in_region(row, {
                **self._services.common(row),
                "id": identifier,
                "name": name,
                "organization_id": self._services.organization_id,
                "type": kind if kind.startswith("kapsule") else "kapsule",
                "status": "ready",
                "version": "1.35.3",
                "cni": "cilium",
                "description": "",
                "tags": list(row.tags_at(now)) if row.kind == "service" else [],
                "cluster_url": f"https://{identifier}.api.k8s.{row.zone[:6]}.scw.cloud:6443",
                "dns_wildcard": f"*.{identifier}.nodes.k8s.{row.zone[:6]}.scw.cloud",
                "auto_upgrade": {"enabled": False, "maintenance_window": {"start_hour": 0, "day": "any"}},
                "upgrade_available": False,
                "feature_gates": [],
                "admission_plugins": [],
                "private_network_id": None,
                "commitment_ends_at": self._commitment(row, kind),
            })  # fmt: skip

    @staticmethod
    def _commitment(row: Resource, kind: str) -> str | None:
        """A dedicated control plane is taken for thirty days at least."""
        if row.group.committed_until:
            return zulu(seconds(row.group.committed_until))
        return zulu(row.created + _COMMITTED_DAYS * DAY, 891_838) if "dedicated" in kind else None

    def pools(self, now: int) -> Iterator[Placed]:
        pools: dict[tuple[str, str], list[Resource]] = {}
        for row in self._machines(now):
            assert row.group.kapsule
            pools.setdefault((row.group.kapsule.cluster, row.group.kapsule.pool), []).append(row)
        for (cluster, pool), rows in pools.items():
            yield self._services.in_region(rows[0], self._pool(cluster, pool, rows), self._cluster_id(cluster))

    def nodes(self, now: int) -> Iterator[Placed]:
        for row in self._machines(now):
            assert row.group.kapsule
            kapsule = row.group.kapsule
            node = next(tag for tag in row.tags_at(now) if tag.startswith("node="))
            created = self._services.created(row)
            item = {
                "id": node.removeprefix("node="),
                "cluster_id": self._cluster_id(kapsule.cluster),
                "pool_id": self._pool_id(kapsule.cluster, kapsule.pool),
                "name": row.name,
                "status": "ready",
                "provider_id": f"scaleway://instance/{row.zone}/{row.id}",
                "conditions": {"Ready": "True", "MemoryPressure": "False", "DiskPressure": "False"},
                "public_ip_v4": self._services.world.identity.address(row.id),
                "public_ip_v6": None,
                "error_message": "",
                "created_at": created,
                "updated_at": created,
            }
            yield self._services.in_region(row, item, self._cluster_id(kapsule.cluster))

    def _control_planes(self, now: int) -> Iterator[Resource]:
        """What stands for each cluster: its control plane, or its first machine when that is not billed."""
        billed = list(self._services.billed_for(now, CONTROL_PLANE))
        yield from billed
        seen = {row.group.kapsule.cluster for row in billed if row.group.kapsule}
        for row in self._machines(now):
            assert row.group.kapsule
            if row.group.kapsule.cluster not in seen:
                seen.add(row.group.kapsule.cluster)
                yield row

    def _machines(self, now: int) -> Iterator[Resource]:
        for row in self._services.world.living(now):
            if row.kind == "instance" and row.group.kapsule:
                yield row

    def _pool(self, cluster: str, pool: str, rows: list[Resource]) -> dict[str, Any]:
        first = rows[0]
        volume = first.group.volumes[0] if first.group.volumes else None
        created = zulu(min(row.start for row in rows))
        return {
            "id": self._pool_id(cluster, pool),
            "cluster_id": self._cluster_id(cluster),
            "name": pool,
            "status": "ready",
            "version": "1.35.3",
            "node_type": first.type.lower().replace("-", "_"),
            "size": len(rows),
            "min_size": len(rows),
            "max_size": len(rows),
            "autoscaling": False,
            "autohealing": True,
            "container_runtime": "containerd",
            "tags": [],
            "labels": {},
            "taints": [],
            "kubelet_args": {},
            "placement_group_id": None,
            "upgrade_policy": {"max_unavailable": 1, "max_surge": 0},
            "root_volume_type": volume.type if volume else "default_volume_type",
            "root_volume_size": volume.gb * GB if volume else 0,
            "public_ip_disabled": False,
            "zone": first.zone,
            "created_at": created,
            "updated_at": created,
        }

    def _cluster_id(self, name: str) -> str:
        world = self._services.world
        return cluster_id(world.scenario, world.identity, name)

    def _pool_id(self, cluster: str, pool: str) -> str:
        return self._services.uuid("pool", cluster, pool)
