"""What ends, soonest first, as a table: pages and notebooks show the same."""

from collections.abc import Sequence
from datetime import date
from itertools import groupby

from pipelines.reporting.ahead_rows import EndRow
from pipelines.reporting.display import Cell, Column, Line, Table, amount, name, text, trace
from pipelines.reporting.money import NOTHING, MoneyFormat, count
from pipelines.reporting.sentence import in_text


def ending_groups(rows: Sequence[EndRow]) -> list[list[EndRow]]:
    """Equal ends of one kind on one day stand together."""
    return [list(found) for _, found in groupby(sorted(rows, key=lambda row: row.order), key=lambda row: row.order)]


def next_end(rows: Sequence[EndRow]) -> str:
    """What ends first, as a sentence without its stop; says so where nothing has a date."""
    dated = [group[0] for group in ending_groups(rows) if group[0].due_on is not None]
    if not dated:
        return "Nothing that ends has a date" if rows else "Nothing is known to end"
    first = dated[0]
    assert first.due_on is not None
    left = f" ({count(first.days_left)} days)" if first.days_left is not None else ""
    return f"Next to end is {in_text(first.subject or first.kind)}, on {day_words(first.due_on)}{left}"


def ending_table(rows: Sequence[EndRow], money: MoneyFormat) -> Table:
    """One line a kind, subject and day."""
    lines = [_line(group, money) for group in ending_groups(rows)]
    columns = (
        Column("What", numeric=False),
        Column("On", numeric=False, lead=True),
        Column("Days left"),
        Column("Amount"),
        Column("To know", numeric=False),
    )
    return Table("ending", "What ends", columns, tuple(lines))


def _line(group: Sequence[EndRow], money: MoneyFormat) -> Line:
    row = group[0]
    several = f" × {count(len(group), money.locale)}" if len(group) > 1 else ""
    day = text(day_words(row.due_on)) if row.due_on else Cell("no date", tone="quiet")
    left = Cell(NOTHING if row.days_left is None else count(row.days_left, money.locale))
    words = row.note or ""
    if row.expected_shortfall:
        words = "; ".join(each for each in (words, f"expected shortfall {money.exact(row.expected_shortfall)}") if each)
    label = name(f"{row.subject or row.kind}{several}", note=row.kind.replace("_", " "))
    return Line((label, day, left, amount(row.amount, money), text(words)), trace(row))


def day_words(day: date) -> str:
    """`5 Nov 2026`."""
    return f"{day.day} {day:%b %Y}"
