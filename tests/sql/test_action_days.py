"""The days around an action: its resources, what took their place, and what nobody touched, at constant prices."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from assets.savings import _row, history_of

DONE = date(2026, 10, 10)
SKU = "/compute/pro2_s/run_par1"


@pytest.fixture(scope="module")
def build(selected):
    """The select over given rows, other inputs empty, no lake."""
    return selected


def thing(name, **fields):
    return {
        "resource_id": name,
        "resource_name": name,
        "resource_type": "instance_server",
        "project_id": "p",
        "tags": [],
        "created_at": datetime(2025, 1, 1, tzinfo=UTC),
        "valid_from": date(2025, 1, 1),
        **fields,
    }


def charges(name, first, last, cost, **fields):
    for number in range((last - first).days):
        day = first + timedelta(days=number)
        yield {
            "charge_key": f"{name}{day}",
            "resource_id": name,
            "project_id": "p",
            "charge_date": day,
            "billed_cost": cost,
            "sku": SKU,
            "billing_currency": "EUR",
            "billing_month": f"{day:%Y-%m}",
            **fields,
        }


def price(value, since, until=None):
    return {"sku": SKU, "valid_from": since, "valid_to": until, "list_price": value, "billing_currency": "EUR"}


ACTION = {
    "recommendation_id": "r1",
    "rule": "oversized_instance",
    "resource_id": "web",
    "currency": "EUR",
    "monthly_saving": "100",
    "saves_on": ["web"],
    "target": "PRO2-XS",
    "status": "done",
    "status_since": DONE,
}
FIRST, LAST = date(2026, 8, 1), date(2026, 11, 5)
MONTHS = [
    {"billing_month": "2026-08", "charges_until": date(2026, 9, 1)},
    {"billing_month": "2026-09", "charges_until": date(2026, 10, 1)},
    {"billing_month": "2026-10", "charges_until": date(2026, 11, 1)},
    {"billing_month": "2026-11", "charges_until": LAST},
]


def made(build, things, costs, prices=(), **more):
    given = {
        "gold.recommendations": [ACTION],
        "silver.resources": things,
        "silver.labelled_costs": costs,
        "silver.prices": list(prices),
        "silver.billing_months": MONTHS,
        **more,
    }
    return sorted(build("gold.action_days", given=given), key=lambda row: row["charge_date"])


def test_days_run_from_eight_weeks_before_to_what_is_charged_and_a_deleted_thing_costs_nothing(build):
    costs = [*charges("web", FIRST, DONE, "5"), *charges("other", FIRST, LAST, "1", project_id="q")]
    rows = made(build, [thing("web"), thing("other", project_id="q")], costs)
    assert (rows[0]["charge_date"], rows[-1]["charge_date"]) == (DONE - timedelta(days=56), LAST - timedelta(days=1))
    assert {row["billed_cost"] for row in rows if row["charge_date"] >= DONE} == {0}
    assert {row["peers_cost"] for row in rows} == {None}


def test_what_took_its_place_counts_and_what_is_called_otherwise_does_not(build):
    born = datetime(2026, 10, 10, tzinfo=UTC)
    costs = [
        *charges("web", FIRST, DONE, "5"),
        *charges("web-2", DONE, LAST, "2"),
        *charges("batch", DONE, LAST, "7"),
    ]
    things = [thing("web"), thing("web-2", created_at=born), thing("batch", created_at=born)]
    after = [row for row in made(build, things, costs) if row["charge_date"] > DONE]
    assert {(row["billed_cost"], row["replacement_cost"]) for row in after} == {(2, 2)}


def test_a_price_is_told_against_the_day_before_the_action(build):
    prices = [price("0.2", date(2025, 1, 1), date(2026, 10, 20)), price("0.25", date(2026, 10, 20))]
    rows = made(build, [thing("web")], list(charges("web", FIRST, LAST, "5")), prices)
    told = {row["charge_date"]: row["price_index"] for row in rows}
    assert (told[DONE], told[date(2026, 10, 19)], told[date(2026, 10, 20)]) == (1, 1, Decimal("1.25"))


def test_like_things_that_nobody_touched_stand_beside_it(build):
    costs = [*charges("web", FIRST, LAST, "5"), *charges("db", FIRST, LAST, "3")]
    rows = made(build, [thing("web"), thing("db")], costs)
    assert {row["peers_cost"] for row in rows} == {3}


def test_a_proof_is_made_of_these_days(build):
    costs = [*charges("web", FIRST, DONE, "5"), *charges("web", DONE, LAST, "2")]
    days = made(build, [thing("web")], costs)
    action = {
        **dict.fromkeys(("title", "resource_name", "project_id", "project_name", "owner", "environment")),
        **ACTION,
    }
    row = _row({**action, "action": "Resize", "monthly_saving": Decimal(100)}, days)
    assert (row["state"], row["is_harmed"]) == ("verified", False)
    assert row["counted_saving"] == pytest.approx(Decimal(3) * 730 / 24, abs=Decimal("0.001"))
    assert row["judged_until"] == LAST
    assert "not guarded" in row["guard_reason"]


def test_before_it_was_first_charged_a_thing_did_not_exist_and_was_not_free(build):
    born = DONE - timedelta(days=10)
    costs = [*charges("web", born, LAST, "5"), *charges("other", FIRST, LAST, "1", project_id="q")]
    days = made(build, [thing("web"), thing("other", project_id="q")], costs)
    assert (history_of(days).cost[:46] != history_of(days).cost[:46]).all()
    row = _row(
        {
            **dict.fromkeys(("title", "resource_name", "project_id", "project_name", "owner", "environment", "action")),
            **ACTION,
        },
        days,
    )
    assert (row["state"], row["monthly_saving"], row["counted_saving"]) == ("unjudged", None, 0)
