"""What the gates let through and what they refuse."""

from dataclasses import replace

import pyarrow as pa
import pytest

from assets.gates import GATES

NAMED = {gate.name: gate for gate in GATES}
DAYS, PRICES = NAMED["days_look_like_a_bill"], NAMED["prices_are_usable"]
GOOD_DAY = {
    "charge_date": "2026-10-01",
    "billing_currency": "EUR",
    "charges": 3,
    "billed_cost": 912.34,
    "unpriced_share": 0.1,
}
GOOD_PRICES = {"lowest_price": 0.0, "overlapping": 0}


def days(*changes: dict) -> pa.Table:
    return pa.Table.from_pylist([GOOD_DAY, *({**GOOD_DAY, "charge_date": "2026-10-02", **each} for each in changes)])


def test_days_of_a_bill_pass_in_any_number_of_currencies_and_with_credits():
    assert DAYS.judge(days({}, {"billing_currency": "USD"}, {"charge_date": "2026-10-03", "billed_cost": -50.0})) == []


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"billing_currency": None}, "billing_currency"),
        ({"billing_currency": "euro"}, "billing_currency"),
        ({"charges": 0}, "charges"),
        ({"billed_cost": 91_234_000_000.0}, "billed_cost"),
        ({"unpriced_share": 0.9}, "unpriced_share"),
        ({"charge_date": "2026-10-01"}, ["charge_date", "billing_currency"]),
    ],
)
def test_a_day_that_is_no_bill_is_refused_and_the_reason_named(change, column):
    (failure,) = DAYS.judge(days(change))
    assert column in (failure.get("column"), failure.get("column_list"))


@pytest.mark.parametrize("change", [{"lowest_price": -0.01}, {"overlapping": 2}])
def test_prices_must_be_positive_and_one_a_day(change):
    assert PRICES.judge(pa.Table.from_pylist([GOOD_PRICES])) == []
    (failure,) = PRICES.judge(pa.Table.from_pylist([{**GOOD_PRICES, **change}]))
    assert [failure["column"]] == list(change)


def test_only_the_same_rows_under_the_same_expectations_count_as_judged():
    known = DAYS.fingerprint(days({}))
    assert DAYS.fingerprint(days({}).take([1, 0])) == known
    assert DAYS.fingerprint(days({"billed_cost": 912.35})) != known
    assert replace(DAYS, expectations=DAYS.expectations[1:]).fingerprint(days({})) != known
