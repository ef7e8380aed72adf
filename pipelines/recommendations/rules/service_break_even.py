"""The same load on serverless, on a virtual machine and on bare metal: what each would cost, as a table.

Told for containers and functions, whose use is known to the second. A machine must hold their busiest moment all month;
serverless is charged for what it does. Advice only where another way is clearly cheaper: moving is work.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from math import ceil
from typing import Any

from pipelines.recommendations.changes.change import Change, block, label, scw
from pipelines.recommendations.recommendation import Answer, Basis, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.world import Resource, World

NAME = "service_break_even"
_CAPS, _OFFERS = "gold.scaling_caps", "silver.offers"
_GB = 10**9
_VM, _METAL = "instance_server", "baremetal_server"


@dataclass(frozen=True)
class Thresholds:
    """How much a machine must hold, and how clear the difference must be."""

    room: float = 1.25  # over the busiest moment of four weeks
    machines_in_production: int = 2  # one may fail; elsewhere one is enough
    entry_cost: Decimal = Decimal(15)  # by the month: what shares requests out in front of several machines
    clearly: Decimal = Decimal("0.30")  # of today's cost
    least_saving: Decimal = Decimal(50)  # by the month
    observed_days: int = 14
    move_hours: int = 336  # both run side by side for two weeks


@dataclass(frozen=True)
class Option:
    """One way to run the load; None costs where its offers do not tell what they hold."""

    kind: str
    offer: str
    count: int
    monthly_cost: Decimal | None


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each container and function."""
    caps = {row["resource_id"]: row for row in world.rows(_CAPS)}
    offers = world.rows(_OFFERS)
    for service in world.of_type("containers_container", "functions_function"):
        row = caps.get(service.resource_id)
        if row is not None:
            yield _judged(service, row, offers, thresholds)


def _judged(
    service: Resource, row: Mapping[str, Any], offers: Sequence[Mapping[str, Any]], thresholds: Thresholds
) -> Answer:
    if service.monthly_cost is None:
        return Unjudged(NAME, service.resource_id, "what it costs today is not known")
    if row["peak_instances"] is None or (row["measured_days"] or 0) < thresholds.observed_days:
        return Unjudged(NAME, service.resource_id, "how many of it ran at once was not measured for two weeks")
    if row["vcpus"] is None or row["memory_gb"] is None:
        return Unjudged(NAME, service.resource_id, "its processors or its memory are not told by its settings")
    options = options_of(service, row, offers, thresholds)
    priced = [each for each in options if each.monthly_cost is not None]
    best = min(priced, key=lambda each: each.monthly_cost or Decimal(0), default=None)
    if best is None or best.monthly_cost is None:
        return Unjudged(NAME, service.resource_id, "no machine of its region with a price holds its busiest moment")
    saving = (service.monthly_cost - best.monthly_cost).quantize(Decimal("0.01"), ROUND_DOWN)
    if saving < thresholds.least_saving or saving < thresholds.clearly * service.monthly_cost:
        told = "; ".join(f"{each.count} {each.offer}: {each.monthly_cost:.0f}" for each in priced)
        return NothingToDo(NAME, service.resource_id, f"{service.monthly_cost:.0f} by the month today; {told}")
    return _advised(service, row, options, best, saving, thresholds)


def options_of(
    service: Resource, row: Mapping[str, Any], offers: Sequence[Mapping[str, Any]], thresholds: Thresholds
) -> list[Option]:
    """The cheapest virtual and the cheapest bare metal machines of its region that hold the busiest moment."""
    count = thresholds.machines_in_production if service.is_production else 1
    peak = ceil(float(row["peak_instances"]) * thresholds.room)
    # of two machines either one must hold everything: the other may have failed
    vcpus, memory = float(row["vcpus"]) * peak, float(row["memory_gb"]) * peak * _GB
    entry = thresholds.entry_cost if count > 1 else Decimal(0)
    return [_cheapest(kind, service, offers, (vcpus, memory), count, entry) for kind in (_VM, _METAL)]


