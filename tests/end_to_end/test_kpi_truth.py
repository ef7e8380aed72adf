"""After one run of the real command every key figure of every month is the simulator's truth, to the last decimal.

The truth is worked out from the world itself and the same finops.toml, by code that shares nothing with the product's.
"""

from collections import defaultdict
from decimal import Decimal

import pytest

DOUBLE = Decimal(2) ** -52
"""DuckDB divides decimals as doubles: the last decimals of a large quotient are those a double holds."""


def amounts(told):
    return {name: Decimal(value) for name, value in told.items() if Decimal(value)}


def summed(rows, *columns):
    """Month, then key, then the sum; keys that came to nothing are left out, as a pool's rest is."""
    found = defaultdict(lambda: defaultdict(Decimal))
    for row in rows:
        found[row["billing_month"]]["|".join(row[column] or "" for column in columns)] += row["cost"]
    return {month: {key: cost for key, cost in keys.items() if cost} for month, keys in found.items()}


def equal(found, true):
    if found is None or true is None:
        return found is None and true is None
    true = Decimal(true)
    return abs(found - true) <= abs(true) * DOUBLE


@pytest.fixture(scope="module")
def months(small):
    """The truth's figures, by month."""
    assert list(small.truth["kpis"]) == list(small.truth["months"])
    return small.truth["kpis"]


@pytest.fixture(scope="module")
def figures(small):
    """Every month's row of gold.kpis by month, figure and what of."""
    rows = small.rows("select * from gold.kpis where period = 'month'")
    return {(row["billing_month"], row["kpi"], row["scope"]): row for row in rows}


def assert_is(row, where, numerator, denominator, value, loaded_value="absent"):
    assert row["numerator"] == Decimal(numerator), where
    assert denominator is None or equal(row["denominator"], denominator), where
    assert equal(row["value"], value), (where, row["value"], value)
    assert (row["reason"] is None) == (value is not None), (where, row["reason"])
    if loaded_value != "absent":
        assert equal(row["loaded_value"], loaded_value), (where, row["loaded_value"], loaded_value)


def told_of(months, kpi):
    """Month, what of, and what is true of it."""
    return [(month, name, told) for month, kpis in months.items() for name, told in kpis[kpi].items()]


def known_scopes(figures, kpi):
    """What the product has a value for."""
    return {(month, scope) for (month, name, scope), row in figures.items() if name == kpi and row["value"] is not None}


# --- who bears what


def test_every_month_is_borne_by_whom_the_rules_say_to_the_last_decimal(small, months):
    rows = small.rows(
        "select billing_month, product, environment, team, tenant, sum(billed_cost) as cost from gold.allocated_costs "
        "where allocation_method <> 'unallocated' group by all"
    )
    found = summed(rows, "product", "environment", "team", "tenant")
    assert found == {month: amounts(kpis["allocated"]) for month, kpis in months.items()}


def test_every_pool_passes_on_all_it_holds_and_says_what_it_could_not(small, months):
    rows = small.rows(
        "select billing_month, pool, allocation_method, sum(billed_cost) as cost from gold.allocated_costs "
        "where not is_direct group by all"
    )
    assert summed(rows, "pool") == {month: amounts(kpis["pools"]) for month, kpis in months.items()}
    kept = summed([row for row in rows if row["allocation_method"] == "unallocated"], "pool")
    assert {month: kept.get(month, {}) for month in months} == {
        month: amounts(kpis["unallocated"]) for month, kpis in months.items()
    }
    assert len({row["allocation_method"] for row in rows}) >= 3  # the settings split in several ways


def test_what_is_borne_is_what_was_charged_on_every_day(small):
    days = [
        small.rows(
            f"select charge_date, billing_currency, sum(billed_cost) as cost from {table} group by all order by all"
        )
        for table in ("gold.allocated_costs", "silver.labelled_costs")
    ]
    assert days[0] == days[1]
    assert len(days[0]) > 60


# --- what a unit costs


def test_a_thousand_requests_cost_what_is_true(months, figures):
    for month, product, told in told_of(months, "cost_per_1k_requests"):
        row = figures[month, "cost_per_request", f"{product} / prod"]
        where = (month, product)
        assert row["denominator"] * 1000 == told["requests"], where
        assert_is(row, where, told["cost_direct"], None, told["value"], told["loaded_value"])
        assert row["is_complete"] == months[month]["complete"], where
    expected = {(month, f"{product} / prod") for month, product, _ in told_of(months, "cost_per_1k_requests")}
    known = known_scopes(figures, "cost_per_request")
    assert {each for each in known if each[1].endswith(" / prod")} == expected
    assert len(expected) == len(months)


