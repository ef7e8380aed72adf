"""What a thing costs by the month: what it was charged in four weeks, and nothing where nobody knows."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

D = Decimal
UNTIL = date(2026, 11, 18)


@pytest.fixture(scope="module")
def build(selected):
    """The select over given rows, other inputs empty, no lake."""
    return selected


def month(name, until):
    return {"billing_month": name, "charges_until": until, "days_read": 1, "is_complete": False, "is_final": False}


def thing(name, **fields):
    return {
        "resource_id": name,
        "resource_name": name,
        "resource_type": "instance_server",
        "created_at": datetime(2025, 1, 1, tzinfo=UTC),
        "valid_from": date(2025, 1, 1),
        "valid_to": None,
        "counts_from": date(1970, 1, 1),
        **fields,
    }


def charge(name, day, cost, sku="/compute/pro2_s/run_par1", **fields):
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return {
        "charge_key": f"{name}{day}{sku}",
        "resource_id": name,
        "charge_date": day,
        "charge_start": start,
        "charge_end": start + timedelta(days=1),
        "billed_cost": cost,
        "sku": sku,
        "billing_currency": "EUR",
        "billing_month": f"{day:%Y-%m}",
        **fields,
    }


def days(first, count):
    return [first + timedelta(days=number) for number in range(count)]


def made(build, things, charges, months=(("2026-11", UNTIL),)):
    given = {
        "silver.billing_months": [month(*each) for each in months],
        "silver.resources": things,
        "silver.labelled_costs": charges,
    }
    return build("gold.resource_costs", given=given)


def test_four_weeks_are_brought_to_730_hours_and_older_days_do_not_count(build):
    charges = [charge("web", day, "2") for day in days(UNTIL - timedelta(days=40), 40)]
    (row,) = made(build, [thing("web")], charges)
    assert row["window_cost"] == 56
    assert row["monthly_cost"] == pytest.approx(D(56) * 730 / (24 * 28), abs=D("1e-9"))
    assert (row["known_from"], row["known_until"]) == (UNTIL - timedelta(days=28), UNTIL)


def test_what_was_made_a_week_ago_is_brought_to_a_month_by_its_week(build):
    born = datetime(2026, 11, 11, tzinfo=UTC)
    charges = [charge("new", day, "3") for day in days(born.date(), 7)]
    (row,) = made(build, [thing("new", created_at=born, valid_from=born.date())], charges)
    assert row["monthly_cost"] == pytest.approx(D(21) * 730 / (24 * 7), abs=D("1e-9"))


def test_what_nothing_was_charged_for_has_a_row_without_cost_rather_than_a_zero(build):
    (row,) = made(build, [thing("free")], [])
    assert (row["sku"], row["window_cost"], row["monthly_cost"]) == (None, None, None)


def test_a_machine_and_its_options_are_lines_of_their_own(build):
    day = UNTIL - timedelta(days=1)
    charges = [charge("metal", day, "10"), charge("metal", day, "1", sku="/network/flexip/ip/run_par1")]
    rows = made(build, [thing("metal")], charges)
    assert {row["sku"]: row["window_cost"] for row in rows} == {
        "/compute/pro2_s/run_par1": 10,
        "/network/flexip/ip/run_par1": 1,
    }


def test_what_went_is_not_there_any_more_but_still_was_in_the_month_before(build):
    gone = thing("gone", valid_to=date(2026, 11, 5))
    charges = [charge("gone", day, "1") for day in days(date(2026, 10, 10), 26)]
    rows = made(build, [gone], charges, (("2026-10", date(2026, 11, 1)), ("2026-11", UNTIL)))
    assert [row["billing_month"] for row in rows] == ["2026-10"]


def test_the_labels_are_those_of_the_newest_charge(build):
    first, last = UNTIL - timedelta(days=20), UNTIL - timedelta(days=2)
    charges = [charge("web", first, "1", owner="before", team="a"), charge("web", last, "1", owner="now", team="b")]
    (row,) = made(build, [thing("web")], charges)
    assert (row["owner"], row["team"]) == ("now", "b")
