"""The series that are forecast: cost by day of each project, service and billing behaviour, read by DuckDB.

A day whose bill was read and that holds no charge of a series cost nothing; a day that was not read is unknown.

So that neither time nor tables grow with the number of small things, the `MOST_SERIES` largest series of the last 90
days are forecast by themselves; the others of a project together, as its "Other services"; and projects beyond the
`MOST_PROJECTS` largest together, as "Other projects".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from assets.lens import Lens
from pipelines.forecast.drivers import Driver
from pipelines.forecast.parts import Part
from pipelines.forecast.series import Floats, Series, series_of
from pipelines.forecast.steps import Grid, Step

MOST_SERIES, MOST_PROJECTS, MOST_DRIVERS = 150, 40, 12
RANKED_DAYS = 90
LEAST_DRIVER_DAYS = 60
OTHER_SERVICES, OTHER_PROJECTS, MIXED = "Other services", "Other projects", "mixed"


@dataclass(frozen=True, order=True)
class Leaf:
    """One series' name; a project of no id is that of `Other projects`."""

    project_id: str
    project_name: str
    service_name: str
    behaviour: str


@dataclass(frozen=True)
class Costs:
    """The days whose bill is known, and one currency's costs by series and day."""

    currency: str
    first: date
    known_until: date
    read: frozenset[date]
    by_leaf: Mapping[Leaf, Mapping[date, Decimal]]
    drivers: Mapping[Leaf, Driver] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return (self.known_until - self.first).days

    @property
    def grid(self) -> Grid:
        return grid_from(self.first)

    def days(self, leaf: Leaf) -> int:
        """Days since the series' first cost, that one included."""
        charged = [day for day, cost in self.by_leaf[leaf].items() if cost and self.first <= day < self.known_until]
        return (self.known_until - min(charged, default=self.known_until - timedelta(days=1))).days

    def part(self, leaf: Leaf) -> Part:
        """The series as the forecaster takes it."""
        return part_of(self.by_leaf[leaf], self.first, self.known_until, self.read, self.drivers.get(leaf))


def grid_from(first: date) -> Grid:
    """Days from this one on."""
    return Grid(datetime(first.year, first.month, first.day, tzinfo=UTC), Step())


def part_of(
    costs: Mapping[date, Decimal], first: date, known_until: date, read: frozenset[date], driver: Driver | None = None
) -> Part:
    """Daily costs as a series from `first` on; 0 where the bill was read and holds nothing, NaN where it was not."""
    days = [first + timedelta(days=number) for number in range((known_until - first).days)]
    values = np.array([costs.get(day, 0) if day in read else np.nan for day in days], dtype=np.float64)
    charged = [number for number, day in enumerate(days) if costs.get(day)]
    return Part(values, charged[0] if charged else len(days) - 1, driver)


def read_days(lens: Lens) -> frozenset[date]:
    """Days whose charges Scaleway was asked for and answered."""
    rows = lens.query(
        "select distinct cast(cast(json_extract_string(parameters, '$.start_date_after') as timestamptz) as date) "
        "as day from silver.latest_answers where source = 'billing.charges'"
    )
    return frozenset(rows["day"].to_pylist())


