"""Actions on simulated bills: each organisation is billed twice, with what was done and without, so that what every
action saved is known to the nano."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from pipelines.recommendations.proof.history import Days, Floats
from simulator.instants import DAY, seconds
from simulator.loading import parse
from simulator.world import World, build

START = date(2026, 3, 1)
TODAY = date(2026, 9, 1)
KINDS = ("delete", "resize", "schedule", "usage", "storage")
_SHARES = (0.25, 0.2, 0.15, 0.25, 0.15)
_NANO = 1e9


@dataclass(frozen=True)
class Case:
    """An action, what was seen of it day by day, and what it truly saved on each of these days."""

    name: str
    kind: str
    done_on: date
    days: Days
    truth: Floats
    bounced_on: date | None


def cases(seed: int, actions: int) -> Iterator[Case]:
    """Seeded actions of one organisation; ten to a project, beside resources of the same kinds that nobody touches."""
    random = np.random.default_rng(seed)
    drawn = [_drawn(random, f"a{number}") for number in range(actions)]
    prices = _price_changes(random)
    acted = _bill(_table(drawn, prices, seed, acted=True))
    left = _bill(_table(drawn, prices, seed, acted=False))
    for action in drawn:
        yield _case(action, acted, left, random)


def _drawn(random: np.random.Generator, name: str) -> dict[str, Any]:
    kind = str(random.choice(KINDS, p=_SHARES))
    done_on = START + timedelta(days=int(random.integers(35, 150)))
    bounced = random.random() < 0.1
    after = int(random.integers(14, 28))
    return {
        "name": name,
        "kind": kind,
        "done_on": done_on,
        "bounced_on": done_on + timedelta(days=after) if bounced else None,
        "kept": 0.0 if kind == "delete" else float(random.uniform(0.2, 0.7)),
        "size": str(random.choice(["PRO2-XXS", "PRO2-XS", "PRO2-S", "PRO2-M"])),
        "amount": int(random.integers(2_000, 20_000)),
        "shape": str(random.choice(["steady", "weekly"])),
        "weekend": round(float(random.uniform(0.4, 1.2)), 2),
        "noise": round(float(random.uniform(1, 8)), 1),
        "growth": round(float(random.uniform(-1, 3)), 1),
        "has_driver": bool(random.random() < 0.6),
        "dip": bool(random.random() < 0.25),
        "dips": [(int(random.integers(5, 60)), round(float(random.uniform(0.6, 1.5)), 2)) for _ in range(4)],
    }


def _price_changes(random: np.random.Generator) -> list[dict[str, Any]]:
    on = START + timedelta(days=int(random.integers(60, 150)))
    return [{"skus": ["/compute/pro2_s/run_par1"], "on": on, "old": "0.219", "new": "0.2409", "unit": "hour"}]


def _table(drawn: list[dict[str, Any]], prices: list[dict[str, Any]], seed: int, acted: bool) -> dict[str, Any]:
    return {
        "name": "savings",
        "seed": seed,
        "start": START,
        "today": datetime(TODAY.year, TODAY.month, TODAY.day, 6, tzinfo=UTC),
        "organization": {"id": "22222222-2222-4222-8222-222222222222", "name": "Atelier"},
        "projects": [
            {"name": "default", "id": "22222222-2222-4222-8222-222222222222"},
            {"name": "shop", "environment": "prod", "team": "checkout"},
        ],
        "price_changes": prices,
        "resources": [group for action in drawn for group in _groups(action, acted)],
    }


def _groups(action: dict[str, Any], acted: bool) -> Iterator[dict[str, Any]]:
    """What is there before, after, and after a bounce; without the action what was there before, all the time."""
    spans = _spans(action) if acted else [(None, None, 1.0)]
    for number, (start, end, share) in enumerate(spans):
        if share == 0:
            continue
        group = {**_shaped(action, share), "name": f"{action['name']}-{number}", "project": "shop"}
        group |= {"from": start} if start else {"from": START}
        group |= {"to": end} if end else {}
        if number and group["kind"] == "service":
            group["continues"] = f"{action['name']}-{number - 1}"
        yield group


def _spans(action: dict[str, Any]) -> list[tuple[date | None, date | None, float]]:
    done, back = action["done_on"], action["bounced_on"]
    told: list[tuple[date | None, date | None, float]] = [(None, done, 1.0), (done, back, action["kept"])]
    return [*told, (back, None, 1.1)] if back else told


def _shaped(action: dict[str, Any], share: float) -> dict[str, Any]:
    kind = action["kind"]
    if kind in ("delete", "schedule"):
        load: dict[str, Any] = {"shape": "business-hours"} if kind == "schedule" and share < 1 else {"shape": "steady"}
        return {"kind": "instance", "type": action["size"], "charge": "day", "load": load}
    if kind == "resize":
        nodes = {1.0: "db-pro2-s", 1.1: "db-pro2-s"}.get(share, "db-pro2-xs")
        return {"kind": "service", "charge": "day", "meters": [{"sku": f"/storage/rdb/node/{nodes}/fr-par1"}]}
    load = {"shape": action["shape"], "weekend": action["weekend"], "noise": action["noise"]}
    if action["dip"]:
        load["bursts"] = list(_dips(action))
    if kind == "usage":
        meter = {"sku": "/paas/caas/vcpu/fr-par", "amount": str(round(action["amount"] * 86.4 * share))}
        return {"kind": "service", "charge": "day", "load": load, "meters": [meter]}
    meter = {"sku": "/storage/obj/storage/standard/fr-par", "amount": str(round(action["amount"] * share))}
    calm = {"shape": "steady", "noise": 1}
    return {"kind": "service", "charge": "day", "load": calm, "meters": [meter]}


def _dips(action: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Stretches of another demand, before and after the action."""
    day = START
    for gap, factor in action["dips"]:
        day += timedelta(days=gap)
        yield {"from": day, "to": day + timedelta(days=12), "factor": str(factor)}
        day += timedelta(days=12)


