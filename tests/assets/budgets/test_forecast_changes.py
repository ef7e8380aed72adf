"""Known changes in the lake: the forecast moves on their day, each is a line, and all still adds up exactly."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from assets.forecasts import update_forecasts
from assets.forecasts_changes import changes_of
from pipelines.forecast.changes import ChangeKind, KnownChange
from pipelines.settings_budgets import KnownChangeSetting

FIRST, UNTIL = date(2026, 7, 1), date(2026, 11, 18)
PERIODS = ("month_end", "next_month", "next_quarter")
CHANGES = (
    KnownChange("new list", date(2026, 12, 1), ChangeKind.factor, Decimal("1.1"), service="Instances"),
    KnownChange("lab closes", date(2026, 12, 15), ChangeKind.ends, project="lab"),
    KnownChange("audit", date(2026, 11, 20), ChangeKind.once, Decimal("333.33"), project="shop"),
    KnownChange("more backups", date(2027, 1, 1), ChangeKind.monthly, Decimal("100"), service="Object Storage"),
    KnownChange("nobody's", date(2026, 12, 1), ChangeKind.factor, Decimal(2), project="gone"),
)


def bill(day: date) -> dict:
    """Fixed by the week, so that the forecast without changes is known."""
    return {
        ("shop", "Instances", "runtime"): 90 if day.weekday() < 5 else 40,
        ("shop", "Object Storage", "capacity"): Decimal("10.7"),
        ("data", "Object Storage", "capacity"): Decimal("3.1"),
        ("lab", "Instances", "runtime"): 7,
    }


def cost(held, level: str, period: str, **where) -> Decimal:
    chosen = "".join(f" and {column} = '{value}'" for column, value in where.items())
    sql = f"select sum(expected_cost) as cost from gold.forecasts where level = '{level}' and period = '{period}'"
    return held.rows(sql + chosen)[0]["cost"]


@pytest.fixture
def moved(held):
    """The forecast with all changes."""
    held.costs(FIRST, UNTIL, bill)
    update_forecasts(held.catalog, UNTIL, "none", CHANGES)
    return held


def test_what_finops_toml_names_is_what_is_forecast():
    on, until = date(2026, 12, 1), date(2027, 1, 1)
    written = [
        KnownChangeSetting(name="a", on=on, until=until, factor=Decimal("1.05"), service="Inst*"),
        KnownChangeSetting(name="b", on=on, once=Decimal(-20), project="shop"),
        KnownChangeSetting(name="c", on=on, monthly=Decimal(0), sku="/storage/*", currency="USD"),
        KnownChangeSetting(name="d", on=on, ends=True),
    ]
    assert changes_of(written) == [
        KnownChange("a", on, ChangeKind.factor, Decimal("1.05"), until, service="Inst*"),
        KnownChange("b", on, ChangeKind.once, Decimal(-20), project="shop"),
        KnownChange("c", on, ChangeKind.monthly, Decimal(0), sku="/storage/*", currency="USD"),
        KnownChange("d", on, ChangeKind.ends),
    ]


def test_each_change_is_a_line_and_the_lines_are_what_changed_exactly(moved):
    lines = {
        (row["known_change"], row["period"]): row["expected_cost"]
        for row in moved.rows("select * from gold.forecasts where level = 'known_change'")
    }
    december = [date(2026, 12, 1) + timedelta(days=n) for n in range(31)]
    fleet = sum(90 if day.weekday() < 5 else 40 for day in december)
    lab = Decimal("7.7") * 17
    assert lines["audit", "month_end"] == Decimal("333.33")
    assert lines["new list", "next_month"] == Decimal(fleet + 7 * 31) / 10
    assert lines["lab closes", "next_month"] == -lab
    assert lines["more backups", "next_quarter"] == 300
    assert [lines["nobody's", period] for period in PERIODS] == [0, 0, 0]
    for period in PERIODS:
        (whole,) = moved.rows(f"select * from gold.forecasts where level = 'organization' and period = '{period}'")
        assert whole["known_changes_cost"] == sum(value for (_, each), value in lines.items() if each == period)
        assert {cost(moved, level, period) for level in ("project", "project_service", "behaviour")} == {
            whole["expected_cost"]
        }


def test_without_them_the_forecast_is_less_by_just_their_effect(moved):
    told = {period: cost(moved, "organization", period) for period in PERIODS}
    effect = {period: cost(moved, "known_change", period) for period in PERIODS}
    again = update_forecasts(moved.catalog, UNTIL, "none")  # other changes: made anew on the same day
    assert again.reason is None
    assert {period: told[period] - cost(moved, "organization", period) for period in PERIODS} == effect
    assert moved.rows("select 1 from gold.forecasts where level = 'known_change'") == []
    foreign = KnownChange("plan", UNTIL, ChangeKind.once, Decimal(5), currency="USD")
    assert update_forecasts(moved.catalog, UNTIL + timedelta(days=1), "none", [foreign]).reason == (
        "no cost is in the currency of the known change 'plan' in USD: left out"
    )


def test_days_move_on_the_day_of_the_change_with_their_bounds(moved):
    rows = moved.rows("select * from gold.forecast_days where project_name = 'lab' order by charge_date")
    by_day = {row["charge_date"]: row for row in rows}
    assert by_day[date(2026, 11, 30)]["expected_cost"] == 7
    assert by_day[date(2026, 12, 1)]["expected_cost"] == Decimal("7.7")
    for day in (date(2026, 12, 15), date(2027, 3, 31)):
        assert by_day[day]["expected_cost"] == 0
        assert by_day[day]["low_cost"] in (None, 0)
    (whole,) = moved.rows(
        "select * from gold.forecast_days where level = 'organization' and charge_date = '2026-11-20'"
    )
    assert whole["low_cost"] <= whole["expected_cost"] == 90 + Decimal("20.8") + Decimal("333.33")


def test_what_reaches_nothing_says_so_and_an_amount_alone_is_a_series_of_its_project(moved):
    (row,) = moved.rows("select * from gold.forecasts where known_change = 'nobody''s' and period = 'month_end'")
    assert row["reason"].startswith("nothing that is forecast is in its scope")
    (row,) = moved.rows("select * from gold.forecasts where service_name = 'audit' and period = 'month_end'")
    assert (row["project_name"], row["expected_cost"]) == ("shop", Decimal("333.33"))


def test_an_amount_of_a_service_is_shared_out_to_the_last_decimal(moved):
    rows = moved.rows(
        "select project_name, known_changes_cost as cost from gold.forecasts where service_name = 'Object Storage' "
        "and period = 'next_quarter' order by 1"
    )
    assert sum(row["cost"] for row in rows) == 300
    assert rows[0]["cost"] / rows[1]["cost"] == pytest.approx(Decimal("3.1") / Decimal("10.7"), rel=Decimal("1e-5"))


def test_a_price_of_the_list_that_holds_later_moves_what_its_sku_costs(held):
    held.costs(FIRST, UNTIL, bill)
    days = [UNTIL - timedelta(days=n) for n in range(1, 31)]
    skus = {"/bytes/hot": "8.025", "/bytes/cold": "2.675"}  # three quarters and one of what storage costs
    held.give("silver.labelled_costs", [
        {"charge_date": day, "billing_currency": "EUR", "billed_cost": cost, "project_id": "id-shop",
         "project_name": "shop", "service_name": "Object Storage", "sku": sku}
        for day in days for sku, cost in skus.items()
    ])  # fmt: skip
    held.give("silver.billing_behaviours", [{"sku": sku, "behaviour": "capacity"} for sku in skus])
    held.give("silver.prices", [
        {"sku": sku, "valid_from": valid_from, "list_unit_price": price, "billing_currency": "EUR"}
        for sku, valid_from, price in (
            ("/bytes/hot", FIRST, "0.010"), ("/bytes/hot", date(2026, 12, 1), "0.012"),
            ("/bytes/cold", FIRST, "0.002"), ("/bytes/cold", date(2026, 10, 1), "0.004"),  # the bill shows this one
            ("/unused", FIRST, "1"), ("/unused", date(2026, 12, 1), "2"),
        )
    ])  # fmt: skip
    update_forecasts(held.catalog, UNTIL, "none")
    rows = held.rows("select * from gold.forecasts where level = 'known_change' and period = 'next_month'")
    assert [row["known_change"] for row in rows] == ["price of /bytes/hot from 2026-12-01"]
    assert rows[0]["expected_cost"] == pytest.approx(Decimal("10.7") * Decimal("0.75") * Decimal("0.2") * 31)
    assert rows[0]["method"].endswith("price list, 0.01 to 0.012")
    assert cost(held, "known_change", "month_end") == 0
    again = update_forecasts(held.catalog, UNTIL, "none")
    assert again.reason == "was made on this day already"


def test_parts_add_up_to_a_forecast_of_the_whole_where_that_missed_less(held):
    def see_saw(day: date) -> dict:
        """Two services that move against each other: each is hard to tell, their sum is not."""
        share = Decimal((day - FIRST).days ** 2 % 97) / 100
        grown = Decimal((day - FIRST).days) / 10
        return {
            ("shop", "Instances", "runtime"): 100 * share + 20,
            ("data", "Instances", "runtime"): 100 * (1 - share) + 20 + grown,
            ("data", "Support", "fixed"): Decimal("8.30"),
        }

    held.costs(FIRST, UNTIL, see_saw)
    update_forecasts(held.catalog, UNTIL, "none")
    for period in PERIODS:
        assert {cost(held, level, period) for level in ("project", "project_service", "behaviour")} == {
            cost(held, "organization", period)
        }
    (whole,) = held.rows("select * from gold.forecasts where level = 'organization' and period = 'next_month'")
    assert "ahead scaled to a forecast of the whole, which missed less so far" in whole["method"]
    true = sum(Decimal("148.30") + Decimal((date(2026, 12, 1) - FIRST).days + n) / 10 for n in range(31))
    assert abs(whole["expected_cost"] / true - 1) < Decimal("0.02")
    assert cost(held, "project_service", "next_month", service_name="Support") == Decimal("8.30") * 31
