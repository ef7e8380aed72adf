"""Buckets that keep every old version of every object for ever: what was replaced or deleted stays billed."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.lifecycle.stock import NONCURRENT
from pipelines.recommendations.recommendation import Answer
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.storage_advice import answers
from pipelines.recommendations.rules.storage_buckets import CELLS, OUTLOOK, Planned, Storage, holds
from pipelines.recommendations.world import World

NAME = "noncurrent_versions"


def judge(world: World, thresholds: Storage) -> Iterator[Answer]:
    """One answer for each bucket that holds any."""

    def told(each: Planned) -> tuple[str, str]:
        return (
            f"Delete old versions in {each.resource.resource_name} after {thresholds.noncurrent_days} days",
            f"{each.size_gb(NONCURRENT):,.0f} GB in it are old versions, and no rule ends them.",
        )

    return answers(world, thresholds, NAME, told, holds(NONCURRENT))


NONCURRENT_VERSIONS = Rule(
    name=NAME,
    title="Old versions without end",
    about="Looks for versioned buckets that keep what was replaced or deleted for ever.",
    reads=(CELLS, OUTLOOK),
    thresholds=Storage(),
    judge=judge,
)
