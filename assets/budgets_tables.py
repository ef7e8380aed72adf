"""How budgets, vouchers and commitments stand, as tables."""

from __future__ import annotations

import pyarrow as pa

from assets.made_tables import MONTH, MadeTable
from pipelines.lake.tables import PythonTable

_TEXT, _DATE, _NUMBER, _FLAG = pa.string(), pa.date32(), pa.int64(), pa.bool_()
_MONEY, _RATIO = pa.decimal128(38, 12), pa.float64()
_READS = ("gold.daily_series", "gold.forecast_days", "silver.budgets", "silver.taxes", "gold.voucher_costs")

BUDGETS = MadeTable(
    PythonTable(
        "gold.budgets",
        "How each budget stands, by month and day: its amount as it was set, as cost, and as Scaleway counts (after "
        "discounts, with VAT); what is spent, where the month ends and how likely it is overrun. Unknown is null, and "
        "the reason says why.",
        pa.schema(
            [
                ("budget_name", _TEXT),
                ("source", _TEXT),
                ("scope_kind", _TEXT),
                ("scope", _TEXT),
                ("as_of", _DATE),
                ("known_until", _DATE),
                ("billing_currency", _TEXT),
                ("budget_amount", _MONEY),
                ("basis", _TEXT),
                ("amount_as_cost", _MONEY),
                ("amount_as_invoiced", _MONEY),
                ("actual_cost", _MONEY),
                ("actual_as_counted", _MONEY),
                ("actual_as_invoiced", _MONEY),
                ("used_percent", _MONEY),
                ("expected_cost", _MONEY),
                ("low_cost", _MONEY),
                ("high_cost", _MONEY),
                ("expected_as_counted", _MONEY),
                ("expected_as_invoiced", _MONEY),
                ("variance_percent", _MONEY),
                ("chance_of_overrun", _RATIO),
                ("state", _TEXT),
                ("band", _TEXT),
                ("is_breached", _FLAG),
                ("expected_breach_on", _DATE),
                ("earliest_breach_on", _DATE),
                ("latest_breach_on", _DATE),
                ("tax_rate", _MONEY),
                ("discount_rate", _MONEY),
                ("vouchers", _MONEY),
                ("forecast_method", _TEXT),
                ("verdict", _TEXT),
                ("reason", _TEXT),
                (MONTH, _TEXT),
            ]
        ),
        MONTH,
    ),
    ("budget_name", MONTH, "as_of"),
    _READS,
    (),
)

BURN_DOWN = MadeTable(
    PythonTable(
        "gold.budget_burn_down",
        "Each budget's month by day, as sums from its first day: the planned line, what was spent until the first "
        "unknown day, and from there on where the forecast takes it.",
        pa.schema(
            [
                ("budget_name", _TEXT),
                ("charge_date", _DATE),
                ("billing_currency", _TEXT),
                ("planned_cost", _MONEY),
                ("spent_cost", _MONEY),
                ("expected_cost", _MONEY),
                ("low_cost", _MONEY),
                ("high_cost", _MONEY),
                (MONTH, _TEXT),
            ]
        ),
        MONTH,
    ),
    ("budget_name", "charge_date"),
    _READS,
    (),
)

ALERTS = MadeTable(
    PythonTable(
        "gold.budget_alerts",
        "Thresholds of budgets, each told once a month: when it was first reached by what was spent or by what the "
        "month is expected to cost, and with which figure. What was told stays, whatever the cost does afterwards.",
        pa.schema(
            [
                ("budget_name", _TEXT),
                ("threshold_percent", _MONEY),
                ("kind", _TEXT),
                ("first_seen", _DATE),
                ("amount", _MONEY),
                ("limit_amount", _MONEY),
                ("used_percent", _MONEY),
                ("billing_currency", _TEXT),
                (MONTH, _TEXT),
            ]
        ),
        MONTH,
    ),
    ("budget_name", MONTH, "threshold_percent", "kind"),
    ("gold.budgets",),
    (),
)

VOUCHER_BURN_DOWN = MadeTable(
    PythonTable(
        "gold.voucher_burn_down",
        "What is left of each voucher at the end of each day not yet invoiced, known or expected, when it is used up, "
        "and what of it expires unused.",
        pa.schema(
            [
                ("discount_id", _TEXT),
                ("voucher_name", _TEXT),
                ("charge_date", _DATE),
                ("billing_currency", _TEXT),
                ("is_known", _FLAG),
                ("granted_value", _MONEY),
                ("remaining_value", _MONEY),
                ("cost_per_day", _MONEY),
                ("expires_on", _DATE),
                ("used_up_on", _DATE),
                ("unused_value", _MONEY),
                ("is_extrapolated", _FLAG),
                ("as_of", _DATE),
                ("reason", _TEXT),
            ]
        ),
        None,
    ),
    ("discount_id", "charge_date"),
    ("silver.vouchers", "gold.voucher_costs", "gold.forecast_days"),
    (),
)

VOUCHER_BILLS = MadeTable(
    PythonTable(
        "gold.voucher_bills",
        "The bill of each month not yet invoiced, before VAT: without credits, what vouchers are expected to pay of "
        "it, and the rest.",
        pa.schema(
            [
                (MONTH, _TEXT),
                ("billing_currency", _TEXT),
                ("known_until", _DATE),
                ("cost_without_credits", _MONEY),
                ("credits", _MONEY),
                ("cost_with_credits", _MONEY),
                ("as_of", _DATE),
            ]
        ),
        None,
    ),
    (MONTH, "billing_currency"),
    ("silver.vouchers", "gold.voucher_costs", "gold.forecast_days"),
    (),
)

CALENDAR = MadeTable(
    PythonTable(
        "gold.commitment_calendar",
        "What ends, soonest first: commitments, contracts and their minimum with the shortfall to come, vouchers, "
        "options, offers that are given up. A date nobody named is null, and the note says so.",
        pa.schema(
            [
                ("due_on", _DATE),
                ("days_left", _NUMBER),
                ("kind", _TEXT),
                ("subject", _TEXT),
                ("resource_id", _TEXT),
                ("resource_name", _TEXT),
                ("project_id", _TEXT),
                ("source", _TEXT),
                ("amount", _MONEY),
                ("billing_currency", _TEXT),
                ("minimum_cost", _MONEY),
                ("spent_cost", _MONEY),
                ("planned_cost", _MONEY),
                ("behind_cost", _MONEY),
                ("to_spend_cost", _MONEY),
                ("needed_per_day", _MONEY),
                ("expected_shortfall", _MONEY),
                ("low_shortfall", _MONEY),
                ("high_shortfall", _MONEY),
                ("chance_of_shortfall", _RATIO),
                ("note", _TEXT),
                ("as_of", _DATE),
            ]
        ),
        None,
    ),
    ("kind", "subject", "resource_id", "due_on"),
    ("silver.calendar", "gold.daily_series", "gold.voucher_burn_down"),
    (),
)

BUDGET_TABLES = (BUDGETS, BURN_DOWN, ALERTS, VOUCHER_BURN_DOWN, VOUCHER_BILLS, CALENDAR)
