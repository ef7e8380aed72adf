"""Snapshots of volumes that are gone, or that nobody knows any more, kept for something that is long over.

A snapshot is no backup, and one whose volume is gone may be the last copy there is. So advice is given only where its
name says that it was taken for a while (`before-migration`, `tmp-…`), it is moved to an archive before it goes, and a
copy that was restored once is left alone. Snapshots of volumes that exist are the affair of the retention policy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

from pipelines.recommendations.changes.cleanup import snapshot_archived
from pipelines.recommendations.recommendation import Answer, NothingToDo, Unjudged
from pipelines.recommendations.regret import is_passing
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.deletion import (
    ATTACHMENTS,
    COPY_PRICES,
    Unused,
    advised,
    attachments,
    copy_cost,
)
from pipelines.recommendations.world import Resource, World

NAME = "old_snapshot"
_COPIES = "silver.data_copies"


@dataclass(frozen=True)
class Thresholds:
    """How old a snapshot is before what it was taken for is over."""

    least_days: int = 90
    keep_archive_days: int = 90


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each snapshot of a volume that is gone or not known."""
    rows, copies = attachments(world), {row["resource_id"]: row for row in world.rows(_COPIES)}
    for snapshot in world.of_type("block_snapshot", "instance_snapshot"):
        copy, row = copies.get(snapshot.resource_id), rows.get(snapshot.resource_id)
        if copy is None or row is None or None in (row["used_by"], copy["source_exists"], copy["is_restore_tested"]):
            yield Unjudged(NAME, snapshot.resource_id, "what it is a copy of is not known")
        elif not copy["source_exists"]:
            yield _judged(world, snapshot, rows, copy, thresholds)


def _judged(
    world: World, snapshot: Resource, rows: dict[str, dict[str, Any]], copy: dict[str, Any], thresholds: Thresholds
) -> Answer:
    if rows[snapshot.resource_id]["used_by"] or copy["is_restore_tested"]:
        return NothingToDo(NAME, snapshot.resource_id, "something was made from it: it is a copy that is known to work")
    if copy["created_at"] is None:
        return Unjudged(NAME, snapshot.resource_id, "when it was taken is not in the inventory")
    age = (datetime.combine(world.known_until, time(), UTC) - copy["created_at"]).days
    if age < thresholds.least_days:
        return NothingToDo(NAME, snapshot.resource_id, f"it is {age} days old")
    if not is_passing(snapshot):
        return Unjudged(
            NAME,
            snapshot.resource_id,
            "the volume it was taken from is gone or not known, so it may be the last copy: ask its owner, and tag it",
        )
    archive = copy_cost(world, rows, [snapshot], thresholds.keep_archive_days, "glacier")
    return advised(
        world,
        NAME,
        Unused(
            resource=snapshot,
            reason=f"It was taken {age} days ago for something that is over, as its name says; the volume it was taken "
            "from is gone or not known, and nothing was made from it since.",
            action=f"Move {snapshot.resource_name} to an archive, then delete it",
            change=snapshot_archived(snapshot, thresholds.keep_archive_days),
            unused_days=age,
            evidence={
                "age_days": age,
                "source_id": copy["source_id"],
                "made_from_it": 0,
                "size_gb": None if copy["size_bytes"] is None else copy["size_bytes"] // 10**9,
                "archive_cost": archive,
                "archive_kept_days": thresholds.keep_archive_days,
                "query": f"select * from {_COPIES} where resource_id = '{snapshot.resource_id}'",
            },
            # where no archive is sold its price is not known, and the snapshot's own for as long is the bound
            one_off_cost=_bound(snapshot, thresholds.keep_archive_days) if archive is None else archive,
        ),
    )


def _bound(snapshot: Resource, days: int) -> Decimal:
    return (snapshot.monthly_cost or Decimal(0)) * days / 30


OLD_SNAPSHOT = Rule(
    name=NAME,
    title="Snapshots of what is over",
    about="Looks for old snapshots whose volume is gone and whose name says that they were taken for a while.",
    reads=(_COPIES, ATTACHMENTS, COPY_PRICES),
    thresholds=Thresholds(),
    judge=judge,
)
