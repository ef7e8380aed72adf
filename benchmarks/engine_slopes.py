"""What CPU each engine takes for how many lines, and what that means for more of them.

`python -m benchmarks.engine_slopes --lake DIR --rows 100000 1000000 10000000` repeats the charges of the lake, as
`silver.labelled_costs` tells them and under keys of their own, until there are so many, and asks both engines for
`gold.daily_costs` of them. Printed are the CPU of each, the slope of its logarithm over that of the lines, and a line
through the two largest counts, from which the CPU of more lines is extrapolated. Ends with 1 when the engines' rows
differ. Writes nothing but a folder that it deletes.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from assets.tables import open_catalog
from benchmarks.two_engines import compared
from pipelines.lake.address import parse_address
from pipelines.lake.engine import Catalog
from pipelines.lake.engines import DuckDB, engine_named
from pipelines.lake.sql_models import Layered
from pipelines.lake.store import Lake

READ, ASKED = "silver.labelled_costs", "gold.daily_costs"
FURTHER = (10**8, 10**9, 10**10)
BATCH_ROWS = 122_880


@dataclass(frozen=True)
class Measured:
    """CPU seconds of DuckDB and of Spark for so many lines."""

    rows: int
    cpu: tuple[float, float]


def repeated(source: Catalog, folder: str, rows: int) -> Catalog:
    """A lake of that many charges: those of `source`, again and again."""
    lake = Lake(parse_address(folder))
    with source.connect() as connection:
        source.register(connection, [READ])
        (count,) = connection.execute(f"select count(*) from {READ}").fetchone() or (0,)
        if not count:
            raise SystemExit(f"{READ} has no rows; give a lake with charges")
        made = connection.execute(
            f"""
            select charges.* replace (charge_key || '-' || turn as charge_key)
            from {READ} as charges cross join range({math.ceil(rows / count)}) as turns (turn)
            limit {rows}
            """
        ).to_arrow_reader(BATCH_ROWS)
        model = source.models.by_name[READ]
        with lake.new_files(READ, made.schema, model.partition_by) as files:
            files.add(made)
            lake.append_files(files, {})
    taken = {**source.models.by_name, READ: replace(model, is_stored=True)}  # as rows, not as the view that made them
    return Catalog(lake, Layered(taken), source.declared)


def slope(first: Measured, last: Measured, engine: int) -> float:
    """Of log CPU over log lines: 1 is twice the CPU for twice the lines."""
    return math.log(last.cpu[engine] / first.cpu[engine]) / math.log(last.rows / first.rows)


def extrapolated(first: Measured, last: Measured, engine: int, rows: int) -> float:
    """CPU hours for `rows`, on the straight line through two measurements."""
    each = (last.cpu[engine] - first.cpu[engine]) / (last.rows - first.rows)
    return (last.cpu[engine] + each * (rows - last.rows)) / 3600


def report(found: Sequence[Measured]) -> None:
    """The measured CPU, the slopes, and what the last of them mean for more lines."""
    print(f"{'lines':>15} {'DuckDB CPU s':>13} {'Spark CPU s':>12}")
    for each in found:
        print(f"{each.rows:>15,} {each.cpu[0]:>13.2f} {each.cpu[1]:>12.2f}")
    for first, last in pairwise(found):
        told = " and ".join(
            f"{slope(first, last, engine):.2f} of {name}" for engine, name in enumerate(("DuckDB", "Spark"))
        )
        print(f"slope from {first.rows:,} to {last.rows:,}: {told}")
    if len(found) > 1:
        for rows in FURTHER:
            hours = (extrapolated(found[-2], found[-1], engine, rows) for engine in (0, 1))
            print(f"{rows:>15,} extrapolated, not run: " + " and ".join(f"{each:.2f} CPU hours" for each in hours))


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when the engines differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lake", required=True, help="a folder whose charges are repeated; it is only read")
    parser.add_argument("--rows", nargs="+", type=int, default=[100_000, 1_000_000, 10_000_000])
    arguments = parser.parse_args(argv)
    source = open_catalog(Lake(parse_address(arguments.lake)))
    engines = (DuckDB(), engine_named("spark"))
    found: list[Measured] = []
    with tempfile.TemporaryDirectory(prefix="finops-slopes-") as folder:
        compared(repeated(source, f"{folder}/warm", 1_000), ASKED, engines)  # Spark's start is not counted
        for rows in sorted(arguments.rows):
            answered = compared(repeated(source, f"{folder}/{rows}", rows), ASKED, engines)
            if answered.difference:
                print(f"{rows:,} lines: {answered.difference}")
                return 1
            found.append(Measured(rows, answered.cpu))
    report(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
