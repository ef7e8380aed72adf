"""Fixed and marginal cost of key figures, from their days as they lie in the lake."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from assets.settings_tables import store, unit_rows
from assets.unit_costs import store_drivers
from assets.unit_drivers import READS
from pipelines.settings import load_settings


def day_of(number: int, units: str | None, amount: str, **more) -> dict:
    start = date(2026, 1, 1) + timedelta(days=number)
    return {
        "period": "day",
        "period_start": start,
        "product": "shop",
        "environment": "prod",
        "billing_currency": "EUR",
        "direct_cost": amount,
        "units": units,
        "unit": "thousand requests",
        "is_complete": units is not None,
        "billing_month": f"{start:%Y-%m}",
        **more,
    }


@pytest.fixture
def lake(build):
    def made(rows: list[dict]):
        given = {table: [] for table in READS} | {"gold.cost_per_request": rows}
        build("silver.unit_settings", given=given, months=[])
        return build.catalog

    return made


def test_days_of_a_product_tell_its_fixed_and_its_marginal_cost(lake):
    days = [
        day_of(number, str(100 + 10 * (number % 7)), str(50 + 2 * (100 + 10 * (number % 7)))) for number in range(90)
    ]
    others = [day_of(number, "5", "8", product="pay") for number in range(90)]
    incomplete = [day_of(number, None, "999", environment="dev") for number in range(90)]
    month = {**day_of(0, "9000", "9000"), "period": "month"}
    catalog = lake([*days, *others, *incomplete, month])
    assert store_drivers(catalog, 30) == (3, True)
    rows = {row["scope"]: row for row in catalog.query("select * from gold.unit_cost_drivers").to_pylist()}
    shop = rows["shop / prod"]
    assert (shop["fixed_cost_per_day"], shop["marginal_cost"], shop["r2"]) == (50, 2, 1)
    assert (shop["product"], shop["unit"], shop["days"], shop["reason"]) == ("shop", "thousand requests", 90, None)
    assert (rows["pay / prod"]["marginal_cost"], rows["pay / prod"]["days"]) == (None, 90)
    assert rows["pay / prod"]["reason"].startswith("units are the same on every day")
    assert rows["shop / dev"]["reason"] == "0 days of units and cost, at least 30 are needed"


def test_days_older_than_the_window_had_other_prices_and_are_left_out(lake):
    old = [day_of(number, str(100 + number % 5), "9999") for number in range(60)]
    new = [day_of(60 + number, str(100 + number % 5), str(Decimal(10) + 100 + number % 5)) for number in range(90)]
    catalog = lake([*old, *new])
    store_drivers(catalog, 30)
    (row,) = catalog.query("select * from gold.unit_cost_drivers").to_pylist()
    assert (row["fixed_cost_per_day"], row["marginal_cost"], row["first_date"]) == (10, 1, date(2026, 3, 2))


def test_the_same_days_and_settings_write_nothing_again(lake):
    catalog = lake([day_of(number, str(number), "5") for number in range(40)])
    assert [store_drivers(catalog, 30)[1] for _ in range(2)] == [True, False]
    assert [store(catalog.lake, unit_rows(load_settings())) for _ in range(2)] == [["bronze.unit_settings"], []]
    (told,) = catalog.lake.state("bronze.unit_settings").delta.to_pyarrow_table().to_pylist()
    assert (told["target_margin"], told["ci_products"]) == (Decimal("0.3"), ["ci"])
