"""Load balancers and gateways: a smaller type only with room, more of it in production."""

from datetime import date
from decimal import Decimal

import pytest

from pipelines.recommendations.recommendation import NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rules.oversized_gateway import OVERSIZED_GATEWAY
from pipelines.recommendations.rules.oversized_load_balancer import OVERSIZED_LOAD_BALANCER

LOAD = {
    "resource_id": "it",
    "known_from": date(2026, 10, 21),
    "known_until": date(2026, 11, 18),
    "measured_days": 28,
    "measured_weekends": 4,
    "samples": 8064,
    "bandwidth_in_p995_ratio": 0.05,
    "bandwidth_out_p995_ratio": 0.10,
    "connections_p995_ratio": 0.08,
    "cpu_p995_ratio": 0.20,
    "sessions_max": 10.0,
    "received_p995_bytes": 2e6,
    "sent_p995_bytes": 1e6,
}
OFFERS = [
    {"product": product, "offer_name": name, "availability_zone": zone, "megabits_per_second": bandwidth,
     "list_unit_price": price}
    for product, name, zone, bandwidth, price in (
        ("load_balancer", "lb-s", "fr-par-1", 200, Decimal(1)),
        ("load_balancer", "lb-gp-m", "fr-par-1", 500, Decimal(3)),
        ("gateway", "vpc-gw-s", None, 100, None),
        ("gateway", "vpc-gw-m", None, 1000, None),
    )
]  # fmt: skip


@pytest.fixture
def balancer(asked, thing):
    def judged(environment="dev", **fields):
        costs = {"/network/loadbalancer/loadbalancer-gp-m/par1": 24, "/network/loadbalancer/ip/par1": 3}
        it = thing("lb_lb", costs=costs, environment=environment, resource_class="lb-gp-m")
        tables = {"gold.network_load": [LOAD | fields], "silver.network_offers": OFFERS}
        (answer,) = asked(OVERSIZED_LOAD_BALANCER, [it], tables)
        return answer

    return judged


@pytest.fixture
def gateways(asked, thing):
    def judged(others=True, environment="prod", **fields):
        def gateway(name, kind, cost):
            costs = {f"/network/vpc/public-gateway/{kind}/fr-par-1": cost, "/network/vpc/public-gateway/ip/fr-par-1": 3}
            return thing("vpc_gw_gateway", name, costs, environment=environment, resource_class=kind.upper())

        things = [gateway("it", "vpc-gw-m", 66), *([gateway("small", "vpc-gw-s", 15)] if others else [])]
        tables = {"gold.network_load": [LOAD | fields], "silver.network_offers": OFFERS}
        return next(each for each in asked(OVERSIZED_GATEWAY, things, tables) if each.resource_id == "it")

    return judged


def test_a_balancer_with_room_moves_to_the_smaller_type_and_its_address_goes_on_being_paid(balancer):
    advice = balancer()
    assert (advice.target, advice.monthly_saving) == ("lb-s", 16)
    assert advice.change.undo_cli == ("scw lb lb migrate it type=LB-GP-M zone=fr-par-1",)


@pytest.mark.parametrize(
    ("environment", "fields"),
    [
        ("prod", {"bandwidth_out_p995_ratio": 0.17}),  # 85 of 200 Mb/s
        ("dev", {"bandwidth_out_p995_ratio": 0.25}),
        ("dev", {"connections_p995_ratio": 0.25}),
        ("dev", {"cpu_p995_ratio": 0.33}),
        ("dev", {"bandwidth_in_p995_ratio": 0, "bandwidth_out_p995_ratio": 0, "connections_p995_ratio": 0}),
    ],
)
def test_without_room_it_stays_and_an_idle_one_is_another_question(balancer, environment, fields):
    assert isinstance(balancer(environment, **fields), NothingToDo)


@pytest.mark.parametrize("fields", [{"measured_days": 5}, {"measured_weekends": 1}, {"connections_p995_ratio": None}])
def test_too_little_is_known(balancer, fields):
    assert isinstance(balancer(**fields), Unjudged)


def test_a_gateway_costs_what_others_of_its_type_are_charged(gateways):
    advice = gateways()  # 16 Mb/s of 100
    assert isinstance(advice, Recommendation)
    assert (advice.target, advice.monthly_saving) == ("vpc-gw-s", 51)
    assert isinstance(gateways(others=False), NothingToDo)
    assert isinstance(gateways(received_p995_bytes=6e6), NothingToDo)
    assert isinstance(gateways(environment="dev", received_p995_bytes=6e6), Recommendation)
    assert isinstance(gateways(received_p995_bytes=None), Unjudged)