def _bill(table: dict[str, Any]) -> tuple[World, dict[str, Floats]]:
    """What each action's resources cost by the day."""
    world = build(parse(table))
    count = (TODAY - START).days
    first, now = seconds(datetime(START.year, START.month, START.day, tzinfo=UTC)), seconds(world.scenario.today)
    costs: dict[str, Floats] = {}
    for charge in world.charges:
        name = charge.line.resource.group.name.split("-")[0]
        found = costs.setdefault(name, np.zeros(count))
        for day in range(max(charge.start, first) // DAY * DAY, min(charge.end, first + count * DAY), DAY):
            cost = charge.nanos(max(charge.start, day), min(charge.end, day + DAY), now)
            found[(day - first) // DAY] += cost / _NANO
    return world, costs


def _case(
    action: dict[str, Any],
    acted: tuple[World, dict[str, Floats]],
    left: tuple[World, dict[str, Floats]],
    random: np.random.Generator,
) -> Case:
    name = action["name"]
    cost, without = acted[1].get(name, np.zeros(0)), left[1][name]
    price = _prices(left[0], name)
    driver = None
    if action["kind"] == "usage" and action["has_driver"]:
        driver = without / price * np.exp(random.normal(0, 0.02, len(without)))
    days = Days(START, cost, price, driver)
    return Case(name, action["kind"], action["done_on"], days, without - cost, action["bounced_on"])


def _prices(world: World, name: str) -> Floats:
    """The list price of what the action is about, against that of the first day."""
    first = seconds(datetime(START.year, START.month, START.day, tzinfo=UTC))
    offer = next(
        charge.line.offer
        for charge in world.charges
        if charge.line.resource.group.name.split("-")[0] == name and "/storage/block" not in charge.line.offer.sku
    )
    told = np.array([offer.nanos(first + number * DAY) for number in range((TODAY - START).days)], dtype=float)
    return np.asarray(told / told[0])
