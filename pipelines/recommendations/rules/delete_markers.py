"""Thousands of delete markers with nothing behind them: they cost no euro, and every listing walks over them."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.lifecycle.stock import MARKER
from pipelines.recommendations.recommendation import Answer
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.storage_advice import answers
from pipelines.recommendations.rules.storage_buckets import CELLS, OUTLOOK, Planned, Storage, holds
from pipelines.recommendations.world import World

NAME = "delete_markers"


def judge(world: World, thresholds: Storage) -> Iterator[Answer]:
    """One answer for each bucket that holds any."""
    return answers(world, thresholds, NAME, _told, holds(MARKER))


def _told(told: Planned) -> tuple[str, str]:
    count = sum(cell.objects for cell in told.cells if cell.state == MARKER)
    return (
        f"Remove delete markers from {told.resource.resource_name}",
        f"It holds {count:,} delete markers. They cost nothing, but every listing reads them.",
    )


DELETE_MARKERS = Rule(
    name=NAME,
    title="Delete markers with nothing behind them",
    about="Looks for buckets with so many delete markers that listings become slow; it saves no euros.",
    reads=(CELLS, OUTLOOK),
    thresholds=Storage(),
    judge=judge,
)
