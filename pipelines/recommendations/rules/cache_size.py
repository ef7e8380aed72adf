"""Caches near the limit of their memory, which should grow, and caches that would fit into a smaller node.

A cache only grows in place, so a smaller one is a new cache: a migration, which starts empty and is priced. How much
memory a node type has is what caches of that type say of themselves; a type that none has is not advised as smaller.
Where nothing larger is in the price list, the next node is taken to hold twice as much for twice the price.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pipelines.recommendations.changes.databases import larger_cache, new_cache
from pipelines.recommendations.recommendation import Answer, Basis, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.data_services import (
    Migration,
    Observed,
    Row,
    by_resource,
    charged,
    measured,
    move_cost,
    pays_off,
    scaled,
    too_few_days,
    unknown,
    window,
)
from pipelines.recommendations.rules.tiers import tier_of
from pipelines.recommendations.world import Resource, World

NAME = "cache_size"
_NODES, _OFFERS, _LOAD = "silver.database_nodes", "silver.database_offers", "gold.database_load"
_GIB = 2**30
_NEEDED = (
    "memory_limit_bytes",
    "memory_p95_ratio",
    "memory_p995_ratio",
    "memory_max_ratio",
    "memory_samples",
    "known_from",
    "known_until",
)
_UNNAMED = "a larger node type"


@dataclass(frozen=True)
class Thresholds(Migration, Observed):
    """How full a cache may be. A full cache evicts or refuses writes, so both ways it is the peak that counts."""

    near_limit: float = 0.90  # 95 % of the time below; above it, it is near its limit
    filled: float = 0.75  # how full a larger node may be at the peak
    filled_after_shrink: float = 0.60  # how full a smaller one may be: it has to last
    cpu_after_shrink: float = 0.50  # one core answers, so a smaller node may be slower
    least_saving: Decimal = Decimal(20)  # by the month


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each managed cache."""
    nodes, load = by_resource(world.rows(_NODES)), measured(world.rows(_LOAD))
    sizes = _sizes(nodes, load)
    offers = [row for row in world.rows(_OFFERS) if row["product"] == "redis" and row["is_sold"] and row["node_price"]]
    for cache in world.of_type("redis_cluster"):
        node, seen = nodes.get(cache.resource_id), load.get(cache.resource_id)
        missing = too_few_days(seen, "memory", "memory in use (redis_memory_used_bytes)", thresholds)
        if node is None:
            yield Unjudged(NAME, cache.resource_id, "its node type is not in the inventory")
        elif missing or seen is None:
            yield Unjudged(NAME, cache.resource_id, missing)
        elif unknown(node, "node_type", "node_count") or unknown(seen, *_NEEDED):
            told = unknown(node, "node_type", "node_count") or unknown(seen, *_NEEDED)
            yield Unjudged(NAME, cache.resource_id, told)
        elif not charged(cache, "/redis/"):
            yield Unjudged(NAME, cache.resource_id, "nothing was charged for its nodes")
        else:
            sold = [offer for offer in offers if offer["region_id"] == node["region_id"]]
            yield _judged(cache, node, seen, sold, sizes, thresholds)


def _sizes(nodes: Mapping[str, Row], load: Mapping[str, Row]) -> dict[str, float]:
    """Bytes of memory by node type, as caches of that type tell them; the least where they differ."""
    sizes: dict[str, float] = {}
    for resource_id, row in load.items():
        node, limit = nodes.get(resource_id), row["memory_limit_bytes"]
        if node is not None and node["product"] == "redis" and limit:
            sizes[node["node_type"]] = min(float(limit), sizes.get(node["node_type"], math.inf))
    return sizes


def _judged(
    cache: Resource,
    node: Row,
    seen: Row,
    sold: Sequence[Row],
    sizes: Mapping[str, float],
    thresholds: Thresholds,
) -> Answer:
    if seen["memory_p95_ratio"] >= thresholds.near_limit:
        return _grown(cache, node, seen, sold, sizes, thresholds)
    return _shrunk(cache, node, seen, sold, sizes, thresholds)


def _grown(
    cache: Resource, node: Row, seen: Row, sold: Sequence[Row], sizes: Mapping[str, float], thresholds: Thresholds
) -> Recommendation:
    wanted = seen["memory_p995_ratio"] * seen["memory_limit_bytes"] / thresholds.filled
    today = _offer(sold, node["node_type"])
    dearer = [
        offer
        for offer in sold
        if today and offer["node_price"] > today["node_price"] and sizes.get(offer["node_type"], wanted) >= wanted
    ]
    best = min(dearer, key=lambda offer: (offer["node_price"], offer["node_type"]), default=None)
    cost = charged(cache, "/redis/")
    after = None if best is None else _price(cost, best, today, node["node_count"])
    # a type that is not in the list: twice the memory for twice the price, as from each type to the next
    steps = math.ceil(math.log2(wanted / seen["memory_limit_bytes"]))
    more = cost * (2 ** max(steps, 1) - 1) if after is None else after - cost
    target = _UNNAMED if best is None or after is None else best["node_type"]
    name = _UNNAMED if target == _UNNAMED else target.upper()
    return Recommendation(
        rule=NAME,
        resource_id=cache.resource_id,
        target=target,
        action=f"Move {cache.resource_name} from {node['node_type'].upper()} to {name}",
        reason=f"It is at {seen['memory_p95_ratio']:.0%} of its memory at the 95th percentile and at "
        f"{seen['memory_max_ratio']:.0%} at its peak; beyond that it evicts keys or refuses writes.",
        evidence=_evidence(cache, node, seen) | {"price_is_estimated": after is None, "wanted_gib": wanted / _GIB},
        evaluation_start=window(seen)[0],
        evaluation_end=window(seen)[1],
        monthly_saving=-more,
        change=larger_cache(cache, name if target == _UNNAMED else target, node["node_type"]),
        risk=Level.low,
        effort=Level.low,
        restart_needed=True,
        basis=Basis.list_price,
    )


