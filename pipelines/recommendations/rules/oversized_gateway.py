"""Public gateways of a larger type than their traffic needs: a smaller type, in place and both ways.

Gateways are not in the price list, so a type costs what the organisation is charged for others of it; a type nobody
there has is not advised.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pipelines.recommendations.changes.load_balancers import gateway_type
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.data_services import (
    Observed,
    Row,
    charged,
    measured,
    too_few_days,
    unknown,
    window,
)
from pipelines.recommendations.world import Resource, World

NAME = "oversized_gateway"
_LOAD, _OFFERS = "gold.network_load", "silver.network_offers"
_SKU = "/public-gateway/"
_MEGABITS = 8 / 10**6  # of a byte


@dataclass(frozen=True)
class Thresholds(Observed):
    """How much of a smaller type may be used at the 99.5th percentile of either direction."""

    used: float = 0.60
    used_in_production: float = 0.40
    least_saving: Decimal = Decimal(5)  # by the month; in place and reversible


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each public gateway."""
    load = measured(world.rows(_LOAD))
    limits = {
        row["offer_name"]: row["megabits_per_second"] for row in world.rows(_OFFERS) if row["product"] == "gateway"
    }
    gateways = list(world.of_type("vpc_gw_gateway"))
    paid = _paid(gateways)
    for gateway in gateways:
        yield _judged(gateway, load.get(gateway.resource_id), limits, paid, thresholds)


def _type(gateway: Resource) -> str:
    return (gateway.resource_class or "").lower()


def _own_cost(gateway: Resource) -> Decimal:
    """What its type was charged, without its address."""
    return charged(gateway, f"{_SKU}{_type(gateway)}/") if _type(gateway) else Decimal(0)


def _paid(gateways: Sequence[Resource]) -> dict[tuple[str, str | None], Decimal]:
    """What a month of each type costs in each currency: the dearest of those the organisation has."""
    paid: dict[tuple[str, str | None], Decimal] = {}
    for gateway in gateways:
        cost, key = _own_cost(gateway), (_type(gateway), gateway.currency)
        if cost > 0:
            paid[key] = max(cost, paid.get(key, Decimal(0)))
    return paid


def _judged(
    gateway: Resource,
    seen: Row | None,
    limits: Mapping[str, int | None],
    paid: Mapping[tuple[str, str | None], Decimal],
    thresholds: Thresholds,
) -> Answer:
    missing = too_few_days(seen, "measured", "its traffic", thresholds)
    if missing or seen is None:
        return Unjudged(NAME, gateway.resource_id, missing)
    missing = unknown(seen, "received_p995_bytes", "sent_p995_bytes", "samples", "known_from", "known_until")
    if missing:
        return Unjudged(NAME, gateway.resource_id, missing)
    cost = _own_cost(gateway)
    if cost <= 0:
        return Unjudged(NAME, gateway.resource_id, "nothing was charged for it by itself")
    used = _MEGABITS * max(seen["received_p995_bytes"], seen["sent_p995_bytes"])
    allowed = thresholds.used_in_production if gateway.is_production else thresholds.used
    fitting = [
        (price, name)
        for (name, currency), price in paid.items()
        if currency == gateway.currency and used <= allowed * (limits.get(name) or 0) and price < cost
    ]
    if used == 0:
        return NothingToDo(NAME, gateway.resource_id, "nothing goes through it; its size is not the question")
    price, target = min(fitting, default=(cost, ""))
    if not target or cost - price < thresholds.least_saving:
        return NothingToDo(NAME, gateway.resource_id, "no smaller type that the organisation has holds its traffic")
    return _advised(gateway, seen, target, used, limits[target] or 0, cost - price)


def _advised(gateway: Resource, seen: Row, target: str, used: float, limit: int, saving: Decimal) -> Recommendation:
    today = _type(gateway)
    return Recommendation(
        rule=NAME,
        resource_id=gateway.resource_id,
        target=target,
        action=f"Move {gateway.resource_name} from {today.upper()} to {target.upper()}",
        reason=f"At the 99.5th percentile {used:.1f} Mb/s go through it in one direction; "
        f"{target.upper()} has {limit} Mb/s.",
        evidence={
            "metric": "public_gateway_received_bytes, public_gateway_sent_bytes",
            "received_p995_bytes_per_second": seen["received_p995_bytes"],
            "sent_p995_bytes_per_second": seen["sent_p995_bytes"],
            "limit_megabits_per_second": limit,
            "samples": int(seen["samples"]),
            "days": seen["measured_days"],
            "query": f"select received_p995_bytes from {_LOAD} where resource_id = '{gateway.resource_id}' "
            f"order by usage_month desc limit 1",
        },
        evaluation_start=window(seen)[0],
        evaluation_end=window(seen)[1],
        monthly_saving=saving,
        change=gateway_type(gateway, target, today),
        risk=Level.medium if gateway.is_production else Level.low,
        effort=Level.low,
    )


OVERSIZED_GATEWAY = Rule(
    name=NAME,
    title="Public gateways larger than their traffic",
    about="Looks for public gateways whose traffic a smaller type holds with room.",
    reads=(_LOAD, _OFFERS),
    thresholds=Thresholds(),
    judge=judge,
)
