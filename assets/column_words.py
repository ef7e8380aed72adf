"""What columns mean, for the pages of tables: names that mean the same wherever they stand, and a table's own."""

from __future__ import annotations

from collections.abc import Mapping

EVERYWHERE: Mapping[str, str] = {
    "billing_month": "Calendar month of the bill in UTC, as YYYY-MM.",
    "billing_currency": "Currency of every amount in the row; amounts of two are never added.",
    "charge_date": "UTC day that was charged.",
    "project_id": "Scaleway project.",
    "project_name": "Name of the project as of the newest answer that tells it.",
    "service_name": "Service as FOCUS names it.",
    "sku": "What was charged, as Scaleway's price list names it.",
    "resource_id": "Resource that was charged or measured.",
    "owner": "Who answers for it: by tag, annotation, rule or the project's default; null where nobody is known.",
    "team": "Team it belongs to, decided as the owner is.",
    "tenant": "Customer it serves, decided as the owner is.",
    "product": "Product it is part of, decided as the owner is.",
}
OF_TABLES: Mapping[str, Mapping[str, str]] = {
    "gold.monthly_summary": {
        "billed_cost": "All charges of the month so far, net of savings plan and contract, before vouchers and VAT.",
        "charged_days": "Days of the month whose charges were read.",
        "cost_per_day": "Billed cost per charged day.",
        "previous_cost": "The month before; of a running month, its same first days. Null without charges then.",
        "previous_days": "Days behind previous_cost.",
        "previous_cost_per_day": "previous_cost per day of it.",
        "delta_cost": "billed_cost less previous_cost.",
        "delta_cost_per_day": "cost_per_day less previous_cost_per_day: months of 28 and 31 days compared alike.",
        "delta_per_day_ratio": "delta_cost_per_day as a share of previous_cost_per_day; 0.05 is five percent more.",
        "year_to_date_cost": "All charges of the calendar year up to this month, as far as they were read.",
        "year_known_from": "First day of the year with charges; later than 1 January where the history is shorter.",
        "is_complete": "Whether charges of the last day were read.",
        "invoice_state": "State of the month's invoice as Scaleway tells it; null before there is one.",
        "is_final": "Whether the invoice is issued or paid; until then every figure is preliminary.",
        "charges_until": "First day without charges.",
        "owned_cost": "Part of billed_cost whose owner is known.",
        "owned_cost_ratio": "owned_cost as a share of billed_cost; null where nothing was charged.",
    },
}


def meaning(table: str, column: str) -> str | None:
    """What a column of a table means; None where its name has to say it alone."""
    return OF_TABLES.get(table, {}).get(column, EVERYWHERE.get(column))
