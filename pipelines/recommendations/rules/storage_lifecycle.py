"""Buckets whose cold objects lie in a class that costs more than they need.

The plan minimises the cost of twelve months within the policy and what Object Storage allows; One Zone is only for data
that can be made again or is a second copy, Glacier only for what is hardly read. What cannot be planned is said here.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from pipelines.lifecycle.choosing import Kind
from pipelines.recommendations.recommendation import Answer
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.storage_advice import answers
from pipelines.recommendations.rules.storage_buckets import CELLS, OUTLOOK, Planned, Storage
from pipelines.recommendations.world import World

NAME = "storage_lifecycle"


def judge(world: World, thresholds: Storage) -> Iterator[Answer]:
    """One answer for each bucket that was listed."""
    return answers(world, thresholds, NAME, _told)


def _told(told: Planned) -> tuple[str, str]:
    moves = [
        (each.days, each.storage_class)
        for part in told.plan.parts
        if part.kind in (Kind.tiering, Kind.noncurrent_tiering)
        for rule in part.rules
        for each in (*rule.transitions, *rule.noncurrent_transitions)
    ]
    where = " and ".join(f"to {name} after {days} days" for days, name in sorted(set(moves), key=str))
    read = "how much of it is read is not known" if told.read_share is None else _read(told.read_share)
    return f"Move objects of {told.resource.resource_name} {where}", f"Of its bytes, {read}."


def _read(share: Decimal) -> str:
    return "none were read in four weeks" if not share else f"{share:.1%} are read by the month"


STORAGE_LIFECYCLE = Rule(
    name=NAME,
    title="Cold objects in a dear class",
    about="Looks for buckets whose old objects would cost less in another class, and says which rules move them.",
    reads=(CELLS, OUTLOOK),
    thresholds=Storage(),
    judge=judge,
)
