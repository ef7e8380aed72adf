"""What others would advise on the same samples, and what an advice was worth afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from benchmarks.rightsizing_traces import DAY, TRAINED, Machine, current_offer, first_seconds
from pipelines.recommendations.rightsizing.offers import Offer
from pipelines.recommendations.rightsizing.summaries import Floats

OVER = 0.01
_LEAST_HOURS = 30  # of samples, what AWS Compute Optimizer asks for

Need = Callable[[Floats], float]

# Compute Optimizer's defaults, krr's strategy "simple", and the habit of many; for processors and for memory
RIVALS: dict[str, tuple[Need, Need]] = {
    "Compute Optimizer (p99.5 + 20 %)": (lambda used: 1.2 * _quantile(used, 0.995),) * 2,
    "krr (p95 CPU, max memory + 15 %)": (lambda used: _quantile(used, 0.95), lambda used: 1.15 * float(used.max())),
    "max + 20 %": (lambda used: 1.2 * float(used.max()),) * 2,
}
HINDSIGHT = "hindsight"


@dataclass(frozen=True)
class Case:
    """One machine at one split in time: the span to learn from and the span to be judged by (seconds, half-open)."""

    machine: Machine
    current: Offer
    start: int
    split: int
    end: int

    @cached_property
    def before(self) -> dict[str, Floats]:
        return _known(self.machine.between(self.start, self.split))

    @cached_property
    def after(self) -> dict[str, Floats]:
        return _known(self.machine.between(self.split, self.end))

    def is_over(self, offer: Offer) -> bool:
        """Whether the later span is over the offer's capacity for more than 1 % of the time."""
        capacities = {"cpu": offer.vcpus, "memory": offer.memory_gib}
        return any(
            bool((self.after[measure] > capacity).mean() > OVER)
            for measure, capacity in capacities.items()
            if measure in self.after
        )


@dataclass(frozen=True)
class Worth:
    """What a set of advice was worth: euros a month, and how many machines it harmed.

    A machine harmed forfeits its saving and costs one month's price. `saved` counts advice to spend less,
    `with_more` also advice to spend more, `with_kept` also machines left where they are that are over their capacity.
    """

    moved: int
    saved: float
    harmed: int
    with_more: float
    with_kept: float
    over: int


def cases(machines: list[Machine], offers: list[Offer], start_day: int, judged_days: int) -> list[Case]:
    """The machines that can be judged: 30 hours of samples before the split and a day of them after it."""
    begins, found = first_seconds(machines), []
    for machine in machines:
        current = current_offer(machine, offers)
        if current is None:
            continue
        start = begins[machine.name] + start_day * DAY
        split = start + TRAINED * DAY
        case = Case(machine, current, start, split, split + judged_days * DAY)
        per_hour = 3600 / float(np.median(np.diff(machine.seconds))) if len(machine.seconds) > 1 else 0.0
        before, after = (len(span.get("cpu", ())) for span in (case.before, case.after))
        if per_hour and before >= _LEAST_HOURS * per_hour and after >= 24 * per_hour:
            found.append(case)
    return found


def rival_advice(case: Case, offers: list[Offer], needs: tuple[Need, Need]) -> Offer:
    """The cheapest offer that has what the rule asks for; memory that is not measured stays. Else the current one."""
    before = case.before
    vcpus = needs[0](before["cpu"])
    memory = needs[1](before["memory"]) if "memory" in before else case.current.memory_gib
    return _cheapest(case, [each for each in offers if each.vcpus >= vcpus and each.memory_gib >= memory])


def hindsight_advice(case: Case, offers: list[Offer]) -> Offer:
    """The cheapest offer that holds the later span; where memory is not measured, none with less of it."""
    least = 0.0 if "memory" in case.before else case.current.memory_gib
    return _cheapest(case, [each for each in offers if each.memory_gib >= least and not case.is_over(each)])


def worth(cases: list[Case], advice: list[Offer]) -> Worth:
    """Add up what came of it."""
    moved = harmed = over = 0
    saved = with_more = with_kept = 0.0
    for case, offer in zip(cases, advice, strict=True):
        price = float(case.current.eur_per_month)
        is_over, saving = case.is_over(offer), price - float(offer.eur_per_month)
        net, over = (-price if is_over else saving), over + is_over
        with_kept += net if is_over or offer != case.current else 0.0
        if offer == case.current:
            continue
        moved, harmed, with_more = moved + 1, harmed + is_over, with_more + net
        saved += net if saving > 0 else 0.0
    return Worth(moved, saved, harmed, with_more, with_kept, over)


def _cheapest(case: Case, holding: list[Offer]) -> Offer:
    best = min(holding, key=lambda each: (each.eur_per_month, -each.vcpus, -each.memory_gib), default=case.current)
    return case.current if best.eur_per_month == case.current.eur_per_month else best


def _known(values: dict[str, Floats]) -> dict[str, Floats]:
    known = {name: each[np.isfinite(each)] for name, each in values.items()}
    return {name: each for name, each in known.items() if len(each)}


def _quantile(used: Floats, share: float) -> float:
    return float(np.quantile(used, share))
