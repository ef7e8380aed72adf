"""What a bridge is made from: cost, usage and price of two months, and requests where they were counted throughout."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

SKU = "/paas/caas/vcpu/fr-par"
MONTHS = [
    {"billing_month": "2026-09", "charges_until": date(2026, 10, 1), "days_read": 30, "is_complete": True},
    {"billing_month": "2026-10", "charges_until": date(2026, 10, 4), "days_read": 3, "is_complete": False},
]


def charge(day, cost, sku=SKU, **fields):
    return {
        "charge_key": f"{day} {sku} {fields}",
        "charge_date": date.fromisoformat(day),
        "billing_month": day[:7],
        "project_id": "p",
        "project_name": "shop",
        "sku": sku,
        "service_name": "Serverless Containers",
        "billed_cost": cost,
        "billing_currency": "EUR",
        **fields,
    }


def price(value, since, until=None):
    return {
        "sku": SKU,
        "list_unit_price": value,
        "valid_from": date.fromisoformat(since),
        "valid_to": date.fromisoformat(until) if until else None,
        "billing_currency": "EUR",
    }


def requests(day, count, coverage=1, **fields):
    return {
        "source": "cockpit",
        "service_type": "serverless_container",
        "project_id": "p",
        "usage_date": date.fromisoformat(day),
        "usage_month": day[:7],
        "requests": count,
        "coverage": coverage,
        "is_complete": True,
        **fields,
    }


@pytest.fixture(scope="module")
def items(build):
    """Rows of October by product and SKU."""

    def run(costs, prices=(), counted=()):
        rows = build(
            "gold.bridge_items",
            given={
                "silver.labelled_costs": costs,
                "silver.prices": list(prices),
                "silver.requests_daily": list(counted),
                "silver.billing_months": MONTHS,
                "silver.skus": [{"sku": SKU, "service_name": "Serverless Containers", "unit": "vcpu_s"}],
                "silver.billing_behaviours": [{"sku": SKU, "behaviour": "usage"}],
            },
        )
        return {(row["product"], row["sku"]): row for row in rows if row["billing_month"] == "2026-10"}

    return run


def test_a_running_month_meets_the_same_days_and_usage_is_the_charge_at_its_days_price(items):
    costs = [charge("2026-09-01", 10), charge("2026-09-03", 20), charge("2026-09-20", 999)]
    costs += [charge("2026-10-01", 10), charge("2026-10-02", 30)]
    row = items(costs, [price(2, "2026-01-01", "2026-10-02"), price(3, "2026-10-02")])["", SKU]
    assert (row["previous_cost"], row["billed_cost"]) == (30, 40)
    assert (row["previous_quantity"], row["quantity"]) == (15, 15)
    assert (row["previous_unit_price"], row["unit_price"]) == (2, 3)
    assert (row["is_previous_priced_once"], row["is_priced_once"]) == (True, False)
    assert (row["previous_days"], row["days"]) == (3, 3)
    assert row["behaviour"] == "usage"


def test_usage_is_unknown_where_one_charge_has_no_price_and_absence_is_no_zero(items):
    costs = [charge("2026-09-01", 10), charge("2026-09-02", 10, sku="/gone"), charge("2026-10-01", 10)]
    costs += [charge("2026-10-01", None, sku="/free")]
    rows = items(costs, [price(2, "2026-10-01")])
    assert rows["", SKU]["previous_quantity"] is None
    assert rows["", SKU]["quantity"] == 5
    assert rows["", "/gone"]["billed_cost"] is None
    assert rows["", "/free"]["billed_cost"] is None


def test_products_of_a_project_are_apart(items):
    costs = [charge("2026-09-01", 10), charge("2026-10-01", 4, product="shop"), charge("2026-10-01", 5)]
    rows = items(costs)
    assert {key: row["billed_cost"] for key, row in rows.items()} == {("", SKU): 5, ("shop", SKU): 4}


WINDOW = (
    [date(2026, 9, 1) + timedelta(days=n) for n in range(3)],
    [date(2026, 10, 1) + timedelta(days=n) for n in range(3)],
)
COUNTED = [requests(day.isoformat(), 100 * month) for month, days in enumerate(WINDOW, 1) for day in days]


def test_requests_drive_what_is_charged_by_use_of_them(items):
    row = items([charge("2026-09-01", 10), charge("2026-10-01", 10)], counted=COUNTED)["", SKU]
    assert (row["driver"], row["previous_requests"], row["requests"]) == ("serverless_container", 300, 600)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda rows: rows[:-1],  # a day was not counted
        lambda rows: [*rows[:-1], {**rows[-1], "coverage": Decimal("0.5")}],
        lambda rows: [*rows[:-1], {**rows[-1], "requests": None}],
        lambda rows: [*rows[:-1], {**rows[-1], "is_complete": False}],
    ],
)
def test_requests_that_were_not_counted_throughout_are_unknown(items, spoil):
    row = items([charge("2026-09-01", 10), charge("2026-10-01", 10)], counted=spoil(COUNTED))["", SKU]
    assert (row["previous_requests"], row["requests"]) == (300, None)


def figure(product="shop", **fields):
    return {
        "period": "month",
        "period_start": date(2026, 10, 1),
        "billing_month": "2026-10",
        "environment": "prod",
        "product": product,
        "billing_currency": "EUR",
        "direct_cost": 12,
        "units": 6,
        "unit": "thousand requests",
        "is_complete": True,
        "days": 31,
        "counted_days": 31,
        **fields,
    }


def test_a_figures_parts_are_its_products_and_a_products_are_its_charges(build):
    costs = [charge("2026-10-01", 12, product="shop", environment="prod")]
    costs += [charge("2026-10-01", 5, product="shop", environment=name) for name in ("dev", "staging")]
    costs += [charge("2026-10-02", 7, product="shop", environment="prod", pool="platform")]
    rows = build(
        "gold.bridge_kpi_items",
        given={
            "silver.labelled_costs": costs,
            "silver.prices": [price(2, "2026-01-01")],
            "silver.skus": [{"sku": SKU, "service_name": "Serverless Containers", "unit": "vcpu_s"}],
            "silver.billing_behaviours": [{"sku": SKU, "behaviour": "usage"}],
            "gold.cost_per_request": [
                figure(),
                figure("search", direct_cost=3, units=4),
                figure("search", environment="dev"),
                figure("lost", units=None, reason="not counted"),
                figure("shop", period="day"),
            ],
        },
    )
    found = {(row["scope"], row["item"]): row for row in rows}
    assert set(found) == {("production", "shop"), ("production", "search"), ("product shop", SKU)}
    assert {row["units"] for (scope, _), row in found.items() if scope == "production"} == {10}
    of_sku = found["product shop", SKU]
    assert (of_sku["cost"], of_sku["whole_cost"], of_sku["unit_price"]) == (12, 12, 2)
    assert of_sku["quantity"] is None  # at one price: 12 ÷ 2, worked out exactly where it is used
    assert (of_sku["units"], of_sku["follows_units"]) == (6, True)
