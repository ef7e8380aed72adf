"""What databases, volumes, network and serverless services did in four weeks, and what is sold for them."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

UNTIL = date(2026, 11, 18)
QUANTILES = ("min", "p50", "p95", "p99", "p995", "max")


def hour(at, metric, levels, name="db", node=None, **fields):
    """One hour of a metric; a number stands for all its quantiles."""
    told = (
        dict.fromkeys(QUANTILES, levels)
        if isinstance(levels, int | float)
        else dict(zip(QUANTILES, levels, strict=True))
    )
    return {
        "data_source_id": "source",
        "metric": metric,
        "resource_type": "rdb_instance_postgresql",
        "resource_id": name,
        "labels": json.dumps({"instance": node} if node else {}),
        "usage_hour": at,
        "usage_date": at.date(),
        "samples": 12,
        "expected_samples": 12,
        "mean_value": told["p50"],
        **{f"{quantile}_value": level for quantile, level in told.items()},
        "usage_month": f"{at:%Y-%m}",
        **fields,
    }


def hours(count, until=UNTIL):
    end = datetime(until.year, until.month, until.day, tzinfo=UTC)
    return [end - timedelta(hours=number + 1) for number in range(count)]


def newest(rows):
    return {row["resource_id"]: row for row in rows if row["usage_month"] == "2026-11"}


def item(name, kind, **fields):
    return {
        "resource_id": name,
        "resource_type": kind,
        "item": json.dumps({"id": name, "name": name, **fields}),
        "valid_from": date(2026, 1, 1),
        "valid_to": None,
        "is_current": True,
    }


def settings(selected, *periods):
    """What the inventory's rows say of settings."""
    return selected("silver.resource_settings", {"silver.resource_periods": periods})


def test_settings_are_of_volumes_and_what_scales_and_a_pool_has_no_bytes(selected):
    rows = settings(
        selected,
        item("volume", "instance_volume", zone="fr-par-1", size=10**9, volume_type="b_ssd"),
        item("pool", "k8s_pool", region="fr-par", size=3, min_size=1, max_size=9, autoscaling=True),
        item("job", "serverless_jobs_job_definition", cpu_limit=1120, memory_limit=2048, job_timeout="3600s"),
        item("db", "rdb_instance", size=5),
    )
    found = {row["resource_id"]: {name: value for name, value in row.items() if value is not None} for row in rows}
    same = {"valid_from": date(2026, 1, 1)}
    assert found == {
        "volume": {
            "resource_id": "volume",
            "resource_type": "instance_volume",
            "availability_zone": "fr-par-1",
            "volume_class": "b_ssd",
            "size_bytes": 10**9,
            **same,
        },
        "pool": {
            "resource_id": "pool",
            "resource_type": "k8s_pool",
            "region_id": "fr-par",
            "min_scale": 1,
            "max_scale": 9,
            "is_autoscaled": True,
            **same,
        },
        "job": {
            "resource_id": "job",
            "resource_type": "serverless_jobs_job_definition",
            "milli_vcpus": 1120,
            "memory_megabytes": 2048,
            "timeout_seconds": 3600,
            **same,
        },
    }


def test_the_busier_node_of_an_hour_counts_and_steal_is_demand(build):
    times = hours(48)
    rows = [hour(at, "postgresql_cpu_ratio", 0.4, node="one") for at in times]
    rows += [hour(at, "postgresql_cpu_ratio", 0.6, node="two") for at in times]
    rows += [hour(at, "postgresql_cpu_steal_ratio", 0.2, node="two") for at in times]
    row = newest(build("gold.database_load", {"silver.usage_hourly": rows}, ["2026-11"]))["db"]
    # of the second node a fifth was taken: it wanted (0.6 − 0.2) ÷ 0.8
    assert row["cpu_p95_ratio"] == Decimal("0.5")
    assert (row["known_from"], row["known_until"]) == (UNTIL - timedelta(days=28), UNTIL)
    assert row["cpu_days"] == 2
    assert [day["days_ago"] for day in row["cpu_by_day"]] == [0, 1]
    assert sum(each["samples"] for each in row["cpu_bins"]) == pytest.approx(48 * 12)
    assert {each["part"] for each in row["cpu_bins"]} == {0, 1}
    assert row["memory_bins"] is None
    assert row["memory_days"] == 0


