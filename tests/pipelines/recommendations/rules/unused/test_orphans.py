"""What hangs on nothing is advised away when that has lasted, and never the last copy of anything."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from pipelines.recommendations.recommendation import NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rules.empty_cluster import EMPTY_CLUSTER
from pipelines.recommendations.rules.expired_sandbox import EXPIRED_SANDBOX, expires_on
from pipelines.recommendations.rules.expired_sandbox import Thresholds as Expiry
from pipelines.recommendations.rules.gateway_without_network import GATEWAY_WITHOUT_NETWORK
from pipelines.recommendations.rules.load_balancer_without_backends import LOAD_BALANCER_WITHOUT_BACKENDS
from pipelines.recommendations.rules.old_snapshot import OLD_SNAPSHOT
from pipelines.recommendations.rules.unattached_volume import UNATTACHED_VOLUME
from pipelines.recommendations.rules.unattached_volume import Thresholds as Volumes
from pipelines.recommendations.rules.unused_address import UNUSED_ADDRESS
from pipelines.recommendations.rules.unused_database import UNUSED_DATABASE
from pipelines.recommendations.rules.unused_image import UNUSED_IMAGE, family
from pipelines.recommendations.rules.unused_registry import UNUSED_REGISTRY
from pipelines.recommendations.rules.unused_serverless import UNUSED_SERVERLESS

D = Decimal


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, Recommendation),
        ({"used_by": 1}, type(None)),
        ({"used_by": None}, Unjudged),
        ({"unused_since": date(2026, 11, 1)}, NothingToDo),  # lately detached
        ({"was_used": False}, Unjudged),  # made for a purpose that nobody told
        ({"cluster_id": "c", "cluster_exists": True}, Unjudged),  # a claim may come back to it
        ({"cluster_id": "c", "cluster_exists": False}, Recommendation),  # the orphan of a deleted cluster
    ],
)
def test_only_a_volume_that_was_attached_and_is_no_more_is_an_orphan(asked, thing, row, expected):
    assert isinstance(asked(UNATTACHED_VOLUME, [thing("block_volume")], {"it": row}).get("it"), expected)


def test_a_snapshot_is_taken_before_a_volume_goes_and_priced_for_as_long_as_it_is_kept(asked, thing):
    advice = asked(UNATTACHED_VOLUME, [thing("block_volume")])["it"]
    assert [command.split()[2] for command in advice.change.cli] == ["snapshot", "volume"]
    assert (advice.monthly_saving, advice.one_off_cost) == (30, D("21.60"))


def test_whoever_wants_it_is_told_of_volumes_that_were_never_attached(asked, thing):
    rows = {"it": {"was_used": False}}
    found = asked(UNATTACHED_VOLUME, [thing("block_volume")], rows, thresholds=Volumes(judges_never_attached=True))
    assert isinstance(found["it"], Recommendation)


def test_a_volume_that_costs_less_than_losing_it_may_is_kept(asked, thing):
    cheap = thing("block_volume", "backup-archive", "0.10", environment="prod")
    found = asked(UNATTACHED_VOLUME, [cheap], {"backup-archive": {"size_bytes": 10**9}})
    assert isinstance(found["backup-archive"], NothingToDo)


def snapshot(asked, thing, name="before-migration-01", row=None, **copy):
    told = {
        "resource_id": name,
        "source_id": None,
        "source_exists": False,
        "created_at": datetime(2026, 3, 2, tzinfo=UTC),
        "size_bytes": 600 * 10**9,
        "is_restore_tested": False,
    } | copy
    rows = {name: {"size_bytes": 600 * 10**9} | (row or {})}
    return asked(OLD_SNAPSHOT, [thing("block_snapshot", name, "19")], rows, tables={"silver.data_copies": [told]}).get(
        name
    )


def test_a_snapshot_of_something_that_is_over_goes_into_an_archive_first(asked, thing):
    advice = snapshot(asked, thing)
    assert (advice.monthly_saving, advice.one_off_cost) == (19, D("12.96"))  # 600 GB x 0.00001 x 24 h x 90 days
    assert "export-to-object-storage" in advice.change.cli[0]
    assert "import-from-object-storage" in advice.change.undo_cli[0]


@pytest.mark.parametrize(
    ("copy", "expected"),
    [
        ({"is_restore_tested": True}, NothingToDo),
        ({"row": {"used_by": 2}}, NothingToDo),
        ({"created_at": datetime(2026, 10, 1, tzinfo=UTC)}, NothingToDo),
        ({"name": "pay-snapshots-01"}, Unjudged),  # its volume is not known: it may be the last copy
        ({"name": "before-migration-backup"}, Unjudged),
        ({"created_at": None}, Unjudged),
        ({"is_restore_tested": None}, Unjudged),
        ({"source_exists": None}, Unjudged),
        ({"source_exists": True}, type(None)),  # the retention policy's affair
    ],
)
def test_the_only_copy_that_is_known_to_work_or_may_be_the_last_is_never_waste(asked, thing, copy, expected):
    assert isinstance(snapshot(asked, thing, **copy), expected)


@pytest.mark.parametrize("kind", ["instance_ip", "flexible_ip_flexible_ip", "lb_ip", "vpc_gw_ip", "ipam_ip"])
def test_an_address_of_any_product_that_hangs_on_nothing_is_released(asked, thing, kind):
    advice = asked(UNUSED_ADDRESS, [thing(kind, cost="3")])["it"]
    assert advice.monthly_saving == 3
    assert any("cannot be undone" in note for note in advice.change.notes)


def test_an_address_without_a_charge_is_not_taken_for_free_and_a_private_one_is_nobodys_affair(asked, thing):
    assert isinstance(asked(UNUSED_ADDRESS, [thing("instance_ip", cost=None)])["it"], Unjudged)
    assert asked(UNUSED_ADDRESS, [thing("ipam_ip", cost=None)]) == {}
    assert asked(UNUSED_ADDRESS, [thing("instance_ip")], {"it": {"used_by": 1}}) == {}


@pytest.mark.parametrize(
    ("row", "load", "expected"),
    [
        ({"used_by": 0}, {"sessions_max": D(0)}, Recommendation),
        ({"used_by": 0}, {"sessions_max": None}, Recommendation),
        ({"used_by": 0, "unused_since": date(2026, 11, 12)}, {"sessions_max": D(0)}, NothingToDo),
        ({"used_by": 3}, {"sessions_max": D(12)}, NothingToDo),
        ({"used_by": 3}, {"sessions_max": D(0)}, Recommendation),
        ({"used_by": 3}, {"sessions_max": D(0), "measured_days": 5}, Unjudged),
        ({"used_by": 3}, {"sessions_max": None}, Unjudged),
        ({"used_by": None}, {"sessions_max": None}, Unjudged),
    ],
)
def test_a_load_balancer_goes_without_servers_or_without_sessions(asked, thing, row, load, expected):
    rows = [{"resource_id": "it", "measured_days": 28, "measured_weekends": 4, **load}]
    found = asked(LOAD_BALANCER_WITHOUT_BACKENDS, [thing("lb_lb")], {"it": row}, tables={"gold.network_load": rows})
    assert isinstance(found["it"], expected)


@pytest.mark.parametrize(
    ("rule", "kind"), [(GATEWAY_WITHOUT_NETWORK, "vpc_gw_gateway"), (EMPTY_CLUSTER, "k8s_cluster")]
)
def test_gateways_and_clusters_go_when_nothing_is_in_them(asked, thing, rule, kind):
    assert isinstance(asked(rule, [thing(kind)])["it"], Recommendation)
    assert isinstance(asked(rule, [thing(kind)], {"it": {"used_by": 2}})["it"], NothingToDo)
    assert isinstance(asked(rule, [thing(kind)], {"it": {"unused_since": date(2026, 11, 10)}})["it"], NothingToDo)
    assert isinstance(asked(rule, [thing(kind)], {"it": {"used_by": None}})["it"], Unjudged)


def test_a_registry_is_judged_by_pushes_and_says_that_pulls_are_not_known(asked, thing):
    advice = asked(UNUSED_REGISTRY, [thing("registry_namespace")])["it"]
    assert advice.evidence["pulls"] is None
    assert "not known" in advice.reason
    for row, expected in (
        ({"last_pushed_on": date(2026, 11, 1)}, NothingToDo),
        ({"used_by": 1}, NothingToDo),
        ({"last_pushed_on": None}, Unjudged),
    ):
        assert isinstance(asked(UNUSED_REGISTRY, [thing("registry_namespace")], {"it": row})["it"], expected)


def test_the_newest_images_of_a_name_stay(asked, thing):
    images = [
        thing("instance_image", f"runner-2026.0{month}.01", None, created_at=datetime(2026, month, 1, tzinfo=UTC))
        for month in (1, 2, 3)
    ]
    part = thing("instance_snapshot", "part", "2")
    rows = {image.resource_id: {"created_on": image.created_at.date()} for image in images}
    found = asked(UNUSED_IMAGE, [*images, part], rows)
    assert {name for name, each in found.items() if isinstance(each, Recommendation)} == {"runner-2026.01.01"}
    assert found["runner-2026.01.01"].monthly_saving == 2
    assert family("runner-2026.01.01") == family("runner-v2") == "runner"


@pytest.mark.parametrize("kind", ["rdb_instance", "mongodb_instance", "redis_cluster"])
def test_a_database_without_a_connection_goes_and_one_with_some_stays(asked, thing, kind):
    def found(**row):
        told = {"resource_id": "it", "measured_days": 28, "measured_weekends": 4, "measured_hours": 672, **row}
        return asked(UNUSED_DATABASE, [thing(kind)], tables={"gold.connection_activity": [told]})["it"]

    advice = found(connections_max=D(0))
    assert advice.monthly_saving == 30
    assert bool(advice.change.undo_cli) == (kind != "redis_cluster")
    assert isinstance(found(connections_max=D(2)), NothingToDo)
    assert isinstance(found(connections_max=None), Unjudged)
    assert isinstance(found(connections_max=D(0), measured_days=9), Unjudged)


def test_a_function_nobody_calls_goes_and_one_whose_requests_are_not_counted_is_not_judged(asked, thing):
    def found(**row):
        told = {"resource_id": "it", "request_hours": 600, "min_scale": 1, **row}
        return asked(UNUSED_SERVERLESS, [thing("functions_function")], tables={"gold.serverless_load": [told]})["it"]

    assert isinstance(found(requests=D(0)), Recommendation)
    assert isinstance(found(requests=D(1)), NothingToDo)
    assert isinstance(found(requests=None), Unjudged)
    assert isinstance(found(requests=D(0), request_hours=48), Unjudged)


def test_a_tag_says_when_a_thing_may_go_and_without_a_setting_only_a_tag_does(asked, thing):
    def found(tags=(), thresholds=None, **fields):
        one = thing("instance_server", tags=tags, environment="sandbox", **fields)
        return asked(EXPIRED_SANDBOX, [one], thresholds=thresholds).get("it")

    assert found() is None
    assert isinstance(found(("ttl=14d",)), Recommendation)
    assert isinstance(found(("expires=2026-11-17",)), Recommendation)
    assert isinstance(found(("expires:2027-01-01",)), NothingToDo)
    assert isinstance(found(("expires=2026-13-40",)), Unjudged)
    assert isinstance(found(("ttl=2w",), created_at=None), Unjudged)
    assert isinstance(found(thresholds=Expiry(sandbox_days=30)), Recommendation)
    assert isinstance(found(("expires=2027-01-01",), Expiry(sandbox_days=30)), NothingToDo)  # its own tag comes first


@pytest.mark.parametrize(("tag", "end"), [("ttl=36h", 2), ("TTL:3", 4), ("lifetime=1w", 8), ("max-age=2m", 61)])
def test_times_to_live_are_hours_days_weeks_or_months(thing, tag, end):
    made = thing("instance_server", tags=(tag,), created_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert (expires_on(made, 0) - date(2025, 12, 31)).days == end
