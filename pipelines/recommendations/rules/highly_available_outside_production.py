"""Standby nodes of databases and caches outside production: one node is enough where an outage costs little.

A standby stays where the criticality tier needs it, and where the environment is production or nobody named one.
There is no call that takes a standby away, so this is a migration to a new database.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from pipelines.recommendations.changes.databases import migrated, new_cache, without_read_replica
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.data_services import (
    Migration,
    Row,
    by_resource,
    charged,
    known_days,
    move_cost,
    pays_off,
)
from pipelines.recommendations.rules.tiers import needs_standby, tier_of
from pipelines.recommendations.world import Resource, World

NAME = "highly_available_outside_production"
_NODES = "silver.database_nodes"
_WINDOW_DAYS = 28
_SHARDED = 3  # a cache of three nodes or more spreads its keys over them


@dataclass(frozen=True)
class Thresholds(Migration):
    """From which saving on the move is worth its work."""

    least_saving: Decimal = Decimal(10)  # by the month


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each database or cache that has more than one node, or read replicas."""
    nodes = by_resource(world.rows(_NODES))
    for database in world.of_type("rdb_instance", "mongodb_instance", "redis_cluster"):
        row = nodes.get(database.resource_id)
        if row is None or row["node_count"] is None or row["node_type"] is None:
            yield Unjudged(NAME, database.resource_id, "the inventory does not say which and how many nodes it has")
        elif row["node_count"] > 1 or row["read_replica_count"]:
            yield _judged(world, database, row, thresholds)


def _judged(world: World, database: Resource, row: Row, thresholds: Thresholds) -> Answer:
    tier = tier_of(database)
    if database.is_production:
        return NothingToDo(NAME, database.resource_id, "it is production, or its environment is not known")
    if needs_standby(database):
        return NothingToDo(NAME, database.resource_id, f"tier {tier.name} is back within {tier.rto_hours:g} h")
    if row["product"] == "redis" and row["node_count"] >= _SHARDED:
        return NothingToDo(NAME, database.resource_id, "its nodes hold different keys; none of them stands by")
    standby = _standby_cost(database, row)
    if standby <= 0:
        return Unjudged(NAME, database.resource_id, "nothing was charged for its further nodes or replicas")
    if row["node_count"] == 1:
        return _without_replicas(world, database, row, standby, thresholds)
    rest = sum(database.costs.values(), Decimal(0)) - standby
    one_off = move_cost(rest, Decimal(0), thresholds)
    if not pays_off(standby, one_off, thresholds.least_saving, thresholds):
        return NothingToDo(
            NAME, database.resource_id, f"its standby costs {standby:.2f} a month; a move is not worth it"
        )
    return _advised(world, database, row, standby, one_off)


def _without_replicas(world: World, database: Resource, row: Row, cost: Decimal, thresholds: Thresholds) -> Answer:
    """Read replicas go in place, unlike a standby."""
    if cost < thresholds.least_saving:
        return NothingToDo(NAME, database.resource_id, f"its read replicas cost {cost:.2f} a month")
    start, end = known_days(world, _WINDOW_DAYS)
    count = row["read_replica_count"]
    return Recommendation(
        rule=NAME,
        resource_id=database.resource_id,
        target="no read replica",
        action=f"Delete the read replicas of {database.resource_name} ({count})",
        reason=f"It is {database.environment}; its read replicas cost {cost:.2f} a month.",
        evidence={
            "environment": database.environment,
            "tier": tier_of(database).name,
            "read_replica_count": count,
            "read_replica_cost_per_month": cost,
            "query": f"select read_replica_count from {_NODES} where resource_id = '{database.resource_id}'",
        },
        evaluation_start=start,
        evaluation_end=end,
        monthly_saving=cost,
        change=without_read_replica(database),
        risk=Level.medium,
        effort=Level.low,
    )


def _standby_cost(database: Resource, row: Row) -> Decimal:
    """What its further nodes and read replicas were charged."""
    if row["product"] == "redis":
        return charged(database, "/redis/additional-node/")
    nodes = charged(database, f"/{'mgdb' if row['product'] == 'mongodb' else 'rdb'}/node/")
    further: int = row["node_count"] - 1
    return nodes * further / (further + 1) + charged(database, "read-replica")


def _advised(world: World, database: Resource, row: Row, standby: Decimal, one_off: Decimal) -> Recommendation:
    start, end = known_days(world, _WINDOW_DAYS)
    if row["product"] == "redis":
        change = new_cache(database, row["node_type"], row["node_type"])
    else:
        change = migrated(
            database, row["node_type"], row["node_type"], 1, row["node_count"], row["volume_type"] != "lssd"
        )
    further = "a standby node" if row["node_count"] == 2 else f"{row['node_count'] - 1} further nodes"
    return Recommendation(
        rule=NAME,
        resource_id=database.resource_id,
        target="one node",
        action=f"Move {database.resource_name} to a database with one node",
        reason=f"It is {database.environment} and has {further}, for {standby:.2f} a month; "
        f"an outage there is repaired from a backup, not by a standby.",
        evidence={
            "environment": database.environment,
            "tier": tier_of(database).name,
            "node_type": row["node_type"],
            "node_count": row["node_count"],
            "read_replica_count": row["read_replica_count"],
            "standby_cost_per_month": standby,
            "query": f"select node_type, node_count from {_NODES} where resource_id = '{database.resource_id}'",
        },
        evaluation_start=start,
        evaluation_end=end,
        monthly_saving=standby,
        one_off_cost=one_off,
        change=change,
        risk=Level.low,
        effort=Level.high,
        restart_needed=True,
    )


HIGHLY_AVAILABLE_OUTSIDE_PRODUCTION = Rule(
    name=NAME,
    title="Standby nodes outside production",
    about="Looks for databases and caches outside production with a standby node or replicas that no criticality tier "
    "asks for.",
    reads=(_NODES,),
    thresholds=Thresholds(),
    judge=judge,
)