def test_slices_between_known_quantiles_count_at_their_upper_end(selected):
    rows = [hour(at, "postgresql_cpu_ratio", (0.0, 0.4, 0.8, 0.9, 0.95, 1.0)) for at in hours(1)]
    bins = newest(selected("gold.database_load", {"silver.usage_hourly": rows}))["db"]["cpu_bins"]
    at_most = {
        level: sum(each["samples"] for each in bins if each["highest"] <= level + 1e-9) for level in (0.4, 0.8, 1.0)
    }
    assert at_most == pytest.approx({0.4: 12 * 0.5, 0.8: 12 * 0.95, 1.0: 12})


def test_a_cache_holds_a_share_of_what_it_may_and_older_days_do_not_count(selected):
    rows = [hour(at, "redis_memory_used_bytes", 900) for at in hours(24)]
    rows += [hour(at, "redis_memory_limit_bytes", 1000) for at in hours(24)]
    rows += [hour(at, "redis_memory_used_bytes", 5000) for at in hours(24, UNTIL - timedelta(days=30))]
    rows += [hour(at, "redis_memory_limit_bytes", 1000) for at in hours(24, UNTIL - timedelta(days=30))]
    row = newest(selected("gold.database_load", {"silver.usage_hourly": rows}))["db"]
    assert (row["memory_p95_ratio"], row["memory_limit_bytes"]) == (Decimal("0.9"), 1000)


def test_a_machine_speaks_for_its_only_volume_and_bounds_several(selected):
    times = hours(24)
    rows = [
        hour(at, metric, level, name=server)
        for at in times
        for server in ("alone", "pair")
        for metric, level in (
            ("node_disk_operations", 700),
            ("node_disk_queue", 2),
            ("node_filesystem_used_ratio", 0.5),
        )
    ]
    volume = {"zone": "fr-par-1", "size": 10**11, "type": "sbs_5k", "specs": {"perf_iops": 5000}}
    link = {"link_type": "attached_to", "valid_from": date(2026, 1, 1), "valid_to": None}
    attached = {"one": "alone", "two": "pair", "three": "pair", "dark": "unmeasured"}
    given = {
        "silver.usage_hourly": rows,
        "silver.resource_settings": settings(
            selected, *(item(name, "block_volume", **volume) for name in [*attached, "loose"])
        ),
        "silver.resource_links": [
            {"resource_id": name, "linked_id": server, **link} for name, server in attached.items()
        ],
    }
    found = newest(selected("gold.volume_load", given))
    assert set(found) == set(attached)
    one, two, dark = found["one"], found["two"], found["dark"]
    assert (one["volume_count"], one["filesystem_max_ratio"], one["operations_per_second"]) == (1, 0.5, 5000)
    assert (two["volume_count"], two["filesystem_max_ratio"]) == (2, None)
    assert two["disk_operations_p95"] == 700
    assert (dark["disk_days"], dark["disk_operations_p95"]) == (None, None)


def test_requests_after_a_silent_hour_wake_a_service_up(selected):
    asked = [0, 0, 3, 3, 0, 5]  # the newest hour last
    rows = [
        hour(at, "container_requests", count, name="web", resource_type="serverless_container")
        for at, count in zip(hours(6)[::-1], asked, strict=True)
    ]
    given = {
        "silver.usage_hourly": rows,
        "silver.resource_settings": settings(
            selected,
            item("web", "containers_container", memory_limit_bytes=10**9, mvcpu_limit=500, min_scale=1, max_scale=5),
            item("call", "functions_function", memory_limit=256, cpu_limit=140, min_scale=0, max_scale=5),
        ),
    }
    found = newest(selected("gold.serverless_load", given))
    web, call = found["web"], found["call"]
    assert (web["request_hours"], web["idle_hours"], web["wake_ups"], web["requests"]) == (6, 3, 2, 11 * 3600)
    assert (call["memory_limit_bytes"], call["request_hours"], call["memory_days"]) == (256 * 10**6, None, None)


