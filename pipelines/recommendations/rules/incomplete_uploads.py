"""Uploads that were begun and never completed: their parts are billed, and no listing of objects shows them."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.lifecycle.stock import UPLOAD
from pipelines.recommendations.recommendation import Answer
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.storage_advice import answers
from pipelines.recommendations.rules.storage_buckets import CELLS, OUTLOOK, Planned, Storage, holds
from pipelines.recommendations.world import World

NAME = "incomplete_uploads"


def judge(world: World, thresholds: Storage) -> Iterator[Answer]:
    """One answer for each bucket that holds any."""

    def told(each: Planned) -> tuple[str, str]:
        count = sum(cell.objects for cell in each.cells if cell.state == UPLOAD)
        return (
            f"Abort incomplete uploads to {each.resource.resource_name} after {thresholds.abort_days} days",
            f"{count:,} uploads to it were never completed; their parts take {each.size_gb(UPLOAD):,.0f} GB.",
        )

    return answers(world, thresholds, NAME, told, holds(UPLOAD))


INCOMPLETE_UPLOADS = Rule(
    name=NAME,
    title="Uploads nobody completed",
    about="Looks for the parts of multipart uploads that were begun and never completed.",
    reads=(CELLS, OUTLOOK),
    thresholds=Storage(),
    judge=judge,
)
