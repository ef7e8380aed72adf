"""Databases and caches: other node types, fewer nodes, faster volumes, backups; in place where the API can.

A managed database cannot lose its standby, nor MongoDB change its nodes, nor a cache shrink: there the change is a
migration, a new resource made from a snapshot beside the old one. The old one is deleted by a person, last of all.
"""

from __future__ import annotations

from pipelines.recommendations.changes.change import Change, block, label, removed, scw
from pipelines.recommendations.world import Resource

_CUT_OVER = "Point the applications at the new endpoint, compare the data, and only then delete the old one."
_OF_THE_OLD_ONE = {"version": "VERSION", "user_name": "USER", "password": "PASSWORD"}
_BOTH_RUN = (
    "Both run and are billed until the old one is deleted; what is written after the snapshot has to be replayed."
)


def resized(database: Resource, node_type: str, current: str, nodes: int) -> Change:
    """A managed database on a larger node type, in place; the endpoint stays. The way back is a migration."""
    back = migrated(database, current, node_type, nodes, nodes)
    return Change(
        cli=(_upgrade(database, node_type=node_type),),
        undo_cli=back.cli,
        terraform=_terraform(database, node_type=node_type),
        undo_terraform=_terraform(database, node_type=current),
        notes=(
            "Connections are cut for a moment when the new node takes over.",
            f"There is no call that makes a node smaller; back to {current} is a migration from a snapshot.",
        ),
    )


def faster_volume(database: Resource, volume_type: str, current: str) -> Change:
    """The volume of a managed database in another class, in place."""
    return Change(
        cli=(_upgrade(database, volume_type=volume_type),),
        undo_cli=(_upgrade(database, volume_type=current),),
        terraform=_terraform(database, volume_type=volume_type),
        undo_terraform=_terraform(database, volume_type=current),
        notes=("The data is moved while the database runs; take a backup first.",),
    )


def read_replica(database: Resource) -> Change:
    """A second node that answers reads, for a volume that no faster class is sold for."""
    name = label(database.resource_name)
    return Change(
        cli=(scw("rdb", "read-replica", "create", instance_id=database.resource_id, region=database.region_id or ""),),
        undo_cli=(scw("rdb", "read-replica", "delete", "READ_REPLICA_ID", region=database.region_id or ""),),
        terraform=block(
            "resource",
            "scaleway_rdb_read_replica",
            name,
            instance_id=database.resource_id,
            region=database.region_id or "",
        ),
        notes=(
            "The applications have to send their reads to the replica's endpoint; what they just wrote may lag there.",
            "If writes are what fills the volume, a replica does not help: measure reads and writes apart first.",
        ),
    )


def without_read_replica(database: Resource) -> Change:
    """A read replica that goes, in place; the way back makes a new one from the database."""
    made = read_replica(database)
    return Change(
        cli=(scw("rdb", "instance", "get", database.resource_id, region=database.region_id or ""), *made.undo_cli),
        undo_cli=made.cli,
        terraform=removed("scaleway_rdb_read_replica", database.resource_name),
        undo_terraform=made.terraform,
        notes=("Send what reads from the replica's endpoint to the database itself first.",),
    )


def migrated(
    database: Resource, node_type: str, current: str, nodes: int, nodes_today: int, from_snapshot: bool = True
) -> Change:
    """A managed database with a smaller node, or fewer nodes: a new one from a snapshot beside the old one.

    Databases on local disks have no snapshots; each of their logical databases is carried over in a backup.
    """
    region = database.region_id or ""
    product, terraform_type = _product(database)
    if from_snapshot:
        restored: dict[str, str | int | bool] = {"instance_name": f"{database.resource_name}-new"}
        restored["node_type"] = node_type
        if product == "rdb":
            restored["is_ha_cluster"] = nodes > 1
        else:
            restored["node_amount"] = nodes
        copied = (
            scw(product, "snapshot", "create", instance_id=database.resource_id, name="before-move", region=region),
            scw(product, "snapshot", "restore", "SNAPSHOT_ID", **restored, region=region),
        )
    else:
        copied = (
            scw(product, "backup", "create", instance_id=database.resource_id, database_name="DATABASE", region=region),
            scw(product, "backup", "restore", "BACKUP_ID", instance_id="NEW_INSTANCE_ID", region=region),
        )
    return Change(
        cli=(*copied, scw(product, "instance", "delete", database.resource_id, region=region)),
        undo_cli=(scw(product, "instance", "delete", "NEW_INSTANCE_ID", region=region),),
        terraform=_sized(terraform_type, database, node_type, nodes),
        undo_terraform=_sized(terraform_type, database, current, nodes_today),
        notes=(
            "This is a migration: there is no call that makes the database smaller in place.",
            _BOTH_RUN,
            _CUT_OVER,
            "The way back is open until the old one is deleted; after that it is the same migration again.",
        ),
    )


