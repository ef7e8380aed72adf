"""What the footprint of each month is, in all, by project and by SKU; complete days only."""

from typing import Any

from simulator.footprint import Footprint, Impact
from simulator.instants import day_start, months_between
from simulator.world import World


def footprint_truth(world: World, now: int) -> dict[str, Any]:
    """By month. Products that are not reported on have no footprint, and no SKU here."""
    footprint, today = Footprint(world), day_start(now)
    found: dict[str, Any] = {}
    for month in months_between(world.start, today):
        total, projects, skus = Impact(), dict[str, Impact](), dict[str, Impact]()
        for each in footprint.emitted(month.start, min(month.end, today)):
            project, sku = world.project_id(each.charge.line.resource.project), each.charge.line.offer.sku
            total += each.impact
            projects[project] = projects.get(project, Impact()) + each.impact
            skus[sku] = skus.get(sku, Impact()) + each.impact
        found[month.name] = {
            **_told(total),
            "by_project": {name: _told(impact) for name, impact in sorted(projects.items())},
            "by_sku": {name: _told(impact) for name, impact in sorted(skus.items())},
        }
    return found


def _told(impact: Impact) -> dict[str, str]:
    return {"kg_co2_equivalent": f"{impact.kg_co2e:.12f}", "m3_water_usage": f"{impact.m3_water:.12f}"}
