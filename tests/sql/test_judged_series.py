"""What is judged: costs of every scope add up, what moves on its own calendar stays out, a partial day says nothing."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal as D
from typing import Any

DAY = date(2026, 9, 1)
BEHAVIOURS = [
    {"sku": "/compute/pro2", "behaviour": "runtime"},
    {"sku": "/logs", "behaviour": "usage"},
    {"sku": "/subscription/support", "behaviour": "fixed"},
    {"sku": "/offer/free", "behaviour": "credits"},
]


def charge(project: str, service: str, sku: str, resource: str | None, cost: object, **more: Any) -> dict[str, Any]:
    row = {
        "charge_key": f"{project}{sku}{resource}{more}",
        "charge_date": DAY,
        "project_id": project,
        "service_name": service,
        "sku": sku,
        "resource_id": resource,
        "region_id": "fr-par",
        "billed_cost": cost,
        "billing_currency": "EUR",
        "billing_month": "2026-09",
    }
    return row | more


def costs(build, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    given = {"silver.labelled_costs": rows, "silver.billing_behaviours": BEHAVIOURS}
    return build("gold.judged_series_costs", given=given)


def test_every_level_adds_up_to_the_whole_and_charges_without_a_resource_stay_in_the_wider_ones(build):
    rows = costs(
        build,
        charge("shop", "Instances", "/compute/pro2", "vm-1", 3, team="web", environment="prod"),
        charge("shop", "Instances", "/compute/pro2", "vm-2", 4, region_id="nl-ams", team="web"),
        charge("shop", "Cockpit", "/logs", None, 5),
        charge("data", "Cockpit", "/unheard-of", "logs", 7, team="data"),
    )
    by_level: dict[str, dict[tuple, D]] = defaultdict(dict)
    for row in rows:
        names = ("project_id", "service_name", "region_id", "sku", "resource_id", "label_key", "label_value")
        by_level[row["level"]][tuple(row[name] for name in names if row[name] is not None)] = row["billed_cost"]
    assert by_level["organization"] == {(): 19}
    assert by_level["project"] == {("shop",): 12, ("data",): 7}
    assert by_level["region"] == {("shop", "fr-par"): 8, ("shop", "nl-ams"): 4, ("data", "fr-par"): 7}
    for level in ("service", "sku"):
        assert sum(by_level[level].values()) == 19
    assert by_level["resource"] == {
        ("shop", "Instances", "vm-1"): 3,
        ("shop", "Instances", "vm-2"): 4,
        ("data", "Cockpit", "logs"): 7,
    }
    assert by_level["label"] == {("team", "web"): 7, ("team", "data"): 7, ("environment", "prod"): 3}


def test_plans_credits_and_unknown_amounts_are_not_judged_and_currencies_are_never_one_series(build):
    rows = costs(
        build,
        charge("shop", "Support", "/subscription/support", None, 249),
        charge("shop", "Free tier", "/offer/free", None, -5),
        charge("shop", "Instances", "/compute/pro2", "vm-1", None),
        charge("shop", "Instances", "/compute/pro2", "vm-1", 3),
        charge("shop", "Instances", "/compute/pro2", "vm-1", 8, billing_currency="USD"),
    )
    wholes = {row["billing_currency"]: row["billed_cost"] for row in rows if row["level"] == "organization"}
    assert wholes == {"EUR": 3, "USD": 8}


def test_telemetry_and_requests_are_series_by_source_of_whole_days_and_footprints_are_left_out(build):
    telemetry = {"project_id": "shop", "origin": "custom", "usage_date": DAY, "usage_month": "2026-09"}
    requests = {"project_id": "shop", "service_type": "load_balancer", "source": "cockpit", "usage_month": "2026-09"}
    kpi = {
        "period": "day", "period_start": DAY, "scope": "all", "billing_currency": "EUR", "unit": "request",
        "is_complete": True, "billing_month": "2026-09",
    }  # fmt: skip
    rows = build(
        "gold.judged_series",
        given={
            "gold.judged_series_costs": [],
            "silver.telemetry_daily": [
                telemetry | {"source": "ingested samples", "signal": "metrics", "samples": 10, "is_complete": True},
                telemetry | {"source": "stored samples", "signal": "metrics", "samples": 99, "is_complete": True},
                telemetry | {"source": "stored logs", "signal": "logs", "bytes": 20, "is_complete": False},
            ],
            "silver.requests_daily": [
                requests | {"usage_date": DAY, "requests": 5, "is_complete": True, "resource_name": "a"},
                requests | {"usage_date": DAY, "requests": 6, "is_complete": True, "resource_name": "b"},
                requests | {"usage_date": DAY + timedelta(days=1), "requests": 1, "is_complete": False},
            ],
            "gold.kpis": [
                kpi | {"kpi": "cost_per_request", "value": 2},
                kpi | {"kpi": "carbon", "value": 3},
                kpi | {"kpi": "cost_per_job", "value": None},
            ],
        },
    )
    assert sorted((row["subject"], row["kpi"], row["unit"], row["value"]) for row in rows) == [
        ("kpi", "cost_per_request of all", "request (EUR)", 2),
        ("requests", "cockpit", "requests", 11),
        ("telemetry", "metrics (custom), ingested samples", "samples", 10),
    ]
