"""Does every figure of the monthly report lead to charges, and do these make the figure, to the cent?

    python -m benchmarks.report_traces --lake DIR --month 2026-10

A figure is a tile, a fact, or a cell with a number in a table or in the table of a chart. `report_claims` says of each
column what it claims to be: an expression over the rows of gold that its trace names, worked out here anew and compared
digit by digit with what is printed. The trace itself is followed by the functions behind `finops trace`, and shows one
of these:

    summed       the figure is the sum of the charges, lines or invoices found, exactly, each in a recorded answer
    made again   the figure's rows are made again by their models from nothing but the rows found, down to charges
    computed     Python makes the rows; the rows they were made from are found, down to charges or recorded answers
    rest         what the rows above leave of the total below, or its part of it, as printed; both are traced

Ends with 1 when a figure has no claim, is not what it claims, is not traced, or movers do not sum to the change.
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
from benchmarks.report_claims import TILES, claim_of
from benchmarks.report_figures import Value, number_of, parts_of, says
from benchmarks.report_leads import SUMMED, Tracer
from benchmarks.report_words import words_of
from finops import catalog_of
from pipelines.reporting.display import Cell, Chart, Command, Fact, Line, Table, Tile, Trace
from pipelines.reporting.money import DEFAULT_LOCALE, MoneyFormat
from pipelines.reporting.monthly import Block, monthly_block
from pipelines.reporting.monthly_rows import MonthlyInput

REST, CHECKED = "rest", "checked"
_OVERLAP = "overlap"
_FAILED_CHECKS = "failed checks"


@dataclass(frozen=True)
class Shown:
    """A figure of the page: its text, where it stands, and what leads on from it."""

    block: str
    label: str
    text: str
    source: Trace | Command | None
    claim: str | None
    table: Table | None = None
    line: Line | None = None
    at: int = 0


@dataclass(frozen=True)
class Judged:
    """How a figure is traced, and whether its last digit was moved so that a column adds up; or what is wrong."""

    kind: str = ""
    is_moved: bool = False
    reason: str = ""


class Judge:
    """Holds figures against what they claim and where they lead."""

    def __init__(self, tracer: Tracer, month: str, today: date) -> None:
        self.tracer = tracer
        self.month = month
        self.today = today

    def judge(self, shown: Shown) -> Judged:
        """The claim worked out, then the trace followed."""
        if shown.claim is None:
            return Judged(reason="nobody says what it is")
        if shown.source is None:
            return Judged(reason="no command")
        if shown.claim == _FAILED_CHECKS:
            is_so = says(shown.text, self.tracer.failed_checks())
            return Judged(CHECKED) if is_so else Judged(reason=f"{self.tracer.failed_checks()} checks fail")
        if shown.claim == REST or shown.claim.startswith("part: "):
            return self._of_total(shown)
        return self._of_rows(shown, shown.source, shown.claim)

    def _of_rows(self, shown: Shown, source: Trace | Command, claim: str) -> Judged:
        values = [self._value(shown, source, each.strip()) for each in claim.removeprefix("~").split(" | ")]
        texts = parts_of(shown.text) if len(values) > 1 else [shown.text]
        if len(texts) < len(values):  # a range of one day is written once
            values = values[: len(texts)]
        moved = 1 if claim.startswith("~") else 0
        if not all(_reads(text, value, moved) for text, value in zip(texts, values, strict=True)):
            return Judged(reason=f"{shown.text} is printed, and its rows say {', '.join(map(str, values))}")
        is_moved = not all(_reads(text, value, 0) for text, value in zip(texts, values, strict=True))
        lead = self.tracer.sum_of(source)
        if lead.total is not None and not lead.reason and values == [lead.total]:
            return Judged(SUMMED, is_moved)
        if lead.reason:
            return Judged(reason=lead.reason)
        whole = self.tracer.made_of(source)
        return Judged(reason=whole.reason) if whole.reason else Judged(whole.kind, is_moved)

    def _value(self, shown: Shown, source: Trace | Command, claim: str) -> Value:
        words = {"month": self.month, "today": self.today.isoformat()}
        if shown.table is not None and shown.line is not None:
            words = {**words_of(shown.table, shown.line, shown.at, self.month, self.today.isoformat())}
            before = next((cell.trace for cell in shown.line.cells if cell.trace is not None), source)
            words["before"] = self.tracer.rows_of(before)
        words["rows"] = self.tracer.rows_of(source)
        filled = claim
        for _ in range(2):  # what is filled in may leave something open itself
            for name, value in words.items():
                filled = filled.replace(f"{{{name}}}", value)
        sql = filled if filled.startswith("select") else f"select {filled} as value from {words['rows']}"
        (value,) = self.tracer.query(sql)[0].values()
        return _decimal(value)

    def _of_total(self, shown: Shown) -> Judged:
        """What is left of a total, or a part of it, by what is printed."""
        assert shown.table is not None
        assert shown.line is not None
        assert shown.claim is not None
        lines = shown.table.lines
        total = next((line for line in lines if line.kind == "total"), None)
        if shown.claim == REST:
            if total is None:
                return Judged(reason="no total stands below it")
            above = [line for line in lines[: lines.index(total)] if line is not shown.line]
            left = _printed(total.cells[shown.at]) - sum((_printed(line.cells[shown.at]) for line in above), Decimal(0))
            return Judged(REST) if says(shown.text, left) else Judged(reason=f"the rows above leave {left}")
        names = [column.label for column in shown.table.columns]
        at = names.index(shown.claim.removeprefix("part: "))
        whole = (
            _printed(total.cells[at]) if total is not None else sum((_printed(e.cells[at]) for e in lines), Decimal(0))
        )
        ratio = _printed(shown.line.cells[at]) / whole
        return Judged(REST) if says(shown.text, ratio) else Judged(reason=f"its part of the total is {ratio:.4f}")


def _reads(text: str, value: Value, moved: int) -> bool:
    return says(text, value, moved=moved)


def _printed(cell: Cell) -> Decimal:
    found = number_of(cell.text)
    return Decimal(0) if found is None else found[0]


def _decimal(value: Any) -> Value:
    if isinstance(value, float):
        return Decimal(repr(value))
    return Decimal(value) if isinstance(value, int) else value


def shown_in(block: Block) -> Iterator[Shown]:
    """Every figure of the page."""
    for field in fields(block):
        for part in _parts(getattr(block, field.name)):
            if isinstance(part, Tile | Fact):
                if _is_figure(part.value):
                    yield Shown(field.name, part.label, part.value, part.trace, TILES.get(part.label))
            else:
                yield from _cells(field.name, part)


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


def _cells(block: str, table: Table) -> Iterator[Shown]:
    for line in table.lines:
        name = line.cells[0].text
        kind = _OVERLAP if line.kind == "fold" and _OVERLAP in name else line.kind
        for at, (column, cell) in enumerate(zip(table.columns, line.cells, strict=False)):
            if at and column.numeric and _is_figure(cell.text):
                claim = claim_of(table.name, column.label, kind, name)
                label = f"{name or at}: {column.label}"
                source = cell.trace or line.trace
                yield Shown(f"{block}: {table.name}", label, cell.text, source, claim, table, line, at)


def _is_figure(value: str) -> bool:
    return any(character.isdigit() for character in value)


def moves_add_up(report: MonthlyInput) -> bool:
    """Whether the movers make up the change of the month, exactly."""
    delta = report.summary.delta_cost
    return delta is None or not report.movers or sum((row.delta_cost for row in report.movers), Decimal(0)) == delta


def judge_all(judge: Judge, block: Block) -> tuple[dict[str, Counter[str]], list[str]]:
    """By block how many figures are traced in which way; and what is wrong with the others."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    wrong: list[str] = []
    page = list(shown_in(block))
    judge.tracer.look_ahead([each.source for each in page if each.source is not None])
    for shown in page:
        found, judged = counts[shown.block], judge.judge(shown)
        found["figures"] += 1
        if judged.reason:
            wrong.append(f"{shown.block}: {shown.label}: {judged.reason}")
            continue
        found["traced"] += 1
        found[judged.kind] += 1
        found["moved"] += judged.is_moved
    return counts, wrong


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 when a figure leads nowhere or is not what it claims."""
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
        block = monthly_block(report, MoneyFormat(report.currency, DEFAULT_LOCALE))
        counts, wrong = judge_all(Judge(Tracer(catalog), asked.month, day), block)
        _print(report.currency, counts, wrong)
        together = moves_add_up(report)
        print("movers sum to the change" if together else "MOVERS DO NOT SUM TO THE CHANGE")
        failed += len(wrong) + (not together)
    return 1 if failed else 0


_COLUMNS = ("figures", "traced", "summed", "made again", "computed", REST, CHECKED, "moved")


def _print(currency: str, counts: dict[str, Counter[str]], wrong: Sequence[str]) -> None:
    print(f"{currency + ' block':36}" + "".join(f"{name:>11}" for name in _COLUMNS))
    whole: Counter[str] = Counter()
    for block, found in counts.items():
        whole.update(found)
        print(f"{block:36}" + "".join(f"{found[name]:>11}" for name in _COLUMNS))
    print(f"{'all':36}" + "".join(f"{whole[name]:>11}" for name in _COLUMNS))
    print(f"{whole['traced']} of {whole['figures']} figures are what their trace says, {len(wrong)} are not")
    for each in wrong:
        print(f"not traced: {each}")


if __name__ == "__main__":
    sys.exit(main())
