"""Cells of a file as times and numbers, however their writer's country or tool puts them.

What a cell alone does not tell (is 03/04 in March or in April, is 1,104 one or a thousand) its column does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import Final

Seconds = Callable[[str], int | None]
"""Seconds since 1970 of a text, None where it is no time."""

Number = Callable[[str | None], float | None]
"""The number of a text, NaN where it says that there is none, None where it is something else."""

NO_VALUE: Final = frozenset({"", "nan", "null", "none", "na", "n/a", "nat", "-", "–", "—", "#n/a"})
_EARLIEST: Final = int(datetime(1900, 1, 1, tzinfo=UTC).timestamp())
_LATEST: Final = int(datetime(2200, 1, 1, tzinfo=UTC).timestamp())
_EPOCH: Final = re.compile(r"(\d{9,10}|\d{12,13}|\d{15,16}|\d{18,19})(\.\d+)?", re.ASCII)
_COMPACT: Final = re.compile(r"(19|20|21)\d{6}", re.ASCII)
_SPREADSHEET_DAY: Final = re.compile(r"[3-6]\d{4}(\.\d+)?", re.ASCII)  # days since 1899-12-30: 1982 to 2091
_MONTH: Final = re.compile(r"(\d{4})[-/](\d{1,2})", re.ASCII)
_NUMERIC: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_PARTS: Final = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?:[ T,]+(.+))?", re.ASCII)
_SPELLED: Final = ("%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%d/%b/%Y")
_AROUND: Final = re.compile(r"^(?:[A-Z]{3}\s)|[€$£¥%]|(?:\s[A-Z]{3})$")
_SPACES: Final = re.compile(r"(?<=\d)[\s\u00a0\u202f\u2009'’](?=\d{3}(?!\d))")
_BOOKED: Final = re.compile(r"\([^-−()]*\d[^-−()]*\)", re.ASCII)  # a negative amount as bookkeepers write it
_GROUPED: Final = re.compile(r"[+-]?\d{1,3}(,\d{3})+", re.ASCII)


def time_reader(cells: Iterable[str]) -> tuple[Seconds, str | None]:
    """How the times of a column are read, and what a person should know of it.

    ISO 8601 (UTC where it names no zone), days and months in any usual order, epochs from seconds to nanoseconds.
    """
    told = [cell.strip() for cell in cells]
    dates = [found for found in map(_PARTS.fullmatch, told) if found]
    day_first = any(int(found[1]) > 12 for found in dates)
    month_first = not day_first and any(int(found[3]) > 12 for found in dates)
    note = None
    if dates and not day_first and not month_first:
        note = f"{dates[0][0]!r} is read as day, month, year: no line tells them apart; write 2026-01-31 to be sure"
    if note is None and told and all(_SPREADSHEET_DAY.fullmatch(cell) for cell in told):
        note = f"{told[0]!r} is read as seconds since 1970; if it is a day of a spreadsheet, save its cells as dates"
    return lambda cell: _seconds(cell, month_first), note


def number_reader(cells: Iterable[str], delimiter: str) -> tuple[Number, str | None]:
    """How the numbers of a column are read, and what a person should know of it.

    Currency signs, percent signs and spaces between thousands are left out.
    """
    marked = [cell for cell in map(_bare, cells) if "," in cell]
    both = [cell for cell in marked if "." in cell]
    if both:
        has_comma = sum(cell.rfind(",") > cell.rfind(".") for cell in both) * 2 > len(both)
    else:
        has_comma = bool(marked) and (delimiter != "," or not all(_GROUPED.fullmatch(cell) for cell in marked))
    note = f"{marked[0]!r} is read with a decimal comma" if has_comma else None
    return lambda cell: _number(cell, has_comma), note


def plain_seconds(cell: str) -> int | None:
    """As `time_reader`, of a cell of which nothing else is known."""
    return _seconds(cell, month_first=False)


def plain_number(cell: str | None) -> float | None:
    """As `number_reader`, of a cell of which nothing else is known."""
    bare = _bare(cell or "")
    return _number(cell, has_comma="." not in bare and not _GROUPED.fullmatch(bare))


def _seconds(text: str, month_first: bool) -> int | None:
    text = text.strip()
    try:
        if _NUMERIC.fullmatch(text):
            second = _from_digits(text)
        else:
            moment = _moment(text, month_first)
            second = None if moment is None else int(_aware(moment).timestamp())
    except (ValueError, OverflowError, TypeError):
        return None
    return second if second is not None and _EARLIEST <= second < _LATEST else None


def _from_digits(text: str) -> int | None:
    """A day written 20260131, else an epoch, told by its digits; smaller numbers are seconds too."""
    if _COMPACT.fullmatch(text):
        day = date(int(text[:4]), int(text[4:6]), int(text[6:]))
        return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    epoch = _EPOCH.fullmatch(text)
    thousands = max(0, (len(epoch[1]) - 9) // 3) if epoch else 0
    return int(float(text) // float(1000**thousands))


def _moment(text: str, month_first: bool) -> datetime | None:
    iso = text.removesuffix(" UTC").removesuffix(" Z").replace("/", "-") if text[:4].isdigit() else ""
    if iso:
        month = _MONTH.fullmatch(iso)
        return datetime(int(month[1]), int(month[2]), 1, tzinfo=UTC) if month else datetime.fromisoformat(iso)
    found = _PARTS.fullmatch(text)
    if found:
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        day = date(year, first, second) if month_first else date(year, second, first)
        clock = f"T{found[5].strip()}" if found[5] else ""
        return datetime.fromisoformat(f"{day}{clock}")
    if not text[:1].isalpha() and not any(letter.isalpha() for letter in text):
        return None
    return _spelled(text)


def _spelled(text: str) -> datetime | None:
    """Months by their English names, and the dates of mails and web servers."""
    for form in _SPELLED:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - made aware by the caller
        except ValueError:
            continue
    from email.utils import parsedate_to_datetime

    return parsedate_to_datetime(text) if "," in text[:4] else None


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _bare(text: str) -> str:
    """Without what stands around a number and between its thousands."""
    text, sign = text.strip(), ""
    if _BOOKED.fullmatch(text):
        text, sign = text[1:-1].strip(), "-"
    return sign + _SPACES.sub("", _AROUND.sub("", text).strip()).replace("−", "-")


def _number(text: str | None, has_comma: bool) -> float | None:
    if text is None:
        return None
    text = text.strip()
    if not _NUMERIC.fullmatch(text) or (has_comma and "." in text):
        if text.casefold() in NO_VALUE:
            return float("nan")
        text = _bare(text)
        text = text.replace(".", "").replace(",", ".") if has_comma else _without_groups(text)
        if not _NUMERIC.fullmatch(text):
            return None
    number = float(text)
    return number if abs(number) != float("inf") else None


def _without_groups(text: str) -> str:
    whole, dot, digits = text.partition(".")
    return whole.replace(",", "") + dot + digits if _GROUPED.fullmatch(whole) else text
