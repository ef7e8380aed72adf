"""Scenarios as a person writes them: words of the command line, or a TOML file. No Dagster here."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pipelines.errors import UsageError
from pipelines.files.small import read_small
from pipelines.whatif.scenarios import Price, Retention, Scenario, Schedule, Selector, Size, Traffic, hours_off

PriceOf = Callable[[str], Decimal]
"""The list price of one unit of a SKU; raises UsageError for one that is not listed."""

LABELS = ("project", "service", "environment", "owner", "team", "tenant", "product")
"""What lines are selected by beside the SKU."""

KINDS = ("price", "traffic", "size", "retention", "schedule")

_PERCENT = re.compile(r"([+-]\d+(?:\.\d+)?)\s*%")
_OFF = re.compile(r"(\d{1,2})-(\d{1,2})(\+weekends)?")
_DAYS = re.compile(r"(\d+):(\d+)(?::(\d+))?")
_EXAMPLES = {
    "price": "'/compute/*=+5%' or '/compute/dev1_s/*=0.0088'",
    "traffic": "'requests=+20%'",
    "size": "'/compute/pro2_l/*=/compute/pro2_m/run_par1' or with '*2' behind it for two of each",
    "retention": "'/observability/*=90:30', or '90:30:31' with the days that are free",
    "schedule": "'/compute/*=20-7' or '20-7+weekends'",
}
_FILE_KEYS = {
    "price": {"percent", "unit_price"},
    "traffic": {"driver", "percent"},
    "size": {"to_sku", "factor"},
    "retention": {"days_before", "days_after", "free_days"},
    "schedule": {"off_from", "on_from", "weekends", "hours_off"},
}
_SHARED_KEYS = frozenset({"name", "kind", "sku", "where", "since", "until"})


@dataclass(frozen=True)
class Scope:
    """What holds for every scenario of the command line: labels of the lines, first day, day after the last."""

    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    since: date | None = None
    until: date | None = None

    def of(self, name: str, sku: str = "*") -> dict[str, Any]:
        return {"name": name, "lines": Selector(sku, self.labels), "since": self.since, "until": self.until}


def labels_of(words: Sequence[str]) -> dict[str, str]:
    """`environment=dev` and the like."""
    found = {}
    for word in words:
        label, equals, value = word.partition("=")
        if not equals or label not in LABELS:
            raise UsageError(
                f"--where {word!r} is not understood; write label=value, a label being {', '.join(LABELS)}"
            )
        found[label] = value
    return found


def from_words(given: Mapping[str, Sequence[str]], scope: Scope, price_of: PriceOf) -> list[Scenario]:
    """Scenarios from the words of each kind's option; each is named after its words."""
    makers = {
        "price": _price,
        "traffic": _traffic,
        "size": lambda word, about, what: _size(word, about, what, price_of),
        "retention": _retention,
        "schedule": _schedule,
    }
    found = []
    for kind in KINDS:
        for word in given.get(kind, ()):
            what, equals, value = word.partition("=")
            if not equals or not what or not value:
                raise _misunderstood(kind, word)
            sku = "*" if kind == "traffic" else what
            scenario = makers[kind](value, scope.of(f"{kind} {word}", sku), what)
            if scenario is None:
                raise _misunderstood(kind, word)
            found.append(scenario)
    return found


def from_file(path: Path, price_of: PriceOf) -> list[Scenario]:
    """The `[[scenarios]]` of a TOML file; each has a name, a kind and the kind's own keys."""
    try:
        read = tomllib.loads(read_small(path).decode("utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); name a TOML file of scenarios") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path} is not TOML: {' '.join(str(error).split())}") from None
    listed = read.get("scenarios")
    if not isinstance(listed, list) or not listed:
        raise UsageError(f"{path} has no [[scenarios]]; write one with name, kind and what it changes")
    return [_from_table(path, number, table, price_of) for number, table in enumerate(listed, 1)]


