"""Things nothing uses: power off, copy first, delete, and the way back. A machine is never powered off from inside."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.recommendations.changes.change import Change, block, label, removed, scw
from pipelines.recommendations.world import Resource

COPY_FIRST = (
    "Wait until every snapshot is available before deleting, and mount one: a copy that was never read is none."
)
_UNTIL = "Delete the snapshots once nobody has asked for {days} days; until then they are billed."
_NAMES_TERRAFORM = {
    "instance_server": "scaleway_instance_server",
    "baremetal_server": "scaleway_baremetal_server",
    "apple_silicon_server": "scaleway_apple_silicon_server",
    "block_volume": "scaleway_block_volume",
    "instance_volume": "scaleway_instance_volume",
    "block_snapshot": "scaleway_block_snapshot",
    "instance_snapshot": "scaleway_instance_snapshot",
    "instance_image": "scaleway_instance_image",
    "instance_ip": "scaleway_instance_ip",
    "flexible_ip_flexible_ip": "scaleway_flexible_ip",
    "ipam_ip": "scaleway_ipam_ip",
    "lb_ip": "scaleway_lb_ip",
    "vpc_gw_ip": "scaleway_vpc_public_gateway_ip",
    "lb_lb": "scaleway_lb",
    "vpc_gw_gateway": "scaleway_vpc_public_gateway",
    "k8s_cluster": "scaleway_k8s_cluster",
    "k8s_pool": "scaleway_k8s_pool",
    "registry_namespace": "scaleway_registry_namespace",
    "rdb_instance": "scaleway_rdb_instance",
    "redis_cluster": "scaleway_redis_cluster",
    "mongodb_instance": "scaleway_mongodb_instance",
    "containers_container": "scaleway_container",
    "functions_function": "scaleway_function",
}
_DELETED_BY = {
    "instance_image": ("instance", "image", "delete"),
    "instance_ip": ("instance", "ip", "delete"),
    "flexible_ip_flexible_ip": ("fip", "ip", "delete"),
    "ipam_ip": ("ipam", "ip", "delete"),
    "lb_ip": ("lb", "ip", "delete"),
    "vpc_gw_ip": ("vpc-gw", "ip", "delete"),
    "lb_lb": ("lb", "lb", "delete"),
    "vpc_gw_gateway": ("vpc-gw", "gateway", "delete"),
    "k8s_cluster": ("k8s", "cluster", "delete"),
    "k8s_pool": ("k8s", "pool", "delete"),
    "registry_namespace": ("registry", "namespace", "delete"),
    "baremetal_server": ("baremetal", "server", "delete"),
    "apple_silicon_server": ("apple-silicon", "server", "delete"),
    "rdb_instance": ("rdb", "instance", "delete"),
    "redis_cluster": ("redis", "cluster", "delete"),
    "mongodb_instance": ("mongodb", "instance", "delete"),
    "containers_container": ("container", "container", "delete"),
    "functions_function": ("function", "function", "delete"),
}
DELETABLE = frozenset(_DELETED_BY)
"""Types that `deleted` knows the command of."""


def powered_off(server: Resource) -> Change:
    """A machine powered off through the API, which frees it; its volumes and addresses stay and go on being billed."""
    zone = server.availability_zone or ""
    return Change(
        cli=(scw("instance", "server", "stop", server.resource_id, zone=zone),),
        undo_cli=(scw("instance", "server", "start", server.resource_id, zone=zone),),
        terraform=_server(server, "stopped"),
        undo_terraform=_server(server, "started"),
        notes=(
            "Only a power-off through the API ends its cost: a shutdown typed inside leaves it in standby, billed as "
            "if it ran.",
            "Its place is given away: a later start may find none of this type left in the zone.",
        ),
    )


def server_deleted(server: Resource, volumes: Sequence[Resource], addresses: Sequence[Resource], days: int) -> Change:
    """A machine, its volumes and addresses deleted, with snapshots of the volumes taken before."""
    zone = server.availability_zone or ""
    snapshots = [_snapshot(volume) for volume in volumes]
    taken = [_removed(resource) for resource in (server, *volumes, *addresses)]
    restored = [_volume_back(volume) for volume in volumes]
    return Change(
        cli=(
            scw("instance", "server", "stop", server.resource_id, "--wait", zone=zone),
            *snapshots,
            scw(
                "instance",
                "server",
                "delete",
                server.resource_id,
                with_volumes="all",
                with_ip=bool(addresses),
                zone=zone,
            ),
        ),
        undo_cli=(*restored, _server_back(server, bool(volumes))),
        terraform="\n".join(taken),
        undo_terraform=_server(server, "started"),
        notes=(
            *((COPY_FIRST, _UNTIL.format(days=days)) if volumes else ("It has no volume of its own to copy.",)),
            *(("Its addresses are given away and cannot be had again.",) if addresses else ()),
        ),
    )


def volume_deleted(volume: Resource, days: int) -> Change:
    """A volume deleted, with a snapshot taken before."""
    zone = volume.availability_zone or ""
    product = "block" if volume.resource_type == "block_volume" else "instance"
    return Change(
        cli=(_snapshot(volume), scw(product, "volume", "delete", volume.resource_id, zone=zone)),
        undo_cli=(_volume_back(volume),),
        terraform=_removed(volume),
        undo_terraform=_block(volume),
        notes=(COPY_FIRST, _UNTIL.format(days=days)),
    )


def snapshot_archived(snapshot: Resource, days: int) -> Change:
    """A snapshot exported to a bucket, in Glacier, and deleted."""
    zone, key = snapshot.availability_zone or "", f"{snapshot.resource_name}.qcow2"
    where = {"bucket": "ARCHIVE_BUCKET", "key": key, "zone": zone}
    if snapshot.resource_type == "block_snapshot":
        product, out, back = "block", "export-to-object-storage", "import-from-object-storage"
    else:
        product, out, back = "instance", "export", "create"
    return Change(
        cli=(
            scw(product, "snapshot", out, snapshot_id=snapshot.resource_id, **where),
            scw(product, "snapshot", "delete", snapshot.resource_id, zone=zone),
        ),
        undo_cli=(scw(product, "snapshot", back, name=snapshot.resource_name, **where),),
        terraform=_removed(snapshot),
        undo_terraform=_block(snapshot),
        notes=(
            "Make ARCHIVE_BUCKET in the same region, with a rule that moves what comes in to Glacier, and wait until "
            "the export is complete before deleting.",
            f"Delete the archive once nobody has asked for {days} days. An import from Glacier needs a restore first.",
        ),
    )


def deleted(resource: Resource, notes: Sequence[str], undo_cli: Sequence[str] = (), **arguments: str | bool) -> Change:
    """What holds no data, or whose data the notes speak of, deleted by its one command."""
    place = _place(resource)
    return Change(
        cli=(scw(*_DELETED_BY[resource.resource_type], resource.resource_id, **arguments, **place),),
        undo_cli=tuple(undo_cli),
        terraform=_removed(resource),
        undo_terraform=_block(resource),
        notes=tuple(notes),
    )


def database_deleted(database: Resource, days: int) -> Change:
    """A database deleted, with a snapshot taken before; a cache has none."""
    place = _place(database)
    until = _UNTIL.format(days=days)
    name = f"{database.resource_name}-before-deletion"
    if database.resource_type == "rdb_instance":
        copy = scw("rdb", "snapshot", "create", instance_id=database.resource_id, name=name, **place)
        back = scw("rdb", "snapshot", "restore", "SNAPSHOT_ID", instance_name=database.resource_name, **place)
    elif database.resource_type == "mongodb_instance":
        copy = scw("mongodb", "snapshot", "create", database.resource_id, name=name, **place)
        back = scw(
            "mongodb",
            "snapshot",
            "restore",
            "SNAPSHOT_ID",
            instance_name=database.resource_name,
            node_type=database.resource_class or "",
            node_number=1,
            **place,
        )
    else:
        return deleted(database, ("A cache has no snapshot: what is in it is lost, and its endpoint too.",))
    gone = scw(*_DELETED_BY[database.resource_type], database.resource_id, **place)
    return Change(
        cli=(copy, gone),
        undo_cli=(back,),
        terraform=_removed(database),
        undo_terraform=_block(database),
        notes=(COPY_FIRST, until, "The restored one has another endpoint and no automatic backups of the old one."),
    )


def _place(resource: Resource) -> dict[str, str]:
    regional = ("k8s", "registry", "rdb", "mongodb", "containers", "functions", "ipam")
    if resource.resource_type.startswith(regional):
        return {"region": resource.region_id or ""}
    return {"zone": resource.availability_zone or ""}


def _snapshot(volume: Resource) -> str:
    name, zone = f"{volume.resource_name}-before-deletion", volume.availability_zone or ""
    if volume.resource_type == "block_volume":
        return scw("block", "snapshot", "create", volume.resource_id, name=name, zone=zone)
    return scw("instance", "snapshot", "create", volume_id=volume.resource_id, name=name, zone=zone)


def _volume_back(volume: Resource) -> str:
    name, zone = volume.resource_name, volume.availability_zone or ""
    if volume.resource_type == "block_volume":
        iops = 15000 if volume.resource_class == "sbs_15k" else 5000
        return scw(
            "block", "volume", "create", "from-snapshot.snapshot-id=SNAPSHOT_ID", name=name, perf_iops=iops, zone=zone
        )
    return scw("instance", "image", "create", name=name, snapshot_id="SNAPSHOT_ID", arch="x86_64", zone=zone)


def _server_back(server: Resource, has_volumes: bool) -> str:
    start = {"root_volume": "block:RESTORED_VOLUME_ID", "image": "none"} if has_volumes else {"image": "IMAGE"}
    return scw(
        "instance",
        "server",
        "create",
        type=server.resource_class or "",
        name=server.resource_name,
        **start,
        zone=server.availability_zone or "",
    )


def _server(server: Resource, state: str) -> str:
    return block(
        "resource",
        "scaleway_instance_server",
        label(server.resource_name),
        name=server.resource_name,
        type=server.resource_class or "",
        state=state,
    )


def _block(resource: Resource) -> str:
    kind = _NAMES_TERRAFORM[resource.resource_type]
    return block("resource", kind, label(resource.resource_name), name=resource.resource_name)


def _removed(resource: Resource) -> str:
    return removed(_NAMES_TERRAFORM[resource.resource_type], resource.resource_name)
