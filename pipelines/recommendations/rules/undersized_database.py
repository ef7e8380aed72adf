"""Managed databases that stand at the limit of their processors or memory: a larger node type, as far as that helps.

What waits for its volume is not helped by a larger node; there this rule says so and advises nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.recommendations.changes.databases import resized
from pipelines.recommendations.recommendation import Answer, Basis, Level, NothingToDo, Recommendation
from pipelines.recommendations.rightsizing.answers import Keep, Resize
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.data_services import Row, window
from pipelines.recommendations.rules.database_sizing import (
    LOAD,
    NODES,
    OFFERS,
    SizedDatabase,
    evidence,
    sized_databases,
)
from pipelines.recommendations.world import World

NAME = "undersized_database"
_VOLUMES = "silver.volume_offers"


@dataclass(frozen=True)
class Thresholds:
    """When the volume is what it waits for; when processors and memory are at their limit is the replay's policy."""

    volume_at_limit: float = 0.90  # of the class's operations, at the 95th percentile
    cpu_free: float = 0.70  # the processors' 95th percentile below which they are not the limit


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each managed database."""
    limits = {
        (row["product"], row["region_id"], row["volume_class"]): row["operations_per_second"]
        for row in world.rows(_VOLUMES)
    }
    for sized in sized_databases(world, NAME):
        yield _judged(sized, limits, thresholds) if isinstance(sized, SizedDatabase) else sized


def _judged(sized: SizedDatabase, limits: dict[tuple[str, str, str], int | None], thresholds: Thresholds) -> Answer:
    answer, resource_id = sized.answer, sized.database.resource_id
    if isinstance(answer, Keep) and answer.is_saturated:
        return NothingToDo(NAME, resource_id, "it stands at its limit, and no node type sold would hold its load")
    if not isinstance(answer, Resize) or not answer.spends_more:
        return NothingToDo(NAME, resource_id)
    limit = limits.get((sized.node["product"], sized.node["region_id"], sized.node["volume_type"]))
    if _waits_for_its_volume(sized.seen, limit, thresholds):
        return NothingToDo(
            NAME, resource_id, "it waits for its volume, not for processors; a larger node does not help"
        )
    return _advised(sized, answer)


def _waits_for_its_volume(seen: Row, limit: int | None, thresholds: Thresholds) -> bool:
    if limit is None or seen["disk_operations_p95"] is None:
        return False
    return bool(
        seen["disk_operations_p95"] >= thresholds.volume_at_limit * limit
        and seen["cpu_p95_ratio"] < thresholds.cpu_free
    )


def _advised(sized: SizedDatabase, answer: Resize) -> Recommendation:
    database = sized.database
    return Recommendation(
        rule=NAME,
        resource_id=database.resource_id,
        target=answer.offer.name,
        action=f"Give {database.resource_name} a larger node: {answer.offer.name} instead of {answer.current.name}",
        reason=answer.reason,
        evidence=evidence(sized),
        evaluation_start=window(sized.seen)[0],
        evaluation_end=window(sized.seen)[1],
        monthly_saving=answer.monthly_saving,
        change=resized(database, answer.offer.name, answer.current.name, sized.node["node_count"]),
        risk=Level.low,
        effort=Level.low,
        restart_needed=True,
        basis=Basis.list_price,
    )


UNDERSIZED_DATABASE = Rule(
    name=NAME,
    title="Databases at their limit",
    about="Looks for managed databases whose processors or memory stand at their limit, where a larger node helps.",
    reads=(NODES, OFFERS, LOAD, _VOLUMES),
    thresholds=Thresholds(),
    judge=judge,
    spares_protected=False,  # it takes nothing away
)
