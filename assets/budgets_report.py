"""What the report asks for of budgets and the forecast: the newest of each, whatever its month."""

from __future__ import annotations

OUTLOOK_QUERIES = {
    "gold.forecasts": "select * from gold.forecasts where made_on = (select max(made_on) from gold.forecasts) "
    "and level in ('organization', 'project', 'known_change')",
    "gold.forecast_accuracy": "select * from gold.forecast_accuracy where level = 'organization'",
    "gold.budgets": "select * from gold.budgets qualify as_of = max(as_of) over (partition by billing_month)",
    "gold.voucher_burn_down": "select * from gold.voucher_burn_down "
    "qualify row_number() over (partition by discount_id order by is_known desc, "
    "case when is_known then -date_diff('day', date '2000-01-01', charge_date) end, charge_date) = 1",
    "gold.voucher_bills": "select * from gold.voucher_bills",
}
"""One row a forecast, budget and month, voucher (as of its newest known day) and bill."""
