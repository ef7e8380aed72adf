"""Figures as OpenMetrics text, for Prometheus: what the newest month costs, where it ends, what asks for action."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final


@dataclass(frozen=True)
class Family:
    """One gauge: what it says, the rows it is made of, its labels by column, and the column of its value."""

    name: str
    help: str
    query: str
    labels: tuple[str, ...]
    value: str = "value"


_MONTH: Final = "(select max(billing_month) from gold.monthly_summary)"
_MADE: Final = "(select max(made_on) from gold.forecasts)"

FAMILIES: Final[tuple[Family, ...]] = (
    Family(
        "finops_month_cost",
        "Cost of the newest month so far, net of savings plan and contract, before vouchers and VAT.",
        f"select billing_month, billing_currency, billed_cost as value from gold.monthly_summary "
        f"where billing_month = {_MONTH}",
        ("billing_month", "billing_currency"),
    ),
    Family(
        "finops_project_month_cost",
        "Cost of the newest month so far by project.",
        f"select billing_month, item_id as project_id, item_name as project, owner, billing_currency, "
        f"billed_cost as value from gold.top_spenders where dimension = 'project' and billing_month = {_MONTH}",
        ("billing_month", "project_id", "project", "owner", "billing_currency"),
    ),
    Family(
        "finops_day_cost",
        "Cost of the newest charged day by service; it can still change until its month is invoiced.",
        "select charge_date, service_name, billing_currency, sum(billed_cost) as value from gold.daily_costs "
        "where charge_date = (select max(charge_date) from gold.daily_costs) group by all",
        ("charge_date", "service_name", "billing_currency"),
    ),
    Family(
        "finops_forecast_cost",
        "Expected cost of a period as of the newest forecast, with its bounds.",
        f"select period, period_start, billing_currency, unnest(['low', 'expected', 'high']) as bound, "
        f"unnest([low_cost, expected_cost, high_cost]) as value from gold.forecasts "
        f"where level = 'organization' and known_change is null and made_on = {_MADE}",
        ("period", "period_start", "billing_currency", "bound"),
    ),
    Family(
        "finops_budget_used_ratio",
        "Share of a budget that is used in the newest month.",
        f"select budget_name, scope_kind, scope, billing_month, used_percent / 100 as value from gold.budgets "
        f"where billing_month = {_MONTH}",
        ("budget_name", "scope_kind", "scope", "billing_month"),
    ),
    Family(
        "finops_budget_overrun_probability",
        "Chance that the newest month ends over its budget.",
        f"select budget_name, scope_kind, scope, billing_month, chance_of_overrun as value from gold.budgets "
        f"where billing_month = {_MONTH}",
        ("budget_name", "scope_kind", "scope", "billing_month"),
    ),
    Family(
        "finops_kpi",
        "Unit costs and shares of the newest complete month; one without a trustworthy denominator is absent.",
        "select kpi, scope, unit, billing_currency, billing_month, value from gold.kpis where period = 'month' "
        "and is_complete and billing_month = (select max(billing_month) from gold.kpis where period = 'month' "
        "and is_complete)",
        ("kpi", "scope", "unit", "billing_currency", "billing_month"),
    ),
    Family(
        "finops_open_anomalies",
        "Anomalies that ask for action.",
        "select severity, count(*) as value from gold.anomalies where is_actionable group by severity",
        ("severity",),
    ),
    Family(
        "finops_saving_potential",
        "Savings a month of recommendations that can all be followed; nothing is counted twice.",
        "select currency as billing_currency, sum(monthly_saving) as value from gold.recommendations "
        "where status in ('open', 'accepted') and is_counted and monthly_saving > 0 group by all",
        ("billing_currency",),
    ),
    Family(
        "finops_saving_verified",
        "Savings a month that later bills proved.",
        "select currency as billing_currency, sum(counted_saving) as value from gold.savings group by all",
        ("billing_currency",),
    ),
    Family(
        "finops_reconciliation_residual",
        "Consumption minus invoice, by month.",
        "select billing_month, billing_currency, consumption_residual as value from gold.invoice_reconciliation "
        "where consumption_residual is not null",
        ("billing_month", "billing_currency"),
    ),
    Family(
        "finops_data_until_timestamp_seconds",
        "The first moment a source has no data for.",
        "select source, data_until as value from gold.data_freshness where data_until is not null",
        ("source",),
    ),
)


def exposition(found: Iterable[tuple[Family, Sequence[Mapping[str, Any]]]]) -> str:
    """OpenMetrics text (the standard's 1.0), ended by `# EOF`. What is null is left out: absent is not zero."""
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import GaugeMetricFamily
    from prometheus_client.openmetrics.exposition import generate_latest

    gauges = []
    for family, rows in found:
        gauge = GaugeMetricFamily(family.name, family.help, labels=family.labels)
        for row in rows:
            if row[family.value] is not None:
                gauge.add_metric([_label(row[name]) for name in family.labels], _number(row[family.value]))
        gauges.append(gauge)

    class Gold:
        """Hands over what was read."""

        def collect(self) -> Iterable[GaugeMetricFamily]:
            """Each family with its samples."""
            return iter(gauges)

    registry = CollectorRegistry()
    registry.register(Gold())
    text: str = generate_latest(registry).decode()
    return text


def _label(value: Any) -> str:
    return "" if value is None else str(value)


def _number(value: Decimal | float | date) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp()
    return float(value)
