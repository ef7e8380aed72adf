"""Buckets of logs that keep every line for ever, by their names, without a rule or a tag that says how long.

Names that speak of audit, security or law are never among them: those logs have to be kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipelines.recommendations.recommendation import Answer
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.storage_advice import answers
from pipelines.recommendations.rules.storage_buckets import CELLS, OUTLOOK, Planned, Row, Storage, is_log
from pipelines.recommendations.world import Resource, World

NAME = "log_bucket_without_expiry"


def judge(world: World, thresholds: Storage) -> Iterator[Answer]:
    """One answer for each bucket with logs."""

    def told(each: Planned) -> tuple[str, str]:
        return (
            f"Delete logs in {each.resource.resource_name} after {thresholds.log_days} days, or as long as they must "
            "be kept",
            "It holds logs by its name, and nothing says how long: no rule, and no tag retention.",
        )

    return answers(world, thresholds, NAME, told, _about)


def _about(resource: Resource, cells: Sequence[Row]) -> bool:
    return is_log(resource.resource_name) or any(is_log(cell["prefix"] or "") for cell in cells)


LOG_BUCKET_WITHOUT_EXPIRY = Rule(
    name=NAME,
    title="Logs kept for ever",
    about="Looks for buckets and prefixes that hold logs and have neither a rule nor a tag that ends them.",
    reads=(CELLS, OUTLOOK),
    thresholds=Storage(),
    judge=judge,
)
