"""Text to exact values: decimals never through float, times always to UTC, and a reason for what fails."""

import json
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.files.values import Faults, by_distinct, parse_decimal, parse_time
from pipelines.focus.columns import DECIMAL, TIMESTAMP, FocusColumn

_PLAIN = r"^-?[0-9]{1,20}(\.[0-9]{1,18})?$"


@dataclass
class Casting(Faults):
    """What casting one batch found: reasons per row, and how often something worth a note occurred."""

    naive_times: int = 0
    broken_json: int = 0


def cast(column: FocusColumn, text: pa.Array, found: Casting) -> pa.Array:
    """One column's values in its FOCUS type; a value that cannot be read is null and has a fault."""
    if column.kind == "timestamp":
        return _times(column.name, text, found)
    if column.kind in ("money", "quantity", "unit_price"):
        return _decimals(column.name, text, found)
    if column.kind == "json":
        _count_broken_json(text, found)
    return text


def _decimals(name: str, text: pa.Array, found: Casting) -> pa.Array:
    """Plain numbers in one vectorised, exact cast; the spellings it does not cover one by one."""
    plain = pc.fill_null(pc.match_substring_regex(text, _PLAIN), False)
    values = pc.cast(pc.if_else(plain, text, pa.scalar(None, pa.string())), DECIMAL)
    unusual = pc.and_(pc.is_valid(text), pc.invert(plain))
    if not pc.any(unusual).as_py():
        return values
    others = pc.if_else(unusual, text, pa.scalar(None, pa.string()))
    parsed = by_distinct(name, others, parse_decimal, DECIMAL, found)
    return pc.coalesce(values, parsed)


def _times(name: str, text: pa.Array, found: Casting) -> pa.Array:
    naive: set[str] = set()

    def parse(value: str) -> datetime:
        moment, zoned = parse_time(value)
        if not zoned:
            naive.add(value)
        return moment

    values = by_distinct(name, text, parse, TIMESTAMP, found)
    if naive:
        found.naive_times += pc.sum(pc.is_in(text, pa.array(sorted(naive)))).as_py()
    return values


def _count_broken_json(text: pa.Array, found: Casting) -> None:
    encoded = text.dictionary_encode()
    broken = []
    for position, value in enumerate(encoded.dictionary.to_pylist()):
        try:
            json.loads(value)
        except (ValueError, RecursionError):
            broken.append(position)
    if broken:
        found.broken_json += pc.sum(pc.is_in(encoded.indices, pa.array(broken, encoded.indices.type))).as_py()
