"""A managed database as a machine with offers: its recorded load is replayed against every node type of its region.

Prices of other types are what was charged for this one, brought to the other's list price. What the replay cannot know
is left out before: families with shared processors for production, families with another kind of disk, and types whose
processors or memory the price list does not name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import numpy as np

from pipelines.recommendations.recommendation import Unjudged
from pipelines.recommendations.rightsizing.answers import Answer as Sized
from pipelines.recommendations.rightsizing.answers import Keep, Resize
from pipelines.recommendations.rightsizing.answers import Unjudged as Unsized
from pipelines.recommendations.rightsizing.deciding import rightsize
from pipelines.recommendations.rightsizing.load import Load
from pipelines.recommendations.rightsizing.load import load as load_of
from pipelines.recommendations.rightsizing.offers import PRODUCTION, Offer, Policy
from pipelines.recommendations.rightsizing.summaries import Bins, Days, Summary
from pipelines.recommendations.rules.data_services import Row, by_resource, charged, measured, scaled, unknown
from pipelines.recommendations.rules.tiers import needs_standby
from pipelines.recommendations.world import Resource, World

NODES, OFFERS, LOAD = "silver.database_nodes", "silver.database_offers", "gold.database_load"
_GIB = 2**30
_SHARED_PROCESSORS = ("play2", "dev")
_SKUS = {"rdb": ("/rdb/instance/", "/rdb/node/"), "mongodb": ("/mgdb/instance/", "/mgdb/node/")}


@dataclass(frozen=True)
class SizedDatabase:
    """A database, what it has, what was measured of it, and what the replay says."""

    database: Resource
    node: Row
    seen: Row
    answer: Sized
    nodes: int  # that it needs: a standby only where its environment or tier asks for one


def sized_databases(world: World, rule: str, drops_standby: bool = False) -> Iterator[SizedDatabase | Unjudged]:
    """Each managed database beside what the replay says of it, or why nothing can be said.

    `drops_standby` prices other types without the standby nodes that neither environment nor tier ask for.
    """
    nodes, seen = by_resource(world.rows(NODES)), measured(world.rows(LOAD))
    offers = [row for row in world.rows(OFFERS) if row["is_sold"]]
    for database in world.of_type("rdb_instance", "mongodb_instance"):
        node, load = nodes.get(database.resource_id), seen.get(database.resource_id)
        keeps = not drops_standby or needs_standby(database)
        yield _sized(database, node, load, offers, keeps, rule)


def _sized(
    database: Resource, node: Row | None, seen: Row | None, offers: Sequence[Row], keeps: bool, rule: str
) -> SizedDatabase | Unjudged:
    if node is None or unknown(node, "product", "node_type", "node_count"):
        return Unjudged(rule, database.resource_id, "its node type is not in the inventory")
    if seen is None or unknown(seen, "cpu_by_day", "cpu_bins", "known_from", "known_until"):
        return Unjudged(rule, database.resource_id, _unmeasured(node))
    cost = charged(database, *_SKUS[node["product"]])
    if cost <= 0:
        return Unjudged(rule, database.resource_id, "nothing was charged for its nodes")
    sold = [row for row in offers if row["product"] == node["product"] and row["region_id"] == node["region_id"]]
    today = next((row for row in sold if row["node_type"] == node["node_type"]), None)
    if today is None or today["vcpus"] is None or today["memory_bytes"] is None:
        return Unjudged(rule, database.resource_id, f"the size of {node['node_type']} is not in the price list")
    current = _offer(today, today, node, cost, node["node_count"])
    nodes = node["node_count"] if keeps else 1
    others = [_offer(row, today, node, cost, nodes) for row in _eligible(database, node, seen, today, sold)]
    if current is None:
        return Unjudged(rule, database.resource_id, f"the price of {node['node_type']} is not in the price list")
    policy = PRODUCTION if database.is_production else Policy()
    answer = rightsize(_load(node, seen, today), current, [each for each in others if each], policy)
    if isinstance(answer, Unsized):
        return Unjudged(rule, database.resource_id, answer.reason)
    return SizedDatabase(database, node, seen, answer, nodes)


def evidence(sized: SizedDatabase) -> dict[str, str | int | float | Decimal | None]:
    """The numbers behind an answer; shares are of today's node, headroom is left on the node advised."""
    assert isinstance(sized.answer, Keep | Resize)
    found, seen = sized.answer.evidence, sized.seen
    return {
        "metric": "cpu ratio ÷ (1 − steal), memory used ratio; the busiest node of each hour",
        "node_type": sized.node["node_type"],
        "node_count": sized.node["node_count"],
        "nodes_needed": sized.nodes,
        "vcpus": sized.answer.current.vcpus,
        "memory_gib": sized.answer.current.memory_gib,
        "cpu_p95_vcpus": found.cpu.p95,
        "cpu_p995_vcpus": found.cpu.p995,
        "cpu_p95_share": seen["cpu_p95_ratio"],
        "memory_recurring_peak_gib": None if found.memory is None else found.memory.recurring_peak,
        "memory_max_share": seen["memory_max_ratio"],
        "connections_max": seen["connections_max"],
        "disk_operations_p95_per_second": seen["disk_operations_p95"],
        "over_capacity_now_share": found.over_capacity_now,
        "over_capacity_then_share": found.over_capacity_then,
        "cpu_headroom_share": found.cpu_headroom,
        "memory_headroom_share": found.memory_headroom,
        "saturation_risk": sized.answer.risk,
        "samples": found.samples,
        "days": found.days,
        "weekends": found.weekends,
        "why_not_smaller": sized.answer.why_not_smaller,
        "query": f"select cpu_p95_ratio, memory_max_ratio from {LOAD} "
        f"where resource_id = '{sized.database.resource_id}' order by usage_month desc limit 1",
    }


