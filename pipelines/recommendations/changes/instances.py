"""Instances: another type, in place after a stop through the API; local volumes are carried over first."""

from __future__ import annotations

from pipelines.recommendations.changes.change import Change, block, label, scw
from pipelines.recommendations.world import Resource

_KIND = "scaleway_instance_server"


def retyped(server: Resource, wanted: str, current: str, local_gb: int = 0, can_go_back: bool = True) -> Change:
    """An Instance of another type: stopped, changed, started; `local_gb` of local volumes the new type cannot hold.

    A type that is no longer sold cannot be taken again, and then there is no way back.
    """
    carried = _carried(server, local_gb) if local_gb else ()
    back = _typed(server, current) if can_go_back else ()
    return Change(
        cli=(_backup(server), *carried, *_typed(server, wanted)),
        undo_cli=back,
        terraform=_terraform(server, wanted),
        undo_terraform=_terraform(server, current) if can_go_back else "",
        notes=_notes(current, local_gb, can_go_back),
    )


def _notes(current: str, local_gb: int, can_go_back: bool) -> tuple[str, ...]:
    notes = [
        "The machine is off for some minutes. Stop it through the API: a power-off inside the guest leaves it on "
        "standby, and billed.",
        "A stopped machine gives its place back: look at the availability of the type in the zone first, or the start "
        "may be refused (out_of_stock).",
        "A machine in a placement group has to leave it before its type can change.",
        "The image and its snapshots are billed until they are deleted; keep them until all is well.",
    ]
    if local_gb:
        notes.append(
            f"This is a migration: the new type cannot hold the {local_gb} GB of local volumes, so they become block "
            "volumes, made from a snapshot, and the old ones are deleted once the machine runs from the new ones."
        )
    if not can_go_back:
        notes.append(f"{current} is no longer sold: there is no way back to it once the machine has left it.")
    return tuple(notes)


def _backup(server: Resource) -> str:
    return scw("instance", "server", "backup", server.resource_id, name="before-resize", **_zone(server))


def _carried(server: Resource, local_gb: int) -> tuple[str, ...]:
    zone = _zone(server)
    return (
        scw("instance", "snapshot", "create", name="before-move", unified=True, volume_id="VOLUME_ID", **zone),
        scw(
            "block", "volume", "create", "from-snapshot.snapshot-id=SNAPSHOT_ID",
            name=f"{server.resource_name}-volume", perf_iops=5000, **zone,
        ),
        scw("instance", "server", "stop", server.resource_id, "--wait", **zone),
        scw("instance", "server", "detach-volume", volume_id="VOLUME_ID", **zone),
        scw("instance", "server", "attach-volume", server_id=server.resource_id, volume_id="NEW_VOLUME_ID", **zone),
    )  # fmt: skip


def _typed(server: Resource, wanted: str) -> tuple[str, ...]:
    zone = _zone(server)
    return (
        scw("instance", "server", "stop", server.resource_id, "--wait", **zone),
        scw("instance", "server", "update", server.resource_id, commercial_type=wanted, **zone),
        scw("instance", "server", "start", server.resource_id, "--wait", **zone),
    )


def _terraform(server: Resource, wanted: str) -> str:
    return block(
        "resource", _KIND, label(server.resource_name), name=server.resource_name, type=wanted, **_zone(server)
    )


def _zone(server: Resource) -> dict[str, str]:
    return {"zone": server.availability_zone} if server.availability_zone else {}
