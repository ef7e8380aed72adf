"""Snapshots taken by hand that are older than the policy, of things that still exist and have newer copies.

Of each source the newest copies stay, and the newest that was restore-tested: the only copy that is known to work is
never called waste. Scheduled copies go by themselves. Copies of what is gone are not judged here: they may be the last.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from pipelines.recommendations.changes.volumes import snapshot_deleted
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.backup_retention import policy_days
from pipelines.recommendations.rules.data_services import Row
from pipelines.recommendations.world import Resource, World

NAME = "snapshot_retention"
_COPIES = "silver.data_copies"


@dataclass(frozen=True)
class Thresholds:
    """How long a snapshot taken by hand is kept, and how many of a source stay in any case."""

    production_days: int = 365
    staging_days: int = 90
    other_days: int = 30
    kept_copies: int = 2  # the newest of each source, beside what it is a copy of: 3-2-1 needs two
    least_saving: Decimal = Decimal(1)  # by the month


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each snapshot and backup that nobody scheduled and whose source exists."""
    by_source: dict[tuple[str, str | None], list[Row]] = defaultdict(list)
    for row in world.rows(_COPIES):
        if row["source_exists"] and row["resource_id"] in world.resources:
            by_source[row["source_id"], row["database_name"]].append(row)
    for _, copies in sorted(by_source.items(), key=lambda each: (each[0][0], each[0][1] or "")):
        yield from _of_source(world, copies, thresholds)


def kept(copies: Sequence[Row], count: int) -> frozenset[str]:
    """The copies of one source that stay whatever their age: the newest, and the newest restore-tested one.

    A copy whose age is not known is no reason to let another go, so it does not count among the newest.
    """
    dated = sorted(
        (row for row in copies if row["created_at"] is not None),
        key=lambda row: (row["created_at"], row["resource_id"]),
        reverse=True,
    )
    tested = [row for row in dated if row["is_restore_tested"]]
    return frozenset(row["resource_id"] for row in [*dated[: max(count, 1)], *tested[:1]])


def _of_source(world: World, copies: Sequence[Row], thresholds: Thresholds) -> Iterator[Answer]:
    staying = kept(copies, thresholds.kept_copies)
    for row in sorted(copies, key=lambda row: str(row["resource_id"])):
        if row["expires_at"] is None:
            yield _judged(world, world.resources[row["resource_id"]], row, staying, len(copies), thresholds)


def _judged(
    world: World, copy: Resource, row: Row, staying: frozenset[str], count: int, thresholds: Thresholds
) -> Answer:
    if row["created_at"] is None:
        return Unjudged(NAME, copy.resource_id, "when it was taken is not in the inventory")
    if copy.resource_id in staying:
        return NothingToDo(NAME, copy.resource_id, "it is among the copies that stay")
    days = policy_days(copy, thresholds.production_days, thresholds.staging_days, thresholds.other_days)
    age = datetime.combine(world.today, time(), UTC) - row["created_at"]
    if age <= timedelta(days=days):
        return NothingToDo(NAME, copy.resource_id, f"it is within the {days} days of the policy")
    if copy.monthly_cost is None:
        return Unjudged(NAME, copy.resource_id, "nothing was charged for it by itself")
    if copy.monthly_cost < thresholds.least_saving:
        return NothingToDo(NAME, copy.resource_id, f"it costs {copy.monthly_cost:.2f} a month")
    return _advised(world, copy, row, age.days, days, count, copy.monthly_cost)


def _advised(world: World, copy: Resource, row: Row, age: int, days: int, count: int, cost: Decimal) -> Recommendation:
    return Recommendation(
        rule=NAME,
        resource_id=copy.resource_id,
        target="delete",
        action=f"Delete the snapshot {copy.resource_name}",
        reason=f"It is {age} days old; the policy keeps snapshots {days} days. Its source exists and has "
        f"{count - 1} other copies, newer ones among them.",
        evidence={
            "age_days": age,
            "policy_days": days,
            "copies_of_source": count,
            "source_id": row["source_id"],
            "size_gb": None if row["size_bytes"] is None else row["size_bytes"] // 10**9,
            "query": f"select created_at, source_id from {_COPIES} where resource_id = '{copy.resource_id}'",
        },
        evaluation_start=world.known_until - timedelta(days=28),
        evaluation_end=world.known_until,
        monthly_saving=cost,
        change=snapshot_deleted(copy),
        risk=Level.medium if copy.is_production else Level.low,
        effort=Level.low,
    )


SNAPSHOT_RETENTION = Rule(
    name=NAME,
    title="Snapshots kept longer than the policy",
    about="Looks for snapshots taken by hand that are older than the policy, while newer and tested copies stay.",
    reads=(_COPIES,),
    thresholds=Thresholds(),
    judge=judge,
)
