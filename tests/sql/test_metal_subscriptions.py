"""On what terms Elastic Metal is had, and what the same machine costs by the month."""

from datetime import UTC, datetime
from decimal import Decimal

ZONE = "fr-par-2"
AT = datetime(2026, 11, 18, 6, tzinfo=UTC)


def offer(number, period, **fields):
    return {
        "id": number,
        "name": "EM-B220E-NVME",
        "zone": ZONE,
        "subscription_period": period,
        "enable": True,
        "stock": "available",
        "price_per_month": None,
        "fee": None,
        **fields,
    }


def read(answers, euros, *offers):
    metal = {"id": "metal", "name": "metal-1", "zone": ZONE, "offer_id": "hourly", "project_id": "p", "tags": []}
    path = f"/baremetal/v1/zones/{ZONE}"
    answers.answer("bronze.resources", "baremetal.servers", [metal], at=AT, path=f"{path}/servers")
    answers.answer("bronze.server_types", "baremetal.offers", offers, at=AT, path=f"{path}/offers")
    (row,) = answers.built("silver.metal_subscriptions")
    return row


def test_an_hourly_server_is_shown_with_the_monthly_terms_of_the_same_machine(answers, euros):
    row = read(
        answers,
        euros,
        offer("hourly", "hourly", monthly_offer_id="monthly"),
        offer("monthly", "monthly", price_per_month=euros("149.99"), fee=euros("75.5")),
    )
    assert (row["subscription_period"], row["monthly_offer_id"]) == ("hourly", "monthly")
    assert (row["monthly_price"], row["commitment_fee"]) == (Decimal("149.99"), Decimal("75.5"))


def test_monthly_terms_that_nobody_sells_are_none(answers, euros):
    row = read(answers, euros, offer("hourly", "hourly", monthly_offer_id="monthly"))
    assert (row["subscription_period"], row["monthly_offer_id"], row["monthly_price"]) == ("hourly", None, None)


def test_an_offer_that_is_switched_off_cannot_be_taken(answers, euros):
    row = read(
        answers,
        euros,
        offer("hourly", "hourly", monthly_offer_id="monthly"),
        offer("monthly", "monthly", price_per_month=euros("149.99"), enable=False),
    )
    assert row["monthly_offer_id"] is None


def test_a_server_whose_offer_is_not_listed_has_no_terms_rather_than_none_at_all(answers, euros):
    assert read(answers, euros)["subscription_period"] is None
