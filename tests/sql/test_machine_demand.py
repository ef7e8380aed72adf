"""What machines asked for and what they could be instead, from hours of metrics, the bill and the listings."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

D = Decimal
END = date(2026, 11, 18)
ZONE = "fr-par-1"


def machine(resource_id="web", kind="instance_server", **more):
    return {
        "resource_id": resource_id, "resource_type": kind, "resource_name": resource_id, "availability_zone": ZONE,
        "created_at": datetime(2025, 1, 1, tzinfo=UTC), "valid_from": date(2025, 1, 1), **more,
    }  # fmt: skip


def hours(metric, value, days=(0,), resource_id="web", **more):
    """Every hour of these days before the end, all its levels the same."""
    levels = dict.fromkeys(
        ("mean_value", "p50_value", "p95_value", "p99_value", "p995_value", "max_value", "min_value"), value
    )
    starts = [datetime(2026, 11, 18, tzinfo=UTC) - timedelta(days=day + 1) for day in days]
    return [
        {
            "metric": metric, "resource_id": resource_id, "labels": f"{metric} {hour}", "samples": 12,
            "usage_hour": start + timedelta(hours=hour), "usage_date": start.date(), "expected_samples": 12,
            "usage_month": f"{start:%Y-%m}", **levels, **more,
        }
        for start in starts
        for hour in range(24)
    ]  # fmt: skip


def built(build, *usage, **given):
    tables = {"silver.resources": [machine()], "silver.usage_hourly": [each for rows in usage for each in rows]}
    tables |= {f"silver.{name}": rows for name, rows in given.items()}
    rows = build("gold.machine_demand", given=tables, months=["2026-11"])
    return {row["resource_id"]: row for row in rows}


def test_the_hypervisor_counts_no_stolen_time_and_node_exporter_does(build):
    steal = hours("node_cpu_steal_ratio", "0.2")
    (inside,) = built(build, hours("node_cpu_ratio", "0.6"), steal).values()
    assert inside["cpu_p95_ratio"] == D("0.5")  # (0.6 − 0.2) ÷ 0.8
    (outside,) = built(build, hours("instance_cpu_ratio", "0.4"), hours("node_cpu_ratio", "0.9"), steal).values()
    assert outside["cpu_p95_ratio"] == D("0.5")  # 0.4 ÷ 0.8
    assert outside["steal_p95_ratio"] == D("0.2")


def test_bins_hold_every_sample_once_by_week_and_tell_their_own_highest(build):
    (row,) = built(
        build, hours("instance_cpu_ratio", "0.1", range(14)), hours("instance_cpu_ratio", "0.7", [20])
    ).values()
    assert sum(each["samples"] for each in row["cpu_bins"]) == pytest.approx(15 * 288)
    assert {each["part"] for each in row["cpu_bins"]} == {0, 1, 2, 3}
    assert {round(each["highest"], 9) for each in row["cpu_bins"]} == {0.1, 0.7}
    assert [each["days_ago"] for each in row["cpu_by_day"]] == [*range(14), 20]
    assert {each["samples"] for each in row["cpu_by_day"]} == {288}


def test_memory_of_an_agent_is_a_share_and_what_is_not_measured_is_null(build):
    (row,) = built(
        build, hours("instance_cpu_ratio", "0.1"), hours("instance_memory_used_bytes", 3 * 2**30),
        hours("instance_memory_bytes", 4 * 2**30), hours("node_network_received_bytes", "2000"),
        hours("node_network_sent_bytes", "5000"),
    ).values()  # fmt: skip
    assert row["memory_max_ratio"] == D("0.75")
    assert {each["highest"] for each in row["network_bins"]} == {5.0}
    assert row["disk_bins"] is None
    assert row["disk_operations_p99"] is None


def test_days_neither_charged_nor_measured_are_off_and_unknown_ones_are_not(build):
    charges = [{"resource_id": "web", "charge_date": END - timedelta(days=day + 1), "billing_month": "2026-11",
                "charge_key": str(day)} for day in (2, 3)]  # fmt: skip
    (row,) = built(build, hours("instance_cpu_ratio", "0.1", (0, 1)), costs=charges).values()
    # charges are known until three days before the end: the newer days are not called off
    assert row["off_days"] == list(range(4, 28))


def test_a_machine_nothing_measures_has_a_row_of_nulls_and_a_node_names_its_pool(build):
    things = [machine(), machine("node"), machine("k", "k8s_node"), machine("pool", "k8s_pool")]
    links = [
        {"resource_id": "k", "link_type": "runs_on", "linked_id": "node", "valid_from": date(2025, 1, 1)},
        {"resource_id": "k", "link_type": "part_of", "linked_id": "pool", "valid_from": date(2025, 1, 1)},
    ]
    rows = built(build, hours("instance_cpu_ratio", "0.1"), resources=things, resource_links=links)
    assert rows["node"]["pool_id"] == "pool"
    assert rows["node"]["cpu_bins"] is None
    assert rows["web"]["pool_id"] is None
    assert rows.keys() == {"web", "node"}


def listed(name, price="0.1", **more):
    return {
        "commercial_type": name, "arch": "x86_64", "ncpus": 4, "ram": 8 * 2**30, "gpu": 0, "hourly_price": price,
        "end_of_service": False, "block_bandwidth": 0, "network": {"sum_internal_bandwidth": 10**9},
        "volumes_constraint": {"min_size": 0, "max_size": 0}, **more,
    }  # fmt: skip


def test_offers_are_the_newest_listing_with_what_the_price_list_says_of_their_end(answers):
    path = f"/instance/v1/zones/{ZONE}/products/servers"
    for day, price in ((1, "0.2"), (2, "0.1")):
        at = datetime(2026, 11, day, tzinfo=UTC)
        answers.answer(
            "bronze.server_types", "instance.server_types",
            [listed("GP1-S", price), listed("POP2-2C", hourly_price=None)], at=at, path=path,
        )  # fmt: skip
    product = {
        "sku": "/compute/gp1", "locality": {"zone": ZONE}, "status": "end_of_sale",
        "end_of_sale_at": "2026-10-01T00:00:00Z", "end_of_life_at": "2027-03-31T00:00:00Z",
        "price": {"retail_price": {"currency_code": "EUR", "units": 0, "nanos": 100_000_000}},
        "properties": {"instance": {"offer_id": "GP1-S", "recommended_replacement_offer_ids": ["PRO2-S"]}},
    }  # fmt: skip
    answers.answer("bronze.products", "catalog.products", [product])
    rows = {row["offer_id"]: row for row in answers.built("silver.offers")}
    old = rows["GP1-S"]
    assert old["monthly_list_price"] == D(73)
    assert (old["status"], old["end_of_life_on"], old["replacement_ids"]) == (
        "end_of_sale",
        date(2027, 3, 31),
        ["PRO2-S"],
    )
    assert old["network_bits_per_second"] == 10**9
    assert old["block_bytes_per_second"] is None
    assert old["has_dedicated_vcpus"] is False
    assert rows["POP2-2C"]["monthly_list_price"] is None
    assert rows["POP2-2C"]["has_dedicated_vcpus"] is True


def test_elastic_metal_is_priced_by_its_terms_and_a_size_that_is_not_listed_is_null(answers):
    offer = {
        "id": "o1", "name": "EM-A", "enable": True, "stock": "available", "bandwidth": 500_000_000,
        "subscription_period": "hourly", "monthly_offer_id": "o2", "cpus": [{"core_count": 4, "thread_count": 8}],
        "memories": [{"capacity": 16 * 10**9}, {"capacity": 16 * 10**9}], "disks": [{"capacity": 10**12}], "gpus": [],
        "price_per_hour": {"currency_code": "EUR", "units": 0, "nanos": 100_000_000}, "price_per_month": None,
    }  # fmt: skip
    monthly = {
        **offer, "id": "o2", "subscription_period": "monthly", "cpus": [], "memories": [], "price_per_hour": None,
        "price_per_month": {"currency_code": "EUR", "units": 50, "nanos": 0},
    }  # fmt: skip
    path = f"/baremetal/v1/zones/{ZONE}/offers"
    answers.answer("bronze.server_types", "baremetal.offers", [offer, monthly], path=path)
    rows = {row["offer_id"]: row for row in answers.built("silver.offers")}
    assert (rows["o1"]["vcpus"], rows["o1"]["memory_bytes"], rows["o1"]["monthly_list_price"]) == (8, 32 * 10**9, D(73))
    assert (rows["o2"]["vcpus"], rows["o2"]["memory_bytes"], rows["o2"]["monthly_list_price"]) == (None, None, D(50))


def test_a_pool_tells_its_bounds_and_the_machines_of_its_nodes(build):
    item = {"cluster_id": "c", "node_type": "pro2_s", "zone": ZONE, "autoscaling": True, "size": 2, "min_size": 1}
    period = {"resource_id": "pool", "resource_type": "k8s_pool", "item": json.dumps(item), "valid_from": END}
    links = [
        {"resource_id": node, "link_type": kind, "linked_id": linked, "valid_from": END}
        for node in ("n1", "n2")
        for kind, linked in (("part_of", "pool"), ("runs_on", f"server-{node}"))
    ]
    (row,) = build("silver.pools", given={"silver.resource_periods": [period], "silver.resource_links": links})
    assert (row["node_type"], row["node_count"], row["min_size"], row["max_size"]) == ("PRO2-S", 2, 1, None)
    assert row["has_autoscaling"] is True
    assert row["node_ids"] == ["server-n1", "server-n2"]