def larger_cache(cache: Resource, node_type: str, current: str) -> Change:
    """A cache on a larger node type, in place; it cannot be made smaller again."""
    zone = cache.availability_zone or ""
    return Change(
        cli=(scw("redis", "cluster", "migrate", cache.resource_id, node_type=node_type.upper(), zone=zone),),
        undo_cli=new_cache(cache, current, node_type).cli,
        terraform=_cache(cache, node_type),
        undo_terraform=_cache(cache, current),
        notes=(
            "Connections are cut for a moment when the new node takes over.",
            f"A cache only grows: back to {current.upper()} means a new cache, which starts empty.",
        ),
    )


def new_cache(cache: Resource, node_type: str, current: str) -> Change:
    """A smaller cache beside the old one, and the cut-over."""
    zone = cache.availability_zone or ""
    return Change(
        cli=(
            scw("redis", "cluster", "get", cache.resource_id, zone=zone),
            scw(
                "redis",
                "cluster",
                "create",
                name=f"{cache.resource_name}-new",
                node_type=node_type.upper(),
                **_OF_THE_OLD_ONE,
                zone=zone,
            ),
            scw("redis", "cluster", "delete", cache.resource_id, zone=zone),
        ),
        undo_cli=(scw("redis", "cluster", "delete", "NEW_CLUSTER_ID", zone=zone),),
        terraform=_cache(cache, node_type),
        undo_terraform=_cache(cache, current),
        notes=(
            "This is a migration: a cache only grows, so the smaller one is a new cache.",
            "It starts empty: expect misses until it is warm, and carry over what is not only a cache (sessions).",
            "Both run and are billed until the old one is deleted.",
            _CUT_OVER,
        ),
    )


def backups_kept(database: Resource, days: int, today: int) -> Change:
    """How long scheduled backups are kept. Those that exist keep the date on which they expire."""
    return Change(
        cli=(_kept(database, days),),
        undo_cli=(_kept(database, today),),
        terraform=_retention(database, days),
        undo_terraform=_retention(database, today),
        notes=(
            "Backups that exist keep the day on which they expire; only new ones are kept shorter.",
            "What has expired cannot be brought back.",
        ),
    )


def _upgrade(database: Resource, **what: str) -> str:
    return scw("rdb", "instance", "upgrade", database.resource_id, **what, region=database.region_id or "")


def _product(database: Resource) -> tuple[str, str]:
    if database.resource_type == "mongodb_instance":
        return "mongodb", "scaleway_mongodb_instance"
    return "rdb", "scaleway_rdb_instance"


def _terraform(database: Resource, **attributes: str) -> str:
    return block(
        "resource",
        "scaleway_rdb_instance",
        label(database.resource_name),
        name=database.resource_name,
        **attributes,
    )


def _sized(kind: str, database: Resource, node_type: str, nodes: int) -> str:
    name = label(database.resource_name)
    if kind == "scaleway_rdb_instance":
        return block("resource", kind, name, name=database.resource_name, node_type=node_type, is_ha_cluster=nodes > 1)
    return block("resource", kind, name, name=database.resource_name, node_type=node_type, node_number=nodes)


def _cache(cache: Resource, node_type: str) -> str:
    return block(
        "resource",
        "scaleway_redis_cluster",
        label(cache.resource_name),
        name=cache.resource_name,
        node_type=node_type.upper(),
    )


def _kept(database: Resource, days: int) -> str:
    region = database.region_id or ""
    if database.resource_type == "mongodb_instance":
        return scw(
            "mongodb", "instance", "update", database.resource_id, snapshot_schedule_retention_days=days, region=region
        )
    return scw("rdb", "instance", "update", database.resource_id, backup_schedule_retention=days, region=region)


def _retention(database: Resource, days: int) -> str:
    kind, name = _product(database)[1], label(database.resource_name)
    if kind == "scaleway_mongodb_instance":
        return block("resource", kind, name, name=database.resource_name, snapshot_schedule_retention_days=days)
    return block("resource", kind, name, name=database.resource_name, backup_schedule_retention=days)
