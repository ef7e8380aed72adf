"""Money as the API writes it: one of its two parts may be left out, an amount that is absent stays unknown."""

from decimal import Decimal

import pytest

AMOUNTS = [
    ({"currency_code": "EUR", "units": 3, "nanos": 250000000}, Decimal("3.25")),
    ({"currency_code": "EUR", "units": 3}, Decimal(3)),
    ({"currency_code": "EUR", "nanos": -10000000}, Decimal("-0.01")),
    ({"currency_code": "EUR"}, None),
]


@pytest.mark.parametrize(("money", "amount"), [*AMOUNTS, (None, None)])
def test_a_charge_has_the_price_written_even_where_a_part_is_left_out(answers, charge, money, amount):
    answers.charges("2026-05-04", {**charge(), "price": money})
    [row] = answers.built("silver.costs", "2026-05")
    assert row["billed_cost"] == amount


@pytest.mark.parametrize(("money", "amount"), AMOUNTS)
def test_a_line_of_the_bill_has_the_value_written_even_where_a_part_is_left_out(answers, money, amount):
    line = {"project_id": "p", "sku": "/a", "unit": "hour", "billed_quantity": "1", "value": money}
    answers.answer("bronze.consumptions", "billing.consumptions", [line], month="2026-05")
    [row] = answers.built("silver.consumptions", "2026-05")
    assert row["consumed_cost"] == amount
