"""Does a lake's advice on storage and telemetry save what its scenario says can be saved, to the cent?

`python -m benchmarks.planted_storage --scenario demo --lake DIR` holds the open rows of gold.recommendations against
the `monthly_saving` of planted wastes in the simulator's truth, which is worked out object by object and day by day
from what the world decided and knows nothing of the rules. One rule has a tolerance, since what it needs is in no
answer: what would have left a bucket without the rise of its traffic is told by how the weeks before it grew. It ends
with 1 when any differs by more.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from benchmarks.planted_waste import ANSWERS, TO_DO

OWNERSHIP: Mapping[str, tuple[str, ...]] = {"ownership": ("without_owner",)}
CENT = Decimal("0.01")
TOLERANCES: Mapping[str, Decimal] = {"unexpected_egress": Decimal("0.01")}
"""Parts of what can be saved, by rule; all else agrees to the cent."""
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Euros:
    """What can be saved by the month and what is advised, of one planted waste."""

    name: str
    planted: Decimal
    advised: Decimal
    tolerance: Decimal
    rules: Sequence[str]

    @property
    def agrees(self) -> bool:
        """Whether both are the same within the tolerance, and something is advised."""
        return bool(self.rules) and abs(self.advised - self.planted) <= self.tolerance


def compare(truth: Mapping[str, Any], recommendations: Iterable[Row]) -> list[Euros]:
    """Every planted waste whose saving the truth works out."""
    rows = [row for row in recommendations if row["status"] in TO_DO]
    return [_euros(item, rows) for item in truth["planted"] if item["monthly_saving"] is not None]


def _euros(item: Mapping[str, Any], rows: Sequence[Row]) -> Euros:
    words = {**ANSWERS, **OWNERSHIP}.get(item["kind"], ())
    answers = [
        row for row in rows if row["resource_id"] in item["resource_ids"] and any(word in row["rule"] for word in words)
    ]
    planted = Decimal(item["monthly_saving"])
    advised = sum((row["monthly_saving"] for row in answers), Decimal(0)).quantize(CENT)
    rules = sorted({row["rule"] for row in answers})
    part = max((TOLERANCES.get(rule, Decimal(0)) for rule in rules), default=Decimal(0))
    return Euros(item["id"], planted, advised, max(CENT, (planted * part).quantize(CENT)), rules)


def told(euros: Sequence[Euros]) -> Iterator[str]:
    """The table and the count."""
    yield f"{'planted':36} {'can save':>9} {'advised':>9} {'within':>7}  by"
    for each in euros:
        mark = "" if each.agrees else "  DIFFERS"
        rules = ", ".join(each.rules) or "nobody"
        yield f"{each.name:36} {each.planted:>9.2f} {each.advised:>9.2f} {each.tolerance:>7.2f}  {rules}{mark}"
    agreeing = sum(each.agrees for each in euros)
    yield f"{agreeing} of {len(euros)} agree"


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all agree."""
    from assets.recommendation_actions import ranked
    from assets.tables import open_catalog
    from pipelines.lake.address import parse_address
    from pipelines.lake.store import Lake
    from simulator.loading import load
    from simulator.truth import planted
    from simulator.world import build

    parser = argparse.ArgumentParser(prog="python -m benchmarks.planted_storage", description=__doc__)
    parser.add_argument("--scenario", default="demo", help="a scenario file, or the name of one that is shipped")
    parser.add_argument("--lake", required=True, help="a lake that was made of it")
    options = parser.parse_args(arguments)
    world = build(load(options.scenario))
    catalog = open_catalog(Lake(parse_address(options.lake)))
    rows = ranked(catalog.query("select * from gold.recommendations").to_pylist())
    found = compare({"planted": planted(world, int(world.scenario.today.timestamp()))}, rows)
    for line in told(found):
        print(line)
    return 0 if found and all(each.agrees for each in found) else 1


if __name__ == "__main__":
    raise SystemExit(main())
