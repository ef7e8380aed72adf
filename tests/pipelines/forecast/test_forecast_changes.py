"""Known changes: exact effects from their day on, also of what began before."""

from datetime import date
from decimal import Decimal as D

import pytest

from pipelines.forecast.changes import ChangeKind, KnownChange, amounts_of, effect_on

FIRST = date(2026, 11, 18)
POINTS = [D("10")] * 50


def test_a_price_moves_its_share_from_its_day_on():
    change = KnownChange("list", date(2026, 12, 1), ChangeKind.factor, D("1.05"))
    found = effect_on(change, POINTS, D("0.4"), FIRST)
    assert found[:13] == (0,) * 13
    assert found[13:] == (D("0.2"),) * 37


def test_what_ends_costs_nothing_from_then_on():
    change = KnownChange("old fleet", date(2026, 11, 20), ChangeKind.ends)
    assert effect_on(change, POINTS, D(1), FIRST)[:4] == (0, 0, -10, -10)


def test_a_price_that_held_before_is_in_the_history_and_taken_back_when_it_ends():
    change = KnownChange("peak", date(2026, 11, 1), ChangeKind.factor, D(2), date(2026, 11, 21))
    assert effect_on(change, POINTS, D(1), FIRST)[:5] == (0, 0, 0, -5, -5)


@pytest.mark.parametrize(("amount", "month", "days"), [("100", 12, 31), ("-33.333333", 12, 31), ("0.000007", 12, 31)])
def test_a_monthly_amount_adds_up_over_the_days_of_a_month(amount, month, days):
    change = KnownChange("plan", date(2026, 11, 25), ChangeKind.monthly, D(amount))
    found = amounts_of(change, FIRST, 60)
    assert found[:7] == (0,) * 7
    assert sum(found[13 : 13 + days]) == D(amount)


def test_an_amount_is_paid_once_and_one_of_the_past_is_in_the_history():
    later = KnownChange("audit", date(2026, 11, 19), ChangeKind.once, D("250"))
    assert amounts_of(later, FIRST, 3) == (0, 250, 0)
    assert amounts_of(KnownChange("audit", date(2026, 11, 1), ChangeKind.once, D("250")), FIRST, 3) == (0, 0, 0)


def test_a_monthly_amount_that_runs_out_is_taken_back():
    change = KnownChange("support", date(2026, 1, 1), ChangeKind.monthly, D("310"), date(2026, 12, 1))
    found = amounts_of(change, FIRST, 44)
    assert sum(found[:13]) == 0
    assert sum(found[13:]) == -310
