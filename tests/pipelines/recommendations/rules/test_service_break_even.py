"""The same load two ways: cheaper only where it is clearly so, and nothing guessed."""

from datetime import date
from decimal import ROUND_DOWN, Decimal

import hcl2
import pyarrow as pa
import pytest

from pipelines.recommendations.recommendation import NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rules.service_break_even import SERVICE_BREAK_EVEN, Thresholds
from pipelines.recommendations.world import Resource, World

D = Decimal
UNTIL = date(2026, 11, 18)


def judged(cost="600", environment="dev", offers=None, **fields):
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
        environment=environment,
        owner=None,
        team=None,
        tags=(),
        created_at=None,
        parent_id=None,
        monthly_cost=None if cost is None else D(cost),
        currency="EUR",
        costs={},
    )
    row = {
        "resource_id": "api",
        "known_from": date(2026, 10, 21),
        "known_until": UNTIL,
        "vcpus": D(1),
        "memory_gb": D(2),
        "peak_instances": 8.0,
        "measured_days": 28,
    } | fields
    table = pa.Table.from_pylist(
        offers or [offer("small", 4, 16, 80), offer("fits", 12, 32, 200), offer("big", 32, 128, 600)]
    )
    tables = {"gold.scaling_caps": pa.Table.from_pylist([row]), "silver.offers": table}
    (answer,) = SERVICE_BREAK_EVEN.judge(World(UNTIL, UNTIL, {"api": service}, tables), Thresholds())
    return answer


def offer(name, vcpus, memory_gb, price, **fields):
    return {
        "resource_type": "instance_server",
        "availability_zone": "fr-par-1",
        "offer_name": name,
        "subscription_period": "hourly",
        "vcpus": D(vcpus),
        "memory_bytes": memory_gb * 10**9,
        "architecture": "x86_64",
        "gpu_count": 0,
        "monthly_list_price": D(price),
        "billing_currency": "EUR",
        "end_of_sale_on": None,
    } | fields


def test_the_cheapest_machine_that_holds_the_busiest_moment_with_room_is_compared():
    advice = judged()
    assert isinstance(advice, Recommendation)
    assert (advice.target, advice.monthly_saving) == ("fits", 400)
    assert advice.one_off_cost == (D(600) * 336 / 730).quantize(D("0.01"), ROUND_DOWN)
    assert [each["way"] for each in advice.evidence["ways"]] == [
        "serverless, as today",
        "virtual machine",
        "bare metal",
    ]
    hcl2.loads(advice.change.terraform)


def test_production_needs_two_machines_of_which_one_may_fail_and_a_door_before_them():
    advice = judged(environment="prod")
    assert advice.monthly_saving == 600 - (2 * 200 + 15)


def test_a_small_difference_is_no_advice_but_its_numbers_are_told():
    answer = judged(cost="250")
    assert isinstance(answer, NothingToDo)
    assert "fits: 200" in answer.reason


@pytest.mark.parametrize(
    "missing", [{"cost": None}, {"peak_instances": None}, {"measured_days": 3}, {"vcpus": None}, {"memory_gb": None}]
)
def test_a_null_is_never_advice(missing):
    assert isinstance(judged(**missing), Unjudged)


@pytest.mark.parametrize(
    "other",
    [
        {"availability_zone": "pl-waw-1"},
        {"memory_bytes": None},
        {"billing_currency": "USD"},
        {"architecture": "arm64"},
        {"end_of_sale_on": date(2026, 10, 1)},
        {"gpu_count": 1},
    ],
)
def test_what_is_not_sold_there_or_may_not_hold_it_is_not_compared(other):
    assert isinstance(judged(offers=[offer("fits", 12, 32, 200, **other)]), Unjudged)
