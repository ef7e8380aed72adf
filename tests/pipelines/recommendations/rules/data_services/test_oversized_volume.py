"""A volume with space nobody uses: a smaller one holds half a year's growth, and the move is priced."""

import math
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.recommendations.recommendation import NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rules.oversized_volume import OVERSIZED_VOLUME as RULE

GB = 10**9
LOAD = {
    "resource_id": "it",
    "known_from": date(2026, 10, 21),
    "known_until": date(2026, 11, 18),
    "operations_per_second": 5000,
    "size_bytes": 1000 * GB,
    "filesystem_days": 28,
    "filesystem_weekends": 4,
    "filesystem_first_ratio": 0.14,
    "filesystem_max_ratio": 0.14,
}


@pytest.fixture(scope="module")
def block(asked, thing):
    def judged(cost=100, **fields):
        volume = thing("block_volume", costs={"/storage/block/volume-low-latency-5k/fr-par-1": cost})
        (answer,) = asked(RULE, [volume], {"gold.volume_load": [LOAD | fields]})
        return answer

    return judged


def test_a_fifth_of_the_space_is_enough_and_both_are_paid_for_two_days(block):
    advice = block()
    # 140 GB in use, 70 % full: 200 GB
    assert (advice.target, advice.monthly_saving) == ("200 GB", Decimal(80))
    assert advice.one_off_cost == Decimal(20) * 48 / 730 + Decimal(20) * 168 / 730
    assert "migration" in advice.reason


def test_growth_goes_on_for_half_a_year(block):
    # a percent in four weeks is six and a half in half a year: 205 GB in use, 300 GB
    assert block(filesystem_first_ratio=0.13).target == "300 GB"


def test_a_filesystem_nobody_can_name_is_not_judged(block):
    assert isinstance(block(filesystem_max_ratio=None), Unjudged)
    assert isinstance(block(filesystem_days=3), Unjudged)


def test_a_database_moves_with_its_nodes(asked, thing, database_node, database_seen):
    costs = {
        "/storage/rdb/storage/sbs_5k/fr-par1": 100,
        "/storage/rdb/instance/x/fr-par": 30,
        "/storage/rdb/node/x/fr-par1": 70,
    }
    tables = {
        "silver.database_nodes": [database_node(volume_bytes=1000 * GB)],
        "gold.database_load": [database_seen(storage_max_ratio=0.14, storage_first_ratio=0.14)],
    }
    (advice,) = asked(RULE, [thing("rdb_instance", costs=costs)], tables)
    assert advice.monthly_saving == 80
    assert advice.one_off_cost == Decimal(120) * 48 / 730 + Decimal(20) * 168 / 730


@settings(max_examples=30, deadline=None)
@given(used=st.floats(0, 1), grown=st.floats(0, 0.3), cost=st.integers(0, 500))
def test_what_is_used_always_fits_into_what_is_advised(block, used, grown, cost):
    advice = block(cost=cost, filesystem_first_ratio=max(used - grown, 0), filesystem_max_ratio=used)
    if isinstance(advice, Recommendation):
        wanted = int(advice.target.removesuffix(" GB"))
        assert wanted >= math.floor(used * 1000 / 0.7)
        assert 0 < advice.monthly_saving <= cost
    else:
        assert isinstance(advice, NothingToDo | Unjudged)
