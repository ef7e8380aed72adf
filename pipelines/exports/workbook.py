"""Tables as one workbook: a sheet each, headers that stay in sight, numbers as numbers, names as nothing but text."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from pipelines.exports.safe_text import printable

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

MOST_ROWS: Final = 1_048_575
"""Rows a sheet can hold below its header."""
_LONGEST_TEXT: Final = 32_767
_WIDEST: Final = 60
_SHARES: Final = ("_ratio", "_share", "_coverage")


@dataclass(frozen=True)
class Page:
    """One sheet: its name, where it is from, and its rows."""

    name: str
    table: str
    rows: pa.Table


def write_workbook(file: Path, about: Sequence[tuple[str, str]], pages: Sequence[Page]) -> None:
    """The workbook; the first sheet says what it is and what the others hold.

    Amounts are numbers of 15 digits, as spreadsheets have them: the exact ones are in the lake and in CSV files.
    """
    import xlsxwriter

    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "nan_inf_to_errors": True,
    }
    with xlsxwriter.Workbook(str(file), options) as book:
        formats = _formats(book)
        told = [*about, *((page.name, _contents(page)) for page in pages)]
        _about(book.add_worksheet("About"), told, formats)
        for page in pages:
            _write(book.add_worksheet(page.name), page, formats)


def _contents(page: Page) -> str:
    left = page.rows.num_rows - MOST_ROWS
    more = f"; {left} more do not fit, they are in the lake" if left > 0 else ""
    return f"{page.table}, {page.rows.num_rows} rows{more}"


def _formats(book: Workbook) -> dict[str, Format]:
    return {
        "header": book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}),
        "amount": book.add_format({"num_format": "#,##0.00;[Red]-#,##0.00"}),
        "number": book.add_format({"num_format": "#,##0.######"}),
        "share": book.add_format({"num_format": "0.0%"}),
        "date": book.add_format({"num_format": "yyyy-mm-dd"}),
        "time": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        "text": book.add_format({}),
    }


def _about(sheet: Worksheet, told: Sequence[tuple[str, str]], formats: Mapping[str, Format]) -> None:
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 100)
    for number, (label, words) in enumerate(told):
        sheet.write_string(number, 0, printable(label), formats["header"])
        sheet.write_string(number, 1, printable(words))


def _write(sheet: Worksheet, page: Page, formats: Mapping[str, Format]) -> None:
    names = page.rows.column_names
    shown = page.rows.slice(0, MOST_ROWS)
    kinds = [_kind(field) for field in page.rows.schema]
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, shown.num_rows, max(len(names) - 1, 0))
    for at, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        sheet.set_column(at, at, _width(name, kind, shown), formats[kind])
        sheet.write_string(0, at, name.replace("_", " "), formats["header"])
    for number, row in enumerate(shown.to_pylist(), 1):
        for at, (value, kind) in enumerate(zip(row.values(), kinds, strict=True)):
            _cell(sheet, number, at, value, formats[kind])


def _kind(field: pa.Field) -> str:
    """How a column is shown, by its type and by what our names say of it."""
    if pa.types.is_timestamp(field.type):
        return "time"
    if pa.types.is_date(field.type):
        return "date"
    if pa.types.is_decimal(field.type) or pa.types.is_floating(field.type):
        if field.name.endswith(_SHARES):
            return "share"
        return "amount" if "cost" in field.name or "saving" in field.name or "amount" in field.name else "number"
    return "number" if pa.types.is_integer(field.type) else "text"


def _width(name: str, kind: str, rows: pa.Table) -> float:
    """Wide enough for the header's longest word and for the first rows."""
    header = max(len(word) for word in name.split("_"))
    if kind != "text":
        return max(header, {"time": 19, "date": 11}.get(kind, 14)) + 1
    longest = max(
        (len(str(value)) for value in rows.column(name).slice(0, 200).to_pylist() if value is not None), default=0
    )
    return min(max(header, longest), _WIDEST) + 1


def _cell(sheet: Worksheet, row: int, column: int, value: Any, style: Format) -> None:
    """Nothing where nothing is known: an empty cell is no zero."""
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, datetime):
        sheet.write_datetime(row, column, value.astimezone(UTC).replace(tzinfo=None), style)
    elif isinstance(value, date):
        sheet.write_datetime(row, column, value, style)
    elif isinstance(value, int | float | Decimal):
        if math.isfinite(value):
            sheet.write_number(row, column, float(value), style)
    else:
        words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        sheet.write_string(row, column, printable(words)[:_LONGEST_TEXT])
