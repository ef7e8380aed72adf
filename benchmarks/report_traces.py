"""Does every figure of the monthly report lead to charges, and does it equal what its trace says, to the cent?

    python -m benchmarks.report_traces --lake DIR --month 2026-10

A figure is a tile, a fact, or a cell with a number in a table or in the table of a chart. It is traced when the command
of its row leads to charges through the functions behind the command: by a sum that adds up exactly, or, for what is no
sum of charges (a quotient, a forecast, a finding), to the rows it was made from and to the charges these are about. It
is equal when it reads as a column of the rows traced does, rounded as it is shown; a total or a rest when the column it
stands in adds up to the cent. Ends with 1 when a figure is not traced, or movers do not sum to the change.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from assets.reports import monthly_inputs
from assets.trace import lead_to_charges
from benchmarks.report_figures import adds_up, reads_as
from finops import catalog_of
from pipelines.errors import FinopsError
from pipelines.lake.engine import Catalog
from pipelines.lake.trace import Trace as Traced
from pipelines.lake.trace_behind import Behind
from pipelines.reporting.display import Chart, Command, Fact, Table, Tile, Trace
from pipelines.reporting.money import DEFAULT_LOCALE, MoneyFormat
from pipelines.reporting.monthly import Block, monthly_block
from pipelines.reporting.monthly_rows import MonthlyInput

_ROWS_OF = {"recommendations": "gold.recommendations", "anomalies": "gold.anomalies"}
"""The table whose rows a command prints."""


@dataclass(frozen=True)
class Shown:
    """The figures of one row of the page, what leads on from it, and whether its columns add up."""

    block: str
    label: str
    figures: tuple[str, ...]
    source: Trace | Command | None
    in_sum: bool = False


@dataclass(frozen=True)
class Lead:
    """Where a command leads: what is wrong with it if anything, and the rows of gold that it is about."""

    reason: str
    rows: tuple[dict[str, Any], ...] = ()
    is_sum: bool = False
    is_agreed: bool = False


class Tracer:
    """Follows commands; the same one once."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._known: dict[str, Lead] = {}

    def follow(self, source: Trace | Command) -> Lead:
        """Through the functions behind the command."""
        if source.command not in self._known:
            try:
                self._known[source.command] = self._follow(source)
            except FinopsError as error:
                self._known[source.command] = Lead(str(error))
        return self._known[source.command]

    def _follow(self, source: Trace | Command) -> Lead:
        if isinstance(source, Trace):
            return self._of(source.table, source.keys)
        words = source.command.split()
        if words[1] in _ROWS_OF:
            table = _ROWS_OF[words[1]]
            keys = ("recommendation_id", "anomaly_id")[words[1] == "anomalies"]
            if words[2:] and not words[2].startswith("--"):
                return self._of(table, ((keys, words[-1]),))
            rule = (("rule", words[3]),) if words[2:3] == ["--rule"] else ()
            return self._all_of(table, keys, rule)
        if words[1] == "sql":
            rows = self.catalog.query(source.command.partition('"')[2].rstrip('"')).to_pylist()
            return Lead("" if rows else "the query finds no row", tuple(rows))
        return Lead("", is_agreed=True) if words[1:3] == ["report", "quality"] else Lead("nothing follows this command")

    def _of(self, table: str, keys: Sequence[tuple[str, str]]) -> Lead:
        found = lead_to_charges(self.catalog, table, [f"{name}={value}" for name, value in keys])
        where = " and ".join(f"{name}::varchar = '{value.replace(chr(39), chr(39) * 2)}'" for name, value in keys)
        rows = tuple(self.catalog.query(f"select * from {table} where {where}").to_pylist())
        if isinstance(found, Behind):
            agreed = not found.charges.num_rows
            return Lead("", rows, is_agreed=agreed)
        assert isinstance(found, Traced)
        wrong = "" if found.adds_up else f"evidence adds up to {found.total}, the figure is {found.figure}"
        return Lead(wrong, rows, is_sum=True)

    def _all_of(self, table: str, key: str, keys: Sequence[tuple[str, str]]) -> Lead:
        """A sum over findings leads to each of them, and each of them to its charges."""
        where = " and ".join(f"{name} = '{value}'" for name, value in keys) or "true"
        rows = self.catalog.query(f"select * from {table} where {where}").to_pylist()
        of_all = "or level = 'organization'" if key == "anomaly_id" else ""
        without = self.catalog.query(
            f"""
            select {key} from {table} as found where ({where}) and not (
                resource_id in (select resource_id from silver.labelled_costs)
                or project_id in (select project_id from silver.labelled_costs) {of_all}
            )
            """
        ).num_rows
        told = f"{without} of {len(rows)} rows are about nothing that is charged" if without else ""
        return Lead(told or ("" if rows else f"{table} has no such row"), tuple(rows))


