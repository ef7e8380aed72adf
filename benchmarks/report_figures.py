"""Reads a page's figures back: does a text say this value, rounded as it is shown?"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

from pipelines.reporting.kpi_words import three_digits

Value: TypeAlias = Decimal | date | datetime | None

_NUMBER = re.compile(r"[+−-]?[^\d+−-]?\d[\d,]*(?:\.\d+)?")
_SCALES = {"bn": 10**9, "M": 10**6}
_BOUNDS = {"<1%": (Decimal(0), Decimal("0.01")), ">99%": (Decimal("0.99"), Decimal(1))}
_DAYS = ("{day.day} {day:%b}", "{day.day} {day:%B %Y}", "{day:%Y-%m-%d %H:%M} UTC")


def parts_of(text: str) -> list[str]:
    """The numbers of a text that tells more than one: a range, or how many of how many."""
    return [part.strip() for part in re.split(r"\s[–]\s|\sof\s", text.replace("\xa0", " "))]


def says(text: str, value: Value, *, moved: int = 0) -> bool:
    """Whether the text is the value, rounded to the digits shown; its last digit may be moved by so many."""
    if value is None:
        return False
    if isinstance(value, date):
        return text in {each.format(day=value) for each in _DAYS}
    if text in _BOUNDS:
        low, high = _BOUNDS[text]
        return low <= value <= high
    shown = number_of(text)
    if shown is None:
        return False
    number, step = shown
    if abs(number - value) <= step * (Decimal("0.5") + moved):
        return True
    return re.sub(r"^[^\d−-]", "", text).partition(" ")[0] == three_digits(value, "en")


def number_of(text: str) -> tuple[Decimal, Decimal] | None:
    """The number a text shows, and what one more of its last digit is worth; None where it shows none."""
    found = _NUMBER.search(text)
    if found is None:
        return None
    digits = re.sub(r"[^\d.]", "", found[0])
    sign = -1 if found[0][0] in "−-" else 1
    after = text[found.end() :].replace("\xa0", " ").strip()
    scale = Decimal("0.01") if after.startswith(("%", "pp")) else Decimal(1)
    for word, factor in _SCALES.items():
        if re.match(rf"{word}\b", after) and not after.startswith("M samples"):
            scale = Decimal(factor)
    places = len(digits.partition(".")[2])
    return sign * Decimal(digits) * scale, Decimal(1).scaleb(-places) * scale
