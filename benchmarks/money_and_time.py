"""Is every euro of any charge in one day and one month, to the nano, whatever its times and its currency?

`python -m benchmarks.money_and_time --charges 10000 --seed 1` makes up things that ran over the ends of months and
years, leap days and the nights the clocks of Paris change, in two currencies, with refunds; cuts each at UTC midnights
into charges as Scaleway answers them (prices in units and nanos, either left out where it is nought; inclusive ends
written to the second, milli- or microsecond; times in UTC, with the offset of Paris, or none where the window says
them); records the answers and builds the tables as a run does. Then closed months are restated. Every charge, day,
month and currency is held against whole nanos; it ends with 1 when one differs.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from assets.tables import open_catalog
from benchmarks.charges_made_up import Piece, answer, restated, things
from benchmarks.pages import table, write_section
from pipelines.lake.address import parse_address
from pipelines.lake.answers import record
from pipelines.lake.build import build
from pipelines.lake.engine import Catalog
from pipelines.lake.maintenance import maintained
from pipelines.lake.store import Lake

PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"
BUILT = ("silver.costs", "gold.daily_costs")
SUMS = ("charge_date", "billing_month", "billing_currency")
NANO = Decimal("0.000000001")
READ_AT = datetime(2026, 11, 1, 6, tzinfo=UTC)


@dataclass(frozen=True)
class Count:
    """Cases of one promise, and what was wrong in those that broke it."""

    name: str
    cases: int
    wrong: Sequence[str]

    @property
    def passed(self) -> int:
        """Cases in which it held."""
        return self.cases - len(self.wrong)


class Rehearsal:
    """A lake that reads made-up answers and builds what charges come to."""

    def __init__(self, folder: Path) -> None:
        self.lake = Lake(parse_address(str(folder)))
        self._months: list[str] = []

    def read(self, days: Mapping[date, Sequence[Piece]], random: Random, at: datetime) -> None:
        """Record the answers of these days, and bring the tables up to date."""
        record(self.lake, "bronze.charges", [answer(day, pieces, random, at) for day, pieces in sorted(days.items())])
        self._months = sorted({*self._months, *(f"{day:%Y-%m}" for day in days)})
        catalog = open_catalog(self.lake)
        needed = _needed(catalog)
        for model in catalog.models:
            if model.table in needed:
                build(catalog, model, self._months)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Rows of a select."""
        found: list[dict[str, Any]] = open_catalog(self.lake).query(sql).to_pylist()
        return found

    def month_at(self, day: date, version: int) -> Decimal:
        """What silver.costs summed up to in a day's month at an earlier version, in whatever currency."""
        old = self.lake.state_at("silver.costs", version).delta
        assert old is not None
        kept = old.to_pyarrow_table(filters=[("billing_month", "=", f"{day:%Y-%m}")], columns=["billed_cost"])
        return sum((cost for cost in kept["billed_cost"].to_pylist()), Decimal(0))

    def versions(self, name: str) -> dict[str, frozenset[str]]:
        """Files of a table by month."""
        files: dict[str, set[str]] = defaultdict(set)
        for file in self.lake.state(name).data_files:
            files[file.partition].add(file.uri)
        return {month: frozenset(uris) for month, uris in files.items()}


def _needed(catalog: Catalog) -> set[str]:
    """The tables that are built, and all they are made from."""
    needed, open_ones = set(), list(BUILT)
    while open_ones:
        name = open_ones.pop()
        if name not in needed:
            needed.add(name)
            model = catalog.models.by_name.get(name)
            open_ones += model.reads if model else ()
    return needed


def charges_kept(lake: Rehearsal, pieces: Sequence[Piece]) -> Count:
    """Each charge once, on its day and in its month, with its price and its seconds."""
    found: dict[tuple[str, datetime], list[dict[str, Any]]] = defaultdict(list)
    for row in lake.rows("select * from silver.costs"):
        found[row["resource_id"], row["charge_start"].astimezone(UTC)].append(row)
    wrong = [f"{piece}: {found.get(piece.key)}" for piece in pieces if not _is_kept(found.get(piece.key, ()), piece)]
    extra = len(found.keys() - {piece.key for piece in pieces})
    return Count("charges in one day and one month, to the nano", len(pieces), [*wrong, *(["extra charge"] * extra)])


def _is_kept(rows: Sequence[Mapping[str, Any]], piece: Piece) -> bool:
    if len(rows) != 1:
        return False
    (row,) = rows
    midnight = datetime(piece.day.year, piece.day.month, piece.day.day, tzinfo=UTC) + timedelta(days=1)
    return (
        row["billed_cost"] == piece.nanos * NANO
        and row["billing_currency"] == piece.currency
        and (row["charge_date"], row["billing_month"]) == (piece.day, f"{piece.day:%Y-%m}")
        and row["charge_end"].astimezone(UTC) == piece.end <= midnight
    )


