"""Instances that stand at their limit: a larger size, advice to spend more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.recommendations.changes.instances import retyped
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Recommendation
from pipelines.recommendations.rightsizing.answers import Resize
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.machine_sizing import DEMAND, OFFERS, Machines, SizedMachine, evidence
from pipelines.recommendations.world import World

NAME = "undersized_instance"


@dataclass(frozen=True)
class Thresholds:
    """What comes before advice to spend more; for how long a machine must stand at its limit is the replay's policy."""

    limit_share: float = 0.95  # of its processors or memory: from there on work waits
    risk: float = 0.3  # the probability of saturation in the coming two weeks from which it is worth paying more
    running_share: float = 0.9  # of the window: a machine that is switched off at times works in batches, and may
    only_production: bool = True  # elsewhere nobody waits whose waiting costs


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each Instance that is a machine of its own and has no GPU."""
    for sized in Machines(world).sized(NAME, limit=thresholds.limit_share, spend_more_risk=thresholds.risk):
        yield _judged(sized, thresholds) if isinstance(sized, SizedMachine) else sized


def _judged(sized: SizedMachine, thresholds: Thresholds) -> Answer:
    server, answer = sized.machine.server, sized.answer
    if isinstance(answer, Resize) and answer.spends_more:
        if thresholds.only_production and not server.is_production:
            return NothingToDo(NAME, server.resource_id, "it is at its limit, outside production")
        if _running(sized) < thresholds.running_share:
            return NothingToDo(
                NAME, server.resource_id, "it is at its limit while it works in batches, and off at times"
            )
        return _advised(sized, answer)
    if not isinstance(answer, Resize) and answer.is_saturated:
        return NothingToDo(NAME, server.resource_id, "it is at its limit, and no size sold in its zone would hold it")
    return NothingToDo(NAME, server.resource_id)


def _running(sized: SizedMachine) -> float:
    """The share of the window that it was measured, and so ran."""
    load = sized.load
    return load.coverage * (1 - len(sized.machine.seen["off_days"] or ()) / (load.end - load.start).days)


def _advised(sized: SizedMachine, answer: Resize) -> Recommendation:
    machine, server = sized.machine, sized.machine.server
    moves_volumes = machine.loses_local(sized.row(answer.offer))
    return Recommendation(
        rule=NAME,
        resource_id=server.resource_id,
        target=answer.offer.name,
        action=f"Give {server.resource_name} {answer.offer.name} instead of {answer.current.name}, "
        "or share its work among more machines",
        reason=answer.reason,
        evidence=evidence(sized),
        evaluation_start=sized.load.start.date(),
        evaluation_end=sized.load.end.date(),
        monthly_saving=answer.monthly_saving,
        saves_on=machine.saves_on(sized.row(answer.offer)),
        change=retyped(server, answer.offer.name, answer.current.name, machine.local_gb if moves_volumes else 0),
        risk=Level.low,
        effort=Level.high if moves_volumes else Level.low,
        restart_needed=True,
        basis=machine.basis,
    )


UNDERSIZED_INSTANCE = Rule(
    name=NAME,
    title="Instances at their limit",
    about="Looks for Instances whose processors or memory are at their limit for more than a twentieth of the time, "
    "and names the size that would hold them.",
    reads=(OFFERS, DEMAND),
    thresholds=Thresholds(),
    judge=judge,
    spares_protected=False,
)
