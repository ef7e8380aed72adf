"""The one list of key figures: every table of them is in it, each figure once, none without value and reason."""

from datetime import date
from decimal import Decimal

import pytest

from pipelines.lake.sql_models import load_models

OCTOBER = date(2026, 10, 1)
LEADING = {"period", "period_start", "billing_currency", "is_complete", "is_marked", "reason", "billing_month"}
SHARE = {"numerator", "denominator", "unit", "value", "cost_coverage"}
COST = {"direct_cost", "loaded_cost", "units", "unit", "unit_cost", "loaded_unit_cost", "cost_coverage"}
COMMON = {
    "period": "month",
    "period_start": OCTOBER,
    "billing_currency": "EUR",
    "billing_month": "2026-10",
    "is_complete": True,
    "is_marked": False,
    "cost_coverage": "0.97",
}


def figure(value="0.25", **fields):
    return {**COMMON, "numerator": "25", "denominator": "100", "unit": "share", "value": value, **fields}


def cost(value="2", **fields):
    units = {"direct_cost": "20", "loaded_cost": "30", "units": "10", "unit": "thing"}
    return {**COMMON, **units, "unit_cost": value, "loaded_unit_cost": "3", **fields}


def listed(selected, **given):
    months = [{"billing_month": "2026-10", "is_complete": True}]
    tables = {"silver.billing_months": months, **{f"gold.{name}": rows for name, rows in given.items()}}
    rows = selected("gold.kpis", given=tables)
    found = {(row["kpi"], row["scope"]): row for row in rows}
    assert len(found) == len(rows)
    return found


def test_every_table_of_key_figures_is_in_it(schemas):
    models = load_models()
    figures = {
        name
        for name, model in models.by_name.items()
        if name.startswith("gold.") and name != "gold.kpis"
        and set(schemas[name].names) >= LEADING
        and (set(schemas[name].names) >= SHARE or set(schemas[name].names) >= COST)
    }  # fmt: skip
    assert len(figures) >= 11
    assert figures <= models.by_name["gold.kpis"].reads


def test_costs_of_units_keep_numerator_units_and_both_values(selected):
    rows = listed(
        selected,
        cost_per_request=[
            cost(product="shop", environment="prod"),
            cost(product=None, environment="prod", unit_cost=None, loaded_unit_cost=None, reason="no product"),
        ],
        cost_per_tenant=[cost(scope="tenant", tenant="acme"), cost(scope="all tenants")],
        cost_per_gb=[cost(storage_kind="object", storage_class="glacier"), cost(storage_kind="block")],
        cost_per_deploy=[cost(scope="service", service="api"), cost(scope="all services")],
    )
    row = rows["cost_per_request", "shop / prod"]
    assert [row[name] for name in ("numerator", "denominator", "value", "loaded_value")] == [20, 10, 2, 3]
    assert row["unit"] == "thing"
    nobody = rows["cost_per_request", "(none) / prod"]
    assert (nobody["value"], nobody["reason"]) == (None, "no product")
    assert {scope for kpi, scope in rows if kpi != "cost_per_request"} == {
        *("tenant acme", "all tenants", "object / glacier", "block", "service api", "all services")
    }


def test_no_figure_is_without_a_scope_and_a_source_and_other_providers_are_named(selected):
    rows = listed(
        selected,
        cost_per_request=[
            cost(product="shop", environment="prod", units_source=None, providers=None),
            cost(product="pay", environment="prod", providers="Scaleway"),
            cost(product="web", environment="prod", providers="AWS, Scaleway", units_source="imported: logs"),
        ],
        cost_per_deploy=[cost(scope="service", service=None)],
        idle_share=[figure(service_name=None)],
        imported_shares=[
            figure(share="environment", label="dev", provider="AWS"),
            figure(share="label", label="owner", provider="AWS"),
        ],
    )
    assert {scope for kpi, scope in rows if kpi == "cost_per_request"} == {
        "shop / prod", "pay / prod", "web / prod / AWS, Scaleway",
    }  # fmt: skip
    assert rows["cost_per_request", "shop / prod"]["units_source"] == "nothing counted"
    assert rows["cost_per_request", "web / prod / AWS, Scaleway"]["units_source"] == "imported: logs"
    assert {rows["idle_share", "(none)"]["value"], rows["cost_per_deploy", "(none)"]["value"]} == {Decimal("0.25"), 2}
    assert rows["environment_share", "AWS / dev"]["numerator"] == 25
    assert ("tag_coverage_by_cost", "AWS / owner") in rows


def test_shares_have_names_of_their_own(selected):
    rows = listed(
        selected,
        environment_share=[
            figure(environment="prod", is_sum=False, loaded_value="0.5"),
            figure(environment="non-production", is_sum=True),
            figure(environment="non-production", is_sum=False),
        ],
        idle_share=[figure(service_name="all", is_sum=True)],
        cost_efficiency=[figure()],
    )
    assert rows["environment_share", "prod"]["loaded_value"] == Decimal("0.5")
    assert ("non_production_share", "non-production") in rows
    assert ("environment_share", "non-production") in rows
    assert rows["idle_share", "all"]["value"] == Decimal("0.25")


def test_commitments_that_are_not_known_say_so_whatever_the_rate_says(selected):
    without = listed(selected, effective_savings_rate=[figure(committed_cost="0")])
    assert without["commitment_utilisation", "all"]["reason"] == "billing.savings_plans names none"
    rows = listed(
        selected,
        effective_savings_rate=[
            figure(
                None,
                committed_cost="40",
                commitment_coverage="0.4",
                commitment_utilisation="1",
                reason="billing.charges_are_net is not set",
            )
        ],
    )
    assert rows["effective_savings_rate", "all"]["reason"] == "billing.charges_are_net is not set"
    assert (rows["commitment_coverage", "all"]["value"], rows["commitment_coverage", "all"]["reason"]) == (
        Decimal("0.4"),
        None,
    )
    assert rows["commitment_utilisation", "all"]["numerator"] == 40


def test_labels_are_told_by_cost_and_by_count(selected):
    label = {
        "label": "owner",
        "billing_currency": "EUR",
        "billing_month": "2026-10",
        "labelled_cost": "65",
        "total_cost": "100",
        "cost_coverage": "0.65",
        "labelled_resources": 9,
        "total_resources": 20,
        "resource_coverage": "0.45",
    }
    rows = listed(selected, tag_coverage=[label])
    assert rows["tag_coverage_by_cost", "owner"]["value"] == Decimal("0.65")
    by_count = rows["tag_coverage_by_count", "owner"]
    assert [by_count[name] for name in ("numerator", "denominator", "value")] == [9, 20, Decimal("0.45")]
    assert by_count["period_start"] == OCTOBER


@pytest.mark.parametrize(("impact", "name"), [("kg CO2e", "carbon"), ("m3 of water", "water")])
def test_a_footprint_is_told_in_all_and_by_what_it_is_divided(selected, impact, name):
    made = {"project_id": "all", "is_sum": True, "impact": impact, "method": "estimated", "numerator": "12"}
    rows = listed(
        selected,
        footprint_intensity=[
            figure("0.12", **made, per="currency"),
            figure(None, **{**made, "denominator": None}, per="thousand requests", reason="no requests"),
        ],
    )
    whole = rows[name, "all"]
    assert (whole["value"], whole["units_source"], whole["denominator"]) == (12, "estimated", None)
    assert rows[f"{name}_per_currency", "all"]["value"] == Decimal("0.12")
    assert rows[f"{name}_per_1k_requests", "all"]["reason"] == "no requests"
