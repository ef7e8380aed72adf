"""A savings plan on the bill: C x (1 - d) + max(0, E - C), whichever way the bill shows it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.bill import Bill
from simulator.instants import month_named, seconds
from simulator.loading import ScenarioError, parse
from simulator.truth import key_figures, truth
from simulator.world import build

MONTH = month_named("2027-01")
NOW = datetime(2027, 2, 5, tzinfo=UTC)
WORKSHOP = {
    "name": "workshop",
    "seed": 5,
    "start": date(2027, 1, 1),
    "today": NOW,
    "organization": {"id": "55555555-5555-4555-8555-555555555555", "name": "Workshop"},
    "projects": [{"name": "bench", "tags": ["env=prod"]}, {"name": "office"}],
    "resources": [
        {"name": "saw", "kind": "instance", "project": "bench", "type": "DEV1-M", "count": 3},
        {"name": "drill", "kind": "instance", "project": "office", "type": "GP1-XS", "charge": "day",
         "load": {"shape": "business-hours"}},
        {"name": "eyes", "kind": "instance", "project": "bench", "zone": "fr-par-2", "type": "L4-1-24G"},
        {"name": "shelf", "kind": "block-volume", "project": "bench", "gb": 100},
    ],
}  # fmt: skip
PLAN = {
    "project": "office",
    "commitment": "50",
    "discount": "0.15",
    "from": date(2027, 1, 1),
    "to": date(2028, 1, 1),
}


def world_with(**plan):
    return build(parse({**WORKSHOP, **({"savings_plan": {**PLAN, **plan}} if plan else {})}))


def billed(world):
    """What eligible usage and the plan come to on the bill, in euros."""
    lines = Bill(world).lines(MONTH, seconds(NOW))
    eligible = ("/compute/dev1", "/compute/gp1", "/billing/")
    return sum(Decimal(line.cents) for line in lines if line.sku.startswith(eligible)) / 100, lines


USED = billed(world_with())[0]
"""Eligible usage of the month at public price, to the cent of each line."""


@settings(max_examples=25, deadline=None)
@given(
    st.decimals("0.01", "300", places=2), st.decimals("0.01", "0.99", places=2), st.booleans()
)  # fmt: skip
def test_a_month_comes_to_what_is_committed_with_its_discount_and_what_goes_beyond_it(commitment, discount, is_net):
    world = world_with(commitment=commitment, discount=discount, charges_are_net=is_net)
    expected = commitment * (1 - discount) + max(Decimal(0), USED - commitment)
    # at most four lines are rounded to the cent
    assert abs(billed(world)[0] - expected) <= Decimal("0.04")


@pytest.mark.parametrize(
    ("commitment", "is_net", "skus"),
    [
        ("50", True, set()),
        ("500", True, {"/billing/savings-plan/compute"}),
        ("50", False, {"/billing/discount/savings-plan-compute"}),
        ("500", False, {"/billing/discount/savings-plan-compute", "/billing/savings-plan/compute"}),
    ],
)
def test_lines_of_contract_tell_what_charges_do_not(commitment, is_net, skus):
    world = world_with(commitment=commitment, charges_are_net=is_net)
    told = [line for line in billed(world)[1] if line.kind]
    assert {line.sku for line in told} == skus
    assert {(line.category, line.kind, line.project.name) for line in told} <= {("Contracts", "contract", "office")}
    residuals = truth(world, seconds(NOW))["residuals"].get(MONTH.name, {})
    assert {key.split("|")[1] for key in residuals} == skus
    running = Bill(world).lines(MONTH, MONTH.end - 86_400)
    assert "/billing/savings-plan/compute" not in {line.sku for line in running}


def test_a_pool_runs_out_on_a_day_that_is_charged_in_between():
    plain, world = world_with(), world_with(commitment="50")
    exact = [sum(charge.nanos(charge.start, charge.end, 0) for charge in each.of_month(MONTH.name)) for each in
             (plain, world)]  # fmt: skip
    assert abs(exact[0] - exact[1] - 50 * Decimal("0.15") * 10**9) < 10
    assert all(charge.units(charge.start, charge.end) >= 0 for charge in world.charges)
    machines = [charge for charge in world.of_month(MONTH.name) if charge.line.offer.sku.startswith("/compute/dev1")]
    parts = {charge.taken_off for charge in machines}
    assert len(parts) == 3
    assert {0, 150_000_000_000} < parts
    assert all(charge.end - charge.start == 86_400 for charge in machines if charge.taken_off not in (0, max(parts)))
    elsewhere = [each for each in world.charges if not each.line.offer.sku.startswith(("/compute/dev", "/compute/gp1"))]
    assert elsewhere
    assert {charge.taken_off for charge in elsewhere} == {0}


@pytest.mark.parametrize("commitment", ["50", "500"])
def test_both_ways_of_showing_it_have_the_same_rate(commitment):
    def rate(is_net):
        world = world_with(commitment=commitment, charges_are_net=is_net)
        return key_figures(world, seconds(NOW)).months()[MONTH.name]["effective_savings_rate"]

    net, gross = rate(True), rate(False)
    assert abs(Decimal(net["value"]) - Decimal(gross["value"])) < Decimal("1e-6")
    assert [net[name] for name in ("list_cost", "committed", "coverage", "utilisation")] == [
        gross[name] for name in ("list_cost", "committed", "coverage", "utilisation")
    ]
    paid = Decimal(commitment) * Decimal("0.85") + max(Decimal(0), Decimal(gross["list_cost"]) - Decimal(commitment))
    assert Decimal(gross["net_cost"]) == paid


def test_the_committed_floor_is_no_cost_that_could_be_optimised():
    plain, held = (
        key_figures(world, seconds(NOW)).months() for world in (world_with(), world_with(commitment="50"))
    )  # fmt: skip
    costs = [Decimal(kpis[MONTH.name]["cost_efficiency"]["optimisable_cost"]) for kpis in (plain, held)]
    # 50 at 15 % off are paid for 42.50, and charges are 7.50 less
    assert abs(costs[0] - costs[1] - 50) < Decimal("1e-6")
    running = [Fraction(kpis["2027-02"]["cost_efficiency"]["optimisable_cost"]) for kpis in (plain, held)]
    assert abs(running[0] - running[1] - Fraction("42.5") * 4 / 28) < Fraction("2.5")


def test_a_plan_leaves_the_months_before_it_alone():
    world = world_with(**{"from": date(2027, 2, 1)})
    assert {charge.taken_off for charge in world.of_month(MONTH.name)} == {0}
    assert any(charge.taken_off for charge in world.of_month("2027-02"))


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"from": date(2027, 1, 15)}, "savings_plan.from: must be the first day of a month"),
        ({"to": date(2027, 1, 1)}, "savings_plan: from 2027-01-01 is not before to 2027-01-01"),
        ({"project": "offise"}, "savings_plan.project: no such name 'offise'; did you mean office"),
        ({"discount": "1"}, "savings_plan.discount"),
        ({"commitmant": "3"}, "unknown key savings_plan.commitmant"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_by_name(plan, message):
    with pytest.raises(ScenarioError, match=message):
        parse({**WORKSHOP, "savings_plan": {**PLAN, **plan}})
