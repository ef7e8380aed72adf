"""Machines and clusters by load and what is sold: smaller, larger, newer, fewer; never on what is not measured."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.recommendations.recommendation import NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rules.old_generation import OLD_GENERATION
from pipelines.recommendations.rules.oversized_instance import OVERSIZED_INSTANCE
from pipelines.recommendations.rules.oversized_pool import OVERSIZED_POOL
from pipelines.recommendations.rules.oversized_workload import OVERSIZED_WORKLOAD
from pipelines.recommendations.rules.undersized_instance import UNDERSIZED_INSTANCE
from pipelines.recommendations.world import Resource, World

D = Decimal
TODAY, GIB = date(2026, 11, 18), 2**30
SERVER = Resource(
    resource_id="web", resource_name="web-1", resource_type="instance_server", resource_class="POP2-8C",
    resource_state="running", project_id="p", project_name="shop", region_id="fr-par", availability_zone="fr-par-1",
    environment="prod", owner=None, team=None, tags=(), created_at=datetime(2025, 1, 1, tzinfo=UTC), parent_id=None,
    monthly_cost=D(72), currency="EUR", costs={"/compute/pop2_8c/run_par1": D(72)},
)  # fmt: skip
BINS = pa.list_(pa.struct([("part", pa.int64()), ("samples", pa.float64()), ("highest", pa.float64())]))
DAYS = pa.list_(pa.struct([("days_ago", pa.int64()), ("samples", pa.int64()), ("highest", pa.float64())]))


def offer(name, vcpus, gib, price, **more):
    return {
        "resource_type": "instance_server", "availability_zone": "fr-par-1", "offer_id": name, "offer_name": name,
        "subscription_period": "hourly", "vcpus": vcpus, "memory_bytes": gib * GIB, "architecture": "x86_64",
        "gpu_count": 0, "network_bits_per_second": None, "block_bytes_per_second": None, "local_storage_bytes": 0,
        "monthly_list_price": D(price), "commitment_fee_price": None, "block_gb_price": D("0.1"),
        "billing_currency": "EUR", "offer_range": None, "status": "general_availability", "stock": None,
        "is_end_of_service": False, "end_of_growth_on": None, "end_of_sale_on": None, "end_of_life_on": None,
        "replacement_ids": [], "has_dedicated_vcpus": True, **more,
    }  # fmt: skip


OFFERS = [
    offer("POP2-2C", 2, 8, 20), offer("POP2-4C", 4, 16, 40), offer("POP2-8C", 8, 32, 80),
    offer("POP2-16C", 16, 64, 160), offer("PRO2-XS", 2, 16, 5, has_dedicated_vcpus=False),
]  # fmt: skip
DEMAND = {
    "resource_id": "web", "known_from": date(2026, 10, 21), "known_until": TODAY, "pool_id": None, "volume_count": 1,
    "local_volume_bytes": 0, "local_volume_ids": [], "expected_samples": 12, "off_days": [],
} | dict.fromkeys(
    ("cpu_p95_ratio", "steal_p95_ratio", "disk_operations_p99", "disk_queue_p95", "packets_p99", "retransmits_p99")
)  # fmt: skip


def steady(share, days=28):
    """A measure that stands at one share of the machine: its bins and its days."""
    if share is None:
        return None, None
    bins = [{"part": 0, "samples": 288.0, "highest": share}]
    bins += [{"part": part, "samples": 288.0 * (days - 1) / 4, "highest": share} for part in range(1, 5)]
    return bins, [{"days_ago": day, "samples": 288, "highest": share} for day in range(days)]


def world(cpu, memory=None, server=SERVER, offers=OFFERS, days=28, **more):
    row = {**DEMAND, **more}
    for name, share in (("cpu", cpu), ("memory", memory), ("network", None), ("disk", None)):
        row[f"{name}_bins"], row[f"{name}_by_day"] = steady(share, days)
    table = pa.Table.from_pylist([row])
    for name in row:
        kind = BINS if name.endswith("_bins") else DAYS if name.endswith("_by_day") else None
        if kind is not None:
            table = table.set_column(table.column_names.index(name), name, pa.array([row[name]], kind))
    tables = {"gold.machine_demand": table, "silver.offers": pa.Table.from_pylist(offers)}
    return World(TODAY, TODAY, {server.resource_id: server}, tables)


def asked(rule, seen):
    (answer,) = rule.judge(seen, rule.thresholds)
    return answer


def test_a_quiet_machine_is_halved_and_saves_a_share_of_what_it_really_costs():
    advice = asked(OVERSIZED_INSTANCE, world(0.05, 0.1))
    assert advice.target == "POP2-4C"  # production gives up no more than half of its memory at once
    assert advice.monthly_saving == D(36)  # half of the 72 charged, not of the 80 listed
    assert advice.change.cli[2] == "scw instance server update web commercial-type=POP2-4C zone=fr-par-1"
    assert "commercial-type=POP2-8C" in advice.change.undo_cli[1]
    assert advice.evidence["why_not_smaller"]


def test_production_keeps_dedicated_processors_and_other_environments_need_not():
    shared = [OFFERS[2], OFFERS[4]]
    assert isinstance(asked(OVERSIZED_INSTANCE, world(0.05, 0.1, offers=shared)), NothingToDo)
    staging = replace(SERVER, environment="staging")
    assert asked(OVERSIZED_INSTANCE, world(0.05, 0.1, staging, shared)).target == "PRO2-XS"


def test_memory_that_is_not_measured_is_never_lowered_and_the_missing_metric_has_its_price():
    answer = asked(OVERSIZED_INSTANCE, world(0.05))
    assert isinstance(answer, NothingToDo)
    assert "node_memory_used_ratio" in answer.reason
    assert "13 €" in answer.reason
    held = [*OFFERS, offer("POP2-HM", 2, 32, 60)]
    assert asked(OVERSIZED_INSTANCE, world(0.05, offers=held)).target == "POP2-HM"


@pytest.mark.parametrize("rule", [OVERSIZED_INSTANCE, UNDERSIZED_INSTANCE])
def test_less_than_two_weeks_or_nothing_measured_cannot_be_judged(rule):
    assert "10 of the 14 days" in asked(rule, world(0.05, 0.1, days=10)).reason
    assert isinstance(asked(rule, world(None)), Unjudged)
    unlisted = asked(rule, world(0.05, 0.1, replace(SERVER, resource_class="X1")))
    assert isinstance(unlisted, Unjudged)


def test_nodes_gpus_and_standby_are_left_to_others():
    for seen in (
        world(0.05, 0.1, pool_id="pool"),
        world(0.05, 0.1, replace(SERVER, resource_state="stopped in place")),
        world(0.05, 0.1, offers=[{**row, "gpu_count": 1} for row in OFFERS]),
    ):
        assert list(OVERSIZED_INSTANCE.judge(seen, OVERSIZED_INSTANCE.thresholds)) == []


def test_a_machine_at_its_limit_gets_more_and_one_that_is_off_at_times_does_not():
    advice = asked(UNDERSIZED_INSTANCE, world(0.99, 0.5))
    assert (advice.target, advice.monthly_saving) == ("POP2-16C", D(-72))
    assert not UNDERSIZED_INSTANCE.spares_protected
    batch = asked(UNDERSIZED_INSTANCE, world(0.99, 0.5, days=20, off_days=list(range(20, 28))))
    assert isinstance(batch, NothingToDo)
    assert "batches" in batch.reason
    assert isinstance(asked(OVERSIZED_INSTANCE, world(0.99, 0.5)), NothingToDo)


@given(st.floats(0, 1), st.none() | st.floats(0, 1))
@settings(max_examples=30, deadline=None)
def test_advice_saves_money_of_what_is_charged_and_more_load_never_gets_a_smaller_size(cpu, memory):
    answer = asked(OVERSIZED_INSTANCE, world(cpu, memory))
    if isinstance(answer, Recommendation):
        assert 0 < answer.monthly_saving < D(72)
        less = asked(OVERSIZED_INSTANCE, world(cpu / 2, memory))
        assert isinstance(less, Recommendation)
        assert less.monthly_saving >= answer.monthly_saving


LEAVING = {"status": "end_of_sale", "end_of_sale_on": date(2026, 10, 1), "end_of_life_on": date(2027, 3, 31)}


def test_a_dated_end_of_life_moves_a_machine_even_where_the_successor_costs_more():
    old = offer("GP1-S", 8, 32, 60, **LEAVING, has_dedicated_vcpus=False)
    arm = offer("BASIC2-A8C", 8, 32, 50, architecture="arm64")
    server = replace(SERVER, resource_class="GP1-S", costs={"/compute/gp1_s/run_par1": D(60)})
    advice = asked(OLD_GENERATION, world(0.5, server=server, offers=[old, arm, *OFFERS]))
    assert (advice.target, advice.monthly_saving) == ("POP2-8C", D(-20))
    assert "2027-03-31" in advice.reason
    assert "BASIC2-A8C would save 10.00" in advice.reason
    assert advice.change.undo_cli == ()
    assert any("no way back" in note for note in advice.change.notes)


def test_a_type_that_is_still_sold_is_only_left_for_a_cheaper_one():
    still = offer("DEV1", 8, 32, 60, end_of_sale_on=date(2027, 2, 1), has_dedicated_vcpus=False)
    server = replace(SERVER, resource_class="DEV1", costs={"/compute/dev1/run_par1": D(60)})
    assert isinstance(asked(OLD_GENERATION, world(0.5, server=server, offers=[still, *OFFERS])), NothingToDo)
    cheaper = [still, offer("POP3-8C", 8, 32, 50)]
    assert asked(OLD_GENERATION, world(0.5, server=server, offers=cheaper)).monthly_saving == D(10)


def test_local_volumes_a_size_cannot_hold_cost_block_storage_and_make_it_a_migration():
    old = offer("GP1-S", 8, 32, 100, **LEAVING, local_storage_bytes=300 * 10**9)
    server = replace(SERVER, resource_class="GP1-S", costs={"/compute/gp1_s/run_par1": D(100)})
    seen = world(0.5, server=server, offers=[old, OFFERS[2]], local_volume_bytes=100 * 10**9, local_volume_ids=["disk"])
    disk = replace(SERVER, resource_id="disk", resource_type="instance_volume", monthly_cost=D(4), costs={})
    advice = asked(OLD_GENERATION, replace(seen, resources={**seen.resources, "disk": disk}))
    assert advice.monthly_saving == D(14)  # 100 + 4 − (80 + 10)
    assert advice.overlaps_on == {"web", "disk"}
    assert advice.effort == "high"


def cluster_world(requested, used, cpu_used_p99=4, environment="staging", days=14):
    cluster = replace(SERVER, resource_id="c", resource_type="k8s_cluster", environment=environment)
    pool = replace(SERVER, resource_id="pool", resource_type="k8s_pool", monthly_cost=None, costs={})
    nodes = [replace(SERVER, resource_id=f"n{number}", monthly_cost=D(80)) for number in range(4)]
    workload = {
        "allocation": "shop/api", "namespace": "shop", "controller": "api", "kind": "deployment", "days": days,
        "last_seen_on": date(2026, 11, 17), "cpu_requested": D(requested), "cpu_used_max": D(used),
        "memory_requested": D(4 * GIB), "memory_used_max": D(3 * GIB),
    }  # fmt: skip
    demand = {
        "cluster_id": "c", "known_from": date(2026, 10, 21), "known_until": TODAY, "usage_days": 28,
        "allocation_days": days, "last_seen_on": date(2026, 11, 17), "cpu_used_p99": D(cpu_used_p99),
        "kind_cost_ratio": D("0.75"), "workloads": [workload],
    }  # fmt: skip
    pools = {
        "pool_id": "pool", "cluster_id": "c", "node_type": "POP2-8C", "availability_zone": "fr-par-1", "node_count": 4,
        "min_size": 4, "max_size": 4, "has_autoscaling": False, "node_ids": [each.resource_id for each in nodes],
    }  # fmt: skip
    tables = {"silver.pools": [pools], "silver.offers": OFFERS, "gold.workload_demand": [demand]}
    found = {each.resource_id: each for each in (cluster, pool, *nodes)}
    return World(TODAY, TODAY, found, {name: pa.Table.from_pylist(rows) for name, rows in tables.items()})


def test_requests_far_above_use_are_worth_their_part_of_the_nodes():
    advice = asked(OVERSIZED_WORKLOAD, cluster_world(18, 1))
    assert advice.monthly_saving == D("120.0625")  # 320 × (0.75 × 16/32 cores + 0.25 × 0.1/128 GiB)
    assert advice.overlaps_on == {"n0", "n1", "n2", "n3"}
    assert isinstance(asked(OVERSIZED_WORKLOAD, cluster_world(2, 1)), NothingToDo)


def test_a_workload_nobody_uses_goes_as_a_whole():
    advice = asked(OVERSIZED_WORKLOAD, cluster_world(16, "0.01"))
    assert "--replicas=0" in advice.change.cli[-1]
    assert advice.monthly_saving == D("122.5")  # 320 × (0.75 × 16/32 + 0.25 × 4/128)


@pytest.mark.parametrize("rule", [OVERSIZED_WORKLOAD, OVERSIZED_POOL])
def test_requests_known_for_less_than_two_weeks_cannot_be_judged(rule):
    assert isinstance(asked(rule, cluster_world(16, 1, days=6)), Unjudged)


def test_a_pool_may_lose_what_neither_requests_nor_use_take_and_production_keeps_one_more():
    advice = asked(OVERSIZED_POOL, cluster_world(10, 5, cpu_used_p99=7))
    assert (advice.resource_id, advice.target, advice.monthly_saving) == ("pool", "2 to 4 nodes", D(160))
    assert "min-size=2" in advice.change.cli[0]
    assert asked(OVERSIZED_POOL, cluster_world(10, 5, 7, "prod")).target == "3 to 4 nodes"
    assert isinstance(asked(OVERSIZED_POOL, cluster_world(10, 5, cpu_used_p99=20)), NothingToDo)
