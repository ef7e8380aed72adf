"""What waits for its volume gets a faster one, never a larger node; a cheaper class needs a measured, short queue."""

from datetime import date
from decimal import Decimal

import pytest

from pipelines.recommendations.recommendation import NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rules.slow_volume import SLOW_VOLUME as RULE

OFFERS = [
    {"product": product, "volume_class": name, "availability_zone": "fr-par-1", "region_id": "fr-par",
     "list_unit_price": Decimal(price), "operations_per_second": operations}
    for product in ("rdb", "block")
    for name, price, operations in (("sbs_5k", "0.10", 5000), ("sbs_15k", "0.15", 15000))
]  # fmt: skip


@pytest.fixture
def database(asked, thing, database_node, database_seen):
    def judged(volume_type="sbs_5k", nodes=2, offers=OFFERS, **seen):
        it = thing("rdb_instance", costs={"/storage/rdb/node/x/a": 400, "/storage/rdb/storage/x/a": 40})
        tables = {
            "silver.database_nodes": [database_node(volume_type=volume_type, node_count=nodes)],
            "silver.volume_offers": offers,
            "gold.database_load": [database_seen(**seen)],
        }
        (answer,) = asked(RULE, [it], tables)
        return answer

    return judged


@pytest.fixture
def block(asked, thing):
    def judged(cost=60, **fields):
        load = {
            "resource_id": "it",
            "known_from": date(2026, 10, 21),
            "known_until": date(2026, 11, 18),
            "availability_zone": "fr-par-1",
            "volume_class": "sbs_15k",
            "operations_per_second": 15000,
            "volume_count": 1,
            "disk_days": 28,
            "disk_weekends": 4,
            "disk_samples": 8064,
            "disk_operations_p50": 500.0,
            "disk_operations_p95": 1000.0,
            "disk_operations_p995": 1200.0,
            "disk_operations_max": 1300.0,
            "disk_queue_p99": 0.4,
            "fsync_p99_seconds": None,
        } | fields
        it = thing("block_volume", costs={"/storage/block/volume-low-latency-15k/fr-par-1": cost})
        tables = {"silver.volume_offers": OFFERS, "gold.volume_load": [load]}
        (answer,) = asked(RULE, [it], tables)
        return answer

    return judged


def test_a_database_at_the_limit_of_its_volume_gets_the_next_class_at_the_price_lists_step(database):
    advice = database(disk_operations_p95=4800.0)
    assert (advice.target, advice.monthly_saving) == ("sbs_15k", Decimal(-20))
    assert advice.change.cli == ("scw rdb instance upgrade it volume-type=sbs_15k region=fr-par",)


def test_at_the_fastest_class_its_reads_go_to_a_replica_which_costs_one_node_and_one_volume(database):
    advice = database("sbs_15k", disk_operations_p95=14900.0)
    assert (advice.target, advice.monthly_saving) == ("read replica", Decimal(-240))
    assert "No larger node" in advice.action


def test_a_cheaper_class_is_never_advised_where_nobody_measures_the_wait(database):
    assert isinstance(database("sbs_15k"), Unjudged)


def test_a_class_nobody_sells_has_no_limit_to_judge_by(database):
    assert isinstance(database("lssd"), NothingToDo)


def test_a_block_volume_with_room_and_a_short_queue_moves_down(block):
    advice = block()
    assert isinstance(advice, Recommendation)
    assert (advice.target, advice.monthly_saving) == ("sbs_5k", Decimal(20))
    assert advice.change.undo_cli == ("scw block volume update it perf-iops=15000 zone=fr-par-1",)


@pytest.mark.parametrize(
    "fields", [{"disk_queue_p99": 2.5}, {"fsync_p99_seconds": 0.02}, {"disk_operations_p995": 3100.0}]
)
def test_its_queue_its_fsync_or_its_operations_block_a_cheaper_class(block, fields):
    assert isinstance(block(**fields), NothingToDo)


def test_of_one_of_several_volumes_the_machine_tells_a_bound_only(block):
    assert isinstance(block(volume_count=2, disk_operations_p95=14000.0), Unjudged)
    assert isinstance(block(volume_count=2), Recommendation)


@pytest.mark.parametrize("fields", [{"disk_days": 0}, {"disk_weekends": 1}, {"disk_operations_p995": None}])
def test_too_little_is_known(block, fields):
    assert isinstance(block(**fields), Unjudged)


def test_what_measuring_would_cost_is_told(block):
    assert "about 13 € a month" in block(disk_days=None).reason
