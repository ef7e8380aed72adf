"""What an offer must hold whatever the risk says: memory's recurring peak, bandwidth, volumes.

What is not measured is not zero: an offer may then give no less than the one in use.
"""

from __future__ import annotations

from pipelines.recommendations.rightsizing.demand import Demand
from pipelines.recommendations.rightsizing.load import Load
from pipelines.recommendations.rightsizing.offers import Offer


def fits(load: Load, current: Offer, offer: Offer) -> bool:
    """Whether nothing but the risk speaks against the offer."""
    return not misfit(load, current, offer)


def misfit(load: Load, current: Offer, offer: Offer) -> str:
    """Why the offer cannot be taken, as the end of a sentence that begins with its name; empty when it can."""
    if load.memory is None and offer.memory_gib < current.memory_gib:
        return (
            f"has {offer.memory_gib:g} GiB of memory, less than the {current.memory_gib:g} GiB of today, "
            "and the memory in use is not measured"
        )
    if load.memory is not None and load.memory.recurring_peak > offer.memory_gib:
        return (
            f"has {offer.memory_gib:g} GiB of memory; {load.memory.recurring_peak:.2f} GiB are in use again and again"
        )
    network = _bandwidth("network", load.network, current.network_kb_per_s, offer.network_kb_per_s)
    disk = _bandwidth("disk", load.disk, current.disk_kb_per_s, offer.disk_kb_per_s)
    return network or disk or _volumes(load.volumes, current.volumes, offer.volumes)


def missing_measures(load: Load) -> tuple[str, ...]:
    """What is not measured, in words."""
    known = {"memory in use": load.memory, "network traffic": load.network, "disk traffic": load.disk}
    return tuple(name for name, demand in known.items() if demand is None)


def _bandwidth(name: str, demand: Demand | None, today: float | None, limit: float | None) -> str:
    if limit is None:
        return ""
    if demand is not None:
        return f"ends at {limit:g} kB/s of {name}; the p99 is {demand.p99:g}" if demand.p99 > limit else ""
    if today is None or limit < today:
        return f"ends at {limit:g} kB/s of {name}, and the traffic is not measured"
    return ""


def _volumes(attached: int | None, today: int | None, limit: int | None) -> str:
    if limit is None:
        return ""
    if attached is not None:
        return f"takes {limit} volumes; {attached} are attached" if attached > limit else ""
    if today is None or limit < today:
        return f"takes {limit} volumes, and how many are attached is not known"
    return ""
