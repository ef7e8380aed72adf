"""GPU Instances whose GPUs do nothing at all: not those that answer little, which other rules weigh."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.recommendations.recommendation import Answer, NothingToDo, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.deletion import ATTACHMENTS, COPY_PRICES
from pipelines.recommendations.rules.gpu_types import has_gpu
from pipelines.recommendations.rules.idleness import ACTIVITY, Busy, Quiet, Unknown, activity, by_gpu
from pipelines.recommendations.rules.machine_deletion import instance_deleted
from pipelines.recommendations.world import World

NAME = "idle_gpu_instance"


@dataclass(frozen=True)
class Thresholds(Quiet):
    """Above which sample a GPU was used, and how long the snapshots are kept that are taken first."""

    gpu_peak_percent: float = 1.0  # of any sample: a single request takes more than that

    keep_snapshots_days: int = 90


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each running GPU Instance that is no node."""
    rows = activity(world)
    for server in world.of_type("instance_server"):
        row = rows.get(server.resource_id)
        if server.resource_state != "running" or not has_gpu(server) or (row and row["is_node"]):
            continue
        found = by_gpu(row, thresholds, thresholds.gpu_peak_percent)
        if isinstance(found, Unknown):
            yield Unjudged(NAME, server.resource_id, found.reason)
        elif isinstance(found, Busy):
            yield NothingToDo(NAME, server.resource_id, found.reason)
        else:
            reason = (
                f"In {found.row['gpu_days']} days no sample of its GPUs was above "
                f"{thresholds.gpu_peak_percent:.0f} %: it is billed by the minute and does nothing. Stock of its type "
                "may be scarce when it is wanted again."
            )
            yield instance_deleted(world, NAME, server, found, thresholds.keep_snapshots_days, reason)


IDLE_GPU_INSTANCE = Rule(
    name=NAME,
    title="GPUs nobody uses",
    about="Looks for running GPU Instances whose GPUs did nothing in five weeks.",
    reads=(ACTIVITY, ATTACHMENTS, COPY_PRICES),
    thresholds=Thresholds(),
    judge=judge,
)
