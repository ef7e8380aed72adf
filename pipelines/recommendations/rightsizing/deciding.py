"""The rule: the cheapest offer whose probability of saturation is under the policy.

An offer is taken for its saving only if its risk is below the policy's and below the point where the saving no longer
outweighs the harm, counted as one month's price. Both bounds depend on the offer alone, never on the load: so more load
can only take offers away. Memory that is not measured is never lowered.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from pipelines.recommendations.rightsizing.answers import Answer, Evidence, Keep, Resize, Unjudged
from pipelines.recommendations.rightsizing.demand import Demand
from pipelines.recommendations.rightsizing.limits import fits, missing_measures
from pipelines.recommendations.rightsizing.load import Load
from pipelines.recommendations.rightsizing.offers import Offer, Policy, accepted
from pipelines.recommendations.rightsizing.risk import CPU_MODEL, MEMORY_MODEL, RiskModel, saturation_risk
from pipelines.recommendations.rightsizing.summaries import Floats
from pipelines.recommendations.rightsizing.words import reason_for, why_not

_DEFAULT = Policy()


def rightsize(
    load: Load,
    current: Offer,
    offers: Sequence[Offer],
    policy: Policy = _DEFAULT,
    cpu_model: RiskModel = CPU_MODEL,
    memory_model: RiskModel = MEMORY_MODEL,
) -> Answer:
    """The offer to take, nothing to do, or could not judge.

    `offers` are all that could be bought instead; whether the current one is among them makes no difference.
    """
    unjudged = _unjudged(load, policy)
    if unjudged or load.cpu is None:
        return Unjudged(load.resource_id, unjudged or "its processors are not measured")

    sold = sorted((offer for offer in offers if offer.name != current.name), key=_price)
    risks = risks_of(load, [current, *sold], cpu_model, memory_model)
    today, told = float(risks[0]), list(zip(sold, risks[1:].tolist(), strict=True))
    is_saturated = today >= policy.spend_more_risk and _at_limit(load, current, policy)
    best, risk = _cheapest(load, current, told, policy, is_saturated) or (None, today)
    chosen = best or current
    smaller = why_not(load, current, _next_below(load, current, chosen, told), policy)
    evidence = _evidence(load, load.cpu, current, chosen)
    if best is None:
        return Keep(load.resource_id, current, risk, smaller, evidence, is_saturated)
    saving = current.eur_per_month - best.eur_per_month
    reason = reason_for(load.cpu, load.memory, current, best)
    return Resize(load.resource_id, current, best, saving, risk, reason, smaller, evidence)


def _cheapest(
    load: Load, current: Offer, told: Sequence[tuple[Offer, float]], policy: Policy, is_saturated: bool
) -> tuple[Offer, float] | None:
    """The first that holds the load, of offers told by their price; more is spent only on a saturated machine."""
    best: tuple[Offer, float] | None = None
    for each, risk in told:
        price = each.eur_per_month
        if best is not None and price > best[0].eur_per_month:
            break
        if price >= current.eur_per_month and not is_saturated:
            break
        if risk <= policy.risk and risk <= accepted(current, each, policy) and fits(load, current, each):
            best = min(best or (each, risk), (each, risk), key=_rank)
    return best


def risks_of(
    load: Load, offers: Sequence[Offer], cpu_model: RiskModel = CPU_MODEL, memory_model: RiskModel = MEMORY_MODEL
) -> Floats:
    """The probability of saturation on each offer: of its processors, or of its memory where that is measured."""
    held = np.ones(len(offers))
    if load.cpu is not None:
        held *= 1 - saturation_risk(load.cpu, np.array([each.vcpus for each in offers], dtype=float), cpu_model)
    if load.memory is not None:
        sizes = np.array([each.memory_gib for each in offers], dtype=float)
        held *= 1 - saturation_risk(load.memory, sizes, memory_model)
    return np.asarray(1 - held)


def _unjudged(load: Load, policy: Policy) -> str:
    if load.samples == 0 or load.cpu is None:
        return "there is no sample of its processors in the window; it was off, or nothing measures it"
    if load.days < policy.observed_days:
        return f"only {load.days} of the {policy.observed_days} days needed are measured"
    if load.weekends < policy.weekends:
        return f"only {load.weekends} of the {policy.weekends} weekends needed are measured"
    return ""


def _at_limit(load: Load, current: Offer, policy: Policy) -> bool:
    return any(
        demand is not None and demand.share_over(policy.limit * capacity) > policy.limit_share
        for demand, capacity in ((load.cpu, current.vcpus), (load.memory, current.memory_gib))
    )


def _price(offer: Offer) -> Decimal:
    return offer.eur_per_month


def _rank(told: tuple[Offer, float]) -> tuple[object, ...]:
    """Cheapest first; of two at one price the safer, then the larger one."""
    offer, risk = told
    return (offer.eur_per_month, risk, -offer.vcpus, -offer.memory_gib, *_limits(offer), offer.name)


def _limits(offer: Offer) -> tuple[float, ...]:
    limits = (offer.network_kb_per_s, offer.disk_kb_per_s, offer.volumes)
    return tuple(-np.inf if limit is None else -float(limit) for limit in limits)


def _next_below(
    load: Load, current: Offer, chosen: Offer, told: Sequence[tuple[Offer, float]]
) -> tuple[Offer, float] | None:
    """The offer to ask 'why not' about: the dearest cheaper one that is smaller and fits, as far as there is one."""
    found = told[: bisect_left(told, chosen.eur_per_month, key=lambda each: each[0].eur_per_month)]
    smaller = [each for each in found if each[0].vcpus <= chosen.vcpus and each[0].memory_gib <= chosen.memory_gib]
    dearest = sorted(smaller or found, key=lambda each: (each[0].eur_per_month, each[0].name), reverse=True)
    fitting = (each for each in dearest if fits(load, current, each[0])) if smaller else iter(())
    return next(fitting, dearest[0] if dearest else None)


def _evidence(load: Load, cpu: Demand, current: Offer, chosen: Offer) -> Evidence:
    memory = load.memory
    return Evidence(
        load.start,
        load.end,
        load.samples,
        load.coverage,
        load.days,
        load.weekends,
        cpu,
        memory,
        cpu.share_over(current.vcpus),
        cpu.share_over(chosen.vcpus),
        1 - cpu.p99 / chosen.vcpus,
        None if memory is None else 1 - memory.recurring_peak / chosen.memory_gib,
        missing_measures(load),
    )