def _cheapest(
    kind: str,
    service: Resource,
    offers: Sequence[Mapping[str, Any]],
    need: tuple[float, float],
    count: int,
    entry: Decimal,
) -> Option:
    found = [
        (offer["monthly_list_price"], offer["offer_name"])
        for offer in offers
        if offer["resource_type"] == kind
        and (offer["availability_zone"] or "").startswith(f"{service.region_id}-")
        and _holds(offer, need)
        and offer["billing_currency"] == service.currency
        and offer["subscription_period"] == "hourly"
        and not offer["gpu_count"]
        and offer["end_of_sale_on"] is None
        and offer["architecture"] in (None, "x86_64")
    ]
    name = "virtual machine" if kind == _VM else "bare metal"
    if not found:
        return Option(name, "none known to hold it", 0, None)
    price, offer_name = min(found)
    return Option(name, offer_name, count, (price * count + entry).quantize(Decimal("0.01"), ROUND_DOWN))


def _holds(offer: Mapping[str, Any], need: tuple[float, float]) -> bool:
    """Whether an offer is known to hold the load; one that does not tell its size holds nothing."""
    if offer["monthly_list_price"] is None or offer["vcpus"] is None or offer["memory_bytes"] is None:
        return False
    return float(offer["vcpus"]) >= need[0] and float(offer["memory_bytes"]) >= need[1]


def _advised(
    service: Resource,
    row: Mapping[str, Any],
    options: Sequence[Option],
    best: Option,
    saving: Decimal,
    thresholds: Thresholds,
) -> Recommendation:
    today = service.monthly_cost or Decimal(0)
    table: list[Mapping[str, Any]] = [
        {"way": "serverless, as today", "offer": service.resource_name, "count": 1, "cost_per_month": today},
        *(
            {"way": each.kind, "offer": each.offer, "count": each.count, "cost_per_month": each.monthly_cost}
            for each in options
        ),
    ]
    beside = (today * thresholds.move_hours / 730).quantize(Decimal("0.01"), ROUND_DOWN)
    return Recommendation(
        rule=NAME,
        resource_id=service.resource_id,
        target=best.offer,
        action=f"Run {service.resource_name} on {best.count} {best.offer} instead of serverless",
        reason=f"It is busy enough that {best.count} {best.offer} cost {best.monthly_cost:.2f} by the month, "
        f"and serverless {today:.2f}.",
        evidence={
            "ways": table,
            "peak_instances": row["peak_instances"],
            "vcpus_per_instance": float(row["vcpus"]),
            "memory_gb_per_instance": float(row["memory_gb"]),
            "room_over_the_peak": thresholds.room,
            "break_even_cost_per_month": best.monthly_cost,
            "query": f"select * from {_CAPS} where resource_id = '{service.resource_id}'",
        },
        evaluation_start=row["known_from"],
        evaluation_end=row["known_until"],
        monthly_saving=saving,
        one_off_cost=beside,
        change=_moved(service, best),
        risk=Level.medium,
        effort=Level.high,
        basis=Basis.list_price,
    )


def _moved(service: Resource, best: Option) -> Change:
    zone, name = f"{service.region_id}-1", label(service.resource_name)
    servers = [f"{service.resource_name}-{number + 1}" for number in range(best.count)]
    return Change(
        cli=tuple(
            scw("instance", "server", "create", type=best.offer, image="ubuntu_noble", name=each, zone=zone)
            for each in servers
        ),
        undo_cli=tuple(scw("instance", "server", "list", name=each, zone=zone) for each in servers)
        + tuple(
            scw("instance", "server", "delete", f"ID_OF_{label(each).upper()}", with_volumes="all", zone=zone)
            for each in servers
        ),
        terraform="\n".join(
            block(
                "resource", "scaleway_instance_server", f"{name}_{number + 1}",
                name=each, type=best.offer, image="ubuntu_noble", zone=zone,
            )
            for number, each in enumerate(servers)
        ),
        notes=(
            "A migration: run both side by side, move the requests, then remove the service.",
            "Machines want updates, monitoring and somebody on call; what that is worth is no part of the figures.",
            "The service scales by itself beyond what the machines hold: keep it until a busy day has passed.",
        ),
    )  # fmt: skip


SERVICE_BREAK_EVEN = Rule(
    name=NAME,
    title="Serverless, machine or metal",
    about="Compares what a serverless container or function costs with machines that would hold its busiest moment all "
    "month, and speaks up where another way is clearly cheaper.",
    reads=(_CAPS, _OFFERS),
    thresholds=Thresholds(),
    judge=judge,
)
