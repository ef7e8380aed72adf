"""A lake that holds what a few machines cost, and rules that advise on them: what a day of judgement starts from."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from assets.made_tables import content_of
from assets.recommendations import Updated, update_recommendations
from assets.tables import open_catalog
from pipelines.lake.address import parse_address
from pipelines.lake.engine import Catalog
from pipelines.lake.store import Lake, PartitionState
from pipelines.recommendations.changes.change import Change, block, scw
from pipelines.recommendations.recommendation import Answer, Level, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.world import World
from pipelines.settings import load_settings

DAY = date(2026, 11, 18)
TEXT, MONEY = pa.string(), pa.decimal128(38, 12)
COSTS = pa.schema(
    [
        *((name, TEXT) for name in ("resource_id", "resource_name", "resource_type", "resource_class")),
        *((name, TEXT) for name in ("resource_state", "project_id", "project_name", "region_id")),
        *((name, TEXT) for name in ("availability_zone", "environment", "owner", "team")),
        ("tags", pa.list_(TEXT)),
        ("parent_id", TEXT),
        ("created_at", pa.timestamp("us", tz="UTC")),
        *((name, TEXT) for name in ("sku", "billing_currency")),
        *((name, MONEY) for name in ("monthly_cost", "kg_co2e", "m3_water")),
        ("known_until", pa.date32()),
        ("billing_month", TEXT),
    ]
)


def cost(resource_id: str, monthly: int | str | None, month: str = "2026-11", **more: Any) -> dict[str, Any]:
    """A row of gold.resource_costs: a machine of the shop unless the test says otherwise."""
    row = dict.fromkeys(COSTS.names) | {
        "resource_id": resource_id, "resource_name": f"{resource_id}-1", "resource_type": "instance_server",
        "resource_class": "PRO2-M", "resource_state": "running", "project_id": "p1", "project_name": "shop",
        "region_id": "fr-par", "availability_zone": "fr-par-1", "environment": "prod", "owner": "mira",
        "team": "checkout", "tags": [], "created_at": datetime(2025, 1, 1, tzinfo=UTC), "sku": "/compute/pro2",
        "billing_currency": "EUR", "monthly_cost": None if monthly is None else Decimal(monthly),
        "kg_co2e": Decimal(10), "m3_water": Decimal(1), "known_until": DAY, "billing_month": month,
    }  # fmt: skip
    return row | more


def _judge_idle(world: World, thresholds: Any) -> Iterator[Answer]:
    for machine in world.of_type("instance_server"):
        if machine.monthly_cost is None:
            yield Unjudged("idle", machine.resource_id, "no cpu metric; an agent would measure it")
        elif machine.resource_state == "running" and not machine.resource_name.startswith("busy"):
            yield _advice("idle", machine.resource_id, "delete", machine.monthly_cost, machine.resource_name)


def _judge_size(world: World, thresholds: Any) -> Iterator[Answer]:
    for machine in world.of_type("instance_server"):
        if machine.monthly_cost is not None and machine.resource_class == "PRO2-M":
            yield _advice("size", machine.resource_id, "PRO2-S", machine.monthly_cost / 2, machine.resource_name)


def _advice(rule: str, resource_id: str, target: str, saving: Decimal, name: str) -> Recommendation:
    return Recommendation(
        rule=rule,
        resource_id=resource_id,
        target=target,
        action=f"{'Delete' if target == 'delete' else f'Resize to {target}'} {name}",
        reason="nobody uses it",
        evidence={"cpu_p95_percent": 1.5, "query": "select 1"},
        evaluation_start=DAY - timedelta(days=28),
        evaluation_end=DAY,
        monthly_saving=saving,
        change=Change(
            cli=(scw("instance", "server", "update", resource_id, zone="fr-par-1"),),
            undo_cli=(scw("instance", "server", "start", resource_id, zone="fr-par-1"),),
            terraform=block("resource", "scaleway_instance_server", "web", type=target),
            undo_terraform=block("resource", "scaleway_instance_server", "web", type="PRO2-M"),
            notes=("Take a snapshot first.",),
        ),
        risk=Level.medium,
        effort=Level.low,
        restart_needed=True,
    )


IDLE = Rule("idle", "Idle machines", "Looks for idle ones.", (), object(), _judge_idle)
SIZE = Rule("size", "Large machines", "Looks for large ones.", (), object(), _judge_size)


class RecommendationLake:
    """The lake and how to fill it."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder)
        self.lake = Lake(parse_address(self.address))

    @property
    def catalog(self) -> Catalog:
        return open_catalog(self.lake)

    def costs(self, *rows: Mapping[str, Any]) -> None:
        """Make gold.resource_costs hold just these rows."""
        table = pa.Table.from_pylist(list(rows), schema=COSTS)
        months = sorted({row["billing_month"] for row in rows})
        states = {month: PartitionState(f"{content_of(table)}/{month}") for month in months}
        self.lake.replace("gold.resource_costs", table, states, "billing_month")

    def judge(self, day: date = DAY, *rules: Rule) -> Updated:
        """A day of judgement."""
        return update_recommendations(self.catalog, load_settings(), day, rules or (IDLE, SIZE))

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return self.catalog.query(sql).to_pylist()

    def fill(self) -> "RecommendationLake":
        """Two idle machines, one of which is large too, a small one and one that was not measured."""
        self.costs(
            cost("aweb", 100), cost("adb", "30.5", resource_class="PRO2-S", owner=None, team=None),
            cost("dust", "0.25", resource_class="PRO2-XS"), cost("cold", None, sku=None, billing_currency=None),
        )  # fmt: skip
        self.judge()
        return self
