"""What hangs on what: seen from both sides, with the day on which it ended, and null where nobody tells."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

FROM = date(2026, 1, 1)


@pytest.fixture(scope="module")
def build(selected):
    return selected


def thing(kind, name="it", **item):
    period = {
        "resource_id": name,
        "resource_type": kind,
        "item": json.dumps({"id": name, **item}),
        "valid_from": FROM,
        "valid_to": None,
    }
    known = {
        "resource_id": name,
        "resource_type": kind,
        "resource_name": name,
        "created_at": datetime(2025, 6, 1, tzinfo=UTC),
        "valid_from": FROM,
        "valid_to": None,
    }
    return period, known


def link(name, kind, other, until=None):
    return {"resource_id": name, "link_type": kind, "linked_id": other, "valid_from": FROM, "valid_to": until}


def rows(build, *things, links=()):
    given = {
        "silver.resource_periods": [period for period, _ in things],
        "silver.resources": [known for _, known in things],
        "silver.resource_links": links,
    }
    return {row["resource_id"]: row for row in build("silver.attachments", given=given)}


def test_a_volume_hangs_on_what_it_is_attached_to_and_on_nothing_since_that_ended(build):
    server = thing("instance_server", "server")
    held = rows(build, thing("block_volume"), server, links=[link("it", "attached_to", "server")])["it"]
    assert (held["used_by"], held["last_used_by_name"], held["unused_since"]) == (1, "server", None)
    left = rows(build, thing("block_volume"), links=[link("it", "attached_to", "server", date(2026, 5, 4))])["it"]
    assert (left["used_by"], left["unused_since"], left["was_used"]) == (0, date(2026, 5, 4), True)
    assert left["last_user_exists"] is False


def test_the_api_knows_best_when_a_volume_was_detached(build):
    row = rows(build, thing("block_volume", last_detached_at="2026-02-11T10:05:00Z"))["it"]
    assert (row["unused_since"], row["was_used"]) == (date(2026, 2, 11), True)


def test_what_was_never_seen_in_use_is_unused_since_it_was_first_seen(build):
    row = rows(build, thing("instance_ip"))["it"]
    assert (row["used_by"], row["unused_since"], row["was_used"]) == (0, FROM, False)


def test_a_volume_of_a_deleted_cluster_is_told_from_that_of_a_living_one(build):
    links = [link("it", "part_of", "cluster")]
    assert rows(build, thing("block_volume"), links=links)["it"]["cluster_exists"] is False
    assert rows(build, thing("block_volume"), thing("k8s_cluster", "cluster"), links=links)["it"]["cluster_exists"]


def test_a_load_balancer_is_used_by_the_servers_behind_it_and_not_by_empty_backends(build):
    def behind(pool):
        backend = thing("lb_backend", "backend", lb={"id": "it"}, pool=pool)
        return rows(build, thing("lb_lb", backend_count=1), backend)["it"]["used_by"]

    assert behind(["10.0.0.1", "10.0.0.2"]) == 2
    assert behind([]) == 0
    assert rows(build, thing("lb_lb", backend_count=3))["it"]["used_by"] == 3
    assert rows(build, thing("lb_lb"))["it"]["used_by"] is None


def test_a_load_balancer_is_unused_since_its_last_backend_went(build):
    row = rows(build, thing("lb_lb", backend_count=0), links=[link("backend", "part_of", "it", date(2026, 2, 12))])[
        "it"
    ]
    assert row["unused_since"] == date(2026, 2, 12)


def test_gateways_clusters_and_pools_are_used_by_networks_and_nodes(build):
    gateway = thing("vpc_gw_gateway", gateway_networks=[])
    assert rows(build, gateway)["it"]["used_by"] == 0
    assert rows(build, thing("vpc_gw_gateway"))["it"]["used_by"] is None
    cluster, pool = thing("k8s_cluster", "cluster"), thing("k8s_pool", "pool", cluster_id="cluster", size=3)
    found = rows(build, cluster, pool)
    assert (found["cluster"]["used_by"], found["pool"]["used_by"]) == (3, 3)
    assert rows(build, cluster)["cluster"]["used_by"] == 0


def test_snapshots_and_images_are_used_by_what_was_made_from_them(build):
    image, snapshot, server = (
        thing("instance_image", "image"),
        thing("block_snapshot", "copy"),
        thing("instance_server"),
    )
    found = rows(
        build, image, snapshot, server, links=[link("it", "made_from", "image"), link("image", "made_from", "copy")]
    )
    assert found["image"]["used_by"] == found["copy"]["used_by"] == 1
    assert found["image"]["parts"] == ["copy"]
    assert rows(build, snapshot)["copy"]["used_by"] == 0


def test_the_last_push_of_a_namespace_is_its_newest_tag(build):
    found = rows(
        build,
        thing("registry_namespace", "space"),
        thing("registry_image", "image", namespace_id="space", updated_at="2026-03-01T00:00:00Z"),
        thing("registry_tag", "tag", image_id="image", created_at="2026-04-02T00:00:00Z"),
    )
    assert found["space"]["last_pushed_on"] == date(2026, 4, 2)


def test_copies_are_priced_by_place_as_the_list_says_now(build):
    def price(sku, cost, until=None):
        return {"sku": sku, "list_unit_price": cost, "billing_currency": "EUR", "valid_from": FROM, "valid_to": until}

    given = [
        price("/storage/block/snapshot/fr-par-1", "0.000044"),
        price("/storage/block/snapshot/fr-par-1", "0.000040", FROM),
        price("/storage/snapshot/local_storage", "0.000055"),
        price("/storage/obj/storage/glacier/fr-par", "0.0000035"),
        price("/storage/obj/storage/standard/fr-par", "0.00002"),
    ]
    found = {
        (row["copy_kind"], row["place"]): row["list_price_per_gb_hour"]
        for row in build("silver.copy_prices", given={"silver.prices": given})
    }
    assert found == {
        ("block_snapshot", "fr-par-1"): Decimal("0.000044"),
        ("local_snapshot", ""): Decimal("0.000055"),
        ("glacier", "fr-par"): Decimal("0.0000035"),
    }


def test_connections_of_all_nodes_count_and_a_database_without_any_is_seen(build):
    def hour(name, node, mean, most):
        return {
            "resource_id": name,
            "metric": "postgresql_connections",
            "labels": node,
            "usage_hour": datetime(2026, 11, 1, tzinfo=UTC),
            "usage_date": date(2026, 11, 1),
            "usage_month": "2026-11",
            "mean_value": mean,
            "max_value": most,
        }

    usage = [
        hour("used", "a", 1, 2),
        hour("used", "b", 1, 3),
        hour("idle", "a", 0, 0),
        hour("unknown", "a", None, None),
    ]
    found = {row["resource_id"]: row for row in build("gold.connection_activity", given={"silver.usage_hourly": usage})}
    assert found["used"]["connections_max"] == 5
    assert (found["idle"]["connections_max"], found["idle"]["last_connected_on"]) == (0, None)
    assert set(found) == {"used", "idle"}
