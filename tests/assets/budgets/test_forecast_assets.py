"""Forecasts in the lake: parts add up, what was said stays, and what cannot be known says so."""

from datetime import date, timedelta
from decimal import Decimal

from assets.forecasts import update_forecasts
from assets.forecasts_series import MOST_SERIES, OTHER_SERVICES
from assets.forecasts_tables import FORECAST_TABLES

FIRST, UNTIL = date(2026, 7, 1), date(2026, 11, 18)
TODAY = UNTIL


def three_projects(day: date) -> dict:
    """A fleet that sleeps at weekends, growing storage, traffic with a wobble, and a plan."""
    number = (day - FIRST).days
    return {
        ("shop", "Instances", "runtime"): 90 if day.weekday() < 5 else 40,
        ("shop", "Object Storage", "capacity"): Decimal("0.05") * number + 10,
        ("shop", "Object Storage", "usage"): 3 + (number * number) % 7,
        ("data", "Instances", "runtime"): 50 + (number * 37) % 11,
        ("data", "Support", "fixed"): Decimal("8.30"),
        ("tiny", "Free tier", "credits"): Decimal("-0.10"),
    }


def test_parts_days_and_periods_add_up_to_the_last_decimal(held):
    held.costs(FIRST, UNTIL, three_projects)
    made = update_forecasts(held.catalog, TODAY, "fr")
    assert (made.series, made.known_until) == (6, UNTIL)
    sums = {
        (row["level"], row["period"]): row["cost"]
        for row in held.rows("select level, period, sum(expected_cost) as cost from gold.forecasts group by all")
    }
    for period in ("month_end", "next_month", "next_quarter"):
        assert {sums[level, period] for level in ("organization", "project", "project_service", "behaviour")} == {
            sums["organization", period]
        }
    for row in held.rows("select * from gold.forecasts where level in ('organization', 'project')"):
        if row["low_cost"] is None:
            assert "bounds are not measured" in row["reason"]
        else:
            assert row["low_cost"] <= row["expected_cost"] <= row["high_cost"]
        whose = "null" if row["project_name"] is None else f"'{row['project_name']}'"
        (days,) = held.rows(
            "select sum(expected_cost) as cost from gold.forecast_days "
            f"where project_name is not distinct from {whose} "
            f"and charge_date >= date '{row['period_start']}' and charge_date < date '{row['period_end']}'"
        )  # fmt: skip
        assert row["known_cost"] + days["cost"] == row["expected_cost"]
    (known,) = held.rows("select sum(billed_cost) as cost from gold.daily_series where charge_date >= '2026-11-01'")
    (whole,) = held.rows("select * from gold.forecasts where level = 'organization' and period = 'month_end'")
    assert whole["known_cost"] == known["cost"]
    (quarter,) = held.rows("select * from gold.forecasts where level = 'organization' and period = 'next_quarter'")
    assert (whole["low_cost"] is None, quarter["low_cost"] is None) == (False, True)
    for row in held.rows("select * from gold.forecast_accuracy where target in ('day 1', 'day 60', 'next_quarter')"):
        is_told = row["coverage"] is not None
        assert is_told == (row["target"] == "day 1")
        assert is_told or row["reason"]
    assert (quarter["period_start"], quarter["period_end"]) == (date(2027, 1, 1), date(2027, 4, 1))


def test_the_same_day_again_makes_no_commit_and_another_day_keeps_what_was_said(held):
    held.costs(FIRST, UNTIL, three_projects)
    update_forecasts(held.catalog, TODAY, "none")
    versions = held.versions(*FORECAST_TABLES)
    said = held.rows("select * from gold.forecasts order by all")
    held.costs(FIRST, UNTIL, lambda day: {**three_projects(day), ("shop", "Instances", "runtime"): 200})  # restated
    again = update_forecasts(held.catalog, TODAY, "none")
    assert (again.rows, again.reason) == ({}, "was made on this day already")
    assert held.versions(*FORECAST_TABLES) == versions

    tomorrow = TODAY + timedelta(days=1)
    held.costs(FIRST, UNTIL + timedelta(days=1), three_projects)
    update_forecasts(held.catalog, tomorrow, "none")
    assert held.rows(f"select * from gold.forecasts where made_on = date '{TODAY}' order by all") == said
    days = held.rows("select made_on, count(*) as n from gold.forecasts group by all order by 1")
    assert [row["made_on"] for row in days] == [TODAY, tomorrow]
    assert {row["made_on"] for row in held.rows("select made_on from gold.forecast_accuracy")} == {tomorrow}


def test_more_days_of_the_bill_on_the_same_day_replace_what_was_said_that_day(held):
    held.costs(FIRST, UNTIL - timedelta(days=2), three_projects)
    update_forecasts(held.catalog, TODAY, "none")
    held.costs(FIRST, UNTIL, three_projects)
    update_forecasts(held.catalog, TODAY, "none")
    assert {row["known_until"] for row in held.rows("select known_until from gold.forecasts")} == {UNTIL}


