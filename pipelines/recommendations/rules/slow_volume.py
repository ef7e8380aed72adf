"""Databases and machines that wait for their volume, and volumes that are faster than anything asks of them.

What is at the limit of its volume's class needs a faster volume, not a larger node. A cheaper class is advised only
where the operations fit with room, and the queue or the latency of fsync is measured and low: a volume that is asked
for little may still have to answer fast. A machine counts the operations of all its volumes together; of one of
several that is an upper bound, which may say that a class is enough but never that it is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pipelines.recommendations.changes.change import Change
from pipelines.recommendations.changes.databases import faster_volume, read_replica
from pipelines.recommendations.changes.volumes import another_class
from pipelines.recommendations.recommendation import Answer, Basis, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.data_services import (
    Observed,
    Row,
    agent_would_tell,
    by_resource,
    charged,
    measured,
    scaled,
    too_few_days,
    unknown,
    window,
)
from pipelines.recommendations.world import Resource, World

NAME = "slow_volume"
_NODES, _OFFERS = "silver.database_nodes", "silver.volume_offers"
_DATABASES, _VOLUMES = "gold.database_load", "gold.volume_load"
_STORAGE = {"rdb": "/storage/rdb/storage/", "mongodb": "/storage/mgdb/storage/", "block": "/storage/block/"}


@dataclass(frozen=True)
class Thresholds(Observed):
    """When a volume is the limit, and when a slower one is enough."""

    at_limit: float = 0.90  # of the class's operations, at the 95th percentile
    fits: float = 0.60  # of the cheaper class's operations, at the 99.5th percentile
    queue: float = 2.0  # operations waiting, at the 99th percentile, that no slower volume should get
    fsync_seconds: float = 0.010  # at the 99th percentile: a database's commit waits for it
    least_saving: Decimal = Decimal(5)  # by the month; in place and reversible


@dataclass(frozen=True)
class _Disk:
    """One volume and how it is used, whether a machine's or a database's."""

    resource: Resource
    product: str
    volume_class: str
    operations_limit: int
    load: Row
    metric: str
    table: str
    cost: Decimal
    is_bound: bool = False
    nodes: int = 1
    cpu_p95: float | None = None
    queue_p99: float | None = None
    fsync_p99: float | None = None


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each network volume: those of managed databases, then block volumes."""
    offers = world.rows(_OFFERS)
    nodes, databases = by_resource(world.rows(_NODES)), measured(world.rows(_DATABASES))
    for database in world.of_type("rdb_instance", "mongodb_instance"):
        node, load = nodes.get(database.resource_id), databases.get(database.resource_id)
        if node is not None and node["volume_type"] is not None:
            yield _of_database(database, node, load, offers, thresholds)
    volumes = measured(world.rows(_VOLUMES))
    for volume in world.of_type("block_volume"):
        load = volumes.get(volume.resource_id)
        if load is not None:
            yield _of_block(volume, load, offers, thresholds)


def _of_database(
    database: Resource, node: Row, load: Row | None, offers: Sequence[Row], thresholds: Thresholds
) -> Answer:
    sold = _sold(offers, node["product"], "region_id", node["region_id"])
    limit = sold.get(node["volume_type"], {}).get("operations_per_second")
    if limit is None:
        return NothingToDo(
            NAME, database.resource_id, f"what {node['volume_type']} is made for is not in the price list"
        )
    metric = "postgresql_disk_operations" if node["product"] == "rdb" else "disk operations of MongoDB"
    missing = too_few_days(load, "disk", metric, thresholds)
    if missing or load is None:
        return Unjudged(NAME, database.resource_id, missing)
    cost = charged(database, _STORAGE[node["product"]])
    disk = _Disk(
        database,
        node["product"],
        node["volume_type"],
        limit,
        load,
        metric,
        _DATABASES,
        cost,
        nodes=node["node_count"] or 1,
        cpu_p95=load["cpu_p95_ratio"],
    )
    return _judged(disk, sold, thresholds)


def _of_block(volume: Resource, load: Row, offers: Sequence[Row], thresholds: Thresholds) -> Answer:
    sold = _sold(offers, "block", "availability_zone", load["availability_zone"])
    limit = load["operations_per_second"]
    if limit is None or load["volume_class"] is None:
        return NothingToDo(NAME, volume.resource_id, "it is not of a class with a number of operations")
    missing = too_few_days(load, "disk", "node_disk_operations", thresholds)
    if missing:
        return Unjudged(NAME, volume.resource_id, f"{missing}; {agent_would_tell(thresholds)}")
    disk = _Disk(
        volume,
        "block",
        load["volume_class"],
        limit,
        load,
        "node_disk_operations",
        _VOLUMES,
        charged(volume, _STORAGE["block"]),
        is_bound=load["volume_count"] != 1,
        queue_p99=load["disk_queue_p99"],
        fsync_p99=load["fsync_p99_seconds"],
    )
    return _judged(disk, sold, thresholds)


def _sold(offers: Sequence[Row], product: str, place: str, where: str | None) -> dict[str, Row]:
    """The classes sold there, by name; where a region's zones differ, the dearest."""
    found = [
        offer for offer in offers if offer["product"] == product and offer[place] == where and offer["list_unit_price"]
    ]
    return {offer["volume_class"]: offer for offer in sorted(found, key=lambda offer: offer["list_unit_price"])}


