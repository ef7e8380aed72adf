"""Changes of data services: commands one can paste, configuration that parses, and a way back or why there is none."""

import shlex

import hcl2
import pytest

from pipelines.recommendations.changes import databases, load_balancers, serverless, volumes
from pipelines.recommendations.world import Resource


def thing(resource_type, **fields):
    told = {
        "resource_id": "0d241e7b-ed4e-4bf9-b5f4-acde14113744",
        "resource_name": 'café "${danger}"',
        "resource_class": None,
        "resource_state": None,
        "project_id": None,
        "project_name": None,
        "region_id": "fr-par",
        "availability_zone": "fr-par-1",
        "environment": None,
        "owner": None,
        "team": None,
        "tags": (),
        "created_at": None,
        "parent_id": None,
        "monthly_cost": None,
        "currency": None,
        "costs": {},
    }
    return Resource(resource_type=resource_type, **{**told, **fields})


DATABASE, MONGO, CACHE = thing("rdb_instance"), thing("mongodb_instance"), thing("redis_cluster")
VOLUME, GB = thing("block_volume"), 10**9
CHANGES = {
    "resized": databases.resized(DATABASE, "db-pro2-m", "db-pro2-s", 2),
    "faster volume": databases.faster_volume(DATABASE, "sbs_15k", "sbs_5k"),
    "read replica": databases.read_replica(DATABASE),
    "without a read replica": databases.without_read_replica(DATABASE),
    "migrated": databases.migrated(DATABASE, "db-pro2-s", "db-pro2-m", 1, 2),
    "migrated from local disks": databases.migrated(DATABASE, "db-dev-s", "db-dev-m", 1, 1, from_snapshot=False),
    "mongodb": databases.migrated(MONGO, "mgdb-pro2-xxs", "mgdb-pro2-xs", 1, 3),
    "larger cache": databases.larger_cache(CACHE, "red1-s", "red1-xs"),
    "new cache": databases.new_cache(CACHE, "red1-xs", "red1-s"),
    "backups": databases.backups_kept(DATABASE, 7, 30),
    "snapshots of mongodb": databases.backups_kept(MONGO, 7, 30),
    "another class": volumes.another_class(VOLUME, 5000, 15000),
    "smaller": volumes.smaller(VOLUME, 200 * GB, 1000 * GB, 5000),
    "balancer": load_balancers.balancer_type(thing("lb_lb"), "lb-s", "lb-gp-m"),
    "gateway": load_balancers.gateway_type(thing("vpc_gw_gateway"), "vpc-gw-s", "vpc-gw-m"),
    "container memory": serverless.memory(thing("containers_container"), 512 * 10**6, 1024 * 10**6),
    "function": serverless.least_instances(thing("functions_function"), 0, 1),
    **{
        kind: volumes.snapshot_deleted(thing(kind))
        for kind in ("block_snapshot", "instance_snapshot", "rdb_snapshot", "rdb_database_backup", "mongodb_snapshot")
    },
}


@pytest.mark.parametrize("name", CHANGES)
def test_commands_are_scw_with_a_place_and_the_configuration_parses(name):
    change = CHANGES[name]
    assert change.cli
    for command in (*change.cli, *change.undo_cli):
        words = shlex.split(command)
        assert words[0] == "scw"
        assert words[-1] in ("zone=fr-par-1", "region=fr-par")
    assert hcl2.loads(change.terraform)
    if change.undo_terraform:
        assert hcl2.loads(change.undo_terraform)


@pytest.mark.parametrize("name", CHANGES)
def test_each_has_a_way_back_or_says_that_there_is_none(name):
    change = CHANGES[name]
    assert change.undo_cli or any("cannot be undone" in note for note in change.notes)


@pytest.mark.parametrize("name", ["migrated", "mongodb", "new cache", "smaller"])
def test_a_migration_is_called_one_and_deletes_last(name):
    change = CHANGES[name]
    assert any("migration" in note for note in change.notes)
    deletes = [" delete " in command for command in change.cli]
    assert deletes == [False] * (len(deletes) - 1) + [True]
