"""Rows as `silver.focus_costs` gives them: a small Scaleway month with every kind of line."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from pipelines.focus.columns import SILVER_COLUMNS

ROW_SCHEMA = pa.schema([*SILVER_COLUMNS, ("x_columns", pa.string())])


def scaleway_row(day: datetime, cost: str, **other):
    """One priced usage charge of a day; keyword arguments replace columns."""
    start = day.replace(day=1)
    price = Decimal("0.0197")
    quantity = (Decimal(cost) / price).quantize(Decimal("1e-12"))
    provider = dict.fromkeys(
        ["provider_name", "publisher_name", "service_provider_name", "host_provider_name", "invoice_issuer_name"],
        "Scaleway",
    )
    row = {
        **provider,
        "billed_cost": Decimal(cost),
        "billing_account_id": "11111111-2222-4333-8444-555555555555",
        "billing_account_name": "Acme",
        "billing_account_type": "Organization",
        "billing_currency": "EUR",
        "billing_period_start": start,
        "billing_period_end": (start + timedelta(days=32)).replace(day=1),
        "charge_category": "Usage",
        "charge_description": "PRO2-XXS instance, Paris 1",
        "charge_frequency": "Usage-Based",
        "charge_period_start": day,
        "charge_period_end": day + timedelta(days=1),
        "consumed_quantity": quantity,
        "consumed_unit": "Hours",
        "contracted_cost": Decimal(cost),
        "effective_cost": Decimal(cost),
        "list_cost": quantity * price,
        "list_unit_price": price,
        "pricing_category": "Standard",
        "pricing_quantity": quantity,
        "pricing_unit": "Hours",
        "region_id": "fr-par",
        "region_name": "Paris",
        "availability_zone": "fr-par-1",
        "resource_id": "8a2f6f5e-0000-4000-8000-000000000001",
        "resource_name": "api-1",
        "resource_type": "instance",
        "service_category": "Compute",
        "service_name": "Instances",
        "service_subcategory": "Virtual Machines",
        "sku_id": "/compute/pro2_xxs/run_fr-par-1",
        "sku_meter": "Hours",
        "sku_price_id": "/compute/pro2_xxs/run_fr-par-1",
        "sub_account_id": "22222222-2222-4333-8444-555555555555",
        "sub_account_name": "shop",
        "sub_account_type": "Project",
        "tags": json.dumps({"env": "prod", "owner": "payments", "pinned": True}),
        "x_columns": json.dumps({"x_QuantitySource": "list price"}),
    }
    return row | other


NO_PRICING = dict.fromkeys(
    ["consumed_quantity", "consumed_unit", "list_unit_price", "pricing_category", "pricing_quantity", "pricing_unit"]
)
NO_RESOURCE = dict.fromkeys(["resource_id", "resource_name", "resource_type"])


def scaleway_month(month: datetime):
    """Usage, free usage, usage without a catalogue price, a plan, a credit, no resource, no tags, no region."""
    for number in range(1, 4):
        day = month.replace(day=number)
        yield scaleway_row(day, "0.472811111")
        yield scaleway_row(day, "0.0", invoice_id="f0f0f0f0-0000-4000-8000-000000000001", tags=None)
        one = {"list_unit_price": Decimal("3.25"), "pricing_quantity": Decimal(1), "pricing_unit": "Units"}
        yield scaleway_row(
            day,
            "3.25",
            **one,
            list_cost=Decimal("3.25"),
            consumed_quantity=Decimal(1),
            consumed_unit="Units",
            service_category="Other",
            service_name="labs",
            service_subcategory="Other (Other)",
            sku_id="/labs/something/fr-par",
            sku_price_id="/labs/something/fr-par",
            availability_zone=None,
            **NO_RESOURCE,
        )
        plan = {"sku_id": "/subscription/support/business", "sku_price_id": "/subscription/support/business"}
        yield scaleway_row(
            day,
            "8.33",
            **plan,
            **{**NO_PRICING, **one, "list_unit_price": Decimal("8.33"), "pricing_category": "Standard"},
            list_cost=Decimal("8.33"),
            charge_category="Purchase",
            charge_frequency="Recurring",
            service_category="Management and Governance",
            service_name="Support",
            service_subcategory="Support",
            region_id=None,
            region_name=None,
            availability_zone=None,
            tags=None,
            **NO_RESOURCE,
        )
        yield scaleway_row(
            day,
            "-1.75",
            **NO_PRICING,
            list_cost=Decimal("-1.75"),
            charge_category="Credit",
            charge_frequency="One-Time",
            sku_id="/offer/deducted/generative_apis",
            sku_price_id=None,
            **NO_RESOURCE,
        )


@pytest.fixture(scope="session")
def scaleway_rows():
    """Two months of rows as a table, the shape an export reads."""
    months = [datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)]
    rows = [row for month in months for row in scaleway_month(month)]
    return pa.Table.from_pylist(rows, schema=ROW_SCHEMA)
