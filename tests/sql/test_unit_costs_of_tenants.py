"""What each tenant costs, and what is left of its price."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MONTH = "2026-09"
DAYS = 30


def day(number: int) -> date:
    return date(2026, 9, 1) + timedelta(days=number - 1)


def cost(number: int, amount: str, tenant: str | None = None, product: str | None = "shop", **more: Any) -> dict:
    return {
        "charge_date": day(number),
        "product": product,
        "tenant": tenant,
        "environment": "prod",
        "is_direct": True,
        "allocation_method": "direct",
        "billing_currency": "EUR",
        "billed_cost": amount,
        "billing_month": MONTH,
        **more,
    }


def asked(number: int, tenant: str | None, requests: int, product: str = "shop", **more: Any) -> dict:
    return {
        "usage_date": day(number),
        "product": product,
        "environment": "prod",
        "tenant": tenant,
        "entry_rank": 9,
        "source": "imported: logs",
        "is_tenant_driver": True,
        "requests": requests,
        "is_complete": True,
        "billing_month": MONTH,
        **more,
    }


def contract(tenant: str, worth: str | None, **more: Any) -> dict:
    return {
        "number_key": f"{tenant} {more}",
        "source": "crm",
        "kind": "tenants",
        "usage_date": day(1),
        "is_whole_month": True,
        "tenant": tenant,
        "is_active": True,
        "contract_value": worth,
        "billing_currency": "EUR",
        "usage_month": MONTH,
        **more,
    }


def costs_of(build, costs, requests=(), numbers=(), **more) -> dict[tuple, dict]:
    figures = {"gold.allocated_costs": costs, "silver.unit_requests": list(requests)}
    tables = {"silver.unit_storage_days": [], **figures, **more}
    counted = {"silver.unit_requests": list(requests), "silver.business_numbers": list(numbers)}
    days = build("gold.cost_per_tenant_days", given=tables, months=[MONTH])
    rows = build("gold.cost_per_tenant", given={"gold.cost_per_tenant_days": days, **counted}, months=[MONTH])
    return {(row["period"], row["period_start"], row["scope"], row["tenant"]): row for row in rows}


def test_a_tenant_bears_its_tags_and_its_part_of_what_tenants_share_by_requests_of_the_day(build):
    costs = [cost(1, "5", "acme"), cost(1, "100"), cost(2, "100"), cost(2, "20", is_direct=False)]
    requests = [asked(1, "acme", 30), asked(1, "beta", 10), asked(2, "acme", 5), asked(2, "beta", 15)]
    rows = costs_of(build, costs, requests)
    month = {tenant: rows["month", day(1), "tenant", tenant] for tenant in ("acme", "beta")}
    assert (month["acme"]["direct_cost"], month["acme"]["loaded_cost"]) == (5, 5 + 75 + 30)
    assert (month["beta"]["direct_cost"], month["beta"]["loaded_cost"]) == (0, 25 + 90)
    assert (month["beta"]["unit_cost"], month["beta"]["loaded_unit_cost"]) == (None, 115)
    assert month["beta"]["reason"] == "no charge carries its tag; see loaded_unit_cost"
    average = rows["month", day(1), "all tenants", None]
    assert (average["units"], average["loaded_cost"], average["loaded_unit_cost"]) == (2, 225, Decimal("112.5"))
    assert rows["day", day(2), "tenant", "acme"]["loaded_cost"] == 30


def test_requests_of_no_known_tenant_keep_their_part_unattributed(build):
    rows = costs_of(build, [cost(1, "100")], [asked(1, "acme", 60), asked(1, None, 40)])
    assert rows["month", day(1), "tenant", "acme"]["loaded_cost"] == 60
    nobody = rows["month", day(1), "unattributed", None]
    assert (nobody["loaded_cost"], nobody["unit_cost"], nobody["reason"]) == (40, None, "no tenant is known to bear it")
    assert nobody["cost_coverage"] == Decimal("0.6")
    assert nobody["is_marked"]


def test_non_production_is_left_out_and_what_has_no_environment_is_nobodys(build):
    costs = [
        cost(1, "10", "acme"),
        cost(1, "99", "acme", environment="staging"),
        cost(1, "3", "acme", environment=None),
        cost(1, "4", None, None, environment="shared"),
        cost(1, "2", None, None, is_direct=False, allocation_method="unallocated"),
    ]
    rows = costs_of(build, costs, [asked(1, "acme", 1)])
    assert rows["month", day(1), "tenant", "acme"]["loaded_cost"] == 10
    assert rows["month", day(1), "unattributed", None]["loaded_cost"] == 9


def test_without_requests_the_gigabytes_of_each_tenant_share_the_cost(build):
    stored = [
        {
            "usage_date": day(1),
            "storage_kind": "object",
            "storage_class": "standard",
            "environment": "prod",
            "product": "shop",
            "tenant": tenant,
            "gb_hours": hours,
            "billing_month": MONTH,
        }
        for tenant, hours in (("acme", 240), ("beta", 720))
    ]
    given_tables = {"silver.unit_storage_days": stored}
    rows = costs_of(build, [cost(1, "100")], **given_tables)
    assert rows["month", day(1), "tenant", "acme"]["loaded_cost"] == 25
    rows = costs_of(build, [cost(1, "100")], [asked(1, "acme", 9), asked(1, "beta", 1)], **given_tables)
    assert rows["month", day(1), "tenant", "acme"]["loaded_cost"] == 90


def test_a_tenant_without_contract_or_request_is_not_active_and_the_average_leaves_it_out(build):
    costs = [cost(1, "30", "acme"), cost(1, "10", "gone"), cost(2, "20", "acme")]
    rows = costs_of(build, costs, [asked(1, "acme", 5)], [contract("beta", "100")])
    assert rows["month", day(1), "all tenants", None]["units"] == 2  # acme asked, beta has a contract
    assert rows["month", day(1), "all tenants", None]["unit_cost"] == 30
    assert rows["day", day(2), "all tenants", None]["units"] == 1  # beta alone: nobody asked
    assert rows["month", day(1), "tenant", "gone"]["is_active"] is False
    assert rows["month", day(1), "tenant", "acme"]["is_active"] is True


def test_nobody_known_to_be_active_means_no_average_and_not_a_division_by_a_guess(build):
    rows = costs_of(build, [cost(1, "30", "acme")])
    average = rows["month", day(1), "all tenants", None]
    assert (average["units"], average["unit_cost"]) == (None, None)
    assert average["reason"] == "neither requests nor contracts of tenants are known"


SHARES = st.lists(
    st.tuples(
        st.integers(1, 5),
        st.decimals(min_value=-50, max_value=5_000, places=12, allow_nan=False),
        st.sampled_from(["acme", "beta", None]),
        st.sampled_from(["shop", "pay", None]),
        st.booleans(),
    ),
    min_size=1,
    max_size=30,
)
ASKED = st.dictionaries(
    st.tuples(st.integers(1, 5), st.sampled_from(["acme", "beta", "coco", None]), st.sampled_from(["shop", "pay"])),
    st.integers(0, 10**10),
    max_size=20,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(costs=SHARES, requests=ASKED)
def test_tenants_and_nobody_bear_all_of_production_to_the_last_decimal(build, costs, requests):
    rows = costs_of(
        build,
        [
            cost(
                number, str(amount), tenant, product, is_direct=direct, allocation_method="direct" if direct else "cost"
            )
            for number, amount, tenant, product, direct in costs
        ],
        [asked(number, tenant, count, product) for (number, tenant, product), count in requests.items()],
    )
    parts = defaultdict(Decimal)
    for (period, _, scope, _), row in rows.items():
        if scope != "all tenants":
            parts[period] += row["loaded_cost"]
    assert parts["day"] == parts["month"] == sum(amount for _, amount, _, _, _ in costs)


# --- margins


@pytest.fixture
def margins(build):
    def made(costs: list[tuple], numbers: list[dict], target: str | None = "0.3") -> dict[str, dict]:
        months = [
            {
                "period": "month",
                "period_start": day(1),
                "scope": "tenant",
                "tenant": tenant,
                "billing_currency": "EUR",
                "direct_cost": loaded,
                "loaded_cost": loaded,
                "billing_month": MONTH,
            }
            for tenant, loaded in costs
        ]
        told = [{"target_margin": target}] if target else []
        tables = {"gold.cost_per_tenant": months, "silver.business_numbers": numbers, "bronze.unit_settings": told}
        return {row["tenant"]: row for row in build("gold.tenant_margins", given=tables, months=[MONTH])}

    return made


def test_a_margin_is_price_less_cost_and_flagged_below_the_target(margins):
    rows = margins([("acme", "60"), ("beta", "80")], [contract("acme", "100"), contract("beta", "100")])
    assert (rows["acme"]["margin_amount"], rows["acme"]["margin_share"]) == (40, Decimal("0.4"))
    assert (rows["acme"]["is_below_target"], rows["beta"]["is_below_target"]) == (False, True)
    assert rows["beta"]["reason"] is None


def test_without_a_price_a_cost_or_a_target_the_reason_says_which(margins):
    dollars = contract("gamma", "100", billing_currency="USD")
    rows = margins([("acme", "60"), ("gamma", "10")], [contract("beta", "100"), dollars])
    assert rows["acme"]["margin_amount"] is None
    assert rows["acme"]["reason"] == "no price of it was imported in this currency"
    assert rows["beta"]["reason"] == "no cost of it is known in this currency"
    free = margins([("acme", "60")], [contract("acme", "100")], target=None)["acme"]
    assert (free["margin_amount"], free["is_below_target"], free["reason"]) == (40, None, "no target is set")
