"""Anomalies in words and figures, as the commands and the alerts show them. No Dagster here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pipelines.anomalies.baselines import LONGEST

_LEVELS = ("project_name", "service_name", "region", "sku", "resource_name")
_DIGITS = 4
_CURRENCY = re.compile("[A-Z]{3}")
_UNIT_COST = re.compile(r"(.+) \(([A-Z]{3})\)")
_BYTES = ("bytes", "kB", "MB", "GB", "TB", "PB")
_UNKNOWN = "not known"
_SUBJECTS = {"kpi": "a key figure"}


def where(row: Mapping[str, Any]) -> str:
    """Where an anomaly or one of its causes lies, wide to narrow: `sandbox › GPU › H100-1-80G › notebook-7`."""
    parts = [str(row[column]) for column in _LEVELS if row.get(column)]
    if not row.get("project_name") and row.get("project_id"):
        parts.insert(0, str(row["project_id"]))
    if not row.get("resource_name") and row.get("resource_id"):
        parts.append(str(row["resource_id"]))
    if row.get("label_key"):
        parts.insert(0, f"{row['label_key']}={row.get('label_value') or ''}")
    if row.get("kpi"):
        parts.append(str(row["kpi"]))
    return " › ".join(one_line(part) for part in parts) or "the whole organisation"


def what(row: Mapping[str, Any]) -> str:
    """The chain down to the root cause, else where the anomaly lies."""
    return one_line(str(row["root_cause"])) if row.get("root_cause") else where(row)


def kind_words(row: Mapping[str, Any]) -> str:
    """The kind and what it is of: `spike of cost`."""
    return f"{str(row['kind']).replace('_', ' ')} of {_SUBJECTS.get(row['subject'], row['subject'])}"


def when(row: Mapping[str, Any]) -> str:
    """`2026-10-23 to 2026-10-26, 4 days, ended`; what lasts longest is not over, but usual from then on."""
    days = row["duration_days"]
    span = f"{row['first_day']}" if row["first_day"] == row["last_day"] else f"{row['first_day']} to {row['last_day']}"
    return f"{span}, {days} day{'' if days == 1 else 's'}, {progress(row)}"


def progress(row: Mapping[str, Any]) -> str:
    """`ongoing`, `ended`, or `usual since`: judged against the new level from then on."""
    if row["is_ongoing"]:
        return "ongoing"
    return "usual since" if row["duration_days"] >= LONGEST else "ended"


def amount(value: Decimal | None, unit: str | None, locale: str, *, plus: bool = False) -> str:
    """Money to the cent, unit costs to three digits, other measures to four; an unknown one is said to be so."""
    from pipelines.reporting.money import MINUS, MoneyFormat

    if value is None:
        return _UNKNOWN
    unit_cost = _UNIT_COST.fullmatch(unit or "")
    if unit_cost:
        sign = "+" if plus and value > 0 else ""
        return sign + MoneyFormat(unit_cost[2], locale).unit_cost(value, unit_cost[1])
    if unit and _CURRENCY.fullmatch(unit):
        money = MoneyFormat(unit, locale)
        return money.signed(value) if plus else money.exact(value)
    if unit == "bytes" and value:
        thousands = min(max(value.adjusted() // 3, 0), len(_BYTES) - 1)
        value, unit = value / 1000**thousands, _BYTES[thousands]
    sign = MINUS if value < 0 else "+" if plus and value > 0 else ""
    return " ".join(filter(None, (sign + _digits(abs(value), locale), unit)))


def impact(row: Mapping[str, Any], locale: str) -> str:
    """Signed, with percent where something was expected: `+€193.20 (+412%)`."""
    if row["impact"] is None:
        return "not known: the days are missing"
    told = amount(row["impact"], row["unit"], locale, plus=True)
    shown = percent(row["impact_percent"], locale)
    return f"{told} ({shown})" if shown else told


def percent(value: Decimal | None, locale: str) -> str:
    """A signed percentage; nothing where nothing was expected."""
    from pipelines.reporting.money import percent as shown

    return "" if value is None else shown(value / 100, locale, plus=True, decimals=0 if abs(value) >= 10 else 1)


def expected_words(row: Mapping[str, Any], locale: str) -> str:
    """The expected sum with its bounds."""
    expected, low, high = (amount(row[name], row["unit"], locale) for name in ("expected", "low", "high"))
    return expected if row["low"] is None or row["high"] is None else f"{expected}, usually {low} to {high}"


def confidence_words(row: Mapping[str, Any]) -> str:
    """How often such an alarm is right, where that was measured."""
    if row["confidence"] is None:
        return ""
    return f"{row['confidence']:.0%} of such alarms were right where that was measured (docs/anomaly_accuracy.md)"


def cause_words(row: Mapping[str, Any], locale: str) -> str:
    """A cause with its euros and its share of the whole."""
    share = "" if row["share_percent"] is None else f", {row['share_percent']:.0f}% of it"
    return f"{where(row)}: {amount(row['impact'], row['unit'], locale, plus=True)}{share}"


def change_words(row: Mapping[str, Any]) -> str:
    """What changed, on what, when and by whom."""
    name = row["resource_name"] or row["resource_id"]
    on = f" on {name}" if name and name not in str(row["what"]) else ""
    by = f", by {row['who']}" if row["who"] else ""
    return one_line(f"{row['changed_on']} {str(row['change']).replace('_', ' ')}: {row['what']}{on}{by}")


def one_line(text: str) -> str:
    """Names are typed by people: no line break or control character of theirs breaks a line of ours."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _digits(value: Decimal, locale: str) -> str:
    from babel.numbers import format_decimal

    places = max(0, _DIGITS - 1 - value.adjusted()) if value else 0
    rounded = round(value, min(places, 12))
    return " ".join(format_decimal(rounded, "#,##0.############", locale=locale, decimal_quantization=False).split())
