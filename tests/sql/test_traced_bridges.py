"""From the change of a key figure to what its cost is made of, each over the units of its month."""

from datetime import date
from decimal import Decimal

import pytest

from assets.kpi_bridges import figure_rows
from pipelines.lake.trace import trace

BEFORE, NOW = "2026-09", "2026-10"
UNITS = {BEFORE: Decimal(7), NOW: Decimal(11)}
COSTS = [Decimal("1.000000000001"), Decimal("2.5"), Decimal("-0.3")]
SIDES = ((BEFORE, 1), (NOW, 2))


def charges(name, **fields):
    """Three charges in each month; those of the second cost more."""
    return [
        {
            "charge_key": f"{name}-{month}-{at}",
            "charge_date": date.fromisoformat(f"{month}-0{at + 1}"),
            "billing_month": month,
            "project_id": "p",
            "project_name": "web",
            "environment": "prod",
            "service_name": "Instances",
            "service_category": "Compute",
            "region_id": "fr-par",
            "billing_currency": "EUR",
            "answer_hash": "answer",
            "billed_cost": cost * factor,
            **fields,
        }
        for month, factor in SIDES
        for at, cost in enumerate(COSTS)
    ]


def bridge(kpi, scope, *items):
    """What gold.bridge_kpi_items and gold.kpi_bridge say of a figure whose items cost what `charges` come to."""
    parts = [
        {
            "kpi": kpi,
            "scope": scope,
            "item": item,
            "billing_currency": "EUR",
            "cost": sum(COSTS) * factor,
            "quantity": Decimal(5 * factor),
            "unit_price": None,
            "item_group": item,
            "follows_units": False,
            "units": UNITS[month],
            "unit": "thing",
            "is_complete": True,
            "whole_cost": sum(COSTS) * factor * len(items),
            "billing_month": month,
        }
        for month, factor in SIDES
        for item in items
    ]
    before, now = ([part for part in parts if part["billing_month"] == month] for month in UNITS)
    return parts, [{**row, "billing_month": NOW} for row in figure_rows((kpi, scope, "EUR"), before, now)]


FIGURES = [
    bridge("cost_per_request", "production", "shop", "books"),
    bridge("cost_per_request", "product shop", "/compute/a", "/compute/b"),
    bridge("cost_per_tenant", "tenants", "acme"),
    bridge("cost_per_gb", "object", "glacier"),
    bridge("cost_per_gb", "block", "sbs_5k"),
    bridge("cost_per_deploy", "services", "Shop"),
]
BUCKET = charges("bucket", sku="/storage/obj/storage/glacier/fr-par", resource_id="attic")
VOLUME = charges("volume", sku="/storage/block/sbs_5k", resource_id="disk")
LABELLED = [
    *charges("a", product="shop", sku="/compute/a"),
    *charges("acme", tenant="acme", sku="/compute/c"),
    *BUCKET,
    *VOLUME,
]
ELSEWHERE = [
    *charges("test", product="shop", sku="/compute/a", environment="test"),
    *charges("shared", product="shop", sku="/compute/a", pool="platform"),
    *charges("egress", sku="/storage/obj/egress/fr-par", resource_id="attic"),
    *charges("dollars", product="shop", sku="/compute/a", billing_currency="USD"),
]


def stored(rows, kind, storage_class, has_key):
    return [
        {
            "storage_kind": kind,
            "storage_class": storage_class,
            "resource_id": row["resource_id"],
            "project_id": "p",
            "usage_date": row["charge_date"],
            "charge_key": row["charge_key"] if has_key else None,
            "units_source": "metrics",
            "billed_cost": row["billed_cost"],
            "billing_currency": "EUR",
            "billing_month": row["billing_month"],
        }
        for row in rows
    ]


def lake(build, labelled):
    lines = charges("books", product="books", is_direct=True, service_name="Amazon S3")
    known = ("charge_date", "billing_month", "project_id", "project_name", "region_id", "environment", "product")
    known += ("service_name", "is_direct", "billing_currency", "billed_cost")
    imported = [{name: line[name] for name in known} for line in lines]
    parts = [
        {"charge_date": line["charge_date"], "part": "runners", "product": "shop", "is_own": True,
         "billed_cost": line["billed_cost"], "billing_currency": "EUR", "billing_month": line["billing_month"]}
        for line in lines
    ]  # fmt: skip
    build(
        "gold.daily_costs",
        given={
            "silver.labelled_costs": labelled,
            "silver.unit_storage": [
                *stored(BUCKET, "object", "glacier", False),
                *stored(VOLUME, "block", "sbs_5k", True),
            ],
            "gold.allocated_imports": imported,
            "gold.cost_per_deploy_parts": parts,
            "gold.bridge_kpi_items": [part for figure, _ in FIGURES for part in figure],
            "gold.kpi_bridge": [row for _, rows in FIGURES for row in rows],
        },
    )
    return build.catalog


@pytest.fixture(scope="module")
def catalog(build):
    shop_b = charges("b", sku="/compute/b", product="shop")
    # of all products what is shop's costs as much as one item does: its second SKU is a loss of as much
    loss = [{**row, "charge_key": f"loss-{row['charge_key']}", "billed_cost": -row["billed_cost"], "sku": "/compute/z"}
            for row in shop_b]  # fmt: skip
    return lake(build, [*LABELLED, *ELSEWHERE, *shop_b, *loss])


@pytest.mark.parametrize("row", [row for _, rows in FIGURES for row in rows], ids=lambda row: row["item"])
def test_a_change_is_its_charges_over_their_months_units(catalog, row):
    told = trace(catalog, "gold.kpi_bridge", [f"{name}={row[name]}" for name in ("kpi", "scope", "item")])
    assert told.figure == row["change"] != 0
    assert told.adds_up
    found = [each for each in told.evidence.to_pylist() if each["evidence"] != "rounding"]
    assert {each["billing_currency"] for each in found} == {"EUR"}
    assert len(found) == 2 * len(COSTS) * (3 if (row["scope"], row["item"]) == ("production", "shop") else 1)
    before = sum(each["amount"] for each in found if each["evidence"].endswith("of the month before"))
    assert abs(before + sum(COSTS) / 7) < Decimal("1e-11")


def test_last_decimals_are_a_row_of_their_own_and_no_more_than_rounding_explains(catalog):
    whole = trace(catalog, "gold.kpi_bridge", ["kpi=cost_per_request", "scope=production"])
    assert whole.adds_up
    rounding = [each for each in whole.evidence.to_pylist() if each["evidence"] == "rounding"]
    assert all(0 < abs(each["amount"]) < Decimal("1e-10") for each in rounding)


def test_what_misses_a_charge_does_not_add_up(build):
    short = lake(build, [row for row in LABELLED if row["charge_key"] != f"acme-{NOW}-1"])
    told = trace(short, "gold.kpi_bridge", ["kpi=cost_per_tenant"])
    assert not told.adds_up
    assert abs(told.figure - told.total - Decimal(5) / 11) < Decimal("1e-11")
