"""Which tables leave as sheets and files: one for each block of the monthly review, in its order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Sheet:
    """One table of gold: what people call it, which rows of a month it shows, in which order, without which columns."""

    name: str
    table: str
    where: str = "billing_month = '{month}'"
    order: str = ""
    without: tuple[str, ...] = ()

    def query(self, month: str) -> str:
        """The rows as a select over tables by name. `month` is YYYY-MM."""
        left_out = " exclude (" + ", ".join(f'"{name}"' for name in self.without) + ")" if self.without else ""
        where = f" where {self.where.format(month=month)}" if self.where else ""
        order = f" order by {self.order}" if self.order else " order by all"
        return f"select *{left_out} from {self.table}{where}{order}"


_NEWEST: Final = "{column} = (select max({column}) from {table})"
_HELD: Final = ("evidence", "change", "rollback")

SHEETS: Final[tuple[Sheet, ...]] = (
    Sheet("Months", "gold.monthly_summary", "billing_month <= '{month}'", "billing_month desc, billing_currency"),
    Sheet("Movers", "gold.total_bridge", order="abs(delta_cost) desc, project_id, product, sku, billing_currency"),
    Sheet("Days", "gold.daily_costs", order="charge_date, billed_cost desc, project_id, service_name"),
    Sheet("Spenders", "gold.top_spenders", order="dimension, billing_currency, rank"),
    Sheet("Unit costs", "gold.kpis", order="kpi, period, period_start, scope, billing_currency"),
    Sheet("Budgets", "gold.budgets", order="budget_name, billing_month"),
    Sheet(
        "Forecasts",
        "gold.forecasts",
        _NEWEST.format(column="made_on", table="gold.forecasts"),
        "level, project_name, service_name, period_start, period",
    ),
    Sheet("Anomalies", "gold.anomalies", "anomaly_month <= '{month}'", "first_day desc, abs(impact) desc, anomaly_id"),
    Sheet("Recommendations", "gold.recommendations", "", "monthly_saving desc, recommendation_id", _HELD),
    Sheet("Not judged", "gold.unjudged", "", "monthly_cost desc nulls last, rule, resource_id"),
    Sheet("Savings", "gold.savings", "", "done_on desc, recommendation_id"),
    Sheet("Vouchers", "gold.voucher_burn_down", "", ""),
    Sheet("Invoice", "gold.invoice_waterfall", order="billing_currency, step_number"),
    Sheet(
        "Reconciliation",
        "gold.reconciliation",
        order="abs(residual) desc nulls last, project_id, sku, billing_currency",
    ),
    Sheet("Owners and tags", "gold.tag_coverage", order="label, billing_currency"),
    Sheet("Freshness", "gold.data_freshness", "", "source"),
)
"""In the order of the review; tables without a month are as they stand now."""
