"""Databases and caches that nobody connected to. They cannot be stopped, only copied and deleted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pipelines.recommendations.changes.cleanup import database_deleted
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.deletion import Unused, advised
from pipelines.recommendations.world import Resource, World

NAME = "unused_database"
_LOAD = "gold.connection_activity"
_ZERO = Decimal(0)


@dataclass(frozen=True)
class Thresholds:
    """How long nobody connects before it is said."""

    least_days: int = 14
    least_weekends: int = 2
    connections: int = 0  # that the service itself holds; more than that is somebody
    keep_snapshots_days: int = 90


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each managed database and cache."""
    rows = {row["resource_id"]: row for row in world.rows(_LOAD)}
    for database in world.of_type("rdb_instance", "mongodb_instance", "redis_cluster"):
        yield _judged(world, database, rows.get(database.resource_id), thresholds)


def _judged(world: World, database: Resource, row: Mapping[str, Any] | None, thresholds: Thresholds) -> Answer:
    if row is None or row["connections_max"] is None:
        return Unjudged(NAME, database.resource_id, "its connections are not measured")
    days, weekends = row["measured_days"] or 0, row["measured_weekends"] or 0
    if days < thresholds.least_days or weekends < thresholds.least_weekends:
        return Unjudged(NAME, database.resource_id, f"only {days} days with {weekends} weekends are measured")
    if row["connections_max"] > thresholds.connections:
        return NothingToDo(NAME, database.resource_id, f"it has up to {row['connections_max']:.0f} connections")
    return advised(
        world,
        NAME,
        Unused(
            resource=database,
            reason=f"Nobody connected to it in {days} days with {weekends} weekends, and there is no way to stop it.",
            action=f"Snapshot {database.resource_name}, then delete it",
            change=database_deleted(database, thresholds.keep_snapshots_days),
            unused_days=days,
            evidence={
                "connections_max": row["connections_max"],
                "measured_hours": row["measured_hours"],
                "measured_days": days,
                "measured_weekends": weekends,
                "query": f"select connections_max from {_LOAD} where resource_id = '{database.resource_id}'",
            },
            # its own volume's cost bounds what the snapshot costs while it is kept
            one_off_cost=sum(
                (cost for sku, cost in database.costs.items() if "storage/sbs" in sku or "/volume" in sku), start=_ZERO
            )
            * thresholds.keep_snapshots_days
            / 30,
            gone=database.resource_type == "redis_cluster",
            effort=Level.medium,
        ),
    )


UNUSED_DATABASE = Rule(
    name=NAME,
    title="Databases nobody connects to",
    about="Looks for managed databases and caches without a connection for weeks.",
    reads=(_LOAD,),
    thresholds=Thresholds(),
    judge=judge,
)
