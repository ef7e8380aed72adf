"""Carbon and water of a period: by project, by what is paid for what emits it, and by a thousand requests."""

from collections.abc import Iterable, Mapping
from fractions import Fraction

from simulator.footprint import Footprint, Impact
from simulator.kpi_costs import Spent
from simulator.kpi_figures import Figure, amount, per_unit, ratio
from simulator.world import World

ALL = "all"
"""The name of the whole organisation beside its projects."""
Amounts = Mapping[str, int]
"""By project, in units of 10^-12: of a kilogram, a cubic metre or the currency."""


def footprint_figures(
    world: World, span: tuple[int, int], spent: Iterable[Spent], requests: int
) -> dict[str, Mapping[str, object]]:
    """The figures of the days [start, end); `spent` is the cost of the same days.

    Only the cost of a project's SKUs that emit something in these days is divided by. `requests` are those of
    production where they enter; without any there is no figure by them.
    """
    emitted: dict[str, Impact] = {}
    reported: set[tuple[str, str]] = set()
    for each in Footprint(world).emitted(*span):
        project = world.project_id(each.charge.line.resource.project)
        emitted[project] = emitted.get(project, Impact()) + each.impact
        reported.add((project, each.charge.line.offer.sku))
    costs: dict[str, int] = {}
    for piece in spent:
        project = world.project_id(piece.resource.project)
        if (project, piece.offer.sku) in reported:
            costs[project] = costs.get(project, 0) + piece.units
    carbon = {project: impact.nanograms for project, impact in sorted(emitted.items())}
    water = {project: impact.nanolitres for project, impact in sorted(emitted.items())}
    return {
        "carbon": {name: amount(impact) for name, impact in carbon.items()},
        "water": {name: amount(impact) for name, impact in water.items()},
        "carbon_per_currency": _by_cost(carbon, costs),
        "water_per_currency": _by_cost(water, costs),
        "carbon_per_1k_requests": _by_request(carbon, requests),
        "water_per_1k_requests": _by_request(water, requests),
    }


def _by_cost(impacts: Amounts, costs: Amounts) -> dict[str, Figure]:
    """By project and of all; None where nothing is paid for what emits, or credits outweigh it."""
    pairs = {name: (impact, costs.get(name, 0)) for name, impact in impacts.items()}
    if pairs:
        pairs[ALL] = sum(impacts.values()), sum(costs.values())
    return {
        name: {
            "amount": amount(impact),
            "cost": amount(cost),
            "value": ratio(Fraction(impact, cost)) if cost > 0 else None,
        }
        for name, (impact, cost) in pairs.items()
    }


def _by_request(impacts: Amounts, requests: int) -> Figure:
    whole = sum(impacts.values())
    return {
        "amount": amount(whole) if impacts else None,
        "requests": requests,
        "value": per_unit(whole * 1_000, requests) if impacts else None,
    }
