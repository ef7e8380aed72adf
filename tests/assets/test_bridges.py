"""Bridges out of gold rows: their parts are the whole change, to the last decimal, whatever the rows."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.bridges import COLUMNS, PER_DAY, bridge_rows
from assets.kpi_bridges import figure_rows
from pipelines.bridge.items import Effect

MONEY = st.decimals(min_value=-(10**6), max_value=10**6, places=12)
QUANTITY = st.one_of(st.none(), st.decimals(min_value=0, max_value=10**9, places=12))
PRICE = st.decimals(min_value="0.000000000001", max_value=1000, places=12)


@st.composite
def sides(draw, number):
    """One SKU of a project in two months; either may lack it."""
    row = {
        "billing_month": "2026-10", "project_id": draw(st.sampled_from("ab")), "product": "", "sku": f"/sku/{number}",
        "service_name": draw(st.sampled_from(["Instances", "Serverless Containers"])), "behaviour": "usage",
        "pricing_unit": draw(st.sampled_from(["hour", "gigabyte"])), "billing_currency": "EUR",
        "driver": draw(st.sampled_from([None, "serverless_container"])), "days": 31, "previous_days": 30,
        "previous_requests": Decimal(1000), "requests": Decimal(1200),
    }  # fmt: skip
    for prefix, cost in (("previous_", "previous_cost"), ("", "billed_cost")):
        row[cost] = draw(st.one_of(st.none(), MONEY))
        row[f"{prefix}quantity"] = draw(QUANTITY)
        row[f"{prefix}unit_price"] = draw(PRICE)
        row[f"is_{prefix}priced_once"] = draw(st.booleans())
    return row


@st.composite
def months(draw):
    return [draw(sides(number)) for number in range(draw(st.integers(1, 8)))]


@settings(max_examples=60, deadline=None)
@given(months())
def test_effects_are_the_change_of_each_row_and_rows_that_of_the_month_in_euros_and_per_day(rows):
    found = bridge_rows(rows)
    assert [row["sku"] for row in found] == [row["sku"] for row in rows]
    for row, given_row in zip(found, rows, strict=True):
        assert row["delta_cost"] == (given_row["billed_cost"] or 0) - (given_row["previous_cost"] or 0)
        assert row["delta_cost"] == sum(row[column] for column in COLUMNS.values())
        assert row["delta_cost_per_day"] == sum(row[column] for column in PER_DAY.values())
    before, now = (sum((row[cost] or 0 for row in rows), Decimal(0)) for cost in ("previous_cost", "billed_cost"))
    exact = Decimal(now) / 31 - Decimal(before) / 30
    assert abs(sum(row["delta_cost_per_day"] for row in found) - exact) < Decimal("1e-11")


def instances(previous, now, previous_price="1", price="1", sku="/compute/a", **changes):
    """Machine hours of a service in one project, at one list price a month."""
    row = {
        "billing_month": "2026-10", "project_id": "p", "product": "", "sku": sku, "service_name": "Instances",
        "behaviour": "runtime", "pricing_unit": "hour", "billing_currency": "EUR", "driver": None,
        "previous_requests": None, "requests": None, "days": 31, "previous_days": 30,
    }  # fmt: skip
    for prefix, cost, hours, unit_price in (
        ("previous_", "previous_cost", previous, previous_price), ("", "billed_cost", now, price),
    ):  # fmt: skip
        row[f"{prefix}quantity"] = Decimal(hours)
        row[cost] = Decimal(hours) * Decimal(unit_price)
        row[f"{prefix}unit_price"] = Decimal(unit_price)
        row[f"is_{prefix}priced_once"] = True
    return row | changes


def told(row, columns=COLUMNS):
    return {effect.value: row[column] for effect, column in columns.items() if row[column]}


def test_price_and_usage_are_counted_at_their_mean_so_neither_came_first():
    [row] = bridge_rows([instances(100, 80, "1", "1.5")])
    assert told(row) == {"price": 45, "volume": -25}  # 90 units dearer by 0.5; 20 units fewer at 1.25


def test_a_longer_month_is_volume_in_euros_and_nothing_per_day():
    [row] = bridge_rows([instances(720, 744)])
    assert told(row) == {"volume": 24}
    assert told(row, PER_DAY) == {}


def test_a_change_of_kind_at_the_same_hours_is_mix():
    rows = bridge_rows([instances(600, 300, sku="/compute/small"), instances(120, 420, "3", "3", sku="/compute/large")])
    assert sum(row["mix_effect"] for row in rows) == sum(row["delta_cost"] for row in rows) == 600
    assert {effect for row in rows for effect in told(row)} == {"mix"}


def test_more_for_each_request_is_efficiency_and_more_requests_are_volume():
    known = {"driver": "serverless_container", "previous_requests": Decimal(100), "requests": Decimal(200)}
    [row] = bridge_rows([instances(100, 300, **known)])
    assert told(row) == {"volume": 125, "efficiency": 75}


KPI = ("cost_per_request", "production", "EUR")


def kpi_items(parts, units, is_complete=True, whole=None):
    whole = whole if whole is not None else sum(Decimal(cost) for cost, _ in parts.values())
    return [
        {
            "item": name, "cost": Decimal(cost), "quantity": Decimal(quantity), "unit_price": None, "item_group": "",
            "follows_units": True, "units": Decimal(units), "unit": "thousand requests", "is_complete": is_complete,
            "whole_cost": Decimal(whole),
        }
        for name, (cost, quantity) in parts.items()
    ]  # fmt: skip


def test_a_figure_of_many_is_dearer_by_its_parts_costs_or_by_what_there_is_more_of():
    before = kpi_items({"shop": (10, 100), "search": (30, 100)}, 200)
    now = kpi_items({"shop": (10, 100), "search": (90, 300)}, 400)
    rows = figure_rows(KPI, before, now)
    assert {row["previous_value"] for row in rows} == {Decimal("0.2")}
    assert {row["value"] for row in rows} == {Decimal("0.25")}
    assert sum(row["mix_effect"] for row in rows) == sum(row["change"] for row in rows) == Decimal("0.05")


def test_cost_that_no_part_covers_is_a_part_of_its_own():
    before = kpi_items({"shop": (10, 100)}, 100, whole=15)
    now = kpi_items({"shop": (10, 100)}, 100, whole=16)
    rows = {row["item"]: row for row in figure_rows(KPI, before, now)}
    assert rows["other charges"]["change"] == Decimal("0.01")
    assert rows["shop"]["change"] == 0
    assert rows["shop"]["value"] == Decimal("0.16")


@pytest.mark.parametrize(
    ("before", "now", "reason"),
    [
        ([], kpi_items({"shop": (1, 1)}, 1), "it is not known in the month before"),
        (kpi_items({"shop": (1, 1)}, 1), [], "it is not known in this month"),
        (
            kpi_items({"shop": (1, 1)}, 1),
            kpi_items({"shop": (1, 1)}, 1, is_complete=False),
            "the month is not complete; its figure is split when it is",
        ),
    ],
)
def test_a_figure_that_cannot_be_compared_says_why(before, now, reason):
    [row] = figure_rows(KPI, before, now)
    assert row["reason"] == reason
    assert row["item"] == ""
    assert "change" not in row


def test_every_effect_has_its_column():
    assert set(COLUMNS) == set(PER_DAY) == set(Effect)
