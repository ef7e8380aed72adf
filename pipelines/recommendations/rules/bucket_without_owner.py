"""Buckets nobody answers for: no tag of their own names an owner.

One with no tag at all, a name that tells nothing, and nothing written for half a year nor read in four weeks can
probably go, and that is what it would save. Of others without a known owner only the owner is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from pipelines.recommendations.changes.storage import looked_into
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.storage_buckets import BUCKET, OUTLOOK, tags_of
from pipelines.recommendations.world import Resource, World

NAME = "bucket_without_owner"
_OWNING = frozenset({"owner", "team", "squad", "contact", "maintainer"})
_TELLS_NOTHING = re.compile(r"(tmp|temp|test|foo|bar|bucket|new|old|untitled|misc|stuff|scratch|copy|x+)[-_. ]*\d*")


@dataclass(frozen=True)
class Thresholds:
    """How long nothing was written, and how long reads were measured, before a bucket may go."""

    unwritten_days: int = 180
    observed_days: int = 14
    least_saving: Decimal = Decimal(1)  # cost by the month below which nobody is asked


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each bucket that was listed."""
    rows = {row["resource_id"]: row for row in world.rows(OUTLOOK)}
    for bucket in world.of_type(BUCKET):
        row = rows.get(bucket.resource_id)
        if row is not None:
            yield _judged(world, bucket, row, thresholds)


def _judged(world: World, bucket: Resource, row: dict[str, Any], thresholds: Thresholds) -> Answer:
    if row["tags"] is None:
        return Unjudged(NAME, bucket.resource_id, "its tags could not be read; allow s3:GetBucketTagging")
    if _OWNING & tags_of(bucket).keys():
        return NothingToDo(NAME, bucket.resource_id, "its tags name an owner")
    cost = bucket.monthly_cost
    if cost is None or cost < thresholds.least_saving:
        return NothingToDo(NAME, bucket.resource_id, "it costs next to nothing")
    unwritten = None if row["last_written_at"] is None else (row["as_of"] - row["last_written_at"].date()).days
    is_unread = row["egress_bytes"] == 0 and (row["egress_days"] or 0) >= thresholds.observed_days
    is_unwritten = unwritten is not None and unwritten >= thresholds.unwritten_days
    tells_nothing = _TELLS_NOTHING.fullmatch(bucket.resource_name.casefold()) is not None
    may_go = not bucket.tags and tells_nothing and is_unwritten and is_unread and row["is_sample"] is False
    if not may_go and (bucket.owner or bucket.team):
        return NothingToDo(NAME, bucket.resource_id, "its project has an owner")
    return _advised(world, bucket, cost if may_go else Decimal(0), unwritten, row)


def _advised(
    world: World, bucket: Resource, saving: Decimal, unwritten: int | None, row: dict[str, Any]
) -> Recommendation:
    name = bucket.resource_name
    what = f"Find the owner of {name}, or empty and delete it" if saving else f"Find the owner of {name} and tag it"
    why = f"No tag names an owner, its name tells nothing, nothing was written to it for {unwritten} days and nothing "
    return Recommendation(
        rule=NAME,
        resource_id=bucket.resource_id,
        target="delete" if saving else "owner",
        action=what,
        reason=f"{why}read in four weeks." if saving else "Neither its own tags nor its project name an owner.",
        evidence={
            "monthly_cost": bucket.monthly_cost,
            "unwritten_days": unwritten,
            "egress_bytes_28_days": row["egress_bytes"],
            "tags": len(bucket.tags),
            "query": f"select tags, last_written_at, egress_bytes from {OUTLOOK} "
            f"where resource_id = '{bucket.resource_id}'",
        },
        evaluation_start=world.known_until - timedelta(days=28),
        evaluation_end=world.known_until,
        monthly_saving=saving,
        change=looked_into(
            bucket,
            (
                "Ask in the project who knows it; the audit trail says who made it if that was not long ago.",
                "Copy what matters before it is emptied: what is deleted from a bucket without versions is gone.",
            ),
        ),
        risk=Level.high if saving else Level.low,
        effort=Level.low,
    )


BUCKET_WITHOUT_OWNER = Rule(
    name=NAME,
    title="Buckets nobody answers for",
    about="Looks for buckets without an owner, and says which of them nobody seems to use.",
    reads=(OUTLOOK,),
    thresholds=Thresholds(),
    judge=judge,
)
