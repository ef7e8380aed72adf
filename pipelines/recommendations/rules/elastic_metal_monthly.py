"""Elastic Metal that has been billed by the hour for long: the same machine by the month costs less.

The monthly terms carry a commitment fee where the offer names one; it is paid once and weighed against the saving. What
the offer's list calls a price is a list price, so the saving is what was charged for the hours less that price.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from pipelines.recommendations.changes.baremetal_terms import to_monthly
from pipelines.recommendations.recommendation import (
    Answer,
    Basis,
    Level,
    NothingToDo,
    Recommendation,
    Unjudged,
)
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.world import Resource, World

NAME = "elastic_metal_monthly"
_TERMS = "silver.metal_subscriptions"
_WINDOW_DAYS = 28


@dataclass(frozen=True)
class Thresholds:
    """How long a machine must have stood, and how soon the fee must be earned back."""

    least_age_days: int = 90  # younger machines may be gone next month
    payback_months: int = 6  # within which the commitment fee is earned back
    least_saving: Decimal = Decimal(5)  # by the month


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each Elastic Metal server that is billed by the hour."""
    terms = {row["resource_id"]: row for row in world.rows(_TERMS)}
    for server in world.of_type("baremetal_server"):
        row = terms.get(server.resource_id)
        if row is None or row["subscription_period"] is None:
            yield Unjudged(NAME, server.resource_id, "its offer is not in the list of offers of its zone")
        elif row["subscription_period"] == "hourly":
            yield _judged(world, server, row, thresholds)


def _judged(world: World, server: Resource, row: dict[str, Any], thresholds: Thresholds) -> Answer:
    hourly = sum((cost for sku, cost in server.costs.items() if "/hourly/run" in sku), Decimal(0))
    if not row["monthly_offer_id"] or row["monthly_price"] is None:
        return NothingToDo(NAME, server.resource_id, f"{row['offer_name']} is not sold by the month in its zone")
    if server.created_at is None or hourly == 0:
        return Unjudged(NAME, server.resource_id, "its age or what its hours cost is not known")
    if row["billing_currency"] != server.currency:
        return Unjudged(NAME, server.resource_id, f"its monthly price is in {row['billing_currency']}")
    age = (world.known_until - server.created_at.date()).days
    if age < thresholds.least_age_days:
        return NothingToDo(NAME, server.resource_id, f"it is {age} days old and may be short-lived")
    saving = hourly - row["monthly_price"]
    fee = row["commitment_fee"] or Decimal(0)
    if saving < thresholds.least_saving or fee > saving * thresholds.payback_months:
        return NothingToDo(NAME, server.resource_id, "the monthly terms do not save enough")
    return _advised(world, server, row, age, hourly, saving, fee)


def _advised(
    world: World, server: Resource, row: dict[str, Any], age: int, hourly: Decimal, saving: Decimal, fee: Decimal
) -> Recommendation:
    return Recommendation(
        rule=NAME,
        resource_id=server.resource_id,
        target="monthly",
        action=f"Move {server.resource_name} ({row['offer_name']}) from hourly to monthly terms",
        reason=f"It has been billed by the hour for {age} days; the same machine costs "
        f"{row['monthly_price']:.2f} by the month instead of {hourly:.2f}.",
        evidence={
            "age_days": age,
            "hourly_cost_per_month": hourly,
            "monthly_price": row["monthly_price"],
            "commitment_fee": row["commitment_fee"],
            "break_even_hours_per_month": int(row["monthly_price"] / (hourly / 730)) + 1,
            "stock": row["monthly_stock"],
            "query": f"select * from {_TERMS} where resource_id = '{server.resource_id}'",
        },
        evaluation_start=world.known_until - timedelta(days=_WINDOW_DAYS),
        evaluation_end=world.known_until,
        monthly_saving=saving,
        one_off_cost=fee,
        change=to_monthly(server, row["monthly_offer_id"]),
        risk=Level.low,
        effort=Level.low,
        basis=Basis.list_price,
        kg_co2e_saving=Decimal(0),  # the same machine goes on running
        m3_water_saving=Decimal(0),
    )


ELASTIC_METAL_MONTHLY = Rule(
    name=NAME,
    title="Elastic Metal by the hour for long",
    about="Looks for Elastic Metal servers that have been billed by the hour for months where the same machine is "
    "sold by the month for less, its commitment fee included.",
    reads=(_TERMS,),
    thresholds=Thresholds(),
    judge=judge,
    spares_protected=False,  # the machine stays
)