def _unmeasured(node: Row) -> str:
    if node["product"] == "mongodb":
        return "the processors and memory of MongoDB nodes are not measured; their metrics in Cockpit are free to read"
    return "its processors (postgresql_cpu_ratio or mysql_cpu_ratio) are not measured"


def _eligible(database: Resource, node: Row, seen: Row, today: Row, sold: Sequence[Row]) -> Iterator[Row]:
    """The types that could hold it at all, but for its load."""
    family = _family(node["node_type"])
    for row in sold:
        if row["node_type"] == node["node_type"] or row["vcpus"] is None or row["memory_bytes"] is None:
            continue
        other = _family(row["node_type"])
        if other != family and (node["volume_type"] == "lssd" or other == "dev"):
            continue  # local disks come with the node, and their size is not in the price list
        if other != family and other in _SHARED_PROCESSORS and database.is_production:
            continue
        if _connects(node, seen, today, row):
            yield row


def _connects(node: Row, seen: Row, today: Row, wanted: Row) -> bool:
    """Whether its connections fit: their limit goes with memory. One that was exceeded is not the one that holds."""
    most, limit = seen["connections_max"], node["max_connections"]
    if most is None or limit is None or most > limit:
        return True
    return bool(most <= limit * min(1.0, wanted["memory_bytes"] / today["memory_bytes"]))


def _family(node_type: str) -> str:
    """`db-pro2-xs` is of the family pro2."""
    return node_type.split("-")[1] if node_type.count("-") >= 2 else node_type


def _offer(row: Row, today: Row, node: Row, cost: Decimal, nodes: int) -> Offer | None:
    price = scaled(cost, _list_price(row, nodes), _list_price(today, node["node_count"]))
    if price is None:
        return None
    return Offer(row["node_type"], row["vcpus"], row["memory_bytes"] / _GIB, price)


def _list_price(row: Row, nodes: int) -> Decimal | None:
    if row["node_price"] is None or row["management_price"] is None:
        return None
    price: Decimal = row["management_price"] + nodes * row["node_price"]
    return price


def _load(node: Row, seen: Row, today: Row) -> Load:
    measures = {"cpu": _summary(seen["cpu_bins"], seen["cpu_by_day"], today["vcpus"])}
    if seen["memory_by_day"] and seen["memory_bins"]:
        memory = today["memory_bytes"] / _GIB
        measures["memory"] = _summary(seen["memory_bins"], seen["memory_by_day"], memory)
    start, end = seen["known_from"], seen["known_until"]
    return load_of(
        node["resource_id"],
        datetime.combine(end, time(), UTC),
        (end - start).days,
        timedelta(hours=1) / (seen["expected_samples"] or 1),
        measures,
    )


def _summary(bins: Sequence[Mapping[str, float]], days: Sequence[Mapping[str, float]], size: float) -> Summary:
    """Shares of a node, as amounts."""
    return Summary(
        Bins(
            np.array([each["part"] for each in bins], dtype=np.int64),
            np.array([each["samples"] for each in bins], dtype=float),
            np.array([each["highest"] for each in bins], dtype=float) * size,
        ),
        Days(
            np.array([each["days_ago"] for each in days], dtype=np.int64),
            np.array([each["samples"] for each in days], dtype=np.int64),
            np.array([each["highest"] for each in days], dtype=float) * size,
        ),
    )
