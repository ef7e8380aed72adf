"""Is every key figure what is true? Holds a lake that a scenario filled against what its simulator knows of the world.

`python -m benchmarks.kpi_truth --scenario demo --lake DIR`, where `FINOPS_LAKE=DIR finops demo --scenario demo` made
the lake. Prints a line for each key figure, by month and by day: rows compared, how many of them are exact, how many
lie halfway between two last decimals and were rounded the other way, and how many differ; rows that have no value and
no truth; and rows that a reader cannot know, with the reason and by how much values differ there at most. The largest
difference stands below its line. Ends with 1 when something differs, and with 2 for a scenario or a lake that is not
there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from assets.tables import open_catalog
from benchmarks.kpi_compare import Comparison
from benchmarks.kpi_gpu import Gpus
from benchmarks.kpi_impacts import Impacts
from benchmarks.kpi_savings import Savings
from benchmarks.kpi_shares import Shares
from benchmarks.kpi_sides import Query
from benchmarks.kpi_sums import sums
from benchmarks.kpi_units import Units
from pipelines.errors import FinopsError
from pipelines.lake.address import parse_address
from pipelines.lake.store import Lake
from simulator.loading import ScenarioError, load
from simulator.truth import key_figures
from simulator.world import World, build

_HEADING = (
    f"{'key figure':<38} {'by':<5} {'rows':>6} {'exact':>6} {'halfway':>7} {'differ':>6} {'none':>6} not knowable"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table of one lake; 0 when nothing differs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kpi_truth", description=__doc__)
    parser.add_argument("--scenario", required=True, help="demo, depot, small, or a .toml file")
    parser.add_argument("--lake", required=True, help="the folder or address that the scenario was read into")
    options = parser.parse_args(arguments)
    try:
        world = build(load(options.scenario))
        catalog = open_catalog(Lake(parse_address(options.lake)))
        found = list(comparisons(world, lambda sql: list[dict[str, Any]](catalog.query(sql).to_pylist())))
    except (FinopsError, ScenarioError) as error:
        sys.stderr.write(f"kpi_truth: {error}\n")
        return 2
    sys.stdout.write("\n".join([_HEADING, *(line for each in found for line in lines(each))]) + "\n")
    different = sum(len(each.different) for each in found)
    rows = sum(each.compared for each in found)
    sys.stdout.write(f"{rows} rows compared, {different} figures differ\n")
    return 1 if different or not rows else 0


def comparisons(world: World, query: Query) -> Iterator[Comparison]:
    """Every key figure of a lake that was filled up to the scenario's today: first of months, then of days."""
    now = int(world.scenario.today.timestamp())
    truth = key_figures(world, now)
    days = truth.days()
    for period, periods in (("month", truth.months()), ("day", days)):
        for kind in (Units, Shares, Impacts, Savings, Gpus):
            yield from kind(query, period, periods, days).comparisons()
    yield from sums(query)


def lines(told: Comparison) -> Iterator[str]:
    """One line, and one for each further reason that something cannot be known, or for the largest difference."""
    reasons = [f"{rows}: {reason}{_apart(told, reason)}" for reason, rows in sorted(told.unknown.items())]
    counts = (told.compared, told.exact, told.rounded, told.compared - told.exact - told.rounded, told.empty)
    numbers = " ".join(f"{each:>{width}}" for each, width in zip(counts, (6, 6, 7, 6, 6), strict=True))
    yield f"{told.kpi:<38} {told.period:<5} {numbers} {reasons[0] if reasons else ''}".rstrip()
    for reason in reasons[1:]:
        yield f"{'':<80}{reason}"
    worst = told.largest
    if worst is not None:
        yield f"  {' '.join(worst.key)}: {worst.name} is {worst.found}, true is {worst.true}"


def _apart(told: Comparison, reason: str) -> str:
    """By how much values differ that are not demanded to be equal."""
    size = told.apart.get(reason)
    return f" (values differ by at most {100 * size:.2g} %)" if size else ""


if __name__ == "__main__":
    raise SystemExit(main())