def test_balancers_tell_shares_and_gateways_bytes(selected):
    rows = [
        hour(at, metric, level, name=name, resource_type=kind)
        for at in hours(24)
        for name, kind, metric, level in (
            ("lb", "load_balancer", "load_balancer_bandwidth_out_ratio", 0.3),
            ("gw", "public_gateway", "public_gateway_received_bytes", 1000),
        )
    ]
    found = newest(selected("gold.network_load", {"silver.usage_hourly": rows}))
    assert (found["lb"]["bandwidth_out_p995_ratio"], found["lb"]["received_p995_bytes"]) == (Decimal("0.3"), None)
    assert (found["gw"]["received_p995_bytes"], found["gw"]["measured_days"]) == (1000, 1)


def test_nodes_are_counted_as_each_product_tells_them(selected):
    given = {
        "silver.resource_periods": [
            item("ha", "rdb_instance", node_type="DB-PRO2-S", is_ha_cluster=True, region="fr-par",
                 volume={"type": "sbs_5k", "size": 10**11}, read_replicas=[{"id": "r"}],
                 backup_schedule={"disabled": False, "retention": 7, "frequency": 24},
                 settings=[{"name": "work_mem", "value": "4"}, {"name": "max_connections", "value": "100"}]),
            item("mongo", "mongodb_instance", node_type="mgdb-pro2-xs", node_amount=3, region="nl-ams",
                 snapshot_schedule={"enabled": True, "retention_days": 3}),
            item("cache", "redis_cluster", node_type="RED1-S", cluster_size=2, zone="fr-par-1"),
            item("bare", "rdb_instance"),
        ]
    }  # fmt: skip
    found = {row["resource_id"]: row for row in selected("silver.database_nodes", given)}
    ha, mongo, cache, bare = (found[name] for name in ("ha", "mongo", "cache", "bare"))
    assert (ha["node_count"], ha["read_replica_count"], ha["max_connections"], ha["is_backed_up"]) == (2, 1, 100, True)
    assert (mongo["node_count"], mongo["backup_retention_days"]) == (3, 3)
    assert (cache["node_count"], cache["node_type"], cache["region_id"]) == (2, "red1-s", "fr-par")
    assert (bare["node_count"], bare["is_backed_up"], bare["volume_type"]) == (None, None, None)


def price(sku, amount, unit="hour", zone=None, region=None):
    return {
        "sku": sku,
        "valid_from": date(2026, 1, 1),
        "valid_to": None,
        "list_unit_price": Decimal(amount),
        "pricing_unit": unit,
        "billing_currency": "EUR",
        "availability_zone": zone,
        "region_id": region,
        "status": "general_availability",
    }


def test_a_node_type_has_the_size_of_the_machine_of_its_name(build):
    hardware = {"cpu": {"virtual": {"count": 8}}, "ram": {"size": 2**35}}
    machine = {"properties": {"instance": {"offer_id": "PRO2-S"}, "hardware": hardware}}
    given = {
        "silver.prices": [
            price("/storage/rdb/instance/db-pro2-s/fr-par", "0.16", region="fr-par"),
            price("/storage/rdb/node/db-pro2-s/fr-par1", "0.31", zone="fr-par-1"),
            price("/storage/redis/main-node/RED1-S/fr-par-1", "0.18", zone="fr-par-1"),
            price("/storage/rdb/storage/sbs_5k/fr-par1", "0.01", zone="fr-par-1"),
        ],
        "silver.latest_answers": [{"source": "catalog.products", "answer_hash": "new"}],
        "bronze.products": [{"answer_hash": "new", "position": 0, "item": json.dumps(machine)}],
    }
    found = {row["node_type"]: row for row in build("silver.database_offers", given=given)}
    assert set(found) == {"db-pro2-s", "red1-s"}
    node = found["db-pro2-s"]
    assert (node["vcpus"], node["memory_bytes"], node["management_price"]) == (8, 2**35, Decimal("0.16"))
    assert (found["red1-s"]["vcpus"], found["red1-s"]["further_node_price"]) == (None, None)


