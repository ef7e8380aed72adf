"""Scheduled backups that are kept longer than the environment's policy and the criticality tier ask for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from pipelines.recommendations.changes.databases import backups_kept
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.data_services import Row, by_resource, charged, known_days
from pipelines.recommendations.rules.tiers import tier_of
from pipelines.recommendations.world import Resource, World

NAME = "backup_retention"
_NODES = "silver.database_nodes"
_WINDOW_DAYS = 28


@dataclass(frozen=True)
class Thresholds:
    """For how many days scheduled backups are kept by policy. A tier's least is kept in any case."""

    production_days: int = 35
    staging_days: int = 7
    other_days: int = 3
    least_saving: Decimal = Decimal(2)  # by the month; one setting, no restart


def policy_days(resource: Resource, production: int, staging: int, other: int) -> int:
    """The policy of its environment; production where nobody named one."""
    if resource.is_production:
        return production
    return staging if (resource.environment or "").startswith(("stag", "preprod", "uat")) else other


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each managed database."""
    nodes = by_resource(world.rows(_NODES))
    for database in world.of_type("rdb_instance", "mongodb_instance"):
        row = nodes.get(database.resource_id)
        if row is None or row["is_backed_up"] is None or (row["is_backed_up"] and row["backup_retention_days"] is None):
            yield Unjudged(NAME, database.resource_id, "how long its backups are kept is not in the inventory")
        else:
            yield _judged(world, database, row, thresholds)


def _judged(world: World, database: Resource, row: Row, thresholds: Thresholds) -> Answer:
    tier = tier_of(database)
    if not row["is_backed_up"]:
        needed = f"; tier {tier.name} may lose {tier.rpo_hours:g} h of data" if database.is_production else ""
        return NothingToDo(NAME, database.resource_id, f"its scheduled backups are off{needed}")
    today = row["backup_retention_days"]
    days = policy_days(database, thresholds.production_days, thresholds.staging_days, thresholds.other_days)
    wanted = max(days, tier.least_backup_days)
    if today <= wanted:
        return NothingToDo(NAME, database.resource_id, f"{today} days are within the {wanted} days of the policy")
    paid = charged(database, "/backup-storage/", "-snapshot/")
    saving = paid * (today - wanted) / today
    if paid <= 0:
        return Unjudged(NAME, database.resource_id, "nothing was charged for its backups by themselves")
    if saving < thresholds.least_saving:
        return NothingToDo(NAME, database.resource_id, f"keeping them {wanted} days saves {saving:.2f} a month")
    return _advised(world, database, today, wanted, paid, saving)


def _advised(
    world: World, database: Resource, today: int, wanted: int, paid: Decimal, saving: Decimal
) -> Recommendation:
    start, end = known_days(world, _WINDOW_DAYS)
    return Recommendation(
        rule=NAME,
        resource_id=database.resource_id,
        target=f"{wanted} days",
        action=f"Keep the backups of {database.resource_name} for {wanted} days instead of {today}",
        reason=f"The policy for {database.environment or 'an environment nobody named'} is {wanted} days; "
        f"backups cost {paid:.2f} a month.",
        evidence={
            "retention_days": today,
            "policy_days": wanted,
            "tier": tier_of(database).name,
            "backup_cost_per_month": paid,
            "query": f"select backup_retention_days from {_NODES} where resource_id = '{database.resource_id}'",
        },
        evaluation_start=start,
        evaluation_end=end,
        monthly_saving=saving,
        change=backups_kept(database, wanted, today),
        risk=Level.low,
        effort=Level.low,
    )


BACKUP_RETENTION = Rule(
    name=NAME,
    title="Backups kept longer than the policy",
    about="Looks for managed databases whose scheduled backups are kept longer than their environment and tier need.",
    reads=(_NODES,),
    thresholds=Thresholds(),
    judge=judge,
)
