"""What `silver.focus_costs` provides: the columns an export needs, and what each means for a Scaleway charge.

The 1.2 rules behind these choices: a Usage or Purchase line must have a pricing quantity and unit, a SKU, a
SKU price and a list price whose product with the quantity is the list cost; a Usage line must also have a
consumed quantity; a Tax line must have none of these; a resource must have a type; a subcategory must belong
to its category.
"""

from dataclasses import dataclass

import pyarrow as pa

from pipelines.focus.columns import ALL_COLUMNS


@dataclass(frozen=True)
class ViewColumn:
    """One column the view provides; `required` ones must hold a value in every row."""

    name: str
    duckdb_type: str
    required: bool
    meaning: str


_REQUIRED = {
    "billed_cost": "the charge's price, sub-cent digits kept",
    "billing_account_id": "organization_id",
    "billing_currency": "currency of the charge",
    "billing_period_end": "first moment of the month after, UTC",
    "billing_period_start": "first moment of the month, UTC",
    "charge_category": "Credit if the price is negative or the SKU starts with /offer/deducted/; Purchase for a "
    "plan, subscription or contract SKU; else Usage. VAT is not a charge: a Tax line comes from silver.taxes only",
    "charge_frequency": "Usage-Based for Usage, Recurring for Purchase, One-Time for Credit and Adjustment",
    "charge_period_end": "exclusive end (silver.costs.charge_end)",
    "charge_period_start": "silver.costs.charge_start",
    "contracted_cost": "billed_cost (no negotiated price is known)",
    "effective_cost": "billed_cost (nothing is amortised); for Tax and Credit it must equal billed_cost",
    "host_provider_name": "'Scaleway'",
    "invoice_issuer_name": "'Scaleway', the same text as provider_name: the official check takes another issuer "
    "for a marketplace and then wants every billed cost to be 0",
    "list_cost": "list_unit_price × pricing_quantity, exactly; without a price, billed_cost",
    "provider_name": "'Scaleway'",
    "publisher_name": "'Scaleway'",
    "service_category": "one of FOCUS's categories, from the SKU; unknown: 'Other'",
    "service_name": "silver.skus.service_name; unknown: the SKU's second path segment",
    "service_provider_name": "'Scaleway'",
    "service_subcategory": "a subcategory of service_category; unknown: 'Other (<service_category>)'",
}

_OPTIONAL = {
    "availability_zone": "zone of the SKU or the resource",
    "billing_account_name": "organization_name",
    "billing_account_type": "'Organization'",
    "charge_class": "null (a restated charge supersedes the one before, it is not a correction line)",
    "charge_description": "SKU's description; ASCII, because the official 1.2 check refuses other characters",
    "consumed_quantity": "Usage: pricing_quantity; every other category: null",
    "consumed_unit": "Usage: pricing_unit; every other category: null",
    "contracted_unit_price": "null in every row, so that the column is left out (no negotiated price is known)",
    "invoice_id": "invoice_id of the charge; null before there is an invoice",
    "list_unit_price": "Usage and Purchase: catalogue price of the day; without one, billed_cost as the price of one "
    "unit; never negative. Credit, Adjustment and Tax: null",
    "pricing_category": "'Standard' for Usage and Purchase, null otherwise",
    "pricing_quantity": "Usage and Purchase: billed_cost ÷ list_unit_price where the catalogue has a price above 0, "
    "else 1. Null otherwise",
    "pricing_unit": "catalogue unit in FOCUS spelling (Hours, GB-Hours, GB, Requests); 'Units' where the quantity "
    "is 1 for want of a price. Null exactly where pricing_quantity is null",
    "region_id": "region of the SKU or the resource",
    "region_name": "region's display name; null exactly where region_id is null",
    "resource_id": "resource_id",
    "resource_name": "resource_name; null where resource_id is null",
    "resource_type": "type from the inventory, else the SKU's first path segment; null exactly where resource_id is",
    "sku_id": "sku; null for Tax",
    "sku_meter": "what the SKU meters, e.g. the pricing unit's noun; null exactly where sku_id is null",
    "sku_price_details": "null, or a JSON object whose keys FOCUS defines or which start with x_",
    "sku_price_id": "Usage and Purchase: sku (Scaleway names no separate price). Credit, Adjustment and Tax: null, "
    "because a SKU price needs a list price",
    "sub_account_id": "project_id",
    "sub_account_name": "project_name; not null where sub_account_id is not",
    "sub_account_type": "'Project' where sub_account_id is not null",
    "tags": "JSON object; a tag 'key=value' or 'key:value' gives key and value, a bare tag gives true",
    "x_columns": "JSON object of columns outside FOCUS, keys starting with x_: x_QuantitySource ('list price' or "
    "'one unit'), x_TagsAsOf, x_ChargeKey",
}


def _duckdb_type(kind: pa.DataType) -> str:
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision}, {kind.scale})"
    return "timestamptz" if pa.types.is_timestamp(kind) else "varchar"


def _listed() -> tuple[ViewColumn, ...]:
    kinds = {column.snake: column.arrow_type for column in ALL_COLUMNS} | {"x_columns": pa.string()}
    other = "null for Scaleway; imported bills fill it"
    rows = []
    for name, kind in kinds.items():
        meaning = _REQUIRED.get(name) or _OPTIONAL.get(name) or other
        rows.append(ViewColumn(name, _duckdb_type(kind), name in _REQUIRED, meaning))
    return tuple(rows)


FOCUS_VIEW_COLUMNS: tuple[ViewColumn, ...] = _listed()


def focus_frame_requirements() -> str:
    """The list as a Markdown table, for `docs/focus.md`."""
    lines = ["| Column | Type | Null | For a Scaleway charge |", "|---|---|---|---|"]
    for column in FOCUS_VIEW_COLUMNS:
        null = "never" if column.required else "allowed"
        lines.append(f"| `{column.name}` | {column.duckdb_type} | {null} | {column.meaning} |")
    return "\n".join(lines)
