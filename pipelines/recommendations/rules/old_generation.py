"""Instances of types that are withdrawn or about to be: the successor with as much of everything, as cheap as it gets.

Where the successor costs less, that is a saving. Where it costs more, the move is advised all the same once the end of
life is dated or the type is not sold any more, because a machine is stopped for good then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pipelines.recommendations.changes.instances import retyped
from pipelines.recommendations.recommendation import Answer, Fact, Level, NothingToDo, Recommendation
from pipelines.recommendations.rightsizing.offers import Offer
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.machine_sizing import (
    DEMAND,
    OFFERS,
    Machine,
    Machines,
    Row,
    is_leaving,
    is_sold,
    may_move,
)
from pipelines.recommendations.world import World

NAME = "old_generation"


@dataclass(frozen=True)
class Thresholds:
    """How far ahead a withdrawal is acted on."""

    ahead_days: int = 365  # before its end of life
    least_saving: Decimal = Decimal(1)  # by the month, where nothing forces the move


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each Instance whose type is leaving the catalogue."""
    machines = Machines(world)
    for machine in machines.told(NAME):
        if not isinstance(machine, Machine):
            yield machine
        elif is_leaving(machine.current, world.today) or machine.current["replacement_ids"]:
            arm = _on_arm(world, machine, machines.listed(machine))
            yield _judged(world, machine, arm, thresholds)


def _judged(world: World, machine: Machine, arm: Offer | None, thresholds: Thresholds) -> Answer:
    server, today = machine.server, machine.offer
    forced = _is_forced(machine.current, world.today, thresholds)
    found = successor(machine, machine.sold)
    if found is None:
        return NothingToDo(NAME, server.resource_id, "no type sold in its zone has as much of everything")
    saving = today.eur_per_month - found.eur_per_month
    if saving < thresholds.least_saving and not forced:
        return NothingToDo(
            NAME,
            server.resource_id,
            f"{found.name}, the cheapest successor, costs {-saving:.2f} more; {today.name} is still sold."
            + _arm_words(today, arm),
        )
    return _advised(world, machine, found, arm)


def successor(machine: Machine, sold: Sequence[Row]) -> Offer | None:
    """The cheapest size with no less of anything; of two at one price the one the catalogue recommends."""
    current, today = machine.current, machine.offer
    holding = [
        (row, machine.priced(row))
        for row in sold
        if row["vcpus"] >= current["vcpus"]
        and row["memory_bytes"] >= current["memory_bytes"]
        and _no_less(machine.priced(row).network_kb_per_s, today.network_kb_per_s)
        and _no_less(machine.priced(row).disk_kb_per_s, today.disk_kb_per_s)
    ]
    named = current["replacement_ids"] or ()
    best = min(
        holding,
        key=lambda each: (each[1].eur_per_month, each[0]["offer_id"] not in named, each[0]["offer_id"]),
        default=None,
    )
    return None if best is None else best[1]


def _on_arm(world: World, machine: Machine, listed: Sequence[Row]) -> Offer | None:
    """The cheapest successor with ARM processors: only what is built for both can move there, so it is told beside."""
    if machine.current["architecture"] == "arm64":
        return None
    rows = [row for row in listed if may_move(machine.server, machine.current, row, world.today, "arm64")]
    return successor(
        machine, [row for row in rows if not machine.loses_local(row) or row["block_gb_price"] is not None]
    )


def _arm_words(today: Offer, arm: Offer | None) -> str:
    if arm is None or arm.eur_per_month >= today.eur_per_month:
        return ""
    saved = today.eur_per_month - arm.eur_per_month
    return f" If all it runs is built for ARM too, {arm.name} would save {saved:.2f} a month."


def _no_less(limit: float | None, today: float | None) -> bool:
    return limit is None or (today is not None and limit >= today)


def _is_forced(row: Row, today: date, thresholds: Thresholds) -> bool:
    life: date | None = row["end_of_life_on"]
    if life is not None:
        return (life - today).days <= thresholds.ahead_days
    return bool(row["is_end_of_service"])


def _advised(world: World, machine: Machine, found: Offer, arm: Offer | None) -> Recommendation:
    server, today = machine.server, machine.offer
    saving = today.eur_per_month - found.eur_per_month
    row = next(each for each in machine.sold if each["offer_name"] == found.name)
    moves_volumes = machine.loses_local(row)
    return Recommendation(
        rule=NAME,
        resource_id=server.resource_id,
        target=found.name,
        action=f"Move {server.resource_name} from {today.name} to {found.name}",
        reason=_reason(machine.current, found, saving, world.today) + _arm_words(today, arm),
        evidence=_evidence(machine, found, arm),
        evaluation_start=machine.seen["known_from"],
        evaluation_end=machine.seen["known_until"],
        monthly_saving=saving,
        change=retyped(
            server,
            found.name,
            today.name,
            machine.local_gb if moves_volumes else 0,
            is_sold(machine.current, world.today),
        ),
        risk=Level.medium if moves_volumes or server.is_production else Level.low,
        effort=Level.high if moves_volumes else Level.low,
        restart_needed=True,
        saves_on=machine.saves_on(row),
        basis=machine.basis,
    )


def _reason(row: Row, found: Offer, saving: Decimal, today: date) -> str:
    sale, life = row["end_of_sale_on"], row["end_of_life_on"]
    told = []
    if sale is not None:
        told.append(f"is not sold any more since {sale}" if sale <= today else f"is sold until {sale}")
    if life is not None:
        told.append(f"its machines are stopped for good on {life}")
    leaving = ", and ".join(told) or "has a successor in the catalogue"
    price = f"saves {saving:.2f}" if saving >= 0 else f"costs {-saving:.2f} more"
    return (
        f"{row['offer_name']} {leaving}. {found.name} has as much of everything "
        f"({found.vcpus:g} vCPU, {found.memory_gib:g} GiB) and {price} a month."
    )


def _evidence(machine: Machine, found: Offer, arm: Offer | None) -> dict[str, Fact]:
    row = machine.current
    return {
        "current_type": row["offer_name"],
        "status": row["status"],
        "end_of_sale_on": row["end_of_sale_on"],
        "end_of_life_on": row["end_of_life_on"],
        "recommended_replacements": list(row["replacement_ids"] or ()),
        "vcpus": row["vcpus"],
        "memory_gib": machine.offer.memory_gib,
        "monthly_price_now": machine.offer.eur_per_month,
        "monthly_price_then": found.eur_per_month,
        "arm_type": None if arm is None else arm.name,
        "monthly_price_on_arm": None if arm is None else arm.eur_per_month,
        "local_volumes_gb": machine.local_gb,
        "query": f"select status, end_of_sale_on, end_of_life_on, monthly_list_price from {OFFERS} "
        f"where offer_name = '{row['offer_name']}' and availability_zone = '{row['availability_zone']}'",
    }


OLD_GENERATION = Rule(
    name=NAME,
    title="Instances of an old generation",
    about="Looks for Instances whose type is not sold any more, or not for long, and names the cheapest type that has "
    "no less of anything.",
    reads=(OFFERS, DEMAND),
    thresholds=Thresholds(),
    judge=judge,
)
