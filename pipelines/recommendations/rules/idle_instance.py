"""Instances on which nothing happens, neither on their processors nor on their network, on any day of a month.

Five weeks are looked at, so that what runs only at a month's end is seen. GPU Instances have a rule of their own, the
nodes of a cluster are its pools' affair, and a machine that is switched on for some hours only is not idle then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.recommendations.recommendation import Answer, NothingToDo, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.deletion import ATTACHMENTS, COPY_PRICES
from pipelines.recommendations.rules.gpu_types import has_gpu
from pipelines.recommendations.rules.idleness import ACTIVITY, Busy, Quiet, Unknown, activity, by_cpu
from pipelines.recommendations.rules.machine_deletion import instance_deleted
from pipelines.recommendations.world import World

NAME = "idle_instance"


@dataclass(frozen=True)
class Thresholds(Quiet):
    """What counts as idle, and how long the snapshots are kept that are taken first."""

    keep_snapshots_days: int = 90


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each running Instance without a GPU that is no node."""
    rows = activity(world)
    for server in world.of_type("instance_server"):
        row = rows.get(server.resource_id)
        if server.resource_state != "running" or has_gpu(server) or (row and row["is_node"]):
            continue
        found = by_cpu(server, row, thresholds)
        if isinstance(found, Unknown):
            yield Unjudged(NAME, server.resource_id, found.reason)
        elif isinstance(found, Busy):
            yield NothingToDo(NAME, server.resource_id, found.reason)
        else:
            peak = found.row["cpu_p995_ratio"]
            network = (
                f"its network moves {found.row['network_bytes_per_day'] / 10**6:.1f} MB a day"
                if found.is_network_known
                else "its network is not measured, so ask its owner before"
            )
            reason = (
                f"In {found.row['cpu_days']} days its processors were below {peak:.1%} 99.5 % of the time, as an "
                f"operating system alone is, and {network}."
            )
            yield instance_deleted(world, NAME, server, found, thresholds.keep_snapshots_days, reason)


IDLE_INSTANCE = Rule(
    name=NAME,
    title="Instances nobody uses",
    about="Looks for running Instances whose processors and network do nothing on any day of five weeks.",
    reads=(ACTIVITY, ATTACHMENTS, COPY_PRICES),
    thresholds=Thresholds(),
    judge=judge,
)