def sums_kept(lake: Rehearsal, pieces: Sequence[Piece]) -> Iterator[Count]:
    """Sums by day, month and thing, never of two currencies; of charges, and of the table all reports add up from."""
    for name in BUILT:
        for column in (*SUMS, "resource_id") if name == "silver.costs" else SUMS:
            expected: dict[tuple[Any, str], int] = defaultdict(int)
            for piece in pieces:
                expected[piece.told(column), piece.currency] += piece.nanos
            rows = lake.rows(f"select {column} as k, billing_currency, sum(billed_cost) as s from {name} group by all")
            found = {(row["k"], row["billing_currency"]): row["s"] for row in rows}
            keys = found.keys() | expected.keys()
            wrong = [str(key) for key in keys if found.get(key) != expected.get(key, 0) * NANO]
            yield Count(f"sums of {name} by {column} and currency", len(keys), wrong)


def restatements_kept(lake: Rehearsal, pieces: list[Piece], random: Random, months: int) -> Count:
    """Restate a day of some closed months: these alone get other files, and the months read as before at their version.

    `pieces` become what is true afterwards.
    """
    wrong, earlier = [], []
    for turn in range(months):
        day = random.choice(sorted({piece.day for piece in pieces}))
        before = {name: lake.versions(name) for name in BUILT}
        version, then = lake.lake.state("silver.costs").version, _month(pieces, day)
        pieces[:] = restated(pieces, day, random)
        lake.read({day: [piece for piece in pieces if piece.day == day]}, random, READ_AT + timedelta(days=1 + turn))
        for name in BUILT:
            after = lake.versions(name)
            moved = {
                month for month in after.keys() | before[name].keys() if after.get(month) != before[name].get(month)
            }
            if moved != {f"{day:%Y-%m}"}:
                wrong.append(f"{name} of {day}: files of {sorted(moved)} were written")
        earlier.append((day, version, then))
    for _ in maintained(open_catalog(lake.lake), {}, remove=True):
        pass
    for day, version, then in earlier:
        if lake.month_at(day, version) != then * NANO:
            wrong.append(f"silver.costs of {day:%Y-%m} at version {version} is not what it was")
    return Count("restated days: their month alone is written, and reads as it was at its version", months, wrong)


def _month(pieces: Sequence[Piece], day: date) -> int:
    return sum(piece.nanos for piece in pieces if f"{piece.day:%Y-%m}" == f"{day:%Y-%m}")


def rehearsed(charges: int, seed: int, months: int) -> list[Count]:
    """All promises, counted."""
    random = Random(seed)  # noqa: S311 (seeded cases, no secret)
    pieces = things(random, charges)
    with tempfile.TemporaryDirectory(prefix="money-and-time-") as folder:
        lake = Rehearsal(Path(folder) / "lake")
        lake.read(_by_day(pieces), random, READ_AT)
        counts = [charges_kept(lake, pieces), *sums_kept(lake, pieces)]
        counts.append(restatements_kept(lake, pieces, random, months))
        after = [charges_kept(lake, pieces), *sums_kept(lake, pieces)]
        return [*counts, *(replace(each, name=f"{each.name}, after restatements") for each in after)]


def _by_day(pieces: Sequence[Piece]) -> dict[date, list[Piece]]:
    days: dict[date, list[Piece]] = defaultdict(list)
    for piece in pieces:
        days[piece.day].append(piece)
    return days


def page(counts: Sequence[Count], seed: int) -> str:
    """The section of docs/reliability.md."""
    rows = [(each.name, each.cases, each.passed) for each in counts]
    asked = f"`python -m benchmarks.money_and_time --charges {counts[0].cases} --seed {seed}`"
    words = (
        "Things that ran over the ends of months and years, leap days and both nights the clocks of Paris change, in "
        "two currencies and with refunds, cut into charges as Scaleway answers them."
    )
    return f"## Money and time\n\n{asked}: {words}\n\n{table(('Promise', 'Cases', 'Passed'), rows)}"


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when nothing differs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.money_and_time", description=__doc__)
    parser.add_argument("--charges", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--restated", type=int, default=12, help="days of closed months that become others")
    parser.add_argument("--write", type=Path, help="the page whose section is written, docs/reliability.md")
    options = parser.parse_args(arguments)
    counts = rehearsed(options.charges, options.seed, options.restated)
    for each in counts:
        print(f"seed {options.seed}: {each.passed} of {each.cases} {each.name}")
        for what in each.wrong[:5]:
            print(f"    {what}")
    if options.write:
        write_section(options.write, "Reliability", "money and time", page(counts, options.seed))
    return 0 if all(not each.wrong for each in counts) else 1


if __name__ == "__main__":
    raise SystemExit(main())
