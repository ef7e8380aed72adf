"""What the rules about unused things share: how an advice to delete is weighed and worded. No rule of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from pipelines.recommendations.changes.change import Change
from pipelines.recommendations.recommendation import (
    Answer,
    Fact,
    Level,
    NothingToDo,
    Plain,
    Recommendation,
    Unjudged,
)
from pipelines.recommendations.regret import (
    REPLACING,
    RESTORING,
    probability_needed,
    risk_of,
    worth_of_a_year,
)
from pipelines.recommendations.world import Resource, World

ATTACHMENTS = "silver.attachments"
COPY_PRICES = "silver.copy_prices"
WINDOW_DAYS = 28
_HOURS_A_DAY = 24
_GB = 10**9


@dataclass(frozen=True)
class Unused:
    """A thing nothing uses, and what is to be done about it. `gone` says that no copy brings it back."""

    resource: Resource
    reason: str
    action: str
    change: Change
    unused_days: int | None
    evidence: Mapping[str, Fact]
    target: str = "delete"
    others: tuple[Resource, ...] = ()
    one_off_cost: Decimal = Decimal(0)
    gone: bool = False
    effort: Level = Level.low
    restart_needed: bool = False
    evaluation_days: int = WINDOW_DAYS
    saves_on: tuple[Resource, ...] = field(default=())

    @property
    def paid_for(self) -> tuple[Resource, ...]:
        """The resources whose cost goes."""
        return self.saves_on or (self.resource, *self.others)


def advised(world: World, rule: str, unused: Unused) -> Answer:
    """The advice, unless nothing was charged or what it may cost to be wrong outweighs what a year saves."""
    resource = unused.resource
    charged = [each for each in unused.paid_for if each.monthly_cost is not None]
    if not charged:
        return Unjudged(rule, resource.resource_id, "nothing uses it, but nothing was charged under its own name")
    currencies = {each.currency for each in charged}
    if len(currencies) > 1:
        return Unjudged(rule, resource.resource_id, "its parts are charged in several currencies")
    saving = sum((each.monthly_cost or Decimal(0) for each in charged), Decimal(0))
    if saving <= 0:
        return NothingToDo(rule, resource.resource_id, "it costs nothing")
    probability = probability_needed(resource, unused.unused_days)
    loss = REPLACING if unused.gone else RESTORING
    worth = worth_of_a_year(saving, unused.one_off_cost, probability, loss)
    if worth <= 0:
        return NothingToDo(
            rule,
            resource.resource_id,
            f"it saves {saving:.2f} by the month, less than doing without may cost: it is needed with a chance of "
            f"{probability:.0%}",
        )
    weighed: dict[str, Fact] = {
        "unused_days": unused.unused_days,
        "judged_probability_needed": round(probability, 4),
        "loss_if_needed": loss,
        "expected_worth_of_a_year": worth.quantize(Decimal("0.01")),
    }
    saves_on = frozenset(each.resource_id for each in charged) | {resource.resource_id}
    return _recommendation(world, rule, unused, saving, weighed, risk_of(probability, loss), saves_on)


def _recommendation(
    world: World,
    rule: str,
    unused: Unused,
    saving: Decimal,
    weighed: Mapping[str, Fact],
    risk: Level,
    saves_on: frozenset[str],
) -> Recommendation:
    return Recommendation(
        rule=rule,
        resource_id=unused.resource.resource_id,
        target=unused.target,
        action=unused.action,
        reason=unused.reason,
        evidence={**unused.evidence, **weighed},
        evaluation_start=world.known_until - timedelta(days=unused.evaluation_days),
        evaluation_end=world.known_until,
        monthly_saving=saving,
        one_off_cost=unused.one_off_cost,
        change=unused.change,
        risk=risk,
        effort=unused.effort,
        restart_needed=unused.restart_needed,
        saves_on=saves_on,
    )


def identifiers(resources: Iterable[Resource]) -> list[Plain]:
    """As evidence names them."""
    return [resource.resource_id for resource in resources]


def days_since(world: World, day: date | None) -> int | None:
    """Whole days until the last known one; None where the day is not known."""
    return None if day is None else max(0, (world.known_until - day).days)


def attachments(world: World) -> dict[str, dict[str, Any]]:
    """What uses what, by resource."""
    return {row["resource_id"]: row for row in world.rows(ATTACHMENTS)}


def attached_to(world: World, rows: Mapping[str, dict[str, Any]], holder: Resource, *types: str) -> list[Resource]:
    """What hangs on a machine now, of these types, in the order of identifiers."""
    return [
        resource
        for resource in world.of_type(*types)
        if (row := rows.get(resource.resource_id)) and row["used_by"] and row["last_used_by"] == holder.resource_id
    ]


def copy_cost(
    world: World, rows: Mapping[str, dict[str, Any]], things: Iterable[Resource], days: int, kind: str = ""
) -> Decimal | None:
    """What copies of these volumes or snapshots cost for so many days, at list price; None where that is not known.

    A volume's snapshot takes at most the volume's size; `kind` is `glacier` where the copy is an archive instead.
    """
    prices = {
        (row["copy_kind"], row["place"], row["billing_currency"]): row["list_price_per_gb_hour"]
        for row in world.rows(COPY_PRICES)
    }
    total = Decimal(0)
    for thing in things:
        size = (rows.get(thing.resource_id) or {}).get("size_bytes")
        price = prices.get((*_kind_of(thing, kind), thing.currency or "EUR"))
        if size is None or price is None:
            return None
        total += Decimal(size) / _GB * price * _HOURS_A_DAY * days
    return total.quantize(Decimal("0.01"))


def _kind_of(thing: Resource, kind: str) -> tuple[str, str]:
    if kind == "glacier":
        return "glacier", thing.region_id or ""
    if thing.resource_type == "block_volume":
        return "block_snapshot", thing.availability_zone or ""
    return "local_snapshot", ""
