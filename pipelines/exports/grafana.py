"""The Grafana dashboard of the metrics this product exports: one row a question, nothing that is not exported."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

_HEIGHT: Final = 8
_WIDTH: Final = 24


@dataclass(frozen=True)
class Panel:
    """One panel: its title, the expression it shows, how, in which unit, and how wide of 24."""

    title: str
    expression: str
    kind: str = "timeseries"
    unit: str = "currencyEUR"
    legend: str = ""
    width: int = 12
    is_instant: bool = False


PANELS: Final[tuple[Panel, ...]] = (
    Panel("Cost of the month so far", "sum by (billing_currency) (finops_month_cost)", "stat", width=6),
    Panel(
        "Expected at the end of the month",
        'finops_forecast_cost{period="month_end"}',
        "stat",
        legend="{{bound}} {{billing_currency}}",
        width=6,
    ),
    Panel("To be saved a month", "finops_saving_potential", "stat", legend="{{billing_currency}}", width=6),
    Panel("Saved and proved a month", "finops_saving_verified", "stat", legend="{{billing_currency}}", width=6),
    Panel("Budgets used", "finops_budget_used_ratio", "bargauge", "percentunit", "{{budget_name}} {{scope}}"),
    Panel(
        "Chance to end over budget",
        "finops_budget_overrun_probability",
        "bargauge",
        "percentunit",
        "{{budget_name}} {{scope}}",
    ),
    Panel("Cost of a day by service", "finops_day_cost", legend="{{service_name}} {{billing_currency}}"),
    Panel(
        "Ten dearest projects", "topk(10, finops_project_month_cost)", "bargauge", legend="{{project}}", is_instant=True
    ),
    Panel("Unit costs and shares", "finops_kpi", "table", "none", is_instant=True),
    Panel("Anomalies that ask for action", "finops_open_anomalies", "stat", "none", "{{severity}}", 6),
    Panel(
        "Hours since data end",
        "(time() - finops_data_until_timestamp_seconds) / 3600",
        "table",
        "h",
        "{{source}}",
        is_instant=True,
    ),
    Panel(
        "Consumption − invoice", "finops_reconciliation_residual", "table", legend="{{billing_month}}", is_instant=True
    ),
)


def dashboard_json() -> str:
    """The dashboard as Grafana imports it (schema 39); it asks for the Prometheus data source on import."""
    x = y = 0
    panels = []
    for number, panel in enumerate(PANELS, 1):
        if x + panel.width > _WIDTH:
            x, y = 0, y + _HEIGHT
        panels.append(_panel(number, panel, x, y))
        x += panel.width
    return json.dumps(
        {
            "__inputs": [
                {"name": "DS_PROMETHEUS", "label": "Prometheus", "type": "datasource", "pluginId": "prometheus"}
            ],
            "title": "FinOps",
            "uid": "scaleway-finops",
            "tags": ["finops", "scaleway"],
            "timezone": "utc",
            "schemaVersion": 39,
            "time": {"from": "now-90d", "to": "now"},
            "refresh": "1h",
            "panels": panels,
        },
        indent=2,
        ensure_ascii=False,
    )


def _panel(number: int, panel: Panel, x: int, y: int) -> dict[str, Any]:
    source = {"type": "prometheus", "uid": "${DS_PROMETHEUS}"}
    target = {
        "refId": "A",
        "datasource": source,
        "expr": panel.expression,
        "legendFormat": panel.legend,
        "instant": panel.is_instant,
        "format": "table" if panel.kind == "table" else "time_series",
    }
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "datasource": source,
        "gridPos": {"h": _HEIGHT, "w": panel.width, "x": x, "y": y},
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "targets": [target],
    }
