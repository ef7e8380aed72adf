"""Machines with several GPUs of which some did nothing in four weeks: the same kind with fewer of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from pipelines.recommendations.changes.instances import retyped
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Recommendation
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.gpu_load import LOAD, OFFERS, Loaded, loaded, offers_in, saving_of, unmeasured
from pipelines.recommendations.world import World

NAME = "gpu_unused_of_many"


@dataclass(frozen=True)
class Thresholds:
    """From which saving on a restart is worth it."""

    least_saving: Decimal = Decimal(20)  # by the month


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each Instance with more than one GPU."""
    for machine in loaded(world):
        if (machine.row["gpus"] or 0) > 1:
            yield unmeasured(NAME, machine) or _judged(world, machine, thresholds)


def _judged(world: World, machine: Loaded, thresholds: Thresholds) -> Answer:
    server, row = machine.server, machine.row
    unused = row["unused_gpus"]
    if not unused:
        return NothingToDo(NAME, server.resource_id, "there was an hour in which all of its GPUs were used")
    wanted_gpus = max(1, row["gpus"] - unused)
    family = [offer for offer in offers_in(world, machine) if offer["gpu_name"] == row["gpu_name"]]
    current = next((offer for offer in family if offer["commercial_type"] == server.resource_class), None)
    wanted = next((offer for offer in family if wanted_gpus <= offer["gpus"] < row["gpus"]), None)
    if current is None or wanted is None:
        return NothingToDo(
            NAME, server.resource_id, f"{unused} GPUs did nothing; the zone sells no type with fewer of the kind"
        )
    saving = saving_of(machine, current, wanted)
    if saving < thresholds.least_saving:
        return NothingToDo(NAME, server.resource_id, f"{wanted['commercial_type']} saves {saving}: not worth a restart")
    return Recommendation(
        rule=NAME,
        resource_id=server.resource_id,
        target=wanted["commercial_type"],
        action=f"Change {server.resource_name} from {server.resource_class} to {wanted['commercial_type']}",
        reason=f"In every measured hour of four weeks {unused} or more of its {row['gpus']} GPUs did nothing and held "
        "next to no memory.",
        evidence={**machine.evidence, "unused_gpus_in_every_hour": unused, "hours_measured": row["hours_measured"]},
        evaluation_start=row["known_from"],
        evaluation_end=row["known_until"],
        monthly_saving=saving,
        saves_on=frozenset({server.resource_id}),
        change=retyped(server, wanted["commercial_type"], str(server.resource_class)),
        risk=Level.medium if server.is_production else Level.low,
        effort=Level.medium,
        restart_needed=True,
    )


GPU_UNUSED_OF_MANY = Rule(
    name=NAME,
    title="Some of several GPUs do nothing",
    about="Looks for Instances with several GPUs of which some did nothing in four weeks.",
    reads=(LOAD, OFFERS),
    thresholds=Thresholds(),
    judge=judge,
)
