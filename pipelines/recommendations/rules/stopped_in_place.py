"""Machines in standby: stopped from inside or "in place", and billed as if they ran.

What ends their cost is a power-off through the API. It frees the machine and leaves its volumes and addresses, so
nothing is lost; a later start may find no machine of its type free. A power-off inside the guest is what led here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from pipelines.recommendations.changes.cleanup import powered_off
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.deletion import WINDOW_DAYS
from pipelines.recommendations.world import Resource, World

NAME = "stopped_in_place"
_STANDBY = frozenset({"stopped in place", "stopped_in_place"})


@dataclass(frozen=True)
class Thresholds:
    """From which saving on it is said."""

    least_saving: Decimal = Decimal(1)  # by the month


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each Instance that is in standby; the others have none."""
    for server in world.of_type("instance_server"):
        if (server.resource_state or "").lower() in _STANDBY:
            yield _judged(world, server, thresholds)


def _judged(world: World, server: Resource, thresholds: Thresholds) -> Answer:
    if server.monthly_cost is None:
        return Unjudged(NAME, server.resource_id, "it is in standby, but nothing was charged for it in the last weeks")
    # what a machine is charged for under its own name besides its hours goes on
    saving = sum((cost for sku, cost in server.costs.items() if "/compute/" in sku), Decimal(0))
    if saving < thresholds.least_saving:
        return NothingToDo(NAME, server.resource_id, "its standby costs next to nothing")
    return Recommendation(
        rule=NAME,
        resource_id=server.resource_id,
        target="powered off",
        action=f"Power {server.resource_name} off through the API; its volumes and addresses stay",
        reason=f"It is stopped in place, and Scaleway bills that state as running: {saving:.2f} by the month for a "
        "machine that does nothing.",
        evidence={
            "resource_state": server.resource_state,
            "compute_cost_per_month": saving,
            "query": "select sku, monthly_cost from gold.resource_costs where resource_id = "
            f"'{server.resource_id}' order by billing_month desc",
        },
        evaluation_start=world.known_until - timedelta(days=WINDOW_DAYS),
        evaluation_end=world.known_until,
        monthly_saving=saving,
        change=powered_off(server),
        risk=Level.low,
        effort=Level.low,
        saves_on=frozenset({server.resource_id}),
    )


STOPPED_IN_PLACE = Rule(
    name=NAME,
    title="In standby and billed as running",
    about="Looks for Instances that are stopped in place, a state a shutdown inside the machine leads to and that is "
    "billed as if they ran.",
    reads=(),
    thresholds=Thresholds(),
    judge=judge,
    spares_protected=False,  # nothing is taken away: the machine is off already
)