def _judged(disk: _Disk, sold: dict[str, Row], thresholds: Thresholds) -> Answer:
    resource_id, wanted = disk.resource.resource_id, disk.load["disk_operations_p95"]
    missing = unknown(
        disk.load, "disk_operations_p95", "disk_operations_p995", "disk_samples", "known_from", "known_until"
    )
    if missing:
        return Unjudged(NAME, resource_id, missing)
    if disk.cost <= 0:
        return Unjudged(NAME, resource_id, "nothing was charged for it by itself")
    if wanted >= thresholds.at_limit * disk.operations_limit:
        if disk.is_bound:
            return Unjudged(NAME, resource_id, "its machine counts the operations of several volumes together")
        return _faster(disk, sold)
    return _slower(disk, sold, thresholds)


def _faster(disk: _Disk, sold: dict[str, Row]) -> Answer:
    rising = [offer for offer in sold.values() if (offer["operations_per_second"] or 0) > disk.operations_limit]
    best = min(rising, key=lambda offer: (offer["list_unit_price"], offer["volume_class"]), default=None)
    name, today = disk.resource.resource_name, sold.get(disk.volume_class, {}).get("list_unit_price")
    after = None if best is None else scaled(disk.cost, best["list_unit_price"], today)
    if best is not None and after is not None:
        action = f"Give {name} a faster volume ({best['volume_class']} instead of {disk.volume_class}); leave its size"
        return _advised(disk, best["volume_class"], action, disk.cost - after, _moved(disk, best), Level.low, Level.low)
    if disk.product != "rdb":
        return NothingToDo(NAME, disk.resource.resource_id, "it is at the limit of the fastest class sold for it")
    # a replica is one more node with a volume of its own
    more = charged(disk.resource, "/rdb/node/") / disk.nodes + disk.cost
    action = (
        f"No larger node for {name}: it waits for its volume, and nothing faster than {disk.volume_class} is sold "
        f"for databases. Send its reads to a read replica, which has a volume of its own"
    )
    return _advised(disk, "read replica", action, -more, read_replica(disk.resource), Level.medium, Level.medium)


def _slower(disk: _Disk, sold: dict[str, Row], thresholds: Thresholds) -> Answer:
    resource_id, today = disk.resource.resource_id, sold.get(disk.volume_class, {}).get("list_unit_price")
    fitting = [
        offer
        for offer in sold.values()
        if today
        and offer["list_unit_price"] < today
        and disk.load["disk_operations_p995"] <= thresholds.fits * (offer["operations_per_second"] or 0)
    ]
    best = min(fitting, key=lambda offer: (offer["list_unit_price"], offer["volume_class"]), default=None)
    after = None if best is None else scaled(disk.cost, best["list_unit_price"], today)
    if best is None or after is None or disk.cost - after < thresholds.least_saving:
        return NothingToDo(NAME, resource_id, "no cheaper class holds its operations with room, or it saves too little")
    if disk.queue_p99 is None and disk.fsync_p99 is None:
        return Unjudged(NAME, resource_id, "neither its queue nor the latency of fsync is measured")
    if (disk.queue_p99 or 0) > thresholds.queue or (disk.fsync_p99 or 0) > thresholds.fsync_seconds:
        return NothingToDo(NAME, resource_id, "its queue or the latency of fsync is too high for a slower class")
    action = f"Move {disk.resource.resource_name} from {disk.volume_class} to {best['volume_class']}"
    risk = Level.medium if disk.resource.is_production else Level.low
    return _advised(disk, best["volume_class"], action, disk.cost - after, _moved(disk, best), risk, Level.low)


def _moved(disk: _Disk, offer: Row) -> Change:
    if disk.product == "block":
        return another_class(disk.resource, offer["operations_per_second"], disk.operations_limit)
    return faster_volume(disk.resource, offer["volume_class"], disk.volume_class)


def _advised(
    disk: _Disk, target: str, action: str, saving: Decimal, change: Change, risk: Level, effort: Level
) -> Recommendation:
    load = disk.load
    cpu = "" if disk.cpu_p95 is None else f", while its processors are at {disk.cpu_p95:.0%}"
    return Recommendation(
        rule=NAME,
        resource_id=disk.resource.resource_id,
        target=target,
        action=action,
        reason=f"At the 95th percentile it does {load['disk_operations_p95']:.0f} of the {disk.operations_limit} "
        f"operations a second that {disk.volume_class} is made for{cpu}.",
        evidence={
            "metric": disk.metric,
            "volume_class": disk.volume_class,
            "limit_operations_per_second": disk.operations_limit,
            "p50_operations_per_second": load["disk_operations_p50"],
            "p95_operations_per_second": load["disk_operations_p95"],
            "p995_operations_per_second": load["disk_operations_p995"],
            "max_operations_per_second": load["disk_operations_max"],
            "cpu_p95_share": disk.cpu_p95,
            "queue_p99": disk.queue_p99,
            "fsync_p99_seconds": disk.fsync_p99,
            "not_measured": "latency of fsync" if disk.fsync_p99 is None else None,
            "samples": int(load["disk_samples"]),
            "days": load["disk_days"],
            "query": f"select disk_operations_p95 from {disk.table} where resource_id = '{disk.resource.resource_id}' "
            f"order by usage_month desc limit 1",
        },
        evaluation_start=window(load)[0],
        evaluation_end=window(load)[1],
        monthly_saving=saving,
        change=change,
        risk=risk,
        effort=effort,
        basis=Basis.list_price if target != "read replica" else Basis.charged,
    )


SLOW_VOLUME = Rule(
    name=NAME,
    title="Volumes of the wrong speed",
    about="Looks for databases and machines that wait for their volume, and for volumes of a faster class than their "
    "load needs.",
    reads=(_NODES, _OFFERS, _DATABASES, _VOLUMES),
    thresholds=Thresholds(),
    judge=judge,
)
