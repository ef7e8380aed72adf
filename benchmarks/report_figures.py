"""Reads a page's figures back: is a text what a column of these rows reads as, does a table's column add up?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from pipelines.reporting.display import Cell, Table
from pipelines.reporting.kpi_words import amount_shown, three_digits
from pipelines.reporting.money import MoneyFormat, count, percent

_CENT = Decimal("0.01")
_WORDS = re.compile(r"[^0-9.−-]")


def reads_as(text: str, rows: Sequence[Mapping[str, Any]], money: MoneyFormat) -> bool:
    """Whether one column of the rows, or its sum, is written like this; a cent may be moved within a column."""
    cents = cents_of(text)
    for value in _values(rows):
        if cents is not None and abs(abs(value) - abs(cents)) <= _CENT:
            return True
        if text in _written(value, money):
            return True
    return False


def _values(rows: Sequence[Mapping[str, Any]]) -> Iterator[Decimal]:
    """Of one row its numbers, of several the sums of their columns; and how many there are."""
    yield Decimal(len(rows))
    for name in rows[0] if rows else ():
        column = [row[name] for row in rows if isinstance(row[name], int | float | Decimal)]
        numbers = [Decimal(repr(value)) if isinstance(value, float) else Decimal(value) for value in column]
        if numbers:
            yield sum(numbers, Decimal(0))


def _written(value: Decimal, money: MoneyFormat) -> set[str]:
    shown = {money.exact(value), money.signed(value), money.headline(value), money.signed_headline(value)}
    shown |= {percent(value, money.locale), percent(value, money.locale, plus=True)}
    shown |= {percent(value, money.locale, decimals=0), percent(value / 100, money.locale, plus=True), f"{value:.0%}"}
    shown |= {amount_shown(value, money), three_digits(value, money.locale), three_digits(value * 1000, money.locale)}
    shown |= {three_digits(value * 10**6, money.locale)}
    return shown | ({count(int(value), money.locale)} if value == value.to_integral_value() else set())


def cents_of(text: str) -> Decimal | None:
    """The amount of a text such as `−€1,234.56`; None for another."""
    digits = _WORDS.sub("", text).replace("−", "-")
    try:
        return Decimal(digits) if re.search(r"\.\d\d$", digits) and "%" not in text else None
    except InvalidOperation:
        return None


def adds_up(table: Table) -> bool:
    """Whether in each column of amounts the rows above the last total come to it, to the cent."""
    totals = [at for at, line in enumerate(table.lines) if line.kind == "total"]
    if len(totals) != 1:
        return False
    last = totals[0]
    for column in range(1, len(table.columns)):
        whole = cents_of(_cell(table.lines[last].cells, column))
        if whole is None:
            continue
        parts = [cents_of(_cell(line.cells, column)) for line in table.lines[:last]]
        if all(part is None for part in parts):
            continue
        if sum((part for part in parts if part is not None), Decimal(0)) != whole and None not in parts:
            return False
    return True


def _cell(cells: Sequence[Cell], at: int) -> str:
    return cells[at].text if at < len(cells) else ""
