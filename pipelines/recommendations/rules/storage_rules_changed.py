"""Buckets whose lifecycle rules or versioning became other ones since the snapshot before.

A change is told for a while, whatever it was: one that deletes earlier than before can lose data, one that keeps longer
costs. It is told of protected buckets too, where it matters most, and the advice is to put back what was there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from pipelines.lifecycle.kept_policy import in_place, words
from pipelines.lifecycle.rules import LifecycleRule, parse_rules
from pipelines.recommendations.changes.storage import lifecycle_set
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.storage_buckets import BUCKET, Row
from pipelines.recommendations.rules.storage_policy_drift import DELETES, POLICIES
from pipelines.recommendations.world import Resource, World

NAME = "storage_rules_changed"


@dataclass(frozen=True)
class Thresholds:
    """For how long a change is told."""

    changed_days: int = 14


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each bucket that is seen."""
    rows = {row["resource_id"]: row for row in world.rows(POLICIES)}
    for bucket in world.of_type(BUCKET):
        if bucket.resource_id in rows:
            yield _judged(world, bucket, rows[bucket.resource_id], thresholds)


def _judged(world: World, bucket: Resource, row: Row, thresholds: Thresholds) -> Answer:
    if row["lifecycle_rules"] is None:
        told = "its lifecycle rules could not be read; allow s3:GetLifecycleConfiguration"
        return Unjudged(NAME, bucket.resource_id, told)
    since = world.today - timedelta(days=thresholds.changed_days)
    if row["changed_on"] is None or row["changed_on"] < since:
        return NothingToDo(NAME, bucket.resource_id, "its rules did not change lately")
    return _changed(world, bucket, row, parse_rules(row["lifecycle_rules"]))


def _changed(world: World, bucket: Resource, row: Row, rules: Sequence[LifecycleRule]) -> Recommendation:
    before = parse_rules(row["previous_rules"])
    versioning = row["versioning"] != row["previous_versioning"]
    more = f" Versioning went from {row['previous_versioning']} to {row['versioning']}." if versioning else ""
    return Recommendation(
        rule=NAME,
        resource_id=bucket.resource_id,
        target=f"changed {row['changed_on']}",
        action=f"Make sure that the lifecycle rules of {bucket.resource_name} were changed on purpose, or put them "
        "back",
        reason=f"They became other ones on {row['changed_on']}: for the whole bucket from {words(in_place(before))} to "
        f"{words(in_place(rules))}, {len(before)} rules before and {len(rules)} now.{more}",
        evidence={
            "changed_on": row["changed_on"],
            "before": words(in_place(before)),
            "in_place": words(in_place(rules)),
            "query": f"select lifecycle_rules, changed_on, previous_rules from {POLICIES} "
            f"where resource_id = '{bucket.resource_id}'",
        },
        evaluation_start=world.known_until - timedelta(days=28),
        evaluation_end=world.known_until,
        monthly_saving=Decimal(0),
        change=lifecycle_set(bucket, rules, before, (DELETES, "The audit trail says who changed them.")),
        risk=Level.medium,
        effort=Level.low,
    )


STORAGE_RULES_CHANGED = Rule(
    name=NAME,
    title="Lifecycle rules that changed",
    about="Looks for buckets whose lifecycle rules or versioning were changed lately.",
    reads=(POLICIES,),
    thresholds=Thresholds(),
    judge=judge,
    spares_protected=False,
)
