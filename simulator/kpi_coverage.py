"""How much of a month's money, and how many of its resources, say whose they are: by owner, environment, any tag.

A resource counts as labelled in a month once it says so on one of its days. An owner may come from anywhere; an
environment must be said by a tag or an annotation; a tag that only links a thing to its cluster is none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from simulator.kpi_costs import Spent
from simulator.kpi_figures import Figure, amount, per_unit
from simulator.kpi_labels import Labeller

OWNER, ENVIRONMENT, ANY = "owner", "environment", "any tag"
_LINKS = frozenset(("kapsule", "pool", "pool-name", "node", "node-name", "runtime", "managed"))


@dataclass
class _Charged:
    """One resource of a month."""

    units: int = 0
    labels: set[str] = field(default_factory=set)


def coverage_figures(spent: Iterable[Spent], labeller: Labeller) -> Mapping[str, Figure]:
    """By label: cost and number of the resources that carry it, of all."""
    charged: dict[str, _Charged] = {}
    for piece in spent:
        resource = charged.setdefault(piece.resource.id, _Charged())
        resource.units += piece.units
        resource.labels |= _said(piece, labeller)
    total = sum(each.units for each in charged.values())
    found: dict[str, Figure] = {}
    for label in (ANY, ENVIRONMENT, OWNER):
        labelled = [each.units for each in charged.values() if label in each.labels]
        found[label] = {
            "cost": amount(sum(labelled)),
            "total": amount(total),
            "value": per_unit(sum(labelled) * 10**12, total),
            "resources": len(labelled),
            "total_resources": len(charged),
            "resource_value": per_unit(len(labelled) * 10**12, len(charged)),
        }
    return found


def _said(piece: Spent, labeller: Labeller) -> set[str]:
    found = set[str]()
    if labeller.of(piece).labels.get("owner"):
        found.add(OWNER)
    if labeller.tagged_environment(piece):
        found.add(ENVIRONMENT)
    if any(key.lower() not in _LINKS for key, _ in labeller.pairs(piece)):
        found.add(ANY)
    return found
