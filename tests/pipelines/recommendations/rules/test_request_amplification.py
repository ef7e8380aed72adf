"""Requests that become several: by route, with euros only where use is charged."""

from datetime import date
from decimal import Decimal

import hcl2
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.recommendations.recommendation import NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rules.request_amplification import REQUEST_AMPLIFICATION, Thresholds
from pipelines.recommendations.world import Resource, World

D = Decimal
UNTIL = date(2026, 11, 18)


def row(route="/search", entered=1000, caused=2000, **fields):
    return {
        "project_id": "p",
        "route": route,
        "hop": 3,
        "service_type": "serverless_container",
        "resource_ids": ["api"],
        "counted_days": 28,
        "requests": None if caused is None else D(caused),
        "entry_service_type": "load_balancer",
        "entry_counted_days": 28,
        "entry_requests": None if entered is None else D(entered),
        "failed_share": 0.3,
        "has_edge_cache": False,
        "known_from": date(2026, 10, 21),
        "known_until": UNTIL,
    } | fields


def judged(*rows, cost="100"):
    service = Resource(
        resource_id="api",
        resource_name="api",
        resource_type="containers_container",
        resource_class=None,
        resource_state=None,
        project_id="p",
        project_name="shop",
        region_id="fr-par",
        availability_zone=None,
        environment="prod",
        owner=None,
        team=None,
        tags=(),
        created_at=None,
        parent_id=None,
        monthly_cost=None if cost is None else D(cost),
        currency="EUR",
        costs={},
    )
    table = pa.Table.from_pylist(list(rows))
    (answer,) = REQUEST_AMPLIFICATION.judge(
        World(UNTIL, UNTIL, {"api": service}, {"gold.request_hops": table}), Thresholds()
    )
    return answer


def test_half_of_the_requests_are_half_of_the_cost_and_what_is_missing_is_named():
    advice = judged(row())
    assert isinstance(advice, Recommendation)
    assert (advice.monthly_saving, advice.evidence["requests_per_entering_request"]) == (D(50), 2.0)
    assert "cache at the edge" in advice.action
    assert "rate limit" in advice.action
    assert "30.0% of them fail" in advice.reason
    assert len(hcl2.loads(advice.change.terraform)["resource"]) == 2


def test_a_cache_that_is_there_is_not_missing_and_fan_out_needs_no_rate_limit():
    advice = judged(row(has_edge_cache=True, failed_share=0.0))
    assert "cache" not in advice.action
    assert "rate limit" not in advice.action
    assert "fan out" in advice.reason


def test_retries_that_nobody_measured_are_not_claimed():
    assert "not measured" in judged(row(failed_share=None)).reason


def test_as_many_requests_behind_the_door_as_at_it_are_nothing_to_do():
    assert isinstance(judged(row(caused=1100)), NothingToDo)


def test_routes_are_weighed_together():
    answer = judged(row(), row("/cart", 100_000, 100_000))
    assert isinstance(answer, NothingToDo)


@pytest.mark.parametrize(
    "missing", [{"entered": None}, {"caused": None}, {"counted_days": 3}, {"entry_counted_days": 20}]
)
def test_what_was_not_counted_alike_is_not_compared(missing):
    assert isinstance(judged(row(**missing)), Unjudged)


def test_without_a_cost_the_ratio_is_told_and_nothing_advised():
    assert isinstance(judged(row(), cost=None), Unjudged)


@given(entered=st.integers(1, 10**6), caused=st.integers(1, 10**7))
@settings(max_examples=30)
def test_the_saving_never_exceeds_the_cost(entered, caused):
    answer = judged(row(entered=entered, caused=caused))
    if isinstance(answer, Recommendation):
        assert 0 < answer.monthly_saving <= 100
