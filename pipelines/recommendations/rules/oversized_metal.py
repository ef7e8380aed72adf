"""Elastic Metal larger than its load: the next smaller offer that holds it, a migration priced as one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from pipelines.recommendations.changes.baremetal import replaced
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Recommendation
from pipelines.recommendations.rightsizing.answers import Resize
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.machine_sizing import DEMAND, OFFERS, Machines, SizedMachine, evidence
from pipelines.recommendations.world import World

NAME = "oversized_metal"
_HOURS_PER_MONTH = 730


@dataclass(frozen=True)
class Thresholds:
    """What makes a migration of hardware worth a person's days."""

    least_saving: Decimal = Decimal(50)  # by the month
    both_run_hours: int = 168  # old and new side by side
    payback_months: int = 6


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each Elastic Metal server."""
    for sized in Machines(world, "baremetal_server").sized(NAME):
        yield _judged(sized, thresholds) if isinstance(sized, SizedMachine) else sized


def _judged(sized: SizedMachine, thresholds: Thresholds) -> Answer:
    server, answer = sized.machine.server, sized.answer
    if not isinstance(answer, Resize) or answer.spends_more:
        return NothingToDo(NAME, server.resource_id, answer.why_not_smaller)
    row = sized.row(answer.offer)
    fee = row["commitment_fee_price"] or Decimal(0)
    one_off = answer.offer.eur_per_month * thresholds.both_run_hours / _HOURS_PER_MONTH + fee
    saving = answer.monthly_saving
    if saving < thresholds.least_saving or one_off > saving * thresholds.payback_months:
        return NothingToDo(NAME, server.resource_id, f"{answer.offer.name} saves {saving:.2f}: not worth a migration")
    if (row["local_storage_bytes"] or 0) < (sized.machine.current["local_storage_bytes"] or 0):
        return NothingToDo(
            NAME, server.resource_id, f"{answer.offer.name} has smaller disks, and what they hold is not measured"
        )
    return Recommendation(
        rule=NAME,
        resource_id=server.resource_id,
        target=answer.offer.name,
        action=f"Move {server.resource_name} from {answer.current.name} to {answer.offer.name}",
        reason=f"{answer.reason} No call changes the hardware, so this is a migration.",
        evidence=evidence(sized),
        evaluation_start=sized.load.start.date(),
        evaluation_end=sized.load.end.date(),
        monthly_saving=saving,
        one_off_cost=one_off.quantize(Decimal("0.000001")),
        confidence=round(1 - answer.risk, 4),
        change=replaced(server, row["offer_id"], answer.offer.name, answer.current.name),
        risk=Level.medium,
        effort=Level.high,
        restart_needed=True,
        basis=sized.machine.basis,
    )


OVERSIZED_METAL = Rule(
    name=NAME,
    title="Elastic Metal larger than its load",
    about="Replays the processors and memory of Elastic Metal servers against the offers of their zone and terms.",
    reads=(OFFERS, DEMAND),
    thresholds=Thresholds(),
    judge=judge,
)
