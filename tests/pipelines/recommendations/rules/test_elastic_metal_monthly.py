"""The same machine by the month: where it is for sale, for what its hours are charged, and once the fee is back."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from pipelines.recommendations.recommendation import NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rules.elastic_metal_monthly import ELASTIC_METAL_MONTHLY, Thresholds
from pipelines.recommendations.world import Resource, World

D = Decimal
HOURLY = "/baremetal/em-b220e-nvme/hourly/run_par1"
SERVER = Resource(
    resource_id="metal",
    resource_name="metal-1",
    resource_type="baremetal_server",
    resource_class="EM-B220E-NVME",
    resource_state="ready",
    project_id="p",
    project_name="shop",
    region_id="fr-par",
    availability_zone="fr-par-1",
    environment="prod",
    owner=None,
    team=None,
    tags=(),
    created_at=datetime(2025, 1, 1, tzinfo=UTC),
    parent_id=None,
    monthly_cost=D("251.12"),
    currency="EUR",
    costs={HOURLY: D("248.20"), "/network/flexip/ip/run_par1": D("2.92")},
)
TERMS = {
    "resource_id": "metal",
    "offer_name": "EM-B220E-NVME",
    "subscription_period": "hourly",
    "availability_zone": "fr-par-1",
    "monthly_offer_id": "offer",
    "monthly_stock": "available",
    "billing_currency": "EUR",
    "monthly_price": D("149.99"),
    "commitment_fee": D(100),
}


def judged(server=SERVER, thresholds=None, **terms):
    rows = [TERMS | terms]
    world = World(
        date(2026, 11, 18),
        date(2026, 11, 18),
        {server.resource_id: server},
        {"silver.metal_subscriptions": pa.Table.from_pylist(rows)},
    )
    (answer,) = ELASTIC_METAL_MONTHLY.judge(world, thresholds or Thresholds())
    return answer


def test_only_the_hours_of_the_machine_are_compared_and_not_its_address():
    advice = judged()
    assert isinstance(advice, Recommendation)
    assert advice.monthly_saving == D("248.20") - D("149.99")
    assert advice.one_off_cost == 100
    assert advice.evidence["break_even_hours_per_month"] == 442
    assert "migrate-offer-monthly metal zone=fr-par-1" in advice.change.cli[0]


@pytest.mark.parametrize(
    ("terms", "age", "answer"),
    [
        ({"monthly_offer_id": None, "monthly_price": None}, 2025, NothingToDo),
        ({"monthly_price": D(248)}, 2025, NothingToDo),
        ({"commitment_fee": D(700)}, 2025, NothingToDo),
        ({}, 2026, NothingToDo),
        ({"subscription_period": None}, 2025, Unjudged),
        ({"billing_currency": "USD"}, 2025, Unjudged),
    ],
)
def test_a_young_machine_a_long_payback_or_no_offer_is_no_advice(terms, age, answer):
    created = datetime(age, 1 if age == 2025 else 11, 1, tzinfo=UTC)
    assert isinstance(judged(replace(SERVER, created_at=created), **terms), answer)


def test_a_monthly_server_is_not_asked_about():
    world = World(
        date(2026, 11, 18),
        date(2026, 11, 18),
        {"metal": SERVER},
        {"silver.metal_subscriptions": pa.Table.from_pylist([TERMS | {"subscription_period": "monthly"}])},
    )
    assert list(ELASTIC_METAL_MONTHLY.judge(world, Thresholds())) == []


def test_what_nothing_was_charged_for_is_not_judged():
    assert isinstance(judged(replace(SERVER, costs={})), Unjudged)
