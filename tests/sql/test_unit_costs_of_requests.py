"""Requests find their product and their entry; what a thousand of them costs."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MONTH = "2026-09"
DAYS = 30


def day(number: int) -> date:
    return date(2026, 9, 1) + timedelta(days=number - 1)


def cost(number: int, amount: str, product: str | None = "shop", **more: Any) -> dict[str, Any]:
    return {
        "charge_date": day(number),
        "product": product,
        "environment": "prod",
        "is_direct": True,
        "allocation_method": "direct",
        "billing_currency": "EUR",
        "billed_cost": amount,
        "billing_month": MONTH,
        **more,
    }


def shared(number: int, amount: str, product: str | None = "shop", **more: Any) -> dict[str, Any]:
    method = "unallocated" if product is None else "cost"
    return cost(number, amount, product, is_direct=False, pool="platform", allocation_method=method, **more)


def asked(number: int, requests: int | None, product: str | None = "shop", **more: Any) -> dict[str, Any]:
    return {
        "usage_date": day(number),
        "product": product,
        "environment": "prod",
        "entry_rank": 2,
        "source": "cockpit: load_balancer",
        "is_entry": True,
        "is_month_entry": True,
        "is_tenant_driver": False,
        "requests": requests,
        "health_check_requests": 0,
        "coverage": 1,
        "is_complete": True,
        "billing_month": MONTH,
        **more,
    }


def rows_of(build, costs, requests) -> dict[tuple, dict[str, Any]]:
    rows = build("gold.cost_per_request", given={"gold.allocated_costs": costs, "silver.unit_requests": requests})
    return {(row["period"], row["period_start"], row["product"], row["environment"]): row for row in rows}


def one(build, costs, requests, period: str = "month", start: date | None = None, product: str | None = "shop"):
    return rows_of(build, costs, requests)[period, start or day(1), product, "prod"]


# --- the figure


def test_a_thousand_requests_bear_the_direct_cost_and_loaded_the_shares_of_pools_too(build):
    costs = [cost(number, "10") for number in range(1, DAYS + 1)] + [
        shared(number, "2") for number in range(1, DAYS + 1)
    ]
    requests = [asked(number, 5_000, successful_requests=4_000) for number in range(1, DAYS + 1)]
    row = one(build, costs, requests)
    assert (row["direct_cost"], row["loaded_cost"], row["units"]) == (300, 360, 150)
    assert (row["unit_cost"], row["loaded_unit_cost"]) == (2, Decimal("2.4"))
    assert (row["cost_per_successful_unit"], row["loaded_cost_per_successful_unit"]) == (Decimal("2.5"), 3)
    assert (row["unit"], row["units_source"], row["reason"]) == ("thousand requests", "cockpit: load_balancer", None)
    assert (row["units_coverage"], row["is_complete"], row["cost_coverage"], row["is_marked"]) == (1, True, 1, False)


def test_other_environments_and_products_have_figures_of_their_own(build):
    costs = [cost(1, "10"), cost(1, "4", environment="staging"), cost(1, "6", "pay")]
    requests = [asked(1, 1_000), asked(1, 100, environment="staging"), asked(1, 3_000, "pay")]
    rows = rows_of(build, costs, requests)
    assert rows["day", day(1), "shop", "prod"]["unit_cost"] == 10
    assert rows["day", day(1), "shop", "staging"]["unit_cost"] == 40
    assert rows["day", day(1), "pay", "prod"]["unit_cost"] == 2


def test_a_month_is_the_ratio_of_its_sums_and_not_the_mean_of_its_days(build):
    row = one(build, [cost(1, "10"), cost(2, "10")], [asked(1, 1_000), asked(2, 9_000)])
    assert row["unit_cost"] == 2
    assert row["is_complete"] is False  # the month is not over


def test_days_that_were_not_counted_are_in_neither_side_and_the_month_says_so(build):
    costs = [cost(number, "10") for number in range(1, DAYS + 1)]
    requests = [asked(number, 1_000) for number in range(1, 25)]
    row = one(build, costs, requests)
    assert (row["direct_cost"], row["uncounted_direct_cost"], row["units"]) == (240, 60, 24)
    assert (row["unit_cost"], row["units_coverage"], row["is_complete"]) == (10, Decimal("0.8"), False)
    missing = one(build, costs, requests, "day", day(30))
    assert (missing["units"], missing["unit_cost"], missing["direct_cost"]) == (None, None, 10)
    assert missing["reason"] == "no requests were counted where they enter it"


def test_a_day_that_was_half_seen_says_so(build):
    row = one(build, [cost(1, "10")], [asked(1, 500, coverage="0.5", is_complete=False)], "day")
    assert (row["units_coverage"], row["is_complete"], row["unit_cost"]) == (Decimal("0.5"), False, 20)


def test_a_day_without_requests_has_no_figure_and_never_zero(build):
    row = one(build, [cost(1, "10"), cost(2, "10")], [asked(1, 0), asked(2, 1_000)], "day")
    assert (row["units"], row["unit_cost"], row["loaded_unit_cost"]) == (0, None, None)
    assert row["reason"] == "no request was counted, though it was looked at"
    assert one(build, [cost(1, "10"), cost(2, "10")], [asked(1, 0), asked(2, 1_000)])["unit_cost"] == 20


def test_cost_that_nobody_can_place_marks_the_figure(build):
    costs = [cost(1, "90"), cost(1, "5", None), shared(1, "3", None), cost(1, "2", None, environment=None)]
    rows = rows_of(build, costs, [asked(1, 1_000)])
    row = rows["day", day(1), "shop", "prod"]
    assert (row["cost_coverage"], row["is_marked"]) == (Decimal("0.9"), True)
    nobody = rows["day", day(1), None, "prod"]
    assert (nobody["direct_cost"], nobody["loaded_cost"], nobody["unit_cost"]) == (5, 8, None)
    assert nobody["reason"].startswith("it belongs to no known product")
    assert rows["day", day(1), None, "unknown"]["direct_cost"] == 2


def test_what_only_shares_bear_has_a_loaded_figure_alone(build):
    row = one(build, [shared(1, "7")], [asked(1, 1_000)], "day")
    assert (row["direct_cost"], row["unit_cost"], row["loaded_unit_cost"]) == (0, None, 7)
    assert row["reason"] == "no charge carries its label; see loaded_unit_cost"


def test_requests_of_a_product_without_cost_are_shown_without_a_figure(build):
    row = one(build, [cost(1, "1", "pay")], [asked(1, 1_000)], "day")
    assert (row["billing_currency"], row["direct_cost"], row["units"], row["unit_cost"]) == (None, None, 1, None)
    assert row["reason"] == "no cost is known of a product called so"


def test_two_currencies_are_never_one_figure(build):
    costs = [cost(1, "10"), cost(1, "30", billing_currency="USD")]
    rows = build(
        "gold.cost_per_request", given={"gold.allocated_costs": costs, "silver.unit_requests": [asked(1, 1_000)]}
    )
    assert {(row["billing_currency"], row["unit_cost"]) for row in rows} == {("EUR", 10), ("USD", 30)}


def test_a_day_is_counted_in_its_own_way_and_a_month_in_one_for_all_its_days(build):
    costs = [cost(number, "10") for number in range(1, DAYS + 1)]
    logs = {"entry_rank": 9, "source": "imported: logs", "is_month_entry": False}
    requests = [asked(number, 1_000, **logs) for number in range(1, 14)]
    requests += [asked(number, 5_000) for number in range(14, DAYS + 1)]
    requests += [asked(number, 1_000, **{**logs, "is_entry": False}) for number in range(14, DAYS + 1)]
    row = one(build, costs, requests)
    assert (row["units"], row["direct_cost"], row["unit_cost"]) == (85, 170, 2)  # not 300 euros by 98 thousand
    assert (row["units_source"], row["counted_days"], row["days"]) == ("cockpit: load_balancer", 17, 30)
    assert (row["uncounted_direct_cost"], row["is_complete"]) == (130, False)
    early, late = (one(build, costs, requests, "day", day(number)) for number in (13, 14))
    assert [(early["unit_cost"], early["units_source"]), (late["unit_cost"], late["units_source"])] == [
        (10, "imported: logs"), (2, "cockpit: load_balancer"),
    ]  # fmt: skip


def test_a_product_on_several_providers_bills_costs_what_all_of_them_say(build):
    imports = [
        cost(1, "30", project_id="aws-1"),
        cost(1, "0.000000000000000001", project_id="gcp-1"),
        cost(1, "7", billing_currency="USD", project_id="gcp-1"),
        shared(1, "5", project_id="aws-1"),
        cost(1, "3", None, project_id="aws-1"),
    ]
    providers = [
        {"project_id": account, "providers": provider, "billing_month": MONTH}
        for account, provider in (("aws-1", "AWS"), ("gcp-1", "Google Cloud"))
    ]
    rows = build(
        "gold.cost_per_request",
        given={
            "gold.allocated_costs": [cost(1, "10")],
            "gold.allocated_imports": imports,
            "silver.unit_providers": providers,
            "silver.unit_requests": [asked(1, 1_000)],
        },
    )
    found = {(row["period"], row["product"], row["billing_currency"]): row for row in rows}
    for period in ("day", "month"):
        euros, dollars = found[period, "shop", "EUR"], found[period, "shop", "USD"]
        assert (euros["unit_cost"], euros["loaded_unit_cost"]) == (40, 45)
        assert euros["providers"] == "AWS, Google Cloud, Scaleway"
        assert (dollars["unit_cost"], dollars["providers"]) == (7, "Google Cloud")
        assert found[period, None, "EUR"]["direct_cost"] == 3


# --- properties

AMOUNTS = st.decimals(min_value=-100, max_value=10_000, places=12, allow_nan=False)
COSTS = st.lists(
    st.tuples(
        st.integers(1, DAYS),
        AMOUNTS,
        st.sampled_from(["shop", "pay", None]),
        st.sampled_from(["prod", "staging", None]),
        st.sampled_from(["direct", "cost", "unallocated"]),
        st.sampled_from(["EUR", "USD"]),
    ),
    min_size=1,
    max_size=40,
)
REQUESTS = st.dictionaries(
    st.tuples(st.integers(1, DAYS), st.sampled_from(["shop", "pay"]), st.sampled_from(["prod", "staging"])),
    st.one_of(st.none(), st.integers(0, 10**9)),
    max_size=30,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(costs=COSTS, requests=REQUESTS)
def test_no_cost_is_lost_and_a_month_is_the_ratio_of_sums_of_its_counted_days(build, costs, requests):
    given_costs = [
        cost(
            number, str(amount), product, environment=environment, is_direct=method == "direct",
            allocation_method=method, billing_currency=currency,
        )
        for number, amount, product, environment, method, currency in costs
    ]  # fmt: skip
    given_requests = [
        asked(number, count, product, environment=environment)
        for (number, product, environment), count in requests.items()
    ]
    rows = build(
        "gold.cost_per_request",
        given={"gold.allocated_costs": given_costs, "silver.unit_requests": given_requests},
        months=[MONTH],
    )
    for period in ("day", "month"):
        of_period = [row for row in rows if row["period"] == period and row["billing_currency"]]
        direct, loaded = defaultdict(Decimal), defaultdict(Decimal)
        for row in of_period:
            direct[row["billing_currency"]] += row["direct_cost"] + row["uncounted_direct_cost"]
            loaded[row["billing_currency"]] += row["loaded_cost"] + row["uncounted_loaded_cost"]
        for currency in {each["billing_currency"] for each in given_costs}:
            of_currency = [each for each in given_costs if each["billing_currency"] == currency]
            assert loaded[currency] == sum(Decimal(each["billed_cost"]) for each in of_currency)
            assert direct[currency] == sum(Decimal(each["billed_cost"]) for each in of_currency if each["is_direct"])
    days = defaultdict(list)
    for row in rows:
        if row["period"] == "day":
            days[row["product"], row["environment"], row["billing_currency"]].append(row)
    for row in rows:
        assert (row["unit_cost"] is None) == (row["reason"] is not None)
        if row["unit_cost"] is None or row["period"] == "day":
            continue
        counted = [
            each
            for each in days[row["product"], row["environment"], row["billing_currency"]]
            if each["units"] is not None and each["direct_cost"] is not None
        ]
        ratio = sum(each["direct_cost"] for each in counted) / sum(each["units"] for each in counted)
        assert abs(row["unit_cost"] - ratio) <= Decimal("1e-9") * max(1, abs(ratio))
