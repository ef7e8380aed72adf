"""A world of a few machines and rules whose answers are given, so that each test says all it stands on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from pipelines.recommendations.changes.change import Change
from pipelines.recommendations.engine import Answers, Policy, ask
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.world import Resource, World

DAY = date(2026, 11, 18)
MACHINE = Resource(
    resource_id="web",
    resource_name="web-1",
    resource_type="instance_server",
    resource_class="PRO2-M",
    resource_state="running",
    project_id="p1",
    project_name="shop",
    region_id="fr-par",
    availability_zone="fr-par-1",
    environment="prod",
    owner="mira",
    team="checkout",
    tags=("env=prod",),
    created_at=datetime(2025, 1, 1, tzinfo=UTC),
    parent_id=None,
    monthly_cost=Decimal(100),
    currency="EUR",
    costs={"/compute": Decimal(100)},
    kg_co2e=Decimal(8),
    m3_water=Decimal("0.4"),
)
SAID = Change(cli=("scw instance server get web",), undo_cli=("scw instance server get web",))


@dataclass(frozen=True)
class Thresholds:
    """One of each kind."""

    least_saving: Decimal = Decimal(5)
    days: int = 14
    share: float = 0.5
    is_strict: bool = False


def resource(resource_id: str, cost: int | None = 100, **more: Any) -> Resource:
    """Another machine."""
    known = None if cost is None else Decimal(cost)
    named = {"resource_id": resource_id, "resource_name": f"{resource_id}-1", "monthly_cost": known}
    return replace(MACHINE, **{**named, "costs": {} if known is None else {"/compute": known}, **more})


def advice(rule: str, resource_id: str, target: str, saving: int | str = 40, **more: Any) -> Recommendation:
    """To do something about a machine."""
    told = {
        "action": f"{target} {resource_id}",
        "reason": "it is idle",
        "evidence": {"cpu_p95_percent": Decimal("2.5"), "days": 28},
        "evaluation_start": DAY - timedelta(days=28),
        "evaluation_end": DAY,
        "change": SAID,
        "risk": Level.low,
        "effort": Level.low,
    }
    return Recommendation(
        rule=rule, resource_id=resource_id, target=target, monthly_saving=Decimal(saving), **{**told, **more}
    )


def rule(name: str, *answers: Answer, **more: Any) -> Rule:
    """One that answers just this."""

    def judge(world: World, thresholds: Any) -> Iterator[Answer]:
        yield from answers

    told = {"title": "Idle", "about": "Looks for nothing.", "reads": (), "thresholds": Thresholds(), "judge": judge}
    return Rule(name=name, **{**told, **more})


def world(*resources: Resource, today: date = DAY, tables: Mapping[str, pa.Table] | None = None) -> World:
    """With these machines, else with one."""
    things = resources or (MACHINE,)
    return World(today, today, {each.resource_id: each for each in things}, tables or {})


def asked(seen: World, *rules: Rule, protected: tuple[str, ...] = ()) -> Answers:
    """What the rules answer."""
    return ask(seen, rules, Policy(protected))


__all__ = ["DAY", "MACHINE", "NothingToDo", "Thresholds", "Unjudged", "advice", "asked", "resource", "rule", "world"]
