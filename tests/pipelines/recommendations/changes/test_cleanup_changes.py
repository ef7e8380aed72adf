"""What is typed to clean up: copies first, no power-off from inside, HCL that parses, a way back or a word about it."""

import hcl2
import pytest

from pipelines.recommendations.changes.cleanup import (
    DELETABLE,
    database_deleted,
    deleted,
    powered_off,
    server_deleted,
    snapshot_archived,
    volume_deleted,
)
from pipelines.recommendations.world import Resource


def thing(kind, name="it"):
    nothing = dict.fromkeys(("owner", "team", "created_at", "parent_id", "monthly_cost", "currency", "environment"))
    return Resource(
        resource_id=f"{name}-id",
        resource_name=name,
        resource_type=kind,
        resource_class="sbs_15k",
        resource_state="ready",
        project_id="p",
        project_name="shop",
        region_id="fr-par",
        availability_zone="fr-par-1",
        tags=(),
        costs={},
        **nothing,
    )


CHANGES = {
    "power off": powered_off(thing("instance_server")),
    "server": server_deleted(
        thing("instance_server"), [thing("block_volume", "disk")], [thing("instance_ip", "ip")], 90
    ),
    "bare server": server_deleted(thing("instance_server"), [], [], 90),
    "local disk": volume_deleted(thing("instance_volume"), 90),
    "volume": volume_deleted(thing("block_volume"), 90),
    "snapshot": snapshot_archived(thing("block_snapshot"), 90),
    "local snapshot": snapshot_archived(thing("instance_snapshot"), 90),
    **{kind: database_deleted(thing(kind), 90) for kind in ("rdb_instance", "mongodb_instance", "redis_cluster")},
    **{f"deleted {kind}": deleted(thing(kind), ("It is gone.",)) for kind in sorted(DELETABLE)},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_change_is_typed_as_scw_takes_it_and_its_terraform_parses(change):
    assert change.cli
    assert all(command.startswith("scw ") for command in (*change.cli, *change.undo_cli))
    assert change.undo_cli or change.notes
    for text in (change.terraform, change.undo_terraform):
        assert hcl2.loads(text)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_nothing_is_deleted_before_it_is_copied_and_never_shut_down_from_inside(change):
    words = [command.split() for command in change.cli]
    copied = [place for place, told in enumerate(words) if {"create", "export", "export-to-object-storage"} & set(told)]
    gone = [place for place, told in enumerate(words) if "delete" in told]
    assert not copied or not gone or max(copied) < min(gone)
    assert not any("shutdown" in told or "poweroff" in told for told in words)


def test_what_is_restored_gets_the_class_it_had():
    assert "perf-iops=15000" in CHANGES["volume"].undo_cli[0]


def test_regional_and_zonal_products_are_told_apart():
    assert "region=fr-par" in deleted(thing("k8s_cluster"), ()).cli[0]
    assert "zone=fr-par-1" in deleted(thing("lb_lb"), (), release_ip=True).cli[0]
    assert "release-ip=true" in deleted(thing("lb_lb"), (), release_ip=True).cli[0]
