"""GPUs on the bill and by the hour: nothing is lost, nothing negative, and what was not measured is not called idle."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from benchmarks.gpu_fleets import Selects, broken_promises, random_fleets

D = Decimal
DAY = date(2026, 11, 10)
GPU, VOLUME = "/compute/l4_1_24g/run_fr-par-2", "/storage/block/volume-low-latency-5k/fr-par-2"


def at(hour, day=DAY):
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour)


def charge(name, cost, since=0, until=24, **fields):
    return {
        "charge_key": f"{name}{since}{until}{fields.get('sku', GPU)}{fields.get('billing_currency', '')}",
        "charge_date": DAY,
        "charge_start": at(since),
        "charge_end": at(until),
        "resource_id": name,
        "resource_name": name,
        "resource_type": "instance_server",
        "service_name": "GPU Instances",
        "sku": GPU,
        "billed_cost": cost,
        "billing_currency": "EUR",
        "billing_month": "2026-11",
        **fields,
    }


def machine(name, gpus=1, **fields):
    return {
        "resource_id": name,
        "resource_name": name,
        "resource_type": "instance_server",
        "commercial_type": "L4-1-24G",
        "gpu_name": "L4",
        "gpus": gpus,
        "valid_from": date(2026, 1, 1),
        **fields,
    }


def of_gpu(name, metric, value, hour=0, gpu="0", samples=12):
    return {
        "metric": metric,
        "resource_type": "gpu",
        "resource_id": name,
        "raw_id": f"{name}-{gpu}",
        "labels": f"{name}-{gpu}",
        "usage_hour": at(hour),
        "usage_date": DAY,
        "samples": samples,
        "expected_samples": 12,
        "mean_value": value,
        "usage_month": "2026-11",
    }


def told(name, busy, held, hour=0, gpu="0", samples=12):
    """One GPU of 24 GiB in one hour: percent of the time it worked, share of memory held."""
    used = int(24576 * held)
    return [
        of_gpu(name, "gpu_utilization_percent", busy, hour, gpu, samples),
        of_gpu(name, "gpu_memory_used_mebibytes", used, hour, gpu, samples),
        of_gpu(name, "gpu_memory_free_mebibytes", 24576 - used, hour, gpu, samples),
    ]


def hours_of(selected, charges, usage, machines, served=()):
    costs = selected("gold.gpu_costs", {"silver.labelled_costs": charges, "silver.gpu_machines": machines})
    hours = selected(
        "gold.gpu_hours",
        {
            "silver.labelled_costs": charges,
            "gold.gpu_costs": costs,
            "silver.usage_hourly": usage,
            "silver.gpu_served_hours": served,
        },
    )
    return costs, hours


def days_of(selected, charges, usage, machines, served=(), runs=()):
    costs, hours = hours_of(selected, charges, usage, machines, served)
    given = {"gold.gpu_costs": costs, "gold.gpu_hours": hours, "silver.training_runs": runs}
    return hours, selected("gold.gpu_days", given)


def test_a_machine_brings_its_volumes_and_addresses_and_each_charge_counts_once(selected):
    charges = [
        charge("gpu", "18.90"),
        charge("disk", "0.57", sku=VOLUME, service_name="Block Storage", resource_type="block_volume"),
        charge("ip", "0.10", sku="/network/ip", service_name="Network", resource_type="instance_ip"),
        charge("other-disk", "9", sku=VOLUME, service_name="Block Storage", resource_type="block_volume"),
    ]
    links = [
        {"resource_id": name, "link_type": "attached_to", "linked_id": machine_id, "valid_from": since}
        for name, machine_id, since in (
            ("disk", "gpu", date(2026, 1, 1)),
            ("disk", "second", date(2026, 11, 9)),
            ("ip", "gpu", date(2026, 1, 1)),
            ("other-disk", "web", date(2026, 1, 1)),
        )
    ]
    rows = selected(
        "gold.gpu_costs",
        {
            "silver.labelled_costs": charges,
            "silver.resource_links": links,
            "silver.gpu_machines": [machine("gpu"), machine("second")],
        },
    )
    assert {(row["resource_id"], row["part"]): row["billed_cost"] for row in rows} == {
        ("gpu", "machine"): D("18.90"),
        ("second", "volume"): D("0.57"),
        ("gpu", "address"): D("0.10"),
    }


def test_before_the_inventory_saw_it_a_volume_counts_where_it_was_seen_first_once_that_existed(selected):
    def attached_to(name, machine_id, since, until=None):
        return {"resource_id": name, "link_type": "attached_to", "linked_id": machine_id, "valid_from": since,
                "valid_to": until}  # fmt: skip

    later, then = DAY + timedelta(days=5), DAY + timedelta(days=9)
    links = [
        attached_to("disk", "old", later, then), attached_to("disk", "second", then), attached_to("ip", "new", later),
        attached_to("spare", "old", then),
    ]  # fmt: skip
    seen = {"disk": later, "ip": later, "spare": later}
    machines = [
        machine("old", created_at=at(0, date(2026, 1, 1)), valid_from=later), machine("second", valid_from=then),
        machine("new", created_at=at(9, DAY + timedelta(days=1)), valid_from=later),
    ]  # fmt: skip
    charges = [charge("old", "18.90")] + [
        charge(name, "0.57", sku=VOLUME, service_name="Block Storage", resource_type="block_volume") for name in seen
    ]
    rows = selected(
        "gold.gpu_costs",
        {
            "silver.labelled_costs": charges,
            "silver.resource_links": links,
            "silver.resources": [{"resource_id": name, "valid_from": since} for name, since in seen.items()],
            "silver.gpu_machines": machines,
        },
    )
    # the address's machine did not exist yet, and the spare volume was seen before it was attached
    assert {(row["resource_id"], row["part"]): row["billed_cost"] for row in rows} == {
        ("old", "machine"): D("18.90"),
        ("old", "volume"): D("0.57"),
    }


def test_a_charge_that_names_no_machine_is_not_lost(selected):
    rows = selected("gold.gpu_costs", {"silver.labelled_costs": [charge(None, "3.50")]})
    assert [(row["resource_id"], row["billed_cost"], row["gpus"]) for row in rows] == [(None, D("3.50"), None)]


def test_gpus_are_those_of_the_day_or_of_the_nearest_day_that_is_known(selected):
    machines = [
        machine("gpu", 1, valid_from=date(2026, 11, 12), valid_to=date(2026, 11, 20)),
        machine("gpu", 4, valid_from=date(2026, 11, 20)),
    ]
    (row,) = selected(
        "gold.gpu_costs", {"silver.labelled_costs": [charge("gpu", "1")], "silver.gpu_machines": machines}
    )
    assert row["gpus"] == 1


def test_busy_idle_and_unseen_hours_are_told_apart(selected):
    usage = [*told("gpu", 75, 0.5, 0), *told("gpu", 0, 0.5, 1), *told("gpu", 0, 0.01, 2), *told("gpu", 50, 0.5, 3)]
    served = [
        {"resource_id": "gpu", "usage_hour": at(3), "waiting_requests": "2", "requests": "10", "usage_month": "2026-11"}
    ]
    hours, (day,) = days_of(selected, [charge("gpu", "10", 0, 5)], usage, [machine("gpu")], served)
    by_hour = {row["usage_hour"].hour: row for row in hours}
    kinds = ("busy", "queue_idle", "warm_idle", "nobodys", "unmeasured")
    found = {hour: [row[f"{kind}_gpu_hours"] for kind in kinds] for hour, row in by_hour.items()}
    assert found == {
        0: [D("0.75"), 0, D("0.25"), 0, 0],
        1: [0, 0, 1, 0, 0],
        2: [0, 0, 0, 1, 0],
        3: [D("0.5"), D("0.5"), 0, 0, 0],
        4: [None, None, None, None, 1],
    }
    costs = {kind: day[f"{kind}_cost"] for kind in kinds}
    assert costs == {
        "busy": D("2.5"), "queue_idle": 1, "warm_idle": D("2.5"), "nobodys": 2, "unmeasured": 2,
    }  # fmt: skip


def test_without_dcgm_nothing_is_idle_and_nothing_is_busy(selected):
    hours, (day,) = days_of(selected, [charge("gpu", "10", 0, 2)], [], [machine("gpu")])
    assert {row["busy_gpu_hours"] for row in hours} == {row["idle_gpu_hours"] for row in hours} == {None}
    assert (day["busy_cost"], day["idle_cost"], day["unmeasured_cost"]) == (None, None, 10)
    assert day["reason"] == "no DCGM metrics of the day"


def test_memory_alone_says_nothing_about_work(selected):
    usage = [row for row in told("gpu", 0, 0.9) if row["metric"] != "gpu_utilization_percent"]
    hours, (day,) = days_of(selected, [charge("gpu", "4", 0, 1)], usage, [machine("gpu")])
    assert (hours[0]["busy_gpu_hours"], hours[0]["unmeasured_gpu_hours"]) == (None, 1)
    assert (day["busy_cost"], day["unmeasured_cost"]) == (None, 4)


def test_memory_that_is_not_told_leaves_the_kind_of_idleness_open(selected):
    hours, (day,) = days_of(
        selected, [charge("gpu", "4", 0, 1)], [of_gpu("gpu", "gpu_utilization_percent", 25)], [machine("gpu")]
    )
    assert hours[0]["unsorted_idle_gpu_hours"] == D("0.75")
    assert (day["busy_cost"], day["unsorted_idle_cost"], day["warm_idle_cost"]) == (1, 3, 0)


def test_the_engine_comes_before_the_utilisation_and_of_four_gpus_the_unused_are_counted(selected):
    usage = [row for gpu in "0123" for row in told("gpu", 100 if gpu == "0" else 0, 0.5 if gpu == "0" else 0.0, 0, gpu)]
    usage.append(of_gpu("gpu", "gpu_engine_active_ratio", "0.4"))
    hours, _ = days_of(selected, [charge("gpu", "4", 0, 1)], usage, [machine("gpu", 4)])
    (row,) = hours
    assert (row["charged_gpu_hours"], row["busy_gpu_hours"], row["unused_gpus"]) == (4, D("0.4"), 3)
    assert row["busiest_gpu_active_ratio"] == D("0.4")


def test_half_an_hour_that_was_charged_is_no_more_than_that(selected):
    hours, _ = days_of(selected, [charge("gpu", "1", 0, 0.5)], told("gpu", 100, 0.9), [machine("gpu")])
    assert (hours[0]["charged_gpu_hours"], hours[0]["busy_gpu_hours"]) == (D("0.5"), D("0.5"))


def test_a_stopped_machine_still_pays_for_its_volume(selected):
    disk = charge("disk", "0.57", sku=VOLUME, service_name="Block Storage", resource_type="block_volume")
    link = {"resource_id": "disk", "link_type": "attached_to", "linked_id": "gpu", "valid_from": date(2026, 1, 1)}
    costs = selected(
        "gold.gpu_costs",
        {
            "silver.labelled_costs": [disk],
            "silver.resource_links": [link],
            "silver.gpu_machines": [machine("gpu")],
        },
    )
    (day,) = selected("gold.gpu_days", {"gold.gpu_costs": costs})
    assert (day["machine_cost"], day["allocation_cost"], day["unmeasured_cost"]) == (0, D("0.57"), D("0.57"))
    assert (day["busy_cost"], day["reason"]) == (None, "it was off all day")


@pytest.fixture(scope="module")
def fleets():
    made = random_fleets(random.Random(7), 0, 150)
    return made, Selects().run(made.inputs())


def test_no_fleet_has_negative_hours_loses_a_cent_or_costs_of_gpus_it_does_not_have(fleets):
    made, found = fleets
    assert len(found["gold.gpu_hours"]) > 200
    assert any(row["busy_cost"] is not None for row in found["gold.gpu_days"])
    assert list(broken_promises(made, found)) == []


@pytest.mark.parametrize(
    ("table", "column", "says"),
    [
        ("gold.gpu_hours", "idle_gpu_hours", "negative hours"),
        ("gold.gpu_days", "unmeasured_cost", "a part below zero"),
        ("gold.gpu_days", "allocation_cost", "was billed"),
    ],
)
def test_what_breaks_a_promise_is_told(fleets, table, column, says):
    made, found = fleets
    rows = [*found[table]]
    place = next(at for at, row in enumerate(rows) if row[column] is not None and row[column] > 0)
    rows[place] = {**rows[place], column: D(-1)}
    assert any(says in told for told in broken_promises(made, {**found, table: rows}))