def read_costs(lens: Lens, read: frozenset[date]) -> list[Costs]:
    """The costs of each currency, the euro first; none where no charge is known."""
    rows = lens.query(
        "select billing_currency, project_id, project_name, service_name, behaviour, charge_date, "
        "cast(sum(billed_cost) as decimal(38, 12)) as cost from gold.daily_series "
        "where billing_currency is not null group by all having sum(billed_cost) <> 0"
    ).to_pylist()
    held: defaultdict[str, defaultdict[Leaf, dict[date, Decimal]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        leaf = Leaf(row["project_id"] or "", row["project_name"] or "", row["service_name"], row["behaviour"])
        held[row["billing_currency"]][leaf][row["charge_date"]] = row["cost"]
    found = []
    for currency in sorted(held, key=lambda each: (each != "EUR", each)):
        days = sorted({day for costs in held[currency].values() for day in costs} & read)
        if not days:
            continue
        first, until = days[0], max(read) + timedelta(days=1)
        grouped = _grouped(held[currency], until)
        drivers = _drivers(lens, grouped, first, until) if currency == "EUR" or len(held) == 1 else {}
        found.append(Costs(currency, first, until, read, grouped, drivers))
    return found


def _grouped(by_leaf: Mapping[Leaf, Mapping[date, Decimal]], until: date) -> dict[Leaf, dict[date, Decimal]]:
    """Small series and small projects together, as the module says."""
    since = until - timedelta(days=RANKED_DAYS)
    sizes = {leaf: _size(costs, since) for leaf, costs in by_leaf.items()}
    projects: defaultdict[str, Decimal] = defaultdict(Decimal)
    for leaf, size in sizes.items():
        projects[leaf.project_id] += size
    own = set(sorted(projects, key=lambda each: (-projects[each], each))[:MOST_PROJECTS])
    own = set(projects) if len(projects) == MOST_PROJECTS + 1 else own  # one alone needs no group
    named = set(sorted(sizes, key=lambda each: (-sizes[each], each))[:MOST_SERIES])
    found: dict[Leaf, dict[date, Decimal]] = {}
    for leaf, costs in sorted(by_leaf.items()):
        into = leaf
        if leaf.project_id not in own:
            into = Leaf("", OTHER_PROJECTS, OTHER_SERVICES, MIXED)
        elif leaf not in named:
            into = Leaf(leaf.project_id, leaf.project_name, OTHER_SERVICES, MIXED)
        held = found.setdefault(into, {})
        for day, cost in costs.items():
            held[day] = held.get(day, Decimal(0)) + cost
    return found


def grouped_leaf(leaf: Leaf, by_leaf: Mapping[Leaf, object]) -> Leaf:
    """The series that a small one was put into, or the one itself."""
    others = Leaf(leaf.project_id, leaf.project_name, OTHER_SERVICES, MIXED)
    found = (each for each in (leaf, others) if each in by_leaf)
    return next(found, Leaf("", OTHER_PROJECTS, OTHER_SERVICES, MIXED))


def _size(costs: Mapping[date, Decimal], since: date) -> Decimal:
    return sum((abs(cost) for day, cost in costs.items() if day >= since), Decimal(0))


def _drivers(
    lens: Lens, by_leaf: Mapping[Leaf, Mapping[date, Decimal]], first: date, until: date
) -> dict[Leaf, Driver]:
    """What may explain the largest series of usage and capacity, where it is known of enough days."""
    rows: list[dict[str, Any]] = lens.query(
        "select project_id, service_name, behaviour, driver, usage_date, units from gold.daily_series_drivers"
    ).to_pylist()
    known: defaultdict[tuple[str, str, str], dict[date, Decimal]] = defaultdict(dict)
    names: dict[tuple[str, str, str], str] = {}
    for row in rows:
        key = (row["project_id"] or "", row["service_name"], row["behaviour"])
        names[key] = row["driver"]
        if first <= row["usage_date"] < until:
            known[key][row["usage_date"]] = row["units"]
    since = until - timedelta(days=RANKED_DAYS)
    found: dict[Leaf, Driver] = {}
    for leaf in sorted(by_leaf, key=lambda each: (-_size(by_leaf[each], since), each)):
        key = (leaf.project_id, leaf.service_name, leaf.behaviour)
        units = known[key]
        varies = len({value for day, value in units.items() if day >= since}) > 1  # what stands still explains nothing
        if len(units) >= LEAST_DRIVER_DAYS and varies and len(found) < MOST_DRIVERS:
            name = f"{names[key]} of {leaf.project_name}, {leaf.service_name}"
            found[leaf] = Driver(name, _driver_series(units, first, until))
    return found


def _driver_series(units: Mapping[date, Decimal], first: date, until: date) -> Series:
    days = (first + timedelta(days=number) for number in range((until - first).days))
    values: Floats = np.array([units.get(day, np.nan) for day in days], dtype=np.float64)
    return series_of(values, grid_from(first))
