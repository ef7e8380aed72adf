"""Does a lake's advice name every waste its scenario planted, and little else?

`python -m benchmarks.planted_waste --scenario demo --lake DIR` holds the open rows of gold.recommendations against the
simulator's truth. A planted waste is found where a rule of its kind advises on one of its resources. Advice on a
resource nobody planted anything on is an extra; since a simulated machine may be wasteful without having been
planted, extras are printed with their reasons, rule by rule, for a person to judge. It ends with 1 when a waste is
missed, a trap was stepped into, or extras are more than one in ten of all that is advised.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

ANSWERS: Mapping[str, tuple[str, ...]] = {
    "standby": ("stopped_in_place",),
    "schedule": ("off_hours",),
    "orphan": ("unattached", "unused", "without", "empty", "orphan"),
    "database": ("highly_available",),
    "commitment": ("monthly",),
    "rightsizing": ("oversized", "workload"),
    "idle": ("idle", "gpu"),
    "gpu-type": ("gpu_type",),
    "api": ("gpu_to_api",),
    "undersized": ("undersized", "cache_size", "slow_volume"),
    "snapshot": ("snapshot",),
    "generation": ("generation",),
    "observability": ("custom_metrics", "debug_logs"),
    "lifecycle": ("storage_lifecycle", "noncurrent_versions", "incomplete_uploads", "delete_markers", "log_bucket"),
    "egress": ("unexpected_egress",),
    "budget": ("bucket_budget",),
}
"""Kinds of planted waste, and how the names of rules that answer them read."""
TO_DO = ("open", "accepted")
MOST_EXTRAS = Decimal("0.1")
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Waste:
    """A planted waste: the advice that answers it, other advice on its resources, and how many of them are named."""

    item: Mapping[str, Any]
    answers: Sequence[Row]
    others: Sequence[Row]
    touched: int

    @property
    def saving(self) -> Decimal:
        """By the month, of the answers that are counted."""
        return sum((row["monthly_saving"] for row in self.answers if row["is_counted"]), Decimal(0))


@dataclass(frozen=True)
class Compared:
    """Every planted waste, the traps that were stepped into with the advice that did, and the extras."""

    wastes: Sequence[Waste]
    trapped: Mapping[str, Sequence[Row]]
    extras: Sequence[Row]
    advised: int

    @property
    def missed(self) -> list[str]:
        """Names of the wastes that no rule of their kind advises on."""
        return [each.item["id"] for each in self.wastes if not each.answers]

    @property
    def is_kept(self) -> bool:
        """Whether all is found, no trap is stepped into, and extras are few."""
        return not self.missed and not self.trapped and len(self.extras) <= MOST_EXTRAS * self.advised


def compare(truth: Mapping[str, Any], recommendations: Iterable[Row]) -> Compared:
    """Rows of gold.recommendations against the truth of a scenario."""
    rows = [row for row in recommendations if row["status"] in TO_DO]
    wastes = [_waste(item, rows) for item in truth["planted"] if item["kind"] in ANSWERS and item["resource_ids"]]
    known = {resource for item in truth["planted"] for resource in item["resource_ids"]}
    answered = {row["recommendation_id"] for waste in wastes for row in waste.answers}
    trapped: dict[str, list[Row]] = {}
    for trap in truth["traps"]:
        stepped = [
            row for row in rows
            if row["recommendation_id"] not in answered and _touched(row) & set(trap["resource_ids"])
        ]  # fmt: skip
        if stepped and trap["kind"] != "anomaly":
            trapped[trap["id"]] = stepped
    return Compared(wastes, trapped, [row for row in rows if not _touched(row) & known], len(rows))


def _waste(item: Mapping[str, Any], rows: Sequence[Row]) -> Waste:
    names, wanted = set(item["resource_ids"]), ANSWERS[item["kind"]]
    near = [row for row in rows if _touched(row) & names]
    answers = [row for row in near if any(word in row["rule"] for word in wanted)]
    touched = {resource for row in answers for resource in _touched(row)} & names
    others = [row for row in near if row not in answers]
    return Waste(item, answers, others, len(touched))


def _touched(row: Row) -> set[str]:
    return {row["resource_id"], *(row["saves_on"] or ())}


def told(compared: Compared) -> Iterator[str]:
    """The table, what else was advised, and the counts."""
    yield f"{'planted':36} {'found':>5} {'things':>9} {'saves':>10} {'planted':>10}  by"
    for waste in compared.wastes:
        things = f"{waste.touched}/{len(waste.item['resource_ids'])}"
        rules = ", ".join(sorted({row["rule"] for row in waste.answers})) or "nobody"
        also = ", ".join(sorted({row["rule"] for row in waste.others}))
        yield (
            f"{waste.item['id']:36} {'yes' if waste.answers else 'NO':>5} {things:>9} {waste.saving:>10.2f} "
            f"{Decimal(waste.item['expected_monthly_cost']):>10.2f}  {rules}{f' (also {also})' if also else ''}"
        )
    for name, rows in compared.trapped.items():
        yield f"trap {name}: {'; '.join(_words(row) for row in rows)}"
    by_rule: dict[str, list[Row]] = defaultdict(list)
    for row in compared.extras:
        by_rule[row["rule"]].append(row)
    for rule, rows in sorted(by_rule.items()):
        yield ""
        yield f"extras of {rule}: {len(rows)}, {sum(row['monthly_saving'] for row in rows):.2f} a month"
        yield from (f"  {_words(row)}: {row['reason']}" for row in rows)
    found = len(compared.wastes) - len(compared.missed)
    saved = sum((each.saving for each in compared.wastes), Decimal(0))
    planted = sum((Decimal(each.item["expected_monthly_cost"]) for each in compared.wastes), Decimal(0))
    yield ""
    yield f"found {found}, missed {len(compared.missed)}, traps {len(compared.trapped)}, advised {compared.advised}, "
    yield f"extra {len(compared.extras)}; {saved:.2f} a month saved of what cost {planted:.2f}"


def _words(row: Row) -> str:
    return f"{row['action']} ({row['monthly_saving']:.2f})"


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when the promise is kept."""
    from assets.recommendation_actions import ranked
    from assets.tables import open_catalog
    from pipelines.lake.address import parse_address
    from pipelines.lake.store import Lake
    from simulator.loading import load
    from simulator.truth import truth
    from simulator.world import build

    parser = argparse.ArgumentParser(prog="python -m benchmarks.planted_waste", description=__doc__)
    parser.add_argument("--scenario", default="demo", help="a scenario file, or the name of one that is shipped")
    parser.add_argument("--lake", required=True, help="a lake that was made of it")
    options = parser.parse_args(arguments)
    world = build(load(options.scenario))
    catalog = open_catalog(Lake(parse_address(options.lake)))
    rows = ranked(catalog.query("select * from gold.recommendations").to_pylist())
    compared = compare(truth(world, int(world.scenario.today.timestamp())), rows)
    for line in told(compared):
        print(line)
    return 0 if compared.is_kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
