"""How busy machines were, what is not known of it, and when they last did anything or were charged."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

D = Decimal
UNTIL = date(2026, 11, 18)


@pytest.fixture(scope="module")
def build(selected):
    return selected


def machine(name="web", **fields):
    return {
        "resource_id": name,
        "resource_name": name,
        "resource_type": "instance_server",
        "resource_state": "running",
        "created_at": datetime(2025, 1, 1, tzinfo=UTC),
        "valid_from": date(2025, 1, 1),
        "valid_to": None,
        "counts_from": date(1970, 1, 1),
        **fields,
    }


def hour(metric, value, day=UNTIL - timedelta(days=1), at=0, name="web", labels="{}"):
    start = datetime(day.year, day.month, day.day, at, tzinfo=UTC)
    values = dict.fromkeys(("mean_value", "p95_value", "p995_value", "max_value"), value)
    return {
        "resource_id": name,
        "metric": metric,
        "labels": labels,
        "usage_hour": start,
        "usage_date": day,
        "usage_month": f"{day:%Y-%m}",
        **values,
    }


def rows(build, usage=(), machines=None, idle=(), costs=(), links=(), days_read=200):
    given = {
        "silver.billing_months": [{"billing_month": "2026-11", "charges_until": UNTIL, "days_read": days_read}],
        "silver.resources": machines or [machine()],
        "silver.usage_hourly": usage,
        "silver.idle_hours": idle,
        "silver.costs": costs,
        "silver.resource_links": links,
    }
    return {row["resource_id"]: row for row in build("gold.machine_activity", given=given)}


def test_what_nothing_measures_is_null_and_still_has_a_row(build):
    row = rows(build)["web"]
    assert (
        row["cpu_p995_ratio"] is row["network_bytes_per_day"] is row["gpu_max_percent"] is row["last_active_on"] is None
    )


def test_the_busiest_series_decides_and_processors_count_as_wanted(build):
    usage = [hour("instance_cpu_ratio", "0.1"), hour("node_cpu_ratio", "0.2"), hour("node_cpu_steal_ratio", "0.5")]
    assert rows(build, usage)["web"]["cpu_p995_ratio"] == D("0.4")


def test_unknown_steal_is_no_steal_at_all(build):
    assert rows(build, [hour("instance_cpu_ratio", "0.02")])["web"]["cpu_p995_ratio"] == D("0.02")


def test_five_weeks_are_looked_at_so_that_every_day_of_a_month_is_among_them(build):
    usage = [hour("node_cpu_ratio", "0.01", UNTIL - timedelta(days=ago)) for ago in range(1, 36)]
    usage += [hour("node_cpu_ratio", "1", UNTIL - timedelta(days=36))]
    row = rows(build, usage)["web"]
    assert (row["cpu_days"], row["cpu_weekends"], row["cpu_max_ratio"]) == (35, 5, D("0.01"))


def test_both_directions_and_all_devices_of_a_network_count_and_two_ways_of_measuring_it_do_not(build):
    usage = [hour("node_cpu_ratio", "0.01")]
    usage += [hour("node_network_received_bytes", 2, labels=f'{{"device":"{name}"}}') for name in ("eth0", "eth1")]
    usage += [hour("node_network_sent_bytes", 1), hour("instance_network_received_bytes", 4)]
    assert rows(build, usage)["web"]["network_bytes_per_day"] == 5 * 86400


def test_the_last_day_of_activity_reaches_back_beyond_the_window_and_idle_days_are_none(build):
    def day(on, idle):
        told = {"resource_id": "web", "usage_date": on, "measured_by": "cpu", "measured_hours": 24, "idle_hours": idle}
        return {**told, "billing_month": f"{on:%Y-%m}"}

    idle = [day(date(2026, 9, 30), 20), day(date(2026, 11, 2), 24)]
    row = rows(build, idle=idle)["web"]
    assert (row["measured_from"], row["last_active_on"]) == (date(2026, 9, 30), date(2026, 9, 30))


def charge(name, on):
    return {"resource_id": name, "charge_date": on, "billed_cost": 1, "billing_month": f"{on:%Y-%m}", "sku": "/s"}


def test_the_last_charge_is_the_machines_own_and_history_begins_where_charges_were_read(build):
    machines = [machine(), machine("off", resource_state="stopped")]
    found = rows(build, machines=machines, costs=[charge("web", date(2026, 10, 31)), charge("disk", date(2026, 11, 1))])
    assert found["web"]["last_charged_on"] == date(2026, 10, 31)
    assert found["off"]["last_charged_on"] is None
    assert found["off"]["history_from"] == date(2026, 8, 1)
    made = machine(created_at=datetime(2026, 12, 1, tzinfo=UTC))
    assert rows(build, machines=[made]) == {}
    assert rows(build, days_read=10)["web"]["history_from"] == UNTIL - timedelta(days=10)


def test_the_machine_of_a_kapsule_node_names_its_pool(build):
    machines = [machine(), machine("pool", resource_type="k8s_pool"), machine("cluster", resource_type="k8s_cluster")]
    links = [
        {"resource_id": "node", "link_type": "runs_on", "linked_id": "web", "valid_from": date(2026, 1, 1)},
        {"resource_id": "node", "link_type": "part_of", "linked_id": "pool", "valid_from": date(2026, 1, 1)},
        {"resource_id": "node", "link_type": "part_of", "linked_id": "cluster", "valid_from": date(2026, 1, 1)},
    ]
    found = rows(build, machines=machines, links=links)
    assert (found["web"]["is_node"], found["web"]["pool_id"]) == (True, "pool")
    assert set(found) == {"web"}
    gone = [{**link, "valid_to": date(2026, 10, 1)} for link in links]
    assert rows(build, machines=machines, links=gone)["web"]["is_node"] is False
