"""Amounts counted one way and the other, and how likely a forecast is to pass a limit."""

import random
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.budgets.basis import Terms, both_figures, converted
from pipelines.budgets.budget import COST, SCALEWAY, Basis, Budget, Scope, ScopeKind, refuse_same_names
from pipelines.budgets.chance import Estimate, chance_above, chance_from_errors
from pipelines.errors import ConfigurationError, UsageError

ORGANIZATION = Scope(ScopeKind.organization, "shop")
MONEY = st.decimals(min_value=0, max_value=10**9, places=2)
TERMS = st.builds(
    Terms,
    st.decimals(min_value=0, max_value=1, places=4),
    st.decimals(min_value=0, max_value=Decimal("0.99"), places=4),
    MONEY,
)
BASIS = st.builds(Basis, st.booleans(), st.booleans())


def budget(**fields):
    return Budget(**{"name": "all", "scope": ORGANIZATION, "currency": "EUR", "month": "2026-11", **fields})


def test_a_scaleway_budget_is_shown_as_set_and_as_cost():
    terms = Terms(tax_rate=Decimal("0.2"), discount_rate=Decimal("0.1"), vouchers=Decimal(1500))
    both = both_figures(budget(amount=Decimal(31500), basis=SCALEWAY), terms)
    # 31,500 with VAT are 26,250 without; 1,500 more are paid by vouchers, and a tenth of the cost is taken off
    assert both.as_set == 31500
    assert both.as_cost == Decimal("30833.333333333333")
    assert str(both.basis) == "after discounts, with VAT"
    assert converted(Decimal(30000), COST, SCALEWAY, terms) == (30000 * Decimal("0.9") - 1500) * Decimal("1.2")


@settings(max_examples=200)
@given(MONEY, BASIS, TERMS)
def test_there_and_back_is_the_same_amount(amount, basis, terms):
    as_cost = converted(amount, basis, COST, terms)
    again = converted(as_cost, COST, basis, terms)
    assert abs(again - amount) <= Decimal("2e-12")
    assert converted(amount, basis, basis, terms) == amount


@settings(max_examples=200)
@given(MONEY, MONEY, TERMS)
def test_more_cost_never_counts_less_and_vouchers_never_make_it_negative(one, other, terms):
    low, high = sorted((one, other))
    assert 0 <= converted(low, COST, SCALEWAY, terms) <= converted(high, COST, SCALEWAY, terms)


def test_where_everything_is_discounted_no_cost_reaches_the_budget():
    both = both_figures(budget(amount=Decimal(100), basis=SCALEWAY), Terms(Decimal("0.2"), Decimal(1)))
    assert both.as_cost is None
    assert both.reason == "discounts take off the whole cost"


@pytest.mark.parametrize(
    ("fields", "remedy"),
    [
        ({"amount": Decimal(0)}, "amount 0 is not above zero"),
        ({"amount": Decimal("NaN")}, "amount NaN is not above zero"),
        ({"month": "2026-13"}, "write YYYY-MM"),
        ({"currency": "euro"}, "write EUR or the like"),
        ({"thresholds": (Decimal(80), Decimal(0))}, "threshold 0 is not above zero"),
        ({"scope": Scope(ScopeKind.kpi, "cost per deploy"), "basis": SCALEWAY}, "leave the basis out"),
    ],
)
def test_a_budget_that_makes_no_sense_is_refused_with_the_remedy(fields, remedy):
    with pytest.raises(ConfigurationError, match=remedy):
        budget(**{"amount": Decimal(1), **fields})


def test_one_name_may_return_each_month_but_not_within_one():
    october, november = budget(amount=Decimal(1), month="2026-10"), budget(amount=Decimal(1))
    refuse_same_names([october, november])
    with pytest.raises(ConfigurationError, match="two budgets of 2026-11 are named 'all'"):
        refuse_same_names([october, november, november])


def test_the_interval_itself_gives_back_its_own_chances():
    estimate = Estimate(Decimal(100), Decimal(90), Decimal(130), level=0.8)
    assert chance_above(Decimal(130), estimate) == pytest.approx(0.1)
    assert chance_above(Decimal(100), estimate) == pytest.approx(0.5)
    assert chance_above(Decimal(90), estimate) == pytest.approx(0.9)
    sure = Estimate(Decimal(100), Decimal(100), Decimal(100))
    assert [chance_above(Decimal(limit), sure) for limit in (99, 100, 101)] == [1, 0, 0]


@settings(max_examples=100)
@given(st.lists(st.integers(0, 10**6), min_size=3, max_size=3).map(sorted), st.integers(0, 10**6), st.integers(0, 9))
def test_a_higher_limit_is_never_likelier_to_be_passed(three, limit, more):
    low, expected, high = map(Decimal, three)
    estimate = Estimate(expected, low, high)
    assert 0 <= chance_above(Decimal(limit + more), estimate) <= chance_above(Decimal(limit), estimate) <= 1


def test_chances_from_past_errors_agree_with_the_errors_they_come_from():
    chance = random.Random(4)
    errors = [Decimal(str(round(chance.gauss(0, 0.1), 6))) for _ in range(2000)]
    found = chance_from_errors(Decimal(110), Decimal(100), errors)
    assert found == pytest.approx(0.159, abs=0.02)  # one standard deviation above
    assert chance_from_errors(Decimal(110), Decimal(100), errors[:19]) is None
    assert 0 < chance_from_errors(Decimal(10**6), Decimal(100), errors) < 0.001


def test_an_interval_without_its_expected_value_is_refused():
    with pytest.raises(UsageError, match="does not hold the expected value 5"):
        Estimate(Decimal(5), Decimal(6), Decimal(7))
