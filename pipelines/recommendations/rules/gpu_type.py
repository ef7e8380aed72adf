"""Machines whose GPU is larger or dearer than what it does: a cheaper kind that holds its memory and its work.

How much slower another kind is depends on the work: reading prompts and training follow its arithmetic, writing answers
its memory. Both are taken from NVIDIA's data sheets, and the slower of the two decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from pipelines.recommendations.changes.instances import retyped
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.gpu_load import LOAD, OFFERS, Loaded, loaded, offers_in, saving_of, unmeasured
from pipelines.recommendations.world import Row, World

NAME = "gpu_type"
# dense half-precision teraflops and memory bandwidth in GB/s, by NVIDIA's data sheets
SPEEDS: Mapping[str, tuple[float, float]] = {
    "P100": (18.7, 732),
    "L4": (121, 300),
    "L40S": (362, 864),
    "H100-PCIe": (756, 2000),
    "H100-SXM": (989, 3350),
    "B300-SXM": (2250, 8000),
}


@dataclass(frozen=True)
class Thresholds:
    """How full another GPU may become, and from which saving on a restart is worth it."""

    busiest_share: float = 0.7  # of the time, in the busiest of a hundred hours, once it is slower
    memory_share: float = 0.9  # of the memory of all its GPUs
    least_saving: Decimal = Decimal(20)  # by the month
    least_share: Decimal = Decimal("0.15")  # of what the machine costs


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each Instance with GPUs."""
    for machine in loaded(world):
        yield unmeasured(NAME, machine) or _judged(world, machine, thresholds)


def _judged(world: World, machine: Loaded, thresholds: Thresholds) -> Answer:
    server, row = machine.server, machine.row
    if row["memory_used_bytes"] is None:
        return Unjudged(
            NAME, server.resource_id, "what its GPUs hold is not measured (gpu_memory_used_mebibytes of DCGM)"
        )
    offers = offers_in(world, machine)
    current = next((offer for offer in offers if offer["commercial_type"] == server.resource_class), None)
    if current is None or row["gpu_name"] not in SPEEDS:
        return Unjudged(NAME, server.resource_id, f"price or speed of {server.resource_class} is not known")
    for offer in offers:
        if offer is current or offer["gpus"] < row["gpus"] or not _holds(row, offer, thresholds):
            continue
        saving = saving_of(machine, current, offer)
        if saving >= max(thresholds.least_saving, thresholds.least_share * machine.machine_cost):
            return _advised(machine, offer, saving, busy_after(row, offer))
    return NothingToDo(NAME, server.resource_id, "no cheaper kind of its zone holds its memory and its busiest hours")


def busy_after(row: Row, offer: Row) -> float:
    """Share of the time the busiest GPU would work on the other kind; more than 1 where that cannot keep up."""
    own, others = SPEEDS[row["gpu_name"]], SPEEDS.get(offer["gpu_name"])
    if others is None:
        return float("inf")
    slower = max(mine / other for mine, other in zip(own, others, strict=True))
    return float(row["busiest_gpu_active_ratio"]) * slower


def _holds(row: Row, offer: Row, thresholds: Thresholds) -> bool:
    whole = offer["gpus"] * (offer["gpu_memory_bytes"] or 0)
    fits = row["memory_used_bytes"] <= thresholds.memory_share * whole
    return fits and busy_after(row, offer) <= thresholds.busiest_share


def _advised(machine: Loaded, offer: Row, saving: Decimal, busy: float) -> Recommendation:
    server, row = machine.server, machine.row
    name = offer["commercial_type"]
    return Recommendation(
        rule=NAME,
        resource_id=server.resource_id,
        target=name,
        action=f"Change {server.resource_name} from {server.resource_class} to {name}",
        reason=f"Its busiest GPU worked {row['busiest_gpu_active_ratio']:.0%} of the busiest hours and its GPUs held "
        f"{row['memory_used_bytes'] / 2**30:.0f} GiB; a {offer['gpu_name']} holds that and would work {busy:.0%}.",
        evidence={
            **machine.evidence,
            "wanted_gpu": offer["gpu_name"],
            "wanted_gpu_memory_bytes": offer["gpu_memory_bytes"],
            "wanted_busiest_share": round(busy, 4),
        },
        evaluation_start=row["known_from"],
        evaluation_end=row["known_until"],
        monthly_saving=saving,
        saves_on=frozenset({server.resource_id}),
        change=retyped(server, name, str(server.resource_class)),
        risk=Level.high if server.is_production else Level.medium,
        effort=Level.medium,
        restart_needed=True,
    )


GPU_TYPE = Rule(
    name=NAME,
    title="GPUs larger than their work",
    about="Looks for cheaper kinds of GPU that hold what an Instance's GPUs hold and do in their busiest hours.",
    reads=(LOAD, OFFERS),
    thresholds=Thresholds(),
    judge=judge,
)
