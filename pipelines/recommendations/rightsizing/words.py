"""What an engineer reads: why this offer, and why not a smaller one; one sentence each, with its numbers."""

from __future__ import annotations

from pipelines.recommendations.rightsizing.demand import Demand
from pipelines.recommendations.rightsizing.limits import misfit
from pipelines.recommendations.rightsizing.load import Load
from pipelines.recommendations.rightsizing.offers import Offer, Policy, accepted


def reason_for(cpu: Demand, memory: Demand | None, current: Offer, offer: Offer) -> str:
    """What was seen, and what the offer leaves above it."""
    seen = f"99 % of the time at most {cpu.p99:.2f} of {current.vcpus:g} vCPU are wanted"
    if memory is not None:
        seen += f" and memory goes up to {memory.recurring_peak:.2f} of {current.memory_gib:g} GiB"
    if offer.eur_per_month >= current.eur_per_month:
        seen += ", which is its limit, so how much more it would use is not known"
    return f"{seen}; {offer.name} has {offer.vcpus:g} vCPU and {offer.memory_gib:g} GiB."


def why_not(load: Load, current: Offer, told: tuple[Offer, float] | None, policy: Policy) -> str:
    """What speaks against the next cheaper offer; it cannot be taken or its risk is not accepted."""
    if told is None or load.cpu is None:
        return "Nothing cheaper is sold."
    below, risk = told
    name = f"{below.name} ({below.vcpus:g} vCPU, {below.memory_gib:g} GiB, {below.eur_per_month:.2f} € a month)"
    unfit = misfit(load, current, below)
    if unfit:
        return f"{name} {unfit}."
    over = load.cpu.share_over(below.vcpus)
    if load.memory is not None:
        over = max(over, load.memory.share_over(below.memory_gib))
    allowed = accepted(current, below, policy)
    return (
        f"{name} would have been over its capacity {over:.1%} of the time, and saturates in the coming weeks with a "
        f"probability of {risk:.0%}; {allowed:.0%} are accepted."
    )
