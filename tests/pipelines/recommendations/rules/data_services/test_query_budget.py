"""Queries over budget: told with their share of the cost, saved only where computing is billed by use."""

from datetime import date
from decimal import Decimal

import pytest

from pipelines.recommendations.recommendation import NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rules.query_budget import QUERY_BUDGET as RULE

GB = 10**9


def row(service, queries, scanned, seconds):
    return {
        "resource_id": "it",
        "service": service,
        "query": "",
        "known_from": date(2026, 10, 21),
        "known_until": date(2026, 11, 18),
        "days": 28,
        "queries": queries,
        "scanned_bytes": scanned if scanned is None else Decimal(scanned),
        "seconds": seconds if seconds is None else Decimal(seconds),
    }


@pytest.fixture
def answers(asked, thing):
    def judged(*rows, costs=None):
        database = thing("serverless_sqldb_database", costs=costs or {"/storage/rdb/node/x/a": 100})
        return asked(RULE, [database], {"gold.query_load": rows})

    return judged


def test_the_query_over_budget_is_told_with_its_share_and_a_node_costs_the_same(answers):
    (advice,) = answers(row("slow", 1000, None, 30000), row("fast", 90000, None, 10000))
    assert isinstance(advice, Recommendation)
    assert (advice.target, advice.monthly_saving) == ("slow", 0)
    assert advice.evidence["cost_share_per_month"] == 75


def test_where_computing_is_billed_by_use_the_part_over_budget_is_saved(answers):
    costs = {"/paas/serverless_sqldb/cpu_consumption/fr-par": 120}
    (advice,) = answers(row("slow", 1000, None, 30000), row("fast", 90000, None, 10000), costs=costs)
    # three quarters of 120 for 30 s a query, of which 10 are its budget
    assert advice.monthly_saving == pytest.approx(Decimal(60))


def test_bytes_read_count_as_well_and_few_queries_say_little(answers):
    (advice,) = answers(row("wide", 200, 200 * 40 * GB, None))
    assert advice.evidence["scanned_gb_per_query"] == 40
    assert isinstance(answers(row("wide", 99, 99 * 40 * GB, None))[0], NothingToDo)


def test_counts_alone_are_no_budget(answers):
    assert isinstance(answers(row("any", 1000, None, None))[0], Unjudged)
    assert answers() == []