def test_a_tenant_costs_its_part_and_what_nobody_bears_is_a_row(small, months):
    rows = small.rows("select * from gold.cost_per_tenant where period = 'month'")
    found = {(row["billing_month"], row["tenant"] or row["scope"]): row for row in rows}
    true = {(month, tenant): told for month, tenant, told in told_of(months, "cost_per_tenant")}
    assert found.keys() == true.keys()
    for where, told in true.items():
        row = found[where]
        assert row["loaded_cost"] == Decimal(told["cost_loaded"]), where
        if row["scope"] == "unattributed":
            assert row["unit_cost"] is None
            continue
        assert row["direct_cost"] == Decimal(told["cost_direct"]), where
        assert equal(row["loaded_unit_cost"], told["loaded_value"]), where
        assert row["units"] == told.get("tenants", 1), where
        assert row["is_active"] == told.get("active"), where
    assert {tenant for _, tenant in true} > {"all tenants", "unattributed"}


def test_a_margin_is_the_contract_less_that_cost(small, months):
    rows = small.rows("select * from gold.tenant_margins where reason is null")
    assert rows
    for row in rows:
        cost = Decimal(months[row["billing_month"]]["cost_per_tenant"][row["tenant"]]["cost_loaded"])
        assert row["margin_amount"] == row["price_amount"] - cost
        assert row["is_below_target"] == ((row["price_amount"] - cost) / row["price_amount"] < row["target_share"])
    assert {row["is_below_target"] for row in rows} == {True, False}


def test_a_stored_gb_costs_what_is_true_by_kind_and_class(months, figures):
    for month, name, told in told_of(months, "cost_per_gb"):
        row = figures[month, "cost_per_gb", name.replace("|", " / ")]
        assert_is(row, (month, name), told["cost_direct"], told["gb_months"], told["value"])
    expected = {(month, name.replace("|", " / ")) for month, name, _ in told_of(months, "cost_per_gb")}
    assert known_scopes(figures, "cost_per_gb") == expected
    assert len({name for _, name in expected}) == 3


def test_a_deploy_costs_the_ci_over_what_went_live(small, months):
    rows = small.rows("select * from gold.cost_per_deploy where period = 'month' and scope = 'all services'")
    assert {row["billing_month"] for row in rows} == set(months)
    for row in rows:
        told = months[row["billing_month"]]["cost_per_deploy"]
        assert (row["direct_cost"], row["loaded_cost"]) == (Decimal(told["cost_direct"]), Decimal(told["cost_loaded"]))
        assert row["units"] == told["deploys"] > 0
        assert (row["failed_deploys"], row["rolled_back_deploys"]) == (told["failed"], told["rolled_back"])
        assert equal(row["unit_cost"], told["value"])
        assert equal(row["loaded_unit_cost"], told["loaded_value"])


def test_a_query_costs_what_its_database_does(small, months):
    rows = small.rows("select * from gold.cost_per_query where period = 'month' and service is not null")
    found = {(row["billing_month"], row["service"]): row for row in rows}
    true = {(month, name): told for month, name, told in told_of(months, "cost_per_query")}
    assert found.keys() == true.keys()
    for where, told in true.items():
        assert found[where]["direct_cost"] == Decimal(told["cost_direct"]), where
        assert found[where]["units"] == told["queries"], where
        assert equal(found[where]["unit_cost"], told["value"]), where


# --- shares and footprint


def test_every_environment_has_its_true_share_and_so_has_all_that_is_not_production(months, figures):
    for month, name, told in told_of(months, "environment_share"):
        row = figures[month, "environment_share", name]
        assert_is(row, (month, name), told["cost"], told["total"], told["value"], told["loaded_value"])
    for month, kpis in months.items():
        told = kpis["non_production_share"]
        row = figures[month, "non_production_share", "non-production"]
        assert_is(row, month, told["cost"], told["total"], told["value"], told["loaded_value"])
    expected = {(month, name) for month, name, _ in told_of(months, "environment_share")}
    assert known_scopes(figures, "environment_share") == expected


@pytest.mark.parametrize("impact", ["carbon", "water"])
def test_every_project_emits_what_is_true(months, figures, impact):
    expected = {(month, project): Decimal(told) for month, project, told in told_of(months, impact)}
    found = {
        (month, scope): row["numerator"]
        for (month, kpi, scope), row in figures.items()
        if kpi == impact and scope != "all"
    }
    assert found == expected
    for month, kpis in months.items():
        assert figures[month, impact, "all"]["numerator"] == sum(map(Decimal, kpis[impact].values()))
