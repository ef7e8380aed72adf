"""Does a lake's advice on storage and telemetry save what its scenario says can be saved, to the cent?

`python -m benchmarks.planted_storage --scenario demo --lake DIR` holds the open rows of gold.recommendations against
the `monthly_saving` of planted wastes in the simulator's truth, which is worked out object by object and day by day
from what the world decided and knows nothing of the rules. Advice whose saving is an estimate says between what it lies
in nine of ten cases (nobody bills what would have left a bucket without the rise of its traffic): the truth must lie
there, and the middle be within a fiftieth of it. It ends with 1 when any differs.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from benchmarks.planted_waste import ANSWERS, TO_DO

OWNERSHIP: Mapping[str, tuple[str, ...]] = {"ownership": ("without_owner",)}
CENT = Decimal("0.01")
ESTIMATED = Decimal("0.02")
"""How far an estimate's middle may be from what can be saved, a part of it; all else agrees to the cent."""
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Euros:
    """What can be saved by the month and what is advised, of one planted waste."""

    name: str
    planted: Decimal
    advised: Decimal
    between: tuple[Decimal, Decimal] | None
    rules: Sequence[str]

    @property
    def agrees(self) -> bool:
        """Whether both are the same, or the truth is where an estimate says; and something is advised."""
        if not self.rules:
            return False
        off = abs(self.advised - self.planted)
        if self.between is None:
            return off <= CENT
        low, high = self.between
        return low <= self.planted <= high and off <= self.planted * ESTIMATED


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
    return Euros(item["id"], planted, advised, _between(answers), rules)


def _between(answers: Sequence[Row]) -> tuple[Decimal, Decimal] | None:
    """The sums of the lowest and of the highest that advice says; none where no part of it is an estimate."""
    told = [(row["monthly_saving"], json.loads(row.get("evidence") or "{}")) for row in answers]
    if not any("saving_low" in evidence for _, evidence in told):
        return None
    low, high = (
        sum((Decimal(str(evidence.get(side, saving))) for saving, evidence in told), Decimal(0))
        for side in ("saving_low", "saving_high")
    )
    return low, high


def told(euros: Sequence[Euros]) -> Iterator[str]:
    """The table and the count."""
    yield f"{'planted':36} {'can save':>9} {'advised':>9} {'estimated between':>19}  by"
    for each in euros:
        mark = "" if each.agrees else "  DIFFERS"
        rules = ", ".join(each.rules) or "nobody"
        between = "{:.2f} and {:.2f}".format(*each.between) if each.between else ""
        yield f"{each.name:36} {each.planted:>9.2f} {each.advised:>9.2f} {between:>19}  {rules}{mark}"
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
