"""Carbon and water: what is reported counts, until then an estimate that says so, and nothing is invented for GPUs."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

D = Decimal
MONTH = "2026-10"
OCTOBER = date(2026, 10, 1)
SERVER, GPU = "/compute/pro2_s/run_par1", "/compute/l4_1_24g/run_par2"


def cost(number, billed, sku=SERVER, day=1, **fields):
    return {
        "charge_key": str(number),
        "charge_date": date(2026, 10, day),
        "project_id": "p1",
        "sku": sku,
        "service_name": "GPU Instances" if sku == GPU else "Instances",
        "region_id": "fr-par",
        "billed_cost": billed,
        "billing_currency": "EUR",
        "billing_month": MONTH,
        **fields,
    }


def factor(sku=SERVER, price="0.5", kg="0.02", water="0.001", since="2026-01-01", until=None):
    return {
        "sku": sku,
        "valid_from": date.fromisoformat(since),
        "valid_to": None if until is None else date.fromisoformat(until),
        "list_price": price,
        "billing_currency": "EUR",
        "kg_co2e": kg,
        "m3_water": water,
    }


def window(start, end):
    return {
        "window_start": date.fromisoformat(start),
        "window_end": date.fromisoformat(end),
        "billing_month": MONTH,
        "asked_at": datetime(2026, 11, 2, tzinfo=UTC),
    }


def told(start, end, kg, sku=SERVER, water="0.5", **fields):
    place = {"project_id": "p1", "region_id": "fr-par", "sku": sku, "kg_co2e": kg, "m3_water": water}
    return {
        "window_start": date.fromisoformat(start),
        "window_end": date.fromisoformat(end),
        "billing_month": MONTH,
        **place,
        **fields,
    }


def footprint(selected, costs, factors=(), windows=(), reported=(), days_read=31):
    months = [{"billing_month": MONTH, "days_read": days_read, "is_complete": days_read == 31}]
    rows = selected(
        "gold.footprint",
        given={
            "silver.labelled_costs": list(costs),
            "silver.footprint_factors": list(factors),
            "silver.footprint_windows": list(windows),
            "silver.footprint_reported": list(reported),
            "silver.skus": [
                {"sku": SERVER, "service_name": "Instances"},
                {"sku": GPU, "service_name": "GPU Instances"},
            ],
            "silver.billing_months": months,
        },
    )
    found = {(row["period"], row["period_start"].day, row["service_name"], row["region_id"]): row for row in rows}
    assert len(found) == len(rows)
    return found


def test_an_estimate_is_the_quantity_behind_a_charge_times_that_of_one_unit_and_says_so(selected):
    rows = footprint(selected, [cost(1, "5"), cost(2, "10", day=2)], [factor()])
    row = rows["month", 1, "Instances", "fr-par"]
    assert (row["kg_co2e"], row["m3_water"]) == (D("0.6"), D("0.03"))
    assert row["method"] == "estimated"
    assert rows["day", 2, "Instances", "fr-par"]["kg_co2e"] == D("0.4")
    assert (row["carbon_coverage"], row["water_coverage"]) == (1, 1)


def test_a_gpu_has_no_estimate_and_lowers_the_coverage_only(selected):
    rows = footprint(selected, [cost(1, "5"), cost(2, "15", GPU)], [factor()])
    gpu = rows["month", 1, "GPU Instances", "fr-par"]
    assert (gpu["kg_co2e"], gpu["m3_water"], gpu["carbon_coverage"]) == (None, None, 0)
    assert rows["month", 1, "Instances", "fr-par"]["kg_co2e"] == D("0.2")


def test_each_day_has_its_own_price_and_days_before_the_first_list_take_its(selected):
    factors = [
        factor(price="0.5", since="2026-10-10", until="2026-10-20"),
        factor(price="1", since="2026-10-20"),
    ]
    costs = [cost(day, "10", day=day) for day in (1, 10, 20)]
    rows = footprint(selected, costs, factors)
    assert [rows["day", day, "Instances", "fr-par"]["kg_co2e"] for day in (1, 10, 20)] == [D("0.4"), D("0.4"), D("0.2")]


def test_water_that_the_list_leaves_out_is_not_known_where_carbon_is(selected):
    rows = footprint(selected, [cost(1, "5")], [factor(water=None)])
    row = rows["month", 1, "Instances", "fr-par"]
    assert (row["kg_co2e"], row["m3_water"]) == (D("0.2"), None)
    assert (row["carbon_coverage"], row["water_coverage"]) == (1, 0)


def test_once_the_api_has_answered_for_a_month_its_figures_count_and_the_estimate_stands_beside(selected):
    whole = ("2026-10-01", "2026-11-01")
    rows = footprint(
        selected,
        [cost(1, "5"), cost(2, "15", GPU)],
        [factor()],
        [window(*whole)],
        [told(*whole, "7"), told(*whole, "3", GPU, region_id="nl-ams")],
    )
    row = rows["month", 1, "Instances", "fr-par"]
    assert (row["method"], row["kg_co2e"], row["estimated_kg_co2e"]) == ("reported", 7, D("0.2"))
    # where it was emitted is what the API says, where it was paid what the bill says
    assert rows["month", 1, "GPU Instances", "nl-ams"]["kg_co2e"] == 3
    assert rows["month", 1, "GPU Instances", "fr-par"]["carbon_coverage"] == 1
    assert rows["day", 1, "Instances", "fr-par"]["method"] == "estimated"
    assert sum(row["kg_co2e"] or 0 for key, row in rows.items() if key[0] == "month") == 10


def test_what_the_api_leaves_out_is_not_filled_up_by_an_estimate(selected):
    whole = ("2026-10-01", "2026-11-01")
    rows = footprint(selected, [cost(1, "5")], [factor()], [window(*whole)])
    row = rows["month", 1, "Instances", "fr-par"]
    assert (row["method"], row["kg_co2e"], row["carbon_coverage"]) == ("reported", None, 0)


def test_a_running_month_is_reported_when_all_its_days_are_and_their_sum(selected):
    days = [(f"2026-10-0{day}", f"2026-10-0{day + 1}") for day in (1, 2)]
    costs = [cost(day, "5", day=day) for day in (1, 2)]
    windows = [window(*each) for each in days]
    reported = [told(*each, kg) for each, kg in zip(days, ("1", "2"), strict=True)]
    rows = footprint(selected, costs, [factor()], windows, reported, days_read=2)
    row = rows["month", 1, "Instances", "fr-par"]
    assert (row["method"], row["kg_co2e"], row["is_complete"]) == ("reported", 3, False)
    assert rows["day", 2, "Instances", "fr-par"]["kg_co2e"] == 2
    partly = footprint(selected, costs, [factor()], windows[:1], reported[:1], days_read=2)
    assert partly["month", 1, "Instances", "fr-par"]["method"] == "estimated"
    assert partly["day", 1, "Instances", "fr-par"]["method"] == "reported"


def intensity(selected, rows, requests=()):
    common = {"period": "month", "period_start": OCTOBER, "billing_currency": "EUR", "billing_month": MONTH}
    months = [{"billing_month": MONTH, "is_complete": True}]
    found = selected(
        "gold.footprint_intensity",
        given={
            "gold.footprint": [{**common, **row} for row in rows],
            "gold.cost_per_request": [{**common, **row} for row in requests],
            "silver.billing_months": months,
        },
    )
    return {(row["impact"], row["per"], row["project_id"]): row for row in found}


def emitted(project, kg, covered, billed, method="estimated", **fields):
    return {
        "project_id": project,
        "service_name": fields.pop("service_name", "Instances"),
        "region_id": "fr-par",
        "kg_co2e": kg,
        "carbon_cost": covered,
        "water_cost": "0",
        "billed_cost": billed,
        "method": method,
        **fields,
    }


def test_intensity_divides_by_the_cost_that_has_a_figure_and_says_how_much_that_is(selected):
    rows = intensity(
        selected, [emitted("p1", "6", "30", "30"), emitted("p2", "4", "10", "40"), emitted("p3", None, "0", "30")]
    )
    whole = rows["kg CO2e", "currency", "all"]
    assert (whole["value"], whole["cost_coverage"], whole["is_marked"]) == (D("0.25"), D("0.4"), True)
    assert whole["unit"] == "kg CO2e per EUR"
    assert rows["kg CO2e", "currency", "p1"]["value"] == D("0.2")
    nothing = rows["kg CO2e", "currency", "p3"]
    assert (nothing["value"], nothing["reason"]) == (None, "no cost has a figure for it")
    assert rows["m3 of water", "currency", "all"]["value"] is None


def test_requests_are_those_of_production_and_without_any_there_is_no_intensity_of_requests(selected):
    rows = [emitted("p1", "6", "30", "30", "reported"), emitted("p2", "4", "10", "10")]
    without = intensity(selected, rows)["kg CO2e", "thousand requests", "all"]
    assert without["value"] is None
    assert "no requests" in without["reason"]
    counted = [
        {"product": name, "environment": environment, "units": units, "units_coverage": "0.9", "units_source": "edge"}
        for name, environment, units in (("a", "prod", "15"), ("b", "prod", "5"), ("a", "dev", "500"))
    ]
    row = intensity(selected, rows, counted)["kg CO2e", "thousand requests", "all"]
    assert (row["value"], row["units_coverage"]) == (D("0.5"), D("0.9"))
    assert row["method"] == "mixed"


def listed(sku=SERVER, price=(0, 500000000), **impact):
    return {
        "sku": sku,
        "price": {"retail_price": {"currency_code": "EUR", "units": price[0], "nanos": price[1]}},
        "unit_of_measure": {"unit": "hour", "size": 1},
        **({"environmental_impact_estimation": impact} if impact else {}),
    }


@pytest.mark.parametrize("spelled", [0.0024458815, "0.0024458815", "2.4458815e-3"])
def test_the_price_lists_estimates_are_read_whatever_way_a_number_is_spelled(answers, spelled):
    given = listed(kg_co2_equivalent=spelled, m3_water_usage="1.4790768e-07")
    answers.answer("bronze.products", "catalog.products", [given, listed(GPU)])
    (row,) = answers.built("silver.footprint_factors")
    assert (row["sku"], row["kg_co2e"], row["m3_water"]) == (SERVER, D("0.0024458815"), D("0.00000014790768"))
    assert (row["list_price"], row["valid_to"]) == (D("0.5"), None)


def test_an_estimate_holds_until_the_price_or_itself_changes(answers):
    for month, price in ((3, 5), (4, 5), (5, 6)):
        given = [listed(price=(0, price * 10**8), kg_co2_equivalent="0.02")]
        answers.answer("bronze.products", "catalog.products", given, at=datetime(2026, month, 1, 6, tzinfo=UTC))
    rows = sorted(answers.built("silver.footprint_factors"), key=lambda row: row["valid_from"])
    assert [(row["valid_from"], row["valid_to"], row["list_price"]) for row in rows] == [
        (date(2026, 3, 1), date(2026, 5, 1), D("0.5")),
        (date(2026, 5, 1), None, D("0.6")),
    ]
