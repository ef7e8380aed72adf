"""One node outside production: what the standby costs goes, what a tier or production needs stays."""

from decimal import Decimal

import pytest

from pipelines.recommendations.recommendation import NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rules.highly_available_outside_production import (
    HIGHLY_AVAILABLE_OUTSIDE_PRODUCTION as RULE,
)

COSTS = {
    "/storage/rdb/instance/db-pro2-xs/fr-par": "57.31",
    "/storage/rdb/node/db-pro2-xs/fr-par1": "229.36",
    "/storage/rdb/storage/sbs_5k/fr-par1": "31.00",
}


@pytest.fixture
def answer(asked, thing, database_node):
    def judged(resource=None, node=None, **thresholds):
        database = thing("rdb_instance", **{"costs": COSTS, "environment": "staging", **(resource or {})})
        row = database_node(**{"node_type": "db-pro2-xs", "node_count": 2, **(node or {})})
        answers = asked(RULE, [database], {"silver.database_nodes": [row]}, **thresholds)
        return answers[0] if answers else None

    return judged


def test_the_standby_of_a_staging_database_is_half_of_what_its_nodes_cost(answer):
    advice = answer()
    assert isinstance(advice, Recommendation)
    assert advice.monthly_saving == Decimal("114.68")
    assert advice.overlaps_on == {"it"}
    # both run for two days: the new one has one node, its management and its volume
    assert advice.one_off_cost == (Decimal("317.67") - Decimal("114.68")) * 48 / 730
    assert any("is-ha-cluster=false" in command for command in advice.change.cli)
    assert "migration" in " ".join(advice.change.notes)


@pytest.mark.parametrize("environment", ["prod", "production", "shared", None])
def test_production_keeps_it_and_so_does_what_has_no_environment(answer, environment):
    assert isinstance(answer({"environment": environment}), NothingToDo)


@pytest.mark.parametrize("tag", ["tier=1", "tier:2", "criticality=high", "tier=nobody-knows"])
def test_a_tier_that_must_be_back_soon_keeps_it_in_staging_too(answer, tag):
    assert isinstance(answer({"tags": (tag,)}), NothingToDo)


def test_one_node_is_no_question_and_unknown_is_not_one(answer):
    assert answer(node={"node_count": 1}) is None
    assert isinstance(answer(node={"node_count": None}), Unjudged)


def test_two_of_three_mongodb_nodes_go_and_a_cache_of_three_is_sharded(asked, thing, database_node):
    nodes = [
        database_node("mongo", product="mongodb", node_count=3),
        database_node("shards", product="redis", node_count=3, volume_type=None),
        database_node("cache", product="redis", node_type="red1-s", node_count=2, volume_type=None),
    ]
    things = [
        thing("mongodb_instance", "mongo", {"/storage/mgdb/node/mgdb-pro2-xs/fr-par-1": 300}, environment="dev"),
        thing("redis_cluster", "shards", {"/storage/redis/additional-node/RED1-S/fr-par-1": 160}, environment="dev"),
        thing("redis_cluster", "cache", {"/storage/redis/additional-node/RED1-S/fr-par-1": 80}, environment="dev"),
    ]
    answers = {each.resource_id: each for each in asked(RULE, things, {"silver.database_nodes": nodes})}
    assert answers["mongo"].monthly_saving == 200
    assert answers["cache"].monthly_saving == 80
    assert isinstance(answers["shards"], NothingToDo)


def test_read_replicas_of_a_single_node_go_in_place(answer):
    costs = COSTS | {"/storage/rdb/maz-read-replica/db-pro2-xs/fr-par": "60"}
    advice = answer({"costs": costs}, {"node_count": 1, "read_replica_count": 1})
    assert (advice.target, advice.monthly_saving, advice.one_off_cost) == ("no read replica", 60, 0)
    assert isinstance(answer(node={"node_count": 1, "read_replica_count": 1}), Unjudged)
    assert isinstance(answer({"environment": "prod"}, {"node_count": 1, "read_replica_count": 1}), NothingToDo)
