"""Load balancers of a larger type than their traffic needs: a smaller type, in place and both ways."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pipelines.recommendations.changes.load_balancers import balancer_type
from pipelines.recommendations.recommendation import Answer, Basis, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.data_services import (
    Observed,
    Row,
    charged,
    measured,
    scaled,
    too_few_days,
    unknown,
    window,
)
from pipelines.recommendations.world import Resource, World

NAME = "oversized_load_balancer"
_SHARES = ("bandwidth_in_p995_ratio", "bandwidth_out_p995_ratio", "connections_p995_ratio")
_NEEDED = (*_SHARES, "cpu_p995_ratio", "samples", "known_from", "known_until")
_LOAD, _OFFERS = "gold.network_load", "silver.network_offers"


@dataclass(frozen=True)
class Thresholds(Observed):
    """How much of a smaller type may be used at the 99.5th percentile: production keeps room for a twin's traffic."""

    used: float = 0.60
    used_in_production: float = 0.40
    cpu_used: float = 0.80  # if the smaller type's processors are smaller as its bandwidth is
    least_saving: Decimal = Decimal(5)  # by the month; in place and reversible


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each load balancer."""
    load = measured(world.rows(_LOAD))
    offers = [row for row in world.rows(_OFFERS) if row["product"] == "load_balancer"]
    for balancer in world.of_type("lb_lb"):
        yield _judged(balancer, load.get(balancer.resource_id), offers, thresholds)


def _judged(balancer: Resource, seen: Row | None, offers: Sequence[Row], thresholds: Thresholds) -> Answer:
    resource_id, today = balancer.resource_id, (balancer.resource_class or "").lower()
    missing = too_few_days(seen, "measured", "its bandwidth", thresholds)
    if missing or seen is None:
        return Unjudged(NAME, resource_id, missing)
    sold = {
        row["offer_name"]: row
        for row in offers
        if row["availability_zone"] == balancer.availability_zone and row["list_unit_price"]
    }
    current, cost = sold.get(today), charged(balancer, f"/loadbalancer-{today.removeprefix('lb-')}/")
    if current is None or current["megabits_per_second"] is None:
        return Unjudged(NAME, resource_id, f"what {today or 'its type'} can do is not known")
    if cost <= 0:
        return Unjudged(NAME, resource_id, "nothing was charged for it by itself")
    missing = unknown(seen, *_NEEDED)
    if missing:
        return Unjudged(NAME, resource_id, missing)
    used = max(seen[name] for name in _SHARES)
    if used == 0:
        return NothingToDo(NAME, resource_id, "nothing goes through it; its size is not the question")
    allowed = thresholds.used_in_production if balancer.is_production else thresholds.used
    best = _cheapest(current, sold, used, seen["cpu_p995_ratio"], allowed, thresholds)
    after = None if best is None else scaled(cost, best["list_unit_price"], current["list_unit_price"])
    if best is None or after is None or cost - after < thresholds.least_saving:
        return NothingToDo(NAME, resource_id, "no smaller type holds its traffic with room")
    return _advised(balancer, seen, current, best, used, cost - after)


def _cheapest(
    current: Row, sold: dict[str, Row], used: float, cpu: float, allowed: float, thresholds: Thresholds
) -> Row | None:
    fitting = []
    for offer in sold.values():
        if not offer["megabits_per_second"] or offer["list_unit_price"] >= current["list_unit_price"]:
            continue
        factor = current["megabits_per_second"] / offer["megabits_per_second"]
        if used * factor <= allowed and cpu * factor <= thresholds.cpu_used:
            fitting.append(offer)
    return min(fitting, key=lambda offer: (offer["list_unit_price"], offer["offer_name"]), default=None)


def _advised(balancer: Resource, seen: Row, current: Row, best: Row, used: float, saving: Decimal) -> Recommendation:
    today, target = current["offer_name"], best["offer_name"]
    return Recommendation(
        rule=NAME,
        resource_id=balancer.resource_id,
        target=target,
        action=f"Move {balancer.resource_name} from {today.upper()} to {target.upper()}",
        reason=f"At the 99.5th percentile it uses {used:.0%} of {today.upper()} "
        f"({current['megabits_per_second']} Mb/s); {target.upper()} has {best['megabits_per_second']} Mb/s.",
        evidence={
            "metric": "load_balancer bandwidth, connections and processors, as shares of its type",
            "bandwidth_in_p995_share": seen["bandwidth_in_p995_ratio"],
            "bandwidth_out_p995_share": seen["bandwidth_out_p995_ratio"],
            "connections_p995_share": seen["connections_p995_ratio"],
            "cpu_p995_share": seen["cpu_p995_ratio"],
            "sessions_max": seen["sessions_max"],
            "samples": int(seen["samples"]),
            "days": seen["measured_days"],
            "query": f"select bandwidth_out_p995_ratio from {_LOAD} where resource_id = '{balancer.resource_id}' "
            f"order by usage_month desc limit 1",
        },
        evaluation_start=window(seen)[0],
        evaluation_end=window(seen)[1],
        monthly_saving=saving,
        change=balancer_type(balancer, target, today),
        risk=Level.medium if balancer.is_production else Level.low,
        effort=Level.low,
        basis=Basis.list_price,
    )


OVERSIZED_LOAD_BALANCER = Rule(
    name=NAME,
    title="Load balancers larger than their traffic",
    about="Looks for load balancers whose bandwidth, connections and processors a smaller type holds with room.",
    reads=(_LOAD, _OFFERS),
    thresholds=Thresholds(),
    judge=judge,
)
