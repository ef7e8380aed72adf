"""A cache that is full grows; one that is empty moves, if its new home is known to be large enough."""

from decimal import Decimal

import pytest

from pipelines.recommendations.recommendation import Basis, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rules.cache_size import CACHE_SIZE as RULE

GIB = 2**30
OFFERS = [
    {"product": "redis", "region_id": "fr-par", "node_type": name, "node_price": price, "further_node_price": more,
     "is_sold": True}
    for name, price, more in (
        ("red1-micro", Decimal("0.03"), None),
        ("red1-xs", Decimal("0.09"), Decimal("0.05")),
        ("red1-s", Decimal("0.18"), Decimal("0.10")),
    )
]  # fmt: skip


@pytest.fixture
def answers(asked, thing, database_node, database_seen):
    """Caches by name: (node type, GiB, share of memory in use, what its nodes cost, further fields of its load)."""

    def judged(**caches):
        things, nodes, seen = [], [], []
        for name, (node_type, size, used, cost, fields) in caches.items():
            things.append(thing("redis_cluster", name, {f"/storage/redis/main-node/{node_type}/fr-par-1": cost}))
            nodes.append(database_node(name, product="redis", node_type=node_type, volume_type=None))
            seen.append(database_seen(name, memory=used, **{"memory_limit_bytes": size * GIB, **fields}))
        tables = {"silver.database_nodes": nodes, "silver.database_offers": OFFERS, "gold.database_load": seen}
        return {each.resource_id: each for each in asked(RULE, things, tables)}

    return judged


def test_a_cache_near_its_limit_takes_the_next_node_at_what_was_charged_times_the_price_lists_step(answers):
    advice = answers(full=("red1-xs", 1, 0.96, "60", {}), other=("red1-s", 2, 0.5, "120", {}))["full"]
    assert isinstance(advice, Recommendation)
    assert advice.target == "red1-s"
    # charged 60 for 0.09 an hour, so 120 for 0.18: the advice is to spend more
    assert advice.monthly_saving == -60
    assert advice.basis is Basis.list_price
    assert advice.change.cli == ("scw redis cluster migrate full node-type=RED1-S zone=fr-par-1",)


def test_where_nothing_larger_is_sold_the_price_is_an_estimate_and_says_so(answers):
    advice = answers(full=("red1-s", 2, 0.96, "120", {}))["full"]
    assert (advice.monthly_saving, advice.evidence["price_is_estimated"]) == (-120, True)


def test_a_smaller_cache_is_a_migration_and_only_into_a_node_of_known_memory(answers):
    both = answers(empty=("red1-s", 2, 0.2, "120", {}), other=("red1-xs", 1, 0.5, "60", {}))
    advice = both["empty"]
    assert (advice.target, advice.monthly_saving) == ("red1-xs", 60)
    assert advice.one_off_cost == Decimal(60) * 48 / 730
    assert "migration" in advice.reason
    # red1-micro has half a gigabyte or two: nobody has one to ask
    assert isinstance(both["other"], NothingToDo)
    assert isinstance(answers(empty=("red1-s", 2, 0.2, "120", {}))["empty"], NothingToDo)


@pytest.mark.parametrize(("used", "cpu"), [(0.31, 0.1), (0.2, 0.6)])
def test_memory_without_room_or_a_busy_processor_keep_it(answers, used, cpu):
    judged = answers(it=("red1-s", 2, used, "120", {"cpu_p995_ratio": cpu}), other=("red1-xs", 1, 0.5, "60", {}))
    assert isinstance(judged["it"], NothingToDo)


@pytest.mark.parametrize("fields", [{"memory_days": 13}, {"memory_weekends": 1}, {"memory_limit_bytes": None}])
def test_too_little_is_known(answers, fields):
    assert isinstance(answers(it=("red1-s", 2, 0.96, "120", fields))["it"], Unjudged)
