"""Block volumes and snapshots: another class in place, a smaller volume by migration, a snapshot that goes."""

from __future__ import annotations

from pipelines.recommendations.changes.change import Change, block, label, removed, scw
from pipelines.recommendations.world import Resource

_GB = 10**9


def another_class(volume: Resource, operations: int, today: int) -> Change:
    """A block volume made for other operations a second, in place."""
    return Change(
        cli=(_snapshot(volume), _update(volume, operations)),
        undo_cli=(_update(volume, today),),
        terraform=_volume(volume, iops=operations),
        undo_terraform=_volume(volume, iops=today),
        notes=("The snapshot is a precaution and is billed until it is deleted.",),
    )


def smaller(volume: Resource, size_bytes: int, today_bytes: int, operations: int | None) -> Change:
    """A block volume with less space: a new one, filled file by file, in the place of the old one."""
    zone, wanted = volume.availability_zone or "", size_bytes // _GB
    made: dict[str, str | int] = {"name": f"{volume.resource_name}-new", "from-empty.size": f"{wanted}GB"}
    if operations is not None:
        made["perf_iops"] = operations
    return Change(
        cli=(
            _snapshot(volume),
            scw("block", "volume", "create", **made, zone=zone),
            scw("instance", "server", "attach-volume", "server-id=SERVER_ID", "volume-id=NEW_VOLUME_ID", zone=zone),
            scw("block", "volume", "delete", volume.resource_id, zone=zone),
        ),
        undo_cli=(
            scw(
                "block",
                "volume",
                "create",
                "from-snapshot.snapshot-id=SNAPSHOT_ID",
                name=volume.resource_name,
                zone=zone,
            ),
        ),
        terraform=_volume(volume, size_in_gb=wanted),
        undo_terraform=_volume(volume, size_in_gb=today_bytes // _GB),
        notes=(
            "This is a migration: a volume only grows, so the smaller one is a new volume.",
            "Copy the files on the machine itself, stop what writes, copy once more, then change the mount.",
            "Both volumes and the snapshot are billed until they are deleted; keep the snapshot until all is well.",
        ),
    )


def snapshot_deleted(snapshot: Resource) -> Change:
    """A snapshot that goes. Nothing brings it back."""
    zone = snapshot.availability_zone or ""
    product, kind = _SNAPSHOTS[snapshot.resource_type]
    place = {"zone": zone} if product in ("block", "instance") else {"region": snapshot.region_id or ""}
    command = ("backup", "delete") if snapshot.resource_type == "rdb_database_backup" else ("snapshot", "delete")
    return Change(
        cli=(scw(product, *command, snapshot.resource_id, **place),),
        undo_cli=(),
        terraform=removed(kind, snapshot.resource_name),
        notes=(
            "This cannot be undone: a snapshot that is deleted is gone.",
            "Export it to a bucket first where anybody may still ask for it.",
        ),
    )


_SNAPSHOTS = {
    "block_snapshot": ("block", "scaleway_block_snapshot"),
    "instance_snapshot": ("instance", "scaleway_instance_snapshot"),
    "rdb_snapshot": ("rdb", "scaleway_rdb_snapshot"),
    "rdb_database_backup": ("rdb", "scaleway_rdb_database_backup"),
    "mongodb_snapshot": ("mongodb", "scaleway_mongodb_snapshot"),
}


def _snapshot(volume: Resource) -> str:
    return scw(
        "block",
        "snapshot",
        "create",
        volume.resource_id,
        name=f"{volume.resource_name}-before-change",
        zone=volume.availability_zone or "",
    )


def _update(volume: Resource, operations: int) -> str:
    zone = volume.availability_zone or ""
    return scw("block", "volume", "update", volume.resource_id, perf_iops=operations, zone=zone)


def _volume(volume: Resource, **attributes: int) -> str:
    return block(
        "resource", "scaleway_block_volume", label(volume.resource_name), name=volume.resource_name, **attributes
    )
