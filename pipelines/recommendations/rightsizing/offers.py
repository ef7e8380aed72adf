"""What can be bought, and how cautious the choice has to be."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Offer:
    """One size for sale in the zone, at the price the organisation really pays.

    Limits are in kB/s like the load; None means that no limit is known. What cannot run there at all (architecture,
    zone, stock) the caller leaves out.
    """

    name: str
    vcpus: float
    memory_gib: float
    eur_per_month: Decimal
    network_kb_per_s: float | None = None
    disk_kb_per_s: float | None = None
    volumes: int | None = None


@dataclass(frozen=True)
class Policy:
    """How cautious the rule is; one per environment.

    A machine counts as saturated when its load is over its capacity for more than `over_capacity_share` of the time.
    """

    risk: float = 0.20  # the probability of saturation in the coming two weeks that is accepted for a saving
    over_capacity_share: float = 0.01
    observed_days: int = 14
    weekends: int = 2
    day_share: float = 0.25  # a day is observed when this share of its samples is there
    # spending more is advised only to a machine that stood at its limit this long, and will more likely than not
    limit_share: float = 0.05
    limit: float = 0.98
    spend_more_risk: float = 0.5


PRODUCTION = Policy(risk=0.10)


def accepted(current: Offer, offer: Offer, policy: Policy) -> float:
    """The highest risk at which the offer is still taken: the policy's, or where saving and harm are equal.

    With the saving s and the month's price P, (1 − p)·s = p·P at p = s ÷ (s + P). Where nothing is saved, the policy's.
    """
    saving = current.eur_per_month - offer.eur_per_month
    if saving <= 0:
        return policy.risk
    return min(policy.risk, float(saving / (saving + current.eur_per_month)))