def _shrunk(
    cache: Resource, node: Row, seen: Row, sold: Sequence[Row], sizes: Mapping[str, float], thresholds: Thresholds
) -> Answer:
    used, today = seen["memory_max_ratio"] * seen["memory_limit_bytes"], _offer(sold, node["node_type"])
    if seen["cpu_p995_ratio"] is None or seen["cpu_p995_ratio"] > thresholds.cpu_after_shrink:
        return NothingToDo(NAME, cache.resource_id, "its processor is busy or not measured")
    if not tier_of(cache).may_migrate:
        return NothingToDo(NAME, cache.resource_id, "its tier allows no cut-over")
    fitting = [
        offer
        for offer in sold
        if today
        and offer["node_price"] < today["node_price"]
        and (node["node_count"] == 1 or offer["further_node_price"] is not None)
        and used <= thresholds.filled_after_shrink * sizes.get(offer["node_type"], 0)
    ]
    best = min(fitting, key=lambda offer: (offer["node_price"], offer["node_type"]), default=None)
    cost = charged(cache, "/redis/")
    after = None if best is None else _price(cost, best, today, node["node_count"])
    if best is None or after is None:
        return NothingToDo(NAME, cache.resource_id, "no smaller node of known memory holds its peak")
    one_off = move_cost(after, Decimal(0), thresholds)
    if not pays_off(cost - after, one_off, thresholds.least_saving, thresholds):
        return NothingToDo(NAME, cache.resource_id, "a smaller node does not save enough for a move")
    return _new_cache(cache, node, seen, best["node_type"], sizes[best["node_type"]], cost - after, one_off)


def _new_cache(
    cache: Resource, node: Row, seen: Row, target: str, size: float, saving: Decimal, one_off: Decimal
) -> Recommendation:
    used = seen["memory_max_ratio"] * seen["memory_limit_bytes"]
    return Recommendation(
        rule=NAME,
        resource_id=cache.resource_id,
        target=target,
        action=f"Move {cache.resource_name} from {node['node_type'].upper()} to a new cache on {target.upper()}",
        reason=f"It never held more than {used / _GIB:.2f} of {seen['memory_limit_bytes'] / _GIB:.2f} GiB; "
        f"{target.upper()} has {size / _GIB:.2f} GiB. A cache only grows, so this is a "
        f"migration.",
        evidence=_evidence(cache, node, seen) | {"target_gib": size / _GIB},
        evaluation_start=window(seen)[0],
        evaluation_end=window(seen)[1],
        monthly_saving=saving,
        one_off_cost=one_off,
        change=new_cache(cache, target, node["node_type"]),
        risk=Level.medium if cache.is_production else Level.low,
        effort=Level.high,
        restart_needed=True,
        basis=Basis.list_price,
    )


def _offer(sold: Sequence[Row], node_type: str) -> Row | None:
    return next((offer for offer in sold if offer["node_type"] == node_type), None)


def _price(cost: Decimal, wanted: Row, today: Row | None, nodes: int | None) -> Decimal | None:
    """What was charged, brought to the other type's list price with all nodes; None where a price is missing."""
    told = None if today is None else _list_price(today, nodes)
    return scaled(cost, _list_price(wanted, nodes), told)


def _list_price(offer: Row, nodes: int | None) -> Decimal | None:
    further, price = (nodes or 1) - 1, offer["node_price"]
    if price is None or (further and offer["further_node_price"] is None):
        return None
    total: Decimal = price + further * (offer["further_node_price"] or Decimal(0))
    return total


def _evidence(cache: Resource, node: Row, seen: Row) -> dict[str, str | int | float | Decimal | None]:
    return {
        "metric": "redis_memory_used_bytes / redis_memory_limit_bytes",
        "node_type": node["node_type"],
        "node_count": node["node_count"],
        "memory_limit_gib": seen["memory_limit_bytes"] / _GIB,
        "memory_p95_share": seen["memory_p95_ratio"],
        "memory_p995_share": seen["memory_p995_ratio"],
        "memory_max_share": seen["memory_max_ratio"],
        "cpu_p995_share": seen["cpu_p995_ratio"],
        "samples": int(seen["memory_samples"]),
        "days": seen["memory_days"],
        "query": f"select memory_p95_ratio from {_LOAD} where resource_id = '{cache.resource_id}' "
        f"order by usage_month desc limit 1",
    }


CACHE_SIZE = Rule(
    name=NAME,
    title="Caches of the wrong size",
    about="Looks for caches that are near the limit of their memory, and for those that would fit into a smaller node.",
    reads=(_NODES, _OFFERS, _LOAD),
    thresholds=Thresholds(),
    judge=judge,
)
