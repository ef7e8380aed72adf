"""Data sources of Cockpit that keep what they hold for another number of days than a while ago.

Whether that is what the policy asks for is said by another rule. This one tells that somebody changed it: shorter, and
what is older is gone for good; longer, and each day beyond the free ones is charged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from pipelines.recommendations.changes.telemetry import kept_for
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.telemetry import Row
from pipelines.recommendations.world import Resource, World
from pipelines.telemetry.policy import FREE_DAYS, Policy

NAME = "telemetry_retention_changed"
RETENTIONS = "gold.telemetry_retentions"


@dataclass(frozen=True)
class Thresholds:
    """For how long a change is told."""

    changed_days: int = 14


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each data source whose retention is seen."""
    for row in sorted(world.rows(RETENTIONS), key=lambda row: str(row["data_source_id"])):
        source = world.resources.get(row["data_source_id"])
        if source is not None:
            yield _judged(world, source, row, thresholds)


def _judged(world: World, source: Resource, row: Row, thresholds: Thresholds) -> Answer:
    if row["retention_days"] is None:
        return Unjudged(NAME, source.resource_id, "how long it keeps what it holds is not in the inventory")
    changed, before, now = row["changed_on"], row["previous_days"], row["retention_days"]
    # what went back to what it was is no drift
    if changed is None or changed < world.today - timedelta(days=thresholds.changed_days) or before == now:
        return NothingToDo(NAME, source.resource_id, f"it keeps {now} days as before")
    free = FREE_DAYS.get(row["signal"])
    meaning = "what is older than that is gone" if now < before else "days beyond the free ones are charged"
    return Recommendation(
        rule=NAME,
        resource_id=source.resource_id,
        target=f"changed {changed}",
        action=f"Make sure that the retention of {source.resource_name} was changed on purpose, or put it back",
        reason=f"Since {changed} it keeps {now} days instead of {before}: {meaning}.",
        evidence={
            "changed_on": changed,
            "retention_days": now,
            "previous_days": before,
            "free_days": free,
            "query": f"select retention_days, previous_days, changed_on from {RETENTIONS} "
            f"where data_source_id = '{source.resource_id}' and usage_month = '{row['usage_month']}'",
        },
        evaluation_start=world.known_until - timedelta(days=28),
        evaluation_end=world.known_until,
        monthly_saving=Decimal(0),
        change=kept_for(source, before, now, {}, Policy()),
        risk=Level.medium if before < now else Level.low,
        effort=Level.low,
    )


TELEMETRY_RETENTION_CHANGED = Rule(
    name=NAME,
    title="Retention of telemetry that changed",
    about="Looks for data sources of Cockpit whose retention became another number of days lately.",
    reads=(RETENTIONS,),
    thresholds=Thresholds(),
    judge=judge,
    spares_protected=False,
)
