"""What a page is put together from: tables, tiles, facts and charts, ready to print as text."""

import shlex
from dataclasses import dataclass, replace
from decimal import Decimal

from pipelines.reporting.folding import shortened
from pipelines.reporting.money import NOTHING, MoneyFormat, arrow
from pipelines.reporting.monthly_rows import GoldRow

NO_OWNER = "no owner"
NAME_LENGTH = 64  # longer names lose their middle; the row's trace keeps them whole


@dataclass(frozen=True)
class Trace:
    """Where a figure comes from: a gold table and the key columns that select its rows."""

    table: str
    keys: tuple[tuple[str, str], ...]

    @property
    def words(self) -> str:
        """The keys as words of a command line."""
        return " ".join(shlex.quote(f"{name}={value}") for name, value in self.keys)

    @property
    def command(self) -> str:
        """What to type to get from the figure to its charges."""
        return f"finops trace {self.table} {self.words}".rstrip()


@dataclass(frozen=True)
class Command:
    """What to type to see more of a row whose figures are no sum of charges."""

    command: str
    table: str = ""  # none: it is not a sum of rows


ALL_ADVICE = Command("finops recommendations")
"""What sums over recommendations are made of; each of them has its own trace."""


def rows_of_skus(table: str, start: str, month: str, currency: str) -> Command:
    """The month's rows of all SKUs that begin so, which no single key names."""
    where = f"billing_month = '{month}' and billing_currency = '{currency}' and starts_with(sku, '{start}')"
    return Command(f'finops sql "select * from {table} where {where}"', table)


def trace(row: GoldRow) -> Trace:
    """The trace of one gold row."""
    return Trace(row.TABLE, row.keys())


@dataclass(frozen=True)
class Cell:
    """One value; `tone` is more, less, finding, quiet or good, and never says what the text does not."""

    text: str
    note: str = ""
    tone: str = ""
    arrow: str = ""  # the direction of a change as a shape
    bar: str = ""  # a share as a CSS percentage, drawn behind the text
    code: str = ""  # a command to copy, below all else
    trace: Trace | Command | None = None  # where it comes from, if not from where its line does


def traced(cell: Cell, source: Trace | Command | None) -> Cell:
    """The cell with a source of its own."""
    return replace(cell, trace=source)


@dataclass(frozen=True)
class Column:
    """A table column; on a phone `lead` columns stand beside the row's name, others below it."""

    label: str
    numeric: bool = True
    lead: bool = False


@dataclass(frozen=True)
class Line:
    """A table row whose first cell is its header; `kind` is empty, fold or total."""

    cells: tuple[Cell, ...]
    trace: Trace | Command | None = None
    kind: str = ""


@dataclass(frozen=True)
class Table:
    """A table with its caption. `wide` ones scroll within their frame on a phone instead of stacking."""

    name: str
    caption: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    empty: str = "No rows in this month."
    wide: bool = False

    @property
    def example(self) -> Trace | Command | None:
        """The first row with a command, shown as the hint below the table."""
        return next((line.trace for line in self.lines if line.trace), None)


@dataclass(frozen=True)
class Tile:
    """One key figure with what it is based on and its period; what is agreed or expected has no charges to trace."""

    label: str
    value: str
    detail: str
    period: str
    trace: Trace | Command | None
    tone: str = ""


@dataclass(frozen=True)
class Fact:
    """One statement of the trust strip; `state` is good, finding or quiet and has a mark of its own."""

    label: str
    value: str
    detail: str
    state: str
    trace: Trace | Command | None = None

    @property
    def mark(self) -> str:
        """The state as a character."""
        return {"good": "✓", "finding": "!"}.get(self.state, "·")


@dataclass(frozen=True)
class Chart:
    """A figure with the finding as its title and its data as a table for who cannot see or run it."""

    name: str
    title: str
    source: str
    figure_json: str
    height: int
    table: Table
    legend: tuple[tuple[str, str], ...] = ()


def text(value: str, note: str = "", tone: str = "") -> Cell:
    """A cell of words."""
    return Cell(value, note, tone)


def name(value: str, note: str = "") -> Cell:
    """A name given by a user, short enough not to bury the figures beside it."""
    return Cell(shortened(value, NAME_LENGTH), shortened(note, NAME_LENGTH))


def amount(value: Decimal | None, money: MoneyFormat) -> Cell:
    """An amount; a missing one is a dash, never zero."""
    return Cell(NOTHING, tone="quiet") if value is None else Cell(money.exact(value))


def change(value: Decimal | None, money: MoneyFormat, note: str = "") -> Cell:
    """A signed change with its direction as a shape; no change is a quiet dash."""
    if value is None:
        return Cell(NOTHING, note=note, tone="quiet")
    shown = money.rounded(value)
    tone = "more" if shown > 0 else "less" if shown < 0 else "quiet"
    return Cell(money.signed(shown), note=note, tone=tone, arrow=arrow(shown))


def effect(value: Decimal, money: MoneyFormat) -> Cell:
    """A part of a change: signed, without a shape; a dash where it is nothing, not where it is little."""
    return Cell(money.signed(value)) if value else Cell(NOTHING, tone="quiet")


def owner_cell(owner: str | None) -> Cell:
    """The owner; that there is none is a finding, not a blank."""
    return name(owner) if owner else Cell(NO_OWNER, tone="finding")


def sentence_case(words: str) -> str:
    """The words with a capital first letter, the others as they are."""
    return words[:1].upper() + words[1:]
