"""Volumes with far more space than their filesystem uses: a smaller one is a migration, and priced as one.

A filesystem is known where a machine with node_exporter has one volume, and where a managed database tells it. What it
grew in the window is taken to go on for half a year.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from pipelines.recommendations.changes.databases import migrated
from pipelines.recommendations.changes.volumes import smaller
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.data_services import (
    Migration,
    Observed,
    Row,
    agent_would_tell,
    by_resource,
    charged,
    measured,
    move_cost,
    pays_off,
    too_few_days,
    unknown,
    window,
)
from pipelines.recommendations.rules.tiers import tier_of
from pipelines.recommendations.world import Resource, World

NAME = "oversized_volume"
_NODES, _DATABASES, _VOLUMES = "silver.database_nodes", "gold.database_load", "gold.volume_load"
_GB = 10**9


@dataclass(frozen=True)
class Thresholds(Migration, Observed):
    """How full a smaller volume may be, and from which saving on the move is worth its work."""

    filled: float = 0.70  # after half a year's growth
    growth_days: int = 182
    step_gb: int = 10  # sizes are rounded up to whole steps
    least_saving: Decimal = Decimal(20)  # by the month


@dataclass(frozen=True)
class _Space:
    """One filesystem and the volume under it."""

    resource: Resource
    size_bytes: int
    used_ratio: float
    first_ratio: float
    days: int
    cost: Decimal
    load: Row
    metric: str
    table: str


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each block volume that is attached, and for the volume of each managed database."""
    nodes = by_resource(world.rows(_NODES))
    volumes, databases = measured(world.rows(_VOLUMES)), measured(world.rows(_DATABASES))
    for volume in world.of_type("block_volume"):
        load = volumes.get(volume.resource_id)
        if load is not None:
            yield _judged(_of_block(volume, load, thresholds), nodes, thresholds)
    for database in world.of_type("rdb_instance"):
        node = nodes.get(database.resource_id)
        if node is not None and node["volume_bytes"] is not None and node["volume_type"] != "lssd":
            space = _of_database(database, node, databases.get(database.resource_id), thresholds)
            yield _judged(space, nodes, thresholds)


def _of_block(volume: Resource, load: Row, thresholds: Thresholds) -> _Space | Unjudged:
    missing = too_few_days(load, "filesystem", "node_filesystem_used_ratio", thresholds)
    if missing:
        return Unjudged(NAME, volume.resource_id, f"{missing}; {agent_would_tell(thresholds)}")
    if unknown(load, "filesystem_max_ratio", "filesystem_first_ratio", "size_bytes"):
        return Unjudged(
            NAME, volume.resource_id, "its machine has several volumes; which filesystem is on it is not known"
        )
    used, first = load["filesystem_max_ratio"], load["filesystem_first_ratio"]
    days, cost = load["filesystem_days"], charged(volume, "/storage/block/")
    metric = "node_filesystem_used_ratio"
    return _Space(volume, load["size_bytes"], used, first, days, cost, load, metric, _VOLUMES)


def _of_database(database: Resource, node: Row, load: Row | None, thresholds: Thresholds) -> _Space | Unjudged:
    missing = too_few_days(load, "storage", "postgresql_storage_used_ratio", thresholds)
    if missing or load is None or unknown(load, "storage_max_ratio", "storage_first_ratio"):
        return Unjudged(NAME, database.resource_id, missing or "its storage in use is not measured")
    used, first = load["storage_max_ratio"], load["storage_first_ratio"]
    days, cost, metric = (
        load["storage_days"],
        charged(database, "/storage/rdb/storage/"),
        "postgresql_storage_used_ratio",
    )
    size = node["volume_bytes"]
    return _Space(database, size, used, first, days, cost, load, metric, _DATABASES)


def _judged(space: _Space | Unjudged, nodes: Mapping[str, Row], thresholds: Thresholds) -> Answer:
    if isinstance(space, Unjudged):
        return space
    resource_id = space.resource.resource_id
    if space.cost <= 0:
        return Unjudged(NAME, resource_id, "nothing was charged for its space by itself")
    grown = max(space.used_ratio - space.first_ratio, 0.0) / space.days * thresholds.growth_days
    needed = (space.used_ratio + grown) * space.size_bytes / thresholds.filled / _GB
    wanted = math.ceil(needed / thresholds.step_gb) * thresholds.step_gb * _GB
    saving = space.cost * (space.size_bytes - wanted) / space.size_bytes
    rest, node = space.cost - saving, nodes.get(resource_id)
    # with a database its nodes run twice as well
    beside = rest if node is None else rest + charged(space.resource, "/rdb/instance/", "/rdb/node/")
    one_off = move_cost(beside, rest, thresholds)
    if not pays_off(saving, one_off, thresholds.least_saving, thresholds):
        return NothingToDo(NAME, resource_id, "a smaller volume does not save enough for a move")
    if not tier_of(space.resource).may_migrate:
        return NothingToDo(NAME, resource_id, "its tier allows no cut-over")
    return _advised(space, node, wanted, saving, one_off)


def _advised(space: _Space, node: Row | None, wanted: int, saving: Decimal, one_off: Decimal) -> Recommendation:
    resource = space.resource
    if node is None:
        change = smaller(resource, wanted, space.size_bytes, space.load["operations_per_second"])
    else:
        change = migrated(resource, node["node_type"], node["node_type"], node["node_count"], node["node_count"], False)
    return Recommendation(
        rule=NAME,
        resource_id=resource.resource_id,
        target=f"{wanted // _GB} GB",
        action=f"Move {resource.resource_name} from {space.size_bytes // _GB} to a volume of {wanted // _GB} GB",
        reason=f"Its filesystem was never fuller than {space.used_ratio:.0%}. A volume only grows, so this is a "
        f"migration.",
        evidence={
            "metric": space.metric,
            "size_gb": space.size_bytes // _GB,
            "used_max_share": space.used_ratio,
            "used_first_share": space.first_ratio,
            "days": space.days,
            "query": f"select * from {space.table} where resource_id = '{resource.resource_id}' "
            f"order by usage_month desc limit 1",
        },
        evaluation_start=window(space.load)[0],
        evaluation_end=window(space.load)[1],
        monthly_saving=saving,
        one_off_cost=one_off,
        change=change,
        risk=Level.medium,
        effort=Level.high,
        restart_needed=True,
    )


OVERSIZED_VOLUME = Rule(
    name=NAME,
    title="Volumes with space nobody uses",
    about="Looks for volumes of machines and managed databases with far more space than their filesystem uses and will "
    "use within half a year.",
    reads=(_NODES, _DATABASES, _VOLUMES),
    thresholds=Thresholds(),
    judge=judge,
)