def test_volume_classes_say_what_they_are_made_for(selected):
    given = {
        "silver.prices": [
            price("/storage/block/volume-low-latency-15k/fr-par-1", "0.177", "gigabyte", "fr-par-1"),
            price("/storage/rdb/storage/sbs_5k/fr-par1", "0.236", "gigabyte", "fr-par-1"),
            price("/storage/rdb/storage/lssd/fr-par1", "0.324", "gigabyte", "fr-par-1"),
            price("/storage/block/snapshot/fr-par-1", "0.04", "gigabyte", "fr-par-1"),
        ]
    }
    found = {(row["product"], row["volume_class"]): row for row in selected("silver.volume_offers", given)}
    assert {key: row["operations_per_second"] for key, row in found.items()} == {
        ("block", "sbs_15k"): 15000,
        ("rdb", "sbs_5k"): 5000,
        ("rdb", "lssd"): None,
    }


def test_types_of_balancers_have_a_price_where_the_list_has_one(selected):
    given = {
        "silver.prices": [price("/network/loadbalancer/loadbalancer-gp-m/par1", "0.04", zone="fr-par-1")],
        "silver.resource_periods": [item("gateway", "vpc_gw_gateway", type="VPC-GW-S", bandwidth=100_000_000)],
    }
    found = {row["offer_name"]: row for row in selected("silver.network_offers", given)}
    assert "vpc-gw-m" not in found  # nobody has one, so nothing tells what it carries
    assert (found["lb-gp-m"]["megabits_per_second"], found["lb-gp-m"]["list_unit_price"]) == (500, Decimal("0.04"))
    assert (found["vpc-gw-s"]["megabits_per_second"], found["vpc-gw-s"]["list_unit_price"]) == (100, None)


def test_a_copy_something_was_made_from_is_restore_tested(selected):
    given = {
        "silver.resource_periods": [
            item("db", "rdb_instance"),
            item("used", "block_snapshot", parent_volume={"id": "gone"}, size=5, created_at="2026-01-01T00:00:00Z"),
            item("tagged", "rdb_snapshot", instance_id="db", size=7, tags=["restore-tested=2026-05"]),
            item("auto", "rdb_database_backup", instance_id="db", expires_at="2026-12-01T00:00:00Z", size=9),
        ],
        "silver.resource_links": [{"resource_id": "volume", "link_type": "made_from", "linked_id": "used"}],
    }
    found = {row["resource_id"]: row for row in selected("silver.data_copies", given)}
    assert {name: (row["is_restore_tested"], row["source_exists"]) for name, row in found.items()} == {
        "used": (True, False),
        "tagged": (True, True),
        "auto": (False, True),
    }
    assert found["used"]["expires_at"] is None
    assert found["auto"]["size_bytes"] == 9


def test_queries_of_four_weeks_are_summed_and_unknown_bytes_stay_unknown(build):
    def fact(number, day, service, labels, queries=10, source="import"):
        return {
            "import_key": "key", "line_number": number, "source": source, "kind": "queries", "day": day,
            "service": service, "resource_id": "db", "queries": queries, "labels": labels,
        }  # fmt: skip

    known = json.dumps({"seconds": "4.5", "scanned_bytes": "100", "query": "q1"})
    facts = [
        fact(1, date(2026, 11, 17), "board", known),
        fact(2, date(2026, 11, 16), "board", known),
        fact(3, date(2026, 11, 17), "other", json.dumps({"seconds": "1"})),
        fact(4, date(2026, 11, 16), "other", None),
        fact(5, date(2026, 10, 1), "board", known, queries=1000),
        fact(6, date(2026, 11, 17), "board", known, queries=1, source="second"),
    ]
    rows = build("gold.query_load", given={"silver.imported_facts": facts})
    found = {row["service"]: row for row in rows}
    board, other = found["board"], found["other"]
    assert (board["query"], board["queries"], board["seconds"], board["scanned_bytes"]) == ("q1", 20, 9, 200)
    assert (board["known_from"], board["known_until"], board["days"]) == (date(2026, 10, 21), UNTIL, 2)
    assert (other["queries"], other["seconds"], other["scanned_bytes"]) == (20, None, None)
