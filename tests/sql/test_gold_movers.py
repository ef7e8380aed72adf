"""Why a month cost more or less: five effects that add up to the change, exactly."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.billing.periods import month_start, next_month

EFFECTS = ("price_effect", "usage_effect", "new_effect", "gone_effect", "not_separable_effect")
SKU = "/compute/l4"


def month(name: str, until: date | None = None) -> dict:
    """A month read to its end, or until a day."""
    end = next_month(month_start(name))
    until = until or end
    days = (until - month_start(name)).days
    return {
        "billing_month": name,
        "charges_until": until,
        "days_read": days,
        "is_complete": until == end,
        "is_final": False,
    }


def cost(day: str, billed: str | None, sku: str = SKU, currency: str = "EUR", **fields) -> dict:
    return {
        "charge_key": f"{day} {sku} {fields}",
        "charge_date": date.fromisoformat(day),
        "billing_month": day[:7],
        "organization_id": "o",
        "project_id": "p",
        "sku": sku,
        "billed_cost": billed,
        "billing_currency": currency,
        **fields,
    }


def price(value: str, since: str, until: str | None = None, sku: str = SKU, currency: str = "EUR") -> dict:
    return {
        "sku": sku,
        "list_unit_price": value,
        "valid_from": date.fromisoformat(since),
        "valid_to": date.fromisoformat(until) if until else None,
        "billing_currency": currency,
    }


SEPTEMBER, OCTOBER = month("2026-09"), month("2026-10")
ALWAYS = cost("2026-09-15", "1000", sku="/always")


@pytest.fixture(scope="session")
def movers(build):
    """Movers of October by SKU, from costs and prices; something else was charged in September."""

    def run(costs, prices, months=(SEPTEMBER, OCTOBER), of="2026-10"):
        rows = build(
            "gold.cost_movers",
            given={"silver.costs": [*costs, ALWAYS], "silver.prices": prices, "silver.billing_months": list(months)},
        )
        for row in rows:
            assert row["delta_cost"] == sum(row[effect] for effect in EFFECTS)
            assert row["delta_cost"] == row["billed_cost"] - row["previous_cost"]
        return {row["sku"]: row for row in rows if row["billing_month"] == of}

    return run


def effects(row: dict) -> dict[str, Decimal]:
    return {effect: row[effect] for effect in EFFECTS if row[effect]}


CHEAP_THEN_DEAR = [price("1", "2026-01-01", "2026-10-01"), price("1.5", "2026-10-01")]

CASES = {
    "the price alone": (["100"], ["150"], CHEAP_THEN_DEAR, {"price_effect": 50}),
    "the usage alone": (["100"], ["130"], [price("1", "2026-01-01")], {"usage_effect": 30}),
    # 100 units at 1, then 80 units at 1.5: 80 x 0.5 dearer, 20 units of 1 fewer
    "both": (["100"], ["120"], CHEAP_THEN_DEAR, {"price_effect": 40, "usage_effect": -20}),
    "both, without a change of cost": (["150"], ["150"], CHEAP_THEN_DEAR, {"price_effect": 50, "usage_effect": -50}),
    "what is new": ([], ["7"], [price("1", "2026-01-01")], {"new_effect": 7}),
    "what is gone": (["7"], [], [price("1", "2026-01-01")], {"gone_effect": -7}),
    "what is new without a price": ([], ["7"], [], {"new_effect": 7}),
    "what has no price": (["7"], ["9"], [], {"not_separable_effect": 2}),
    "what had no price on one of its days": (["7"], ["9"], [price("1", "2026-10-01")], {"not_separable_effect": 2}),
    "a price in another currency": (
        ["7"],
        ["9"],
        [price("1", "2026-01-01", currency="USD")],
        {"not_separable_effect": 2},
    ),
    "a price of nothing": (["7"], ["9"], [price("0", "2026-01-01")], {"not_separable_effect": 2}),
    "a credit": (["100"], ["100", "-30"], [price("1", "2026-01-01")], {"usage_effect": -30}),
    "nothing": (["100"], ["100"], [price("1", "2026-01-01")], {}),
}


@pytest.mark.parametrize("why", CASES)
def test_a_change_is_explained_by(movers, why):
    before, now, prices, expected = CASES[why]
    costs = [cost(f"2026-09-{n + 1:02d}", billed) for n, billed in enumerate(before)]
    costs += [cost(f"2026-10-{n + 1:02d}", billed) for n, billed in enumerate(now)]
    assert effects(movers(costs, prices)[SKU]) == expected


def test_usage_without_a_price_tag_takes_no_part(movers):
    rows = movers(
        [cost("2026-09-01", "10"), cost("2026-10-01", "12"), cost("2026-10-02", None)], [price("1", "2026-01-01")]
    )
    assert effects(rows[SKU]) == {"usage_effect": 2}


def test_a_price_that_changes_within_the_month_counts_from_its_day(movers):
    prices = [price("1", "2026-01-01", "2026-10-16"), price("2", "2026-10-16")]
    costs = [cost("2026-09-01", "20"), cost("2026-10-01", "10"), cost("2026-10-20", "20")]
    # ten units at 1 and ten at 2: the same twenty units as before, half of them dearer by one
    assert effects(movers(costs, prices)[SKU]) == {"price_effect": 10}


def test_the_first_month_that_was_read_is_not_all_new(movers):
    assert movers([cost("2026-08-01", "5")], [], months=[month("2026-08")], of="2026-08") == {}


def test_a_running_month_is_compared_with_the_same_first_days(movers):
    running = month("2026-10", until=date(2026, 10, 4))
    costs = [cost(f"2026-09-{day:02d}", "10") for day in range(1, 31)] + [
        cost(f"2026-10-{day:02d}", "11") for day in range(1, 4)
    ]
    row = movers(costs, [price("1", "2026-01-01")], months=[SEPTEMBER, running])[SKU]
    assert (row["previous_cost"], row["billed_cost"], row["days"], row["previous_days"]) == (30, 33, 3, 3)
    assert effects(row) == {"usage_effect": 3}


def test_the_last_days_of_a_longer_running_month_meet_the_whole_shorter_one(movers):
    running = month("2026-03", until=date(2026, 3, 31))
    costs = [cost("2026-02-28", "10"), cost("2026-03-30", "10")]
    row = movers(costs, [], months=[month("2026-02"), running], of="2026-03")[SKU]
    assert (row["previous_cost"], row["days"], row["previous_days"]) == (10, 30, 28)


def test_two_currencies_of_one_sku_are_two_movers(build):
    costs = [cost(f"2026-{m}-01", n, currency=currency) for m, n, currency in
             (("09", "1", "EUR"), ("10", "3", "EUR"), ("09", "10", "USD"), ("10", "5", "USD"))]  # fmt: skip
    rows = build("gold.cost_movers", given={"silver.costs": costs, "silver.billing_months": [SEPTEMBER, OCTOBER]})
    assert {row["billing_currency"]: row["delta_cost"] for row in rows} == {"EUR": 2, "USD": -5}


def test_charges_and_credits_that_nearly_cancel_have_no_mean_price_to_compare(movers):
    prices = [price("1", "2026-01-01", "2026-09-10"), price("2", "2026-09-10")]
    costs = [cost("2026-09-01", "10"), cost("2026-09-20", "-19.999999999"), cost("2026-10-01", "300000")]
    assert effects(movers(costs, prices)[SKU]) == {"not_separable_effect": Decimal("300009.999999999")}


def test_a_price_that_fell_to_almost_nothing_breaks_nothing(movers):
    prices = [price("10000", "2026-01-01", "2026-10-01"), price("0.000000001", "2026-10-01")]
    assert (
        sum(effects(movers([cost("2026-09-01", "5"), cost("2026-10-01", "1000000")], prices)[SKU]).values()) == 999995
    )


AMOUNT = st.decimals(-(10**5), 10**6, places=9)
PRICE = st.one_of(st.none(), st.decimals("0.000000001", 10**4, places=9))


@settings(max_examples=12, deadline=None)
@given(
    st.lists(
        st.tuples(st.lists(AMOUNT, max_size=3), st.lists(AMOUNT, max_size=3), PRICE, PRICE, st.integers(1, 60)),
        min_size=5,
        max_size=30,
    )
)
def test_effects_add_up_to_the_last_decimal_whatever_was_charged(movers, skus):
    costs, prices, expected = [], [], {}
    for number, (before, now, old, new, day) in enumerate(skus):
        sku = f"/{number}"
        costs += [cost(f"2026-09-{n + 1:02d}", str(value), sku) for n, value in enumerate(before)]
        costs += [cost(f"2026-10-{n + 1:02d}", str(value), sku) for n, value in enumerate(now)]
        changed = str(date(2026, 9, 1) + timedelta(days=day))
        prices += [price(str(old), "2026-01-01", changed, sku)] if old else []
        prices += [price(str(new), changed, None, sku)] if new else []
        if before or now:
            expected[sku] = sum(now) - sum(before)
    rows = movers(costs, prices)
    assert {sku: row["delta_cost"] for sku, row in rows.items() if sku != "/always"} == expected
