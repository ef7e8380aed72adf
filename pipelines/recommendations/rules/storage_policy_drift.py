"""Buckets whose lifecycle rules are not those of the policy, which is code: lines of this rule's settings.

A line is such as `*-logs: expire=90 abort=7`. Rules for single prefixes are exceptions and stay; what a tag protects is
left alone, since a policy by name knows nothing of a legal hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from pipelines.errors import ConfigurationError
from pipelines.lifecycle.kept_policy import (
    Kept,
    brought,
    differences,
    illegal,
    in_place,
    kept_policy,
    policy_for,
    words,
)
from pipelines.lifecycle.limits import limits_of, problems
from pipelines.lifecycle.rules import LifecycleRule, parse_rules
from pipelines.recommendations.changes.storage import lifecycle_set
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.storage_buckets import BUCKET, Row
from pipelines.recommendations.world import Resource, World

NAME = "storage_policy_drift"
POLICIES = "gold.storage_policies"
DELETES = "A rule that deletes earlier than before acts on what is there already: look at what would go first."


@dataclass(frozen=True)
class Thresholds:
    """The policy. Nothing is said while there is none."""

    policies: tuple[str, ...] = ()  # such as "*-logs: expire=90 abort=7"; the first that fits a bucket's name holds


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each bucket that is seen. Raises ConfigurationError for a policy that is none."""
    policies = _policies(thresholds.policies)
    rows = {row["resource_id"]: row for row in world.rows(POLICIES)}
    for bucket in world.of_type(BUCKET):
        if bucket.resource_id in rows:
            yield _judged(world, bucket, rows[bucket.resource_id], policies)


def _policies(lines: Sequence[str]) -> list[Kept]:
    try:
        return [kept_policy(line) for line in lines]
    except ValueError as error:
        raise ConfigurationError(f"recommendations.rules.{NAME}.policies: {error}") from None


def _judged(world: World, bucket: Resource, row: Row, policies: Sequence[Kept]) -> Answer:
    policy = policy_for(bucket.resource_name, policies)
    if policy is None:
        told = "no policy fits it" if policies else "no policy is written in the settings"
        return NothingToDo(NAME, bucket.resource_id, told)
    if row["lifecycle_rules"] is None:
        told = "its lifecycle rules could not be read; allow s3:GetLifecycleConfiguration"
        return Unjudged(NAME, bucket.resource_id, told)
    rules, limits = parse_rules(row["lifecycle_rules"]), limits_of(row["region_id"], world.today)
    if not differences(policy.days, rules):
        return NothingToDo(NAME, bucket.resource_id, "its rules are those of the policy")
    changed = [rule for rule in brought(rules, policy.days) if rule not in rules]
    wrong = illegal(policy.days, limits) or [each for rule in changed for each in problems(rule, limits)]
    if wrong:
        told = (
            f"the policy {policy.pattern!r} cannot be kept beside its rules in {row['region_id']}: {'; '.join(wrong)}"
        )
        return Unjudged(NAME, bucket.resource_id, told)
    return _differs(world, bucket, row, rules, policy)


def _differs(world: World, bucket: Resource, row: Row, rules: Sequence[LifecycleRule], policy: Kept) -> Recommendation:
    found = differences(policy.days, rules)
    told = "; ".join(
        f"{word} is {'not set' if now is None else f'{now} days'}, not {days}" for word, (days, now) in found.items()
    )
    deletes = any(word not in ("one-zone", "glacier") for word in found)
    return Recommendation(
        rule=NAME,
        resource_id=bucket.resource_id,
        target="policy",
        action=f"Set the lifecycle rules of {bucket.resource_name} to its policy",
        reason=f"Its rules are not those of the policy for {policy.pattern!r}: {told}.",
        evidence={
            "policy": words(policy.days),
            "in_place": words(in_place(rules)),
            "changed_on": row["changed_on"],
            "query": f"select lifecycle_rules, changed_on, previous_rules from {POLICIES} "
            f"where resource_id = '{bucket.resource_id}'",
        },
        evaluation_start=world.known_until - timedelta(days=28),
        evaluation_end=world.known_until,
        monthly_saving=Decimal(0),
        change=lifecycle_set(bucket, rules, brought(rules, policy.days), (DELETES,)),
        risk=Level.high if deletes else Level.medium,
        effort=Level.low,
    )


STORAGE_POLICY_DRIFT = Rule(
    name=NAME,
    title="Lifecycle rules beside the policy",
    about="Looks for buckets whose lifecycle rules differ from the policy that is written in the settings.",
    reads=(POLICIES,),
    thresholds=Thresholds(),
    judge=judge,
)
