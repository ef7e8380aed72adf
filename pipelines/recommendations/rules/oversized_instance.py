"""Instances larger than their load: the cheapest size that holds it, by replay of what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from pipelines.recommendations.changes.instances import retyped
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Recommendation
from pipelines.recommendations.rightsizing.answers import Resize
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.machine_sizing import DEMAND, OFFERS, Machines, SizedMachine, evidence, is_sold
from pipelines.recommendations.world import World

NAME = "oversized_instance"


@dataclass(frozen=True)
class Thresholds:
    """From which saving on a restart is worth it, and what measuring memory costs."""

    least_saving: Decimal = Decimal(5)  # by the month
    least_share: Decimal = Decimal("0.15")  # of what the machine costs
    # node_exporter as it comes: a thousand series every 30 seconds, at Cockpit's price of custom metrics (2026)
    agent_series: int = 1000
    agent_step_seconds: int = 30
    million_samples_price: Decimal = Decimal("0.15")


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each Instance that is a machine of its own and has no GPU."""
    for sized in Machines(world).sized(NAME):
        yield _judged(world, sized, thresholds) if isinstance(sized, SizedMachine) else sized


def unmeasured(sized: SizedMachine, thresholds: Thresholds) -> str:
    """What is not measured and what measuring it would cost; empty where memory is known."""
    if sized.load.memory is not None:
        return ""
    samples = Decimal(730 * 3600 * thresholds.agent_series) / thresholds.agent_step_seconds
    price = samples / 1_000_000 * thresholds.million_samples_price
    return (
        " The memory in use is not measured (node_memory_used_ratio or instance_memory_used_bytes), so no less of it "
        f"is advised; node_exporter as it comes would cost about {price:.0f} € a month, its memory series alone next "
        "to nothing."
    )


def _judged(world: World, sized: SizedMachine, thresholds: Thresholds) -> Answer:
    server, answer = sized.machine.server, sized.answer
    if not isinstance(answer, Resize) or answer.spends_more:
        return NothingToDo(NAME, server.resource_id, answer.why_not_smaller + unmeasured(sized, thresholds))
    if answer.monthly_saving < max(thresholds.least_saving, thresholds.least_share * sized.machine.cost):
        return NothingToDo(
            NAME, server.resource_id, f"{answer.offer.name} saves {answer.monthly_saving:.2f}: not worth a restart"
        )
    return _advised(world, sized, answer, thresholds)


def _advised(world: World, sized: SizedMachine, answer: Resize, thresholds: Thresholds) -> Recommendation:
    machine, server = sized.machine, sized.machine.server
    moves_volumes = machine.loses_local(sized.row(answer.offer))
    can_go_back = is_sold(machine.current, world.today)
    return Recommendation(
        rule=NAME,
        resource_id=server.resource_id,
        target=answer.offer.name,
        action=f"Change {server.resource_name} from {answer.current.name} to {answer.offer.name}",
        reason=answer.reason + unmeasured(sized, thresholds),
        evidence=evidence(sized),
        evaluation_start=sized.load.start.date(),
        evaluation_end=sized.load.end.date(),
        monthly_saving=answer.monthly_saving,
        saves_on=machine.saves_on(sized.row(answer.offer)),
        confidence=round(1 - answer.risk, 4),
        change=retyped(
            server, answer.offer.name, answer.current.name, machine.local_gb if moves_volumes else 0, can_go_back
        ),
        risk=Level.medium if server.is_production or moves_volumes else Level.low,
        effort=Level.high if moves_volumes else Level.low,
        restart_needed=True,
        basis=machine.basis,
    )


OVERSIZED_INSTANCE = Rule(
    name=NAME,
    title="Instances larger than their load",
    about="Replays the processors, memory, network and disk traffic of Instances against the sizes of their zone and "
    "looks for a cheaper one that holds them.",
    reads=(OFFERS, DEMAND),
    thresholds=Thresholds(),
    judge=judge,
)
