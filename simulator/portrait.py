"""A text portrait of a scenario's organisation: what it spends, on what, and how much of it has an owner."""

import re
from collections.abc import Callable
from decimal import Decimal

from simulator.charges import Charge
from simulator.instants import DAY, Month, day_start
from simulator.price_book import Offer
from simulator.resources import Resource
from simulator.truth import NANO, one_day_pieces
from simulator.world import World

_OWNER = re.compile(r"^(owner|team)[=:]|^team-", re.IGNORECASE)


def portrait(world: World, now: int) -> str:
    """The organisation at `now`; shares are those of the last complete month."""
    lines = [f"scenario {world.scenario.name}, seed {world.scenario.seed}", ""]
    complete = [month for month in world.months if month.end <= now]
    for month in [m for m in world.months if m.start <= now]:
        total = _cost(world, month, now, lambda charge: True)
        days = (min(month.end, day_start(now)) - month.start) // DAY
        per_day = total / days if days else Decimal(0)
        lines.append(f"{month.name}  {total:12,.2f}  {per_day:9,.2f} a day")
    if complete:
        last = complete[-1]
        lines += _shares(world, last, now, "product family", lambda charge: family(charge.line.offer))
        lines += _shares(world, last, now, "environment", _environment)
        lines += _shares(world, last, now, "project", lambda charge: charge.line.resource.project.name)
        lines += _shares(world, last, now, "region", lambda charge: charge.line.resource.zone[:6])
        lines += _owners(world, last, now)
    lines += ["", *_sizes(world, now)]
    return "\n".join(lines) + "\n"


def family(offer: Offer) -> str:
    """The product family a reader of the bill would name."""
    if offer.instance is not None:
        return "GPU" if offer.instance.gpus else "Instances and nodes"
    if re.search(r"storage/block|storage/local|storage/snapshot", offer.sku):
        return "Block and snapshots"
    if offer.sku.startswith(("/ip", "/network")):
        return "Network"
    return {"AI": "AI", "Containers": "Containers"}.get(offer.category, offer.category)


def has_owner(resource: Resource, now: int) -> bool:
    return any(_OWNER.match(tag) for tag in resource.tags_at(now))


def _environment(charge: Charge) -> str:
    return charge.line.resource.project.environment or "none"


def _cost(world: World, month: Month, now: int, wanted: Callable[[Charge], bool]) -> Decimal:
    nanos = sum(one_day_pieces(world, charge, now) for charge in world.of_month(month.name) if wanted(charge))
    return nanos * NANO


def _shares(world: World, month: Month, now: int, title: str, name_of: Callable[[Charge], str]) -> list[str]:
    costs: dict[str, int] = {}
    for charge in world.of_month(month.name):
        name = name_of(charge)
        costs[name] = costs.get(name, 0) + one_day_pieces(world, charge, now)
    total = sum(costs.values()) or 1
    ranked = sorted(costs.items(), key=lambda item: -item[1])
    return ["", f"{month.name} by {title}"] + [
        f"  {name:28} {nanos * NANO:12,.2f} {100 * nanos / total:6.1f} %" for name, nanos in ranked
    ]


def _owners(world: World, month: Month, now: int) -> list[str]:
    billed = {charge.line.resource.id: charge.line.resource for charge in world.of_month(month.name)}
    owned = [resource for resource in billed.values() if has_owner(resource, now)]
    total = _cost(world, month, now, lambda charge: True) or Decimal(1)
    cost = _cost(world, month, now, lambda charge: has_owner(charge.line.resource, now))
    return [
        "",
        f"owner tag on {len(owned)} of {len(billed)} billed resources "
        f"({100 * len(owned) / max(len(billed), 1):.0f} %), {100 * cost / total:.0f} % of euros",
    ]


def _sizes(world: World, now: int) -> list[str]:
    living = list(world.living(now))
    kinds = sorted({resource.kind for resource in living})
    yesterday = day_start(now) - DAY
    return [
        f"{len(world.scenario.projects)} projects, {len(living)} living resources, "
        f"{len(world.charges)} charges, {len(world.overlapping(yesterday, yesterday + DAY))} of them yesterday",
        *(f"  {kind:28} {sum(r.kind == kind for r in living):6}" for kind in kinds),
    ]
