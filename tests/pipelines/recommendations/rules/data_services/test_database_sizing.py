"""Managed databases by replay: a smaller node is a priced migration, a larger one only where it helps."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.recommendations.recommendation import NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rules.oversized_database import OVERSIZED_DATABASE
from pipelines.recommendations.rules.undersized_database import UNDERSIZED_DATABASE

GIB = 2**30
OFFERS = [
    {"product": "rdb", "region_id": "fr-par", "node_type": name, "management_price": Decimal(1), "is_sold": True,
     "node_price": Decimal(price), "further_node_price": Decimal(price), "vcpus": vcpus, "memory_bytes": memory * GIB}
    for name, price, vcpus, memory in (
        ("db-play2-nano", 1, 2.0, 8),
        ("db-pro2-xxs", 3, 2.0, 8),
        ("db-pro2-xs", 7, 4.0, 16),
        ("db-pro2-s", 15, 8.0, 32),
    )
]  # fmt: skip
VOLUMES = [
    {"product": "rdb", "region_id": "fr-par", "volume_class": "sbs_5k", "operations_per_second": 5000,
     "availability_zone": "fr-par-1", "list_unit_price": Decimal(1)}
]  # fmt: skip


@pytest.fixture(scope="module")
def answer(asked, thing, database_node, database_seen):
    def judged(rule=OVERSIZED_DATABASE, resource=None, node=None, offers=OFFERS, thresholds=None, **seen):
        node = database_node(**(node or {}))
        # a tenth of the list price is charged: eight for one node and its management, fifteen tenths for each further
        costs = {
            "/storage/rdb/instance/db-pro2-s/fr-par": 10,
            "/storage/rdb/node/db-pro2-s/fr-par1": 150 * (node["node_count"] or 1),
            "/storage/rdb/storage/sbs_5k/fr-par1": 20,
        }
        tables = {
            "silver.database_nodes": [node],
            "silver.database_offers": offers,
            "silver.volume_offers": VOLUMES,
            "gold.database_load": [database_seen(**seen)],
        }
        database = thing("rdb_instance", costs=costs, **(resource or {}))
        (found,) = asked(rule, [database], tables, **(thresholds or {}))
        return found

    return judged


def test_a_quiet_database_moves_to_the_cheapest_node_that_holds_it_at_what_is_really_paid(answer):
    advice = answer(cpu=0.05, memory=0.15)
    assert isinstance(advice, Recommendation)
    # 4.8 of 32 GiB: 8 GiB hold them; processors that are shared are not for production
    assert advice.target == "db-pro2-xxs"
    # charged 160 where the list says 16, so 40 where it says 4
    assert advice.monthly_saving == 120
    # the new one and its volume for two days, and a snapshot of a week
    assert advice.one_off_cost == (Decimal(60) * 48 + Decimal(20) * 168) / 730
    assert "migration" in advice.reason
    assert advice.evidence["days"] == 28


def test_outside_production_shared_processors_do(answer):
    assert answer(resource={"environment": "dev"}, cpu=0.02, memory=0.1).target == "db-play2-nano"


def test_memory_that_is_not_measured_is_never_lowered(answer):
    assert isinstance(answer(cpu=0.02, memory=None), NothingToDo)


def test_connections_must_fit_into_the_smaller_node(answer):
    node = {"max_connections": 400}
    assert answer(cpu=0.05, memory=0.15, node=node, connections_max=90.0).target == "db-pro2-xxs"
    assert answer(cpu=0.05, memory=0.15, node=node, connections_max=110.0).target == "db-pro2-xs"


def test_a_standby_that_nobody_needs_goes_with_the_same_move(answer):
    both = {"node": {"node_count": 2}, "cpu": 0.05, "memory": 0.15}
    staging = answer(resource={"environment": "staging"}, **both)
    production = answer(**both)
    # charged 310 where the list says 31: staging keeps one node of 1 + 1, production two of 1 + 2 × 3
    assert (staging.target, staging.monthly_saving) == ("db-play2-nano", 290)
    assert (production.target, production.monthly_saving) == ("db-pro2-xxs", 240)


def test_a_first_tier_database_is_not_cut_over(answer):
    assert isinstance(answer(resource={"tags": ("tier=1",)}, cpu=0.05, memory=0.15), NothingToDo)


def test_local_disks_come_with_the_node_so_another_family_is_no_choice(answer):
    local = {"volume_type": "lssd"}
    advice = answer(resource={"environment": "dev"}, node=local, cpu=0.02, memory=0.1)
    assert advice.target == "db-pro2-xxs"
    assert any("backup" in command for command in advice.change.cli)


def test_what_cannot_be_judged_says_why(answer):
    short = [{"days_ago": day, "samples": 288, "highest": 0.1} for day in range(9)]
    assert "9 of the 14" in answer(cpu_by_day=short).reason
    assert "not measured" in answer(cpu_by_day=None, cpu_bins=None).reason
    assert "price list" in answer(offers=[]).reason
    assert isinstance(answer(node={"node_type": None}), Unjudged)


def test_processors_at_their_limit_get_a_larger_node_and_the_price_of_it(answer):
    offers = [*OFFERS, OFFERS[-1] | {"node_type": "db-pro2-m", "node_price": Decimal(31), "vcpus": 16.0}]
    advice = answer(UNDERSIZED_DATABASE, offers=offers, cpu=1.0, memory=0.5)
    assert (advice.target, advice.monthly_saving) == ("db-pro2-m", -160)
    assert advice.change.cli == ("scw rdb instance upgrade it node-type=db-pro2-m region=fr-par",)


def test_what_waits_for_its_volume_gets_no_larger_node(answer):
    offers = [*OFFERS, OFFERS[-1] | {"node_type": "db-pro2-m", "node_price": Decimal(31), "memory_bytes": 64 * GIB}]
    waiting = {"cpu": 0.3, "memory": 1.0, "offers": offers}
    assert answer(UNDERSIZED_DATABASE, **waiting).target == "db-pro2-m"
    refused = answer(UNDERSIZED_DATABASE, **waiting, disk_operations_p95=4900.0)
    assert isinstance(refused, NothingToDo)
    assert "waits for its volume" in refused.reason


@settings(max_examples=25, deadline=None)
@given(cpu=st.floats(0.01, 1.0), memory=st.floats(0.01, 1.0), nodes=st.integers(1, 2))
def test_advice_never_saves_more_than_is_charged_nor_less_than_asked(answer, cpu, memory, nodes):
    advice = answer(cpu=cpu, memory=memory, node={"node_count": nodes})
    if isinstance(advice, Recommendation):
        assert 20 <= advice.monthly_saving <= 10 + 150 * nodes
        assert advice.one_off_cost <= 6 * advice.monthly_saving