def _from_table(path: Path, number: int, table: Any, price_of: PriceOf) -> Scenario:
    where = f"{path}: scenario {number}"
    if not isinstance(table, dict) or table.get("kind") not in KINDS:
        raise UsageError(f"{where} has no kind; write kind = one of {', '.join(KINDS)}")
    kind = table["kind"]
    unknown = sorted(set(table) - _SHARED_KEYS - _FILE_KEYS[kind])
    if unknown:
        raise UsageError(f"{where} has the key {unknown[0]!r}; a {kind} knows {', '.join(sorted(_FILE_KEYS[kind]))}")
    for key in ("since", "until"):
        if not isinstance(table.get(key), date | None):
            raise UsageError(f"{where}: {key} = {table[key]!r} is no day; write {key} = 2026-12-01")
    labels = table.get("where", {})
    if not isinstance(labels, dict) or set(labels) - set(LABELS):
        raise UsageError(f"{where}: where = {labels!r} is not understood; its keys are {', '.join(LABELS)}")
    scope = Scope({key: str(value) for key, value in labels.items()}, table.get("since"), table.get("until"))
    about = scope.of(str(table.get("name", f"{kind} {number}")), str(table.get("sku", "*")))
    try:
        return _tabled(kind, table, about, price_of)
    except KeyError as error:
        raise UsageError(f"{where} lacks {error.args[0]!r}, which a {kind} needs") from None


def _tabled(kind: str, table: Mapping[str, Any], about: dict[str, Any], price_of: PriceOf) -> Scenario:
    name = about["name"]
    if kind == "price":
        return Price(**about, percent=_or_none(table, "percent", name), unit_price=_or_none(table, "unit_price", name))
    if kind == "traffic":
        return Traffic(**about, driver=str(table["driver"]), percent=_number(table["percent"], name))
    if kind == "size":
        to_sku = str(table["to_sku"])
        factor = _number(table.get("factor", 1), name)
        return Size(**about, to_sku=to_sku, unit_price=price_of(to_sku), quantity_factor=factor)
    if kind == "retention":
        before, after, free = (
            _days(table.get(key, 0) if key == "free_days" else table[key], key, name)
            for key in ("days_before", "days_after", "free_days")
        )
        return Retention(**about, days_before=before, days_after=after, free_days=free)
    if "hours_off" in table:
        return Schedule(**about, hours_off=_number(table["hours_off"], name))
    off, on = _days(table["off_from"], "off_from", name), _days(table["on_from"], "on_from", name)
    return Schedule(**about, hours_off=hours_off(off, on, weekends=bool(table.get("weekends", False))))


def _price(value: str, about: dict[str, Any], _: str) -> Scenario | None:
    found = _PERCENT.fullmatch(value)
    if found:
        return Price(**about, percent=Decimal(found[1]))
    return Price(**about, unit_price=Decimal(value)) if re.fullmatch(r"\d+(\.\d+)?", value) else None


def _traffic(value: str, about: dict[str, Any], driver: str) -> Scenario | None:
    found = _PERCENT.fullmatch(value)
    return Traffic(**about, driver=driver, percent=Decimal(found[1])) if found else None


def _size(value: str, about: dict[str, Any], _: str, price_of: PriceOf) -> Scenario | None:
    to_sku, star, factor = value.partition("*")
    if star and not re.fullmatch(r"\d+(\.\d+)?", factor):
        return None
    return Size(**about, to_sku=to_sku, unit_price=price_of(to_sku), quantity_factor=Decimal(factor or 1))


def _retention(value: str, about: dict[str, Any], _: str) -> Scenario | None:
    found = _DAYS.fullmatch(value)
    if not found:
        return None
    return Retention(**about, days_before=int(found[1]), days_after=int(found[2]), free_days=int(found[3] or 0))


def _schedule(value: str, about: dict[str, Any], _: str) -> Scenario | None:
    found = _OFF.fullmatch(value)
    if not found:
        return None
    return Schedule(**about, hours_off=hours_off(int(found[1]), int(found[2]), weekends=bool(found[3])))


def _misunderstood(kind: str, word: str) -> UsageError:
    return UsageError(f"--{kind} {word!r} is not understood; write {_EXAMPLES[kind]}")


def _or_none(table: Mapping[str, Any], key: str, name: str) -> Decimal | None:
    return _number(table[key], name) if key in table else None


def _number(value: Any, name: str) -> Decimal:
    try:
        return Decimal(str(value).removesuffix("%"))
    except InvalidOperation:
        raise UsageError(f"scenario '{name}': {value!r} is no number; write one such as 5 or \"-12.5\"") from None


def _days(value: Any, key: str, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise UsageError(f"scenario '{name}': {key} = {value!r} is no whole number")
    return value