def test_a_project_with_three_days_of_history_says_so_and_goes_on_at_its_rate(held):
    newest = UNTIL - timedelta(days=3)

    def costs(day: date) -> dict:
        young = {("new", "GPU Instances", "runtime"): 20} if day >= newest else {}
        return three_projects(day) | young

    held.costs(FIRST, UNTIL, costs)
    update_forecasts(held.catalog, TODAY, "none")
    (row,) = held.rows("select * from gold.forecasts where project_name = 'new' and level = 'project' "
                       "and period = 'month_end'")  # fmt: skip
    assert row["reason"].startswith("3 days of history; a forecast needs 28; the run-rate is shown")
    assert (row["history_days"], row["beats_naive"], row["method"]) == (3, False, "run-rate")
    assert (row["known_cost"], row["expected_cost"]) == (60, 60 + 13 * 20)
    (whole,) = held.rows("select * from gold.forecasts where level = 'organization' and period = 'month_end'")
    assert "1 of 7 series are too young to be forecast" in whole["reason"]
    (parts,) = held.rows("select sum(expected_cost) as cost from gold.forecasts "
                         "where level = 'project' and period = 'month_end'")  # fmt: skip
    assert parts["cost"] == whole["expected_cost"]


def test_what_is_no_better_than_the_last_week_again_is_the_last_week_again_and_says_so(held):
    held.costs(FIRST, UNTIL, lambda day: {("shop", "Instances", "runtime"): 90 if day.weekday() < 5 else 40})
    update_forecasts(held.catalog, TODAY, "none")
    for row in held.rows("select * from gold.forecasts where level like 'p%' and period = 'month_end'"):
        assert row["expected_cost"] == row["seasonal_naive_cost"] == row["low_cost"] == row["high_cost"]
        assert (row["beats_naive"], row["reason"]) == (False, "the last week again was exact so far")
    (november,) = held.rows("select * from gold.forecasts where level = 'organization' and period = 'month_end'")
    assert november["expected_cost"] == 21 * 90 + 9 * 40
    (accuracy,) = held.rows(
        "select * from gold.forecast_accuracy where level = 'organization' and target = 'month_end'"
    )
    assert (accuracy["wape"], accuracy["seasonal_naive_wape"], accuracy["beats_naive"]) == (0, 0, False)
    assert accuracy["run_rate_wape"] > 0
    assert accuracy["coverage"] == 1


def test_traffic_that_follows_requests_is_forecast_by_them(held):
    def requests(day: date) -> int:
        number = (day - FIRST).days
        return 1000 + 300 * (day.weekday() < 5) + (number * number * 31) % 400

    held.costs(FIRST, UNTIL, lambda day: {("shop", "Object Storage", "usage"): 2 + Decimal(requests(day)) / 100})
    days = [FIRST + timedelta(days=number) for number in range((UNTIL - FIRST).days)]
    held.give("gold.daily_series_drivers", [
        {"usage_date": day, "project_id": "id-shop", "service_name": "Object Storage", "driver": "requests",
         "behaviour": "usage", "source": "cockpit", "units": requests(day)} for day in days
    ])  # fmt: skip
    update_forecasts(held.catalog, TODAY, "none")
    (row,) = held.rows("select driver from gold.forecasts where level = 'project_service' and period = 'month_end'")
    assert row["driver"].startswith("requests of shop, Object Storage: 2 + 0.01 (± ")


def test_storage_is_forecast_by_what_is_stored_where_sixty_days_of_it_are_known(held):
    def stored(day: date) -> Decimal:
        number = (day - FIRST).days
        return Decimal(500 + (number // 9) ** 2 * 37 % 300)

    def costs(day: date) -> dict:
        return {(name, "Block Storage", "capacity"): 1 + stored(day) * 24 / 100 for name in ("shop", "lab")}

    held.costs(FIRST, UNTIL, costs)
    days = [FIRST + timedelta(days=number) for number in range((UNTIL - FIRST).days)]
    held.give("gold.daily_series_drivers", [
        {"usage_date": day, "project_id": f"id-{name}", "service_name": "Block Storage", "behaviour": "capacity",
         "driver": "GB-hours", "source": "inventory", "units": 24 * stored(day)}
        for name, known in (("shop", days), ("lab", days[-59:])) for day in known
    ])  # fmt: skip
    update_forecasts(held.catalog, TODAY, "none")
    rows = held.rows(
        "select project_name, driver from gold.forecasts where level = 'project_service' and period = 'month_end'"
    )
    told = {row["project_name"]: row["driver"] for row in rows}
    assert told["shop"].startswith("GB-hours of shop, Block Storage: 1 + 0.01 (± ")
    assert told["lab"] is None


def test_hundreds_of_small_series_are_grouped_and_still_add_up(held):
    names = [(f"p{number % 60}", f"Service {number // 60}", "runtime") for number in range(300)]
    held.costs(date(2026, 10, 1), date(2026, 11, 10), lambda day: {name: at % 17 + 1 for at, name in enumerate(names)})
    made = update_forecasts(held.catalog, date(2026, 11, 10), "none")
    assert made.series <= MOST_SERIES + 40 + 1
    projects = held.rows("select project_name, expected_cost from gold.forecasts "
                         "where level = 'project' and period = 'month_end'")  # fmt: skip
    assert len(projects) == 41
    assert "Other projects" in {row["project_name"] for row in projects}
    whole = sum(at % 17 + 1 for at in range(300)) * 30
    assert sum(row["expected_cost"] for row in projects) == whole
    assert held.rows(f"select 1 as found from gold.forecasts where service_name = '{OTHER_SERVICES}' limit 1")


def test_a_lake_without_a_bill_has_no_forecast_and_says_why(held):
    made = update_forecasts(held.catalog, TODAY, "none")
    assert made.reason == "fewer than 10 days of the bill are known"
    assert held.rows("select * from gold.forecasts") == []
