"""Small worlds of things nothing uses: some resources, the rows a rule reads, and its answers."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from pipelines.recommendations.world import Resource, World

D = Decimal
TODAY = date(2026, 11, 18)
ATTACHMENT = {
    "used_by": 0,
    "unused_since": date(2026, 2, 1),
    "was_used": True,
    "last_used_by": None,
    "last_used_by_name": None,
    "source_exists": False,
    "cluster_id": None,
    "cluster_exists": False,
    "last_pushed_on": date(2026, 2, 1),
    "created_on": date(2025, 1, 1),
    "size_bytes": 100 * 10**9,
    "parts": ["part"],
}
ACTIVITY = {
    "is_node": False,
    "pool_id": None,
    "history_from": date(2026, 8, 1),
    "cpu_days": 35,
    "cpu_weekends": 5,
    "cpu_hours": 840,
    "cpu_p95_ratio": D("0.015"),
    "cpu_p995_ratio": D("0.02"),
    "cpu_max_ratio": D("0.04"),
    "steal_max_ratio": D(0),
    "gpu_days": 35,
    "gpu_weekends": 5,
    "gpu_mean_percent": D(0),
    "gpu_p995_percent": D(0),
    "gpu_max_percent": D(0),
    "network_days": 35,
    "network_bytes_per_day": D(1_000_000),
    "measured_from": date(2026, 10, 14),
    "last_active_on": date(2026, 10, 20),
    "last_charged_on": date(2026, 11, 17),
}
PRICES = [
    {
        "copy_kind": "block_snapshot",
        "place": "fr-par-1",
        "billing_currency": "EUR",
        "list_price_per_gb_hour": D("0.0001"),
    },
    {"copy_kind": "local_snapshot", "place": "", "billing_currency": "EUR", "list_price_per_gb_hour": D("0.0001")},
    {"copy_kind": "glacier", "place": "fr-par", "billing_currency": "EUR", "list_price_per_gb_hour": D("0.00001")},
]


@pytest.fixture(scope="session")
def thing():
    """`thing("lb_lb", "it", "30", environment="dev")`: a resource and its monthly cost; its id is its name."""

    def made(resource_type: str, name: str = "it", cost: str | None = "30", **fields: Any) -> Resource:
        told = {
            "resource_name": name,
            "resource_class": None,
            "resource_state": "running" if resource_type == "instance_server" else "ready",
            "project_id": "p",
            "project_name": "shop",
            "region_id": "fr-par",
            "availability_zone": "fr-par-1",
            "environment": "dev",
            "owner": None,
            "team": None,
            "tags": (),
            "created_at": datetime(2025, 1, 1, tzinfo=UTC),
            "parent_id": None,
            "currency": "EUR",
            "costs": {} if cost is None else {"/compute/pro2_s/run_par1": D(cost)},
        } | fields
        return Resource(
            resource_id=name,
            resource_type=resource_type,
            monthly_cost=None if cost is None else D(cost),
            **told,
        )

    return made


@pytest.fixture(scope="session")
def asked():
    """`asked(RULE, [resources], attachments={id: {...}}, activity={id: {...}}, tables={...})`: answers by resource.

    Every resource has a row in the tables that the rule reads, as of something unused, unless told otherwise.
    """

    def judged(
        rule: Any,
        resources: Sequence[Resource],
        attachments: Mapping[str, Mapping[str, Any]] | None = None,
        activity: Mapping[str, Mapping[str, Any]] | None = None,
        tables: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
        thresholds: Any = None,
    ) -> dict[str, Any]:
        names = [each.resource_id for each in resources]
        rows: dict[str, Sequence[Mapping[str, Any]]] = {
            "silver.attachments": [{"resource_id": n, **ATTACHMENT, **(attachments or {}).get(n, {})} for n in names],
            "gold.machine_activity": [{"resource_id": n, **ACTIVITY, **(activity or {}).get(n, {})} for n in names],
            "silver.copy_prices": PRICES,
            **(tables or {}),
        }
        world = World(
            TODAY,
            TODAY,
            {each.resource_id: each for each in resources},
            {name: pa.Table.from_pylist([dict(row) for row in rows.get(name, [])]) for name in rule.reads},
        )
        return {answer.resource_id: answer for answer in rule.judge(world, thresholds or rule.thresholds)}

    return judged
