"""An organization of a few resources: their costs summed up to every scope, judged, and told as incidents."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pytest

from pipelines.anomalies.daily import judge_days
from pipelines.anomalies.events import events_of_days
from pipelines.anomalies.grouping import Signal
from pipelines.anomalies.hierarchy import Incident, incidents
from pipelines.anomalies.scopes import Placed, Scope, Tree
from pipelines.anomalies.verdicts import DailyCaution, Kind

DAYS = 120
FIRST = date(2026, 1, 5)  # a Monday
FLOOR = 1.0
Leaf = tuple[str, str, str, str]  # project, service, SKU, resource


def scopes_of(leaf: Leaf, unit: str = "EUR") -> list[Scope]:
    """Every scope a resource's cost counts in, the widest first."""
    project, service, sku, resource = leaf
    base = Scope("cost", "organization", unit)
    in_service = replace(base, level="service", project_id=project, service_name=service)
    return [
        base,
        replace(base, level="project", project_id=project),
        in_service,
        replace(base, level="region", project_id=project, region=_region(sku)),
        replace(in_service, level="sku", sku=sku),
        replace(in_service, level="resource", resource_id=resource),
    ]


def _region(sku: str) -> str:
    return sku.rpartition("@")[2] if "@" in sku else "fr-par"


@dataclass
class Organization:
    """What was judged."""

    tree: Tree
    signals: list[Signal]
    incidents: list[Incident]


@pytest.fixture
def organization():
    """Judges daily costs by (project, service, SKU, resource); a SKU may end with its region, `gpu@pl-waw`."""

    def judge(costs: Mapping[Leaf, np.ndarray], floor: float = FLOOR) -> Organization:
        values: dict[Scope, np.ndarray] = {}
        for leaf, series in costs.items():
            for scope in scopes_of(leaf):
                values[scope] = values.get(scope, 0) + np.asarray(series, dtype=float)
        places: dict[Leaf, Placed] = {
            (project, service, sku, resource): Placed(project, service, sku, resource, frozenset([_region(sku)]))
            for project, service, sku, resource in costs
        }
        tree = Tree(values, places.values())
        signals = signals_of(values, floor)
        return Organization(tree, signals, incidents(signals, tree, floor))

    return judge


def signals_of(values: Mapping[Scope, np.ndarray], floor: float) -> list[Signal]:
    """What the detector says of every scope."""
    scopes = list(values)
    block = np.array([values[scope] for scope in scopes])
    days = [FIRST + timedelta(days=number) for number in range(block.shape[1])]
    verdicts = judge_days(block, days, DailyCaution(amount_floor=floor))
    found = []
    for event in events_of_days(block, verdicts):
        if event.kind is not Kind.MISSING:
            at = event.series, event.first
            room = float(np.nan_to_num(verdicts.high[at] - verdicts.expected[at]))
            found.append(
                Signal(scopes[event.series], event.first, event.last, event.kind, event.impact, event.score, room)
            )
    return found
