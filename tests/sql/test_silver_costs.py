"""Charges as Scaleway transfers them, and the one row each becomes."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

OCTOBER = "2026-10"


def only(rows):
    (row,) = rows
    return row


@pytest.mark.parametrize(
    ("written", "exclusive_end"),
    [
        ("2026-10-01T23:59:59.999999Z", datetime(2026, 10, 2, tzinfo=UTC)),
        ("2026-10-01T23:59:59.999Z", datetime(2026, 10, 2, tzinfo=UTC)),
        ("2026-10-01T23:59:59.999999999Z", datetime(2026, 10, 2, tzinfo=UTC)),
        ("2026-10-01T23:59:59Z", datetime(2026, 10, 2, tzinfo=UTC)),
        ("2026-10-02T00:00:00Z", datetime(2026, 10, 2, tzinfo=UTC)),
        ("2026-10-02T01:59:59.999999+02:00", datetime(2026, 10, 2, tzinfo=UTC)),
        ("2026-10-01T13:59:59.999999Z", datetime(2026, 10, 1, 14, tzinfo=UTC)),
        ("2026-10-01T13:30:00Z", datetime(2026, 10, 1, 13, 30, tzinfo=UTC)),
        (None, datetime(2026, 10, 2, tzinfo=UTC)),
    ],
)
def test_an_inclusive_end_becomes_exclusive_however_it_is_written(answers, charge, written, exclusive_end):
    answers.charges("2026-10-01", charge(end_date=written))
    row = only(answers.built("silver.costs", OCTOBER))
    assert row["charge_end"] == exclusive_end
    assert row["charge_start"] == datetime(2026, 10, 1, tzinfo=UTC)
    assert row["charge_date"] == date(2026, 10, 1)
    assert row["billing_month"] == OCTOBER


def test_a_charge_without_dates_covers_the_day_that_was_asked(answers, charge):
    answers.charges("2026-10-01", charge(start_date=None, end_date=...))
    row = only(answers.built("silver.costs", OCTOBER))
    assert (row["charge_start"].day, row["charge_end"].day) == (1, 2)


def test_no_price_stays_null_and_takes_the_currency_of_its_organization(answers, charge):
    answers.charges("2026-10-01", charge(None, sku="/a"), charge("0", sku="/b"), charge("2", sku="/c"))
    rows = {row["sku"]: row for row in answers.built("silver.costs", OCTOBER)}
    assert {sku: row["billed_cost"] for sku, row in rows.items()} == {"/a": None, "/b": Decimal(0), "/c": Decimal(2)}
    assert {row["billing_currency"] for row in rows.values()} == {"EUR"}


@pytest.mark.parametrize(
    "price", ["0.000000001", "-0.5", "-4661.38", "-0.000000001", "1234567890.123456789", "0.1", "-7"]
)
def test_money_is_exact_to_the_nano_and_keeps_its_sign(answers, charge, price):
    answers.charges("2026-10-01", charge(price))
    assert only(answers.built("silver.costs", OCTOBER))["billed_cost"] == Decimal(price)


def test_units_or_nanos_alone_are_a_price(answers, charge):
    answers.charges(
        "2026-10-01",
        charge({"currency_code": "EUR", "units": 3}, sku="/units"),
        charge({"currency_code": "EUR", "nanos": 500000000}, sku="/nanos"),
        charge({"currency_code": "EUR"}, sku="/neither"),
    )
    rows = {row["sku"]: row["billed_cost"] for row in answers.built("silver.costs", OCTOBER)}
    assert rows == {"/units": Decimal(3), "/nanos": Decimal("0.5"), "/neither": None}


def test_equal_charges_are_told_apart_and_keep_their_keys_in_any_order(answers, charge, tmp_path, models, answered):
    equal, other = charge("1"), charge("1", sku="/other")
    answers.charges("2026-10-01", equal, equal, other)
    keys = {row["charge_key"] for row in answers.built("silver.costs", OCTOBER)}
    assert len(keys) == 3
    turned = type(answers)(tmp_path / "turned", models, answered)
    turned.charges("2026-10-01", other, equal, equal)
    assert {row["charge_key"] for row in turned.built("silver.costs", OCTOBER)} == keys


def test_a_charge_keeps_its_key_when_its_price_is_restated(answers, charge):
    answers.charges("2026-10-01", charge("1"))
    before = only(answers.built("silver.costs", OCTOBER))
    answers.charges("2026-10-01", charge("1.5"), at=datetime(2026, 10, 5, tzinfo=UTC))
    after = only(answers.built("silver.costs", OCTOBER))
    assert (before["billed_cost"], after["billed_cost"]) == (Decimal(1), Decimal("1.5"))
    assert before["charge_key"] == after["charge_key"]
    assert before["answer_hash"] != after["answer_hash"]


def test_a_restated_day_supersedes_all_its_charges_and_no_other_day(answers, charge):
    answers.charges("2026-10-01", charge("1"), charge("2", sku="/gone"))
    next_day = {"start_date": "2026-10-02T00:00:00Z", "end_date": "2026-10-02T23:59:59.999999Z"}
    answers.charges("2026-10-02", charge("4", **next_day))
    answers.charges("2026-10-01", charge("1"), charge("8", sku="/late"), at=datetime(2026, 10, 5, tzinfo=UTC))
    rows = {(row["charge_date"].day, row["sku"]): row["billed_cost"] for row in answers.built("silver.costs", OCTOBER)}
    assert rows == {(1, "/compute/dev1_s/run_par1"): 1, (1, "/late"): 8, (2, "/compute/dev1_s/run_par1"): 4}


def test_a_day_restated_as_empty_has_no_charges(answers, charge):
    answers.charges("2026-10-01", charge("1"))
    answers.build("silver.costs", months=[OCTOBER])
    answers.charges("2026-10-01", at=datetime(2026, 10, 5, tzinfo=UTC))
    assert answers.built("silver.costs", OCTOBER) == []


def test_a_day_that_returns_to_its_first_answer_has_its_first_charges_once(answers, charge):
    for hour, price in enumerate(["1", "2", "1"]):
        answers.charges("2026-10-01", charge(price), at=datetime(2026, 10, 5, hour, tzinfo=UTC))
    assert only(answers.built("silver.costs", OCTOBER))["billed_cost"] == 1


def test_a_charge_without_a_resource_or_an_invoice_says_so_by_null(answers, charge):
    answers.charges(
        "2026-10-01", charge(sku="/a", resource_id="", resource_name=None), charge(sku="/b", resource_id=...)
    )
    for row in answers.built("silver.costs", OCTOBER):
        assert (row["resource_id"], row["invoice_id"]) == (None, None)


def test_a_months_currency_does_not_depend_on_which_months_are_built_with_it(
    answers, charge, tmp_path, models, answered
):
    """A month of free usage alone is read the same, alone or together with a month that has prices."""
    together, apart = answers, type(answers)(tmp_path / "apart", models, answered)
    november = {"start_date": "2026-11-01T00:00:00Z", "end_date": "2026-11-01T23:59:59.999999Z"}
    for lake in (together, apart):
        lake.charges("2026-10-01", charge(None))
        lake.charges("2026-11-01", charge("1", **november))
    together.build("silver.costs", months=["2026-10", "2026-11"])
    for month in ("2026-10", "2026-11"):
        apart.build("silver.costs", months=[month])
    asked = "select charge_key, billed_cost, billing_currency from silver.costs order by 1"
    assert together.read(asked) == apart.read(asked)
