"""Text to exact values: decimals never through float, times with the zone they name, and a reason for what fails."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

SCALE = 18
_INTEGER_DIGITS = 20
_NULLS = pa.array(["", "NULL", "null"])
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", re.ASCII)
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))? ?(Z|z|UTC|[+-]\d\d:?\d\d)?)?", re.ASCII
)


class Unreadable(ValueError):
    """A value that has no exact meaning in its column; the text says why."""


@dataclass
class Faults:
    """Why rows of one batch cannot be used, by their position."""

    faults: dict[int, list[str]] = field(default_factory=dict)

    def fault(self, row: int, reason: str) -> None:
        self.faults.setdefault(row, []).append(reason)


def without_nulls(text: pa.Array) -> pa.Array:
    """An empty field, `NULL` and `null` all mean: no value."""
    return pc.if_else(pc.is_in(text, _NULLS), pa.scalar(None, pa.string()), text)


def parse_decimal(text: str) -> Decimal:
    """The exact value of a number in plain or scientific notation, if decimal(38, 18) can hold it."""
    stripped = text.strip()
    if not _NUMBER.fullmatch(stripped):
        raise Unreadable("is not a number")
    try:
        value = Decimal(stripped)
    except InvalidOperation as error:  # pragma: no cover - the pattern admits only numbers
        raise Unreadable("is not a number") from error
    if not value:
        return Decimal(0)
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    while digits[-1] == 0:
        digits, exponent = digits[:-1], exponent + 1
    if -exponent > SCALE:
        raise Unreadable(f"has more than {SCALE} decimals")
    if value.adjusted() >= _INTEGER_DIGITS:
        raise Unreadable(f"has more than {_INTEGER_DIGITS} digits before the point")
    # spelled out, because the context's precision would round a shift of the exponent
    return Decimal(format(Decimal((sign, digits, exponent)), "f"))


def parse_time(text: str) -> tuple[datetime, bool]:
    """A moment in UTC, and whether the text named its zone; without one it is taken as UTC."""
    match = _TIME.fullmatch(text.strip())
    if not match:
        raise Unreadable("is not a date and time such as 2026-09-01T00:00:00Z")
    day, clock, fraction, zone = match.groups()
    if fraction and fraction[6:].strip("0"):
        raise Unreadable("is finer than a microsecond")
    try:
        moment = datetime.fromisoformat(f"{day}T{clock or '00:00:00'}").replace(tzinfo=UTC)
        moment += timedelta(microseconds=int((fraction or "")[:6].ljust(6, "0")))
        if zone and zone[0] in "+-":
            hours, minutes = int(zone[1:3]), int(zone[-2:])
            if minutes > 59 or hours > 23:
                raise Unreadable("has an impossible zone offset")
            shift = timedelta(hours=hours, minutes=minutes)
            moment = moment - shift if zone[0] == "+" else moment + shift
    except (ValueError, OverflowError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable("is not a date of the calendar") from error
    return moment, zone is not None


def by_distinct(name: str, text: pa.Array, parse: Callable[[str], Any], kind: pa.DataType, found: Faults) -> pa.Array:
    """Parse each different text once; most columns repeat few values. What cannot be read is null and has a fault."""
    encoded = text.dictionary_encode()
    values: list[Any] = []
    reasons: dict[int, str] = {}
    for position, value in enumerate(encoded.dictionary.to_pylist()):
        try:
            values.append(parse(value))
        except Unreadable as error:
            values.append(None)
            reasons[position] = f"{name} {shorten(value)!r} {error}"
    if reasons:
        wrong = pc.is_in(encoded.indices, pa.array(list(reasons), encoded.indices.type))
        for row in pc.indices_nonzero(wrong).to_pylist():
            found.fault(row, reasons[encoded.indices[row].as_py()])
    return pa.array(values, kind).take(encoded.indices)


def shorten(value: str, limit: int = 60) -> str:
    return value if len(value) <= limit else value[: limit - 1] + "…"