def shown_in(block: Block) -> Iterator[Shown]:
    """Every row of the page that shows a figure."""
    for field in fields(block):
        for part in _parts(getattr(block, field.name)):
            if isinstance(part, Tile | Fact):
                if _is_figure(part.value):
                    yield Shown(field.name, part.label, (part.value,), part.trace)
            else:
                yield from _rows(field.name, part)


def _parts(value: object) -> Iterator[Tile | Fact | Table]:
    if isinstance(value, Tile | Fact | Table):
        yield value
    elif isinstance(value, Chart):
        yield value.table
    elif is_dataclass(value):
        for field in fields(value):
            yield from _parts(getattr(value, field.name))
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _parts(each)


def _rows(block: str, table: Table) -> Iterator[Shown]:
    for at, line in enumerate(table.lines):
        cells = zip(table.columns[1:], line.cells[1:], strict=False)
        shown = tuple(cell.text for column, cell in cells if column.numeric and _is_figure(cell.text))
        if shown:
            in_sum = line.kind in ("fold", "total") and adds_up(table)
            yield Shown(f"{block}: {table.name}", line.cells[0].text or str(at), shown, line.trace, in_sum)


def _is_figure(value: str) -> bool:
    return any(character.isdigit() for character in value)


def moves_add_up(report: MonthlyInput) -> bool:
    """Whether the movers make up the change of the month, exactly."""
    delta = report.summary.delta_cost
    return delta is None or not report.movers or sum((row.delta_cost for row in report.movers), Decimal(0)) == delta


def judge(catalog: Catalog, block: Block, money: MoneyFormat) -> tuple[dict[str, Counter[str]], Counter[str]]:
    """By block how many figures there are, traced and equal; and why others are not traced."""
    tracer = Tracer(catalog)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    reasons: Counter[str] = Counter()
    for row in shown_in(block):
        found = counts[row.block]
        found["figures"] += len(row.figures)
        lead = tracer.follow(row.source) if row.source is not None else Lead("no command")
        if lead.reason:
            reasons[f"{row.block}: {row.label}: {lead.reason}"] += len(row.figures)
            continue
        kind = "agreed" if lead.is_agreed else "summed" if lead.is_sum else "made of"
        found[kind] += len(row.figures)
        found["traced"] += len(row.figures)
        same = sum(row.in_sum or reads_as(value, lead.rows, money) for value in row.figures)
        found["equal"] += same
        found["derived"] += len(row.figures) - same
    return counts, reasons


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 when a figure leads nowhere."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lake", required=True, type=Path)
    parser.add_argument("--month", required=True)
    parser.add_argument("--today", type=date.fromisoformat, help="YYYY-MM-DD; else the day of the newest finding")
    asked = parser.parse_args(arguments)
    catalog = catalog_of(str(asked.lake))
    day = asked.today or catalog.query("select max(judged_on) as day from gold.recommendations").to_pylist()[0]["day"]
    now = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    failed = 0
    for report in monthly_inputs(catalog, asked.month, now):
        money = MoneyFormat(report.currency, DEFAULT_LOCALE)
        counts, reasons = judge(catalog, monthly_block(report, money), money)
        _print(report.currency, counts, reasons)
        together = moves_add_up(report)
        print("movers sum to the change" if together else "MOVERS DO NOT SUM TO THE CHANGE")
        failed += len(reasons) + (not together)
    return 1 if failed else 0


_COLUMNS = ("figures", "traced", "summed", "made of", "agreed", "equal", "derived")


def _print(currency: str, counts: dict[str, Counter[str]], reasons: Counter[str]) -> None:
    print(f"{currency + ' block':44}" + "".join(f"{name:>9}" for name in _COLUMNS))
    whole: Counter[str] = Counter()
    for block, found in counts.items():
        whole.update(found)
        print(f"{block:44}" + "".join(f"{found[name]:>9}" for name in _COLUMNS))
    print(f"{'all':44}" + "".join(f"{whole[name]:>9}" for name in _COLUMNS))
    for reason, number in reasons.most_common():
        print(f"not traced, {number} figures: {reason}")


if __name__ == "__main__":
    sys.exit(main())
