"""One column's text in the type of its field; what cannot be read is null and has a reason."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.files.values import Faults, Unreadable, by_distinct, parse_decimal, parse_time
from pipelines.imports.kinds import Field
from pipelines.imports.schema import ARROW_TYPES

_LARGEST_COUNT = 2**63 - 1
_PLAIN_COUNT = r"^[0-9]{1,18}$"
_PLAIN_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_PLAIN_NUMBER = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?", re.ASCII)
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])(-01)?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}")
_TRUE = frozenset({"true", "1", "yes", "t", "y"})
_FALSE = frozenset({"false", "0", "no", "f", "n"})
_DECIMALS = {"amount": 9, "money": 12}


@dataclass(frozen=True)
class Reader:
    """Reads text in the types of fields. `zone` is what a time without one is in; None means such a time is refused.

    `unit` is how many microseconds a time that is a plain number counts in, from `origin` on; None refuses such times.
    """

    zone: ZoneInfo | None = None
    unit: float | None = None
    origin: datetime = datetime(1970, 1, 1, tzinfo=UTC)

    def read(self, field: Field, text: pa.Array, found: Faults) -> pa.Array:
        """Typed values of one column."""
        if field.type == "count":
            return _counts(field.name, text, found)
        if field.type == "text":
            return text
        return by_distinct(field.name, text, self._parser(field), ARROW_TYPES[field.type], found)

    def _parser(self, field: Field) -> Callable[[str], Any]:
        if field.type == "time":
            return self._time
        if field.type == "choice":
            return lambda text: _choice(field, text)
        if field.type in _DECIMALS:
            return lambda text: _amount(text, _DECIMALS[field.type])
        return _PARSERS[field.type]

    def _time(self, text: str) -> datetime:
        if self.unit is not None and _PLAIN_NUMBER.fullmatch(text):
            return self._counted(text)
        moment, is_zoned = parse_time(text)
        if is_zoned:
            return moment
        if self.zone is None:
            raise Unreadable("names no time zone; write 2026-09-01T10:00:00Z, or import with --time-zone")
        return _in_zone(moment.replace(tzinfo=None), self.zone)

    def _counted(self, text: str) -> datetime:
        try:
            return self.origin + timedelta(microseconds=int(Decimal(text) * Decimal(str(self.unit))))
        except OverflowError:
            raise Unreadable("is not a date of the calendar; see time_unit and time_origin") from None


def _in_zone(wall: datetime, zone: ZoneInfo) -> datetime:
    """A wall clock's time as UTC; an hour that a clock change repeats or leaves out is no exact moment."""
    first, second = wall.replace(tzinfo=zone), wall.replace(tzinfo=zone, fold=1)
    try:
        moment = first.astimezone(UTC)
        is_real = moment.astimezone(zone).replace(tzinfo=None) == wall
    except OverflowError:
        raise Unreadable("is not a date of the calendar") from None
    if not is_real:
        raise Unreadable(f"is left out by a clock change in {zone.key}")
    if first.utcoffset() != second.utcoffset():
        raise Unreadable(f"comes twice in {zone.key}, where the clocks were put back; write it with its offset")
    return moment


def _counts(name: str, text: pa.Array, found: Faults) -> pa.Array:
    """Plain whole numbers in one vectorised cast; the spellings it does not cover one by one."""
    plain = pc.fill_null(pc.match_substring_regex(text, _PLAIN_COUNT), False)
    values = pc.cast(pc.if_else(plain, text, pa.scalar(None, pa.string())), pa.int64())
    unusual = pc.and_(pc.is_valid(text), pc.invert(plain))
    if not pc.any(unusual).as_py():
        return values
    others = pc.if_else(unusual, text, pa.scalar(None, pa.string()))
    return pc.coalesce(values, by_distinct(name, others, _count, pa.int64(), found))


def _count(text: str) -> int:
    value = parse_decimal(text)
    if value < 0:
        raise Unreadable("is negative")
    if value != value.to_integral_value():
        raise Unreadable("is not a whole number")
    if value > _LARGEST_COUNT:
        raise Unreadable("is more than anything counts to")
    return int(value)


def _amount(text: str, decimals: int) -> Decimal:
    value = parse_decimal(text)
    if value < 0:
        raise Unreadable("is negative")
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    if -exponent > decimals:
        raise Unreadable(f"has more than {decimals} decimals")
    return value


def _day(text: str) -> date:
    if re.fullmatch(_PLAIN_DAY, text, re.ASCII):
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise Unreadable("is not a date of the calendar") from None
    moment, _ = parse_time(text)
    if moment - datetime.combine(moment.date(), datetime.min.time(), UTC) != timedelta(0):
        raise Unreadable("is a time, not a UTC day; give it as at")
    return moment.date()


def _month(text: str) -> str:
    if not _MONTH.fullmatch(text):
        raise Unreadable("is not a month such as 2026-09")
    return text[:7]


def _flag(text: str) -> bool:
    word = text.lower()
    if word not in _TRUE | _FALSE:
        raise Unreadable("is neither true nor false")
    return word in _TRUE


def _currency(text: str) -> str:
    if not _CURRENCY.fullmatch(text):
        raise Unreadable("is not a currency code such as EUR")
    return text


def _choice(field: Field, text: str) -> str:
    meant = field.choices.get(text.lower())
    if meant is None:
        raise Unreadable(f"is none of {', '.join(dict.fromkeys(field.choices.values()))}")
    return meant


def _ids(text: str) -> list[str]:
    """A JSON list, or names with `;` or `,` between them; each once, in their order."""
    if text.startswith("["):
        try:
            listed = json.loads(text)
        except (ValueError, RecursionError):
            raise Unreadable("is not a JSON list of ids") from None
        if not all(isinstance(each, str) for each in listed):
            raise Unreadable("is not a JSON list of ids")
    else:
        listed = re.split("[;,]", text)
    found = sorted({each.strip() for each in listed} - {""})
    if not found:
        raise Unreadable("names no id")
    return found


_PARSERS: Mapping[str, Callable[[str], Any]] = {
    "day": _day,
    "end": _day,
    "month": _month,
    "flag": _flag,
    "mark": _flag,
    "currency": _currency,
    "ids": _ids,
}
