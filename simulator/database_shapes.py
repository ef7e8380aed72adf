"""Managed databases as their APIs list them: PostgreSQL and MySQL, Redis, MongoDB, Serverless SQL."""

from collections.abc import Iterator
from typing import Any

from simulator.instants import DAY, day_start, zulu
from simulator.service_parts import GB, Placed, Services, amount, meter, size, word

_RDB_STORAGE = "/storage/rdb/storage/"
_MONGO_STORAGE = "/storage/mgdb/storage/"
_SNAPSHOT = "-snapshot"
BACKUP_DAYS = 7
_CLASSES = {"lssd": "lssd", "sbs_5k": "sbs", "sbs_15k": "sbs"}


class DatabaseShapes:
    """Writes databases as Scaleway would."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def rdb_instances(self, now: int) -> Iterator[Placed]:
        for row in self._services.billed_for(now, "/storage/rdb/instance/"):
            kind = word(row, _RDB_STORAGE) or "lssd"
            is_doubled = amount(row, "/storage/rdb/node/", 1) > 1
            endpoint = self._endpoint(row.id, 5432)
            yield self._services.in_region(row, {
                **self._services.common(row),
                "organization_id": self._services.organization_id,
                "engine": "PostgreSQL-16",
                "node_type": word(row, "/storage/rdb/instance/"),
                "status": "ready",
                "tags": list(row.tags_at(now)),
                "is_ha_cluster": is_doubled,
                "high_availability_mode": "unknown_high_availability_mode",
                "read_replicas": [],
                "volume": {"type": kind, "class": _CLASSES.get(kind, "sbs"), "size": size(row, _RDB_STORAGE)},
                "backup_schedule": {
                    "disabled": meter(row, "/storage/rdb/backup-storage/") is None,
                    "frequency": 24,
                    "retention": BACKUP_DAYS,
                    "next_run_at": zulu(day_start(now) + DAY),
                },
                "backup_same_region": False,
                "encryption": {"enabled": False},
                "endpoint": endpoint,
                "endpoints": [endpoint],
                "init_settings": [],
                "settings": [{"name": "max_connections", "value": "100"}],
                "logs_policy": {"max_age_retention": 30, "total_disk_retention": None},
                "maintenances": [],
                "upgradable_version": [],
            })  # fmt: skip

    def rdb_backups(self, now: int) -> Iterator[Placed]:
        for row in self._services.billed_for(now, "/storage/rdb/backup-storage/"):
            each = size(row, "/storage/rdb/backup-storage/") // BACKUP_DAYS
            for age in range(BACKUP_DAYS, 0, -1):
                taken = day_start(now) - age * DAY + 7_200
                if taken < row.start:
                    continue
                made = zulu(taken, 417_203)
                yield self._services.in_region(row, {
                    "id": self._services.uuid("backup", row.id, taken),
                    "instance_id": row.id,
                    "instance_name": row.name,
                    "database_name": "rdb",
                    "name": f"autobackup_{made[:10]}",
                    "status": "ready",
                    "size": each,
                    "expires_at": zulu(taken + (BACKUP_DAYS + 1) * DAY),
                    "created_at": made,
                    "updated_at": made,
                    "download_url": None,
                    "download_url_expires_at": None,
                    "same_region": False,
                })  # fmt: skip

    def redis_clusters(self, now: int) -> Iterator[Placed]:
        for row in self._services.billed_for(now, "/storage/redis/main-node/"):
            yield self._services.in_zone(row, {
                **self._services.common(row),
                "node_type": word(row, "/storage/redis/main-node/"),
                "cluster_size": 1 + amount(row, "/storage/redis/additional-node/"),
                "version": "7.2.11",
                "status": "ready",
                "tags": list(row.tags_at(now)),
                "acl_rules": [],
                "cluster_settings": [],
                "endpoints": [{**self._endpoint(row.id, 6379), "ips": [self._services.world.identity.address(row.id)]}],
                "tls_enabled": True,
                "upgradable_versions": [],
                "user_name": "app",
            })  # fmt: skip

    def mongodb_instances(self, now: int) -> Iterator[Placed]:
        for row in self._services.billed_for(now, "/storage/mgdb/instance/"):
            yield self._services.in_region(row, {
                **self._services.common(row),
                "organization_id": self._services.organization_id,
                "node_type": word(row, "/storage/mgdb/instance/"),
                "node_amount": amount(row, "/storage/mgdb/node/", 1),
                "volume": {"type": word(row, _MONGO_STORAGE), "size_bytes": size(row, _MONGO_STORAGE)},
                "version": "7.0",
                "status": "ready",
                "tags": list(row.tags_at(now)),
                "endpoints": [self._endpoint(row.id, 27017)],
                "maintenances": [],
                "settings": [],
                "snapshot_schedule": {
                    "enabled": True,
                    "frequency_hours": 24,
                    "retention_days": 3,
                    "last_run": zulu(day_start(now)),
                    "next_update": zulu(day_start(now) + DAY),
                },
                "upgradable_versions": [],
            })  # fmt: skip

    def mongodb_snapshots(self, now: int) -> Iterator[Placed]:
        for row in self._services.billed_for(now, "/storage/mgdb/instance/"):
            kept = next((each for each in row.meters if _SNAPSHOT in each.sku), None)
            for age in (3, 2, 1) if kept else ():
                taken = day_start(now) - age * DAY
                if kept is None or taken < row.start:
                    continue
                made = zulu(taken, 812_864)
                yield self._services.in_region(row, {
                    "id": self._services.uuid("snapshot", row.id, taken),
                    "instance_id": row.id,
                    "instance_name": row.name,
                    "name": f"autosnapshot-{made[:10]}",
                    "node_type": word(row, "/storage/mgdb/instance/"),
                    "volume_type": word(row, _MONGO_STORAGE),
                    "size_bytes": int(kept.amount * GB) // 3,
                    "status": "ready",
                    "created_at": made,
                    "updated_at": made,
                    "expires_at": zulu(taken + 4 * DAY),
                })  # fmt: skip

    def sql_databases(self, now: int) -> Iterator[Placed]:
        for row in self._services.billed_for(now, "/paas/serverless_sqldb/"):
            item = self._services.common(row)
            item.pop("updated_at")
            yield self._services.in_region(row, {
                **item,
                "organization_id": self._services.organization_id,
                "cpu_min": 0,
                "cpu_max": 4,
                "cpu_current": 1,
                "started": True,
                "engine_major_version": 16,
                "endpoint": f"postgres://{row.id}.pg.sdb.{self._services.region(row)}.scw.cloud:5432/{row.name}",
                "status": "ready",
            })  # fmt: skip

    def _endpoint(self, name: str, port: int) -> dict[str, Any]:
        return {
            "id": self._services.uuid("endpoint", name),
            "ip": self._services.world.identity.address(name),
            "port": port,
            "name": None,
            "load_balancer": {},
        }
