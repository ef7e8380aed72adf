"""What the settings say of recommendations, in the words of the engine. No Dagster here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date, timedelta
from difflib import get_close_matches
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pipelines.errors import ConfigurationError
from pipelines.forecast.days import Holidays, holidays_between
from pipelines.recommendations.engine import Policy
from pipelines.recommendations.register import Aside
from pipelines.recommendations.rule import Rule
from pipelines.settings import Settings
from pipelines.settings_recommendations import Recommendations

_KEY = "recommendations.rules"
_HOLIDAYS = "holidays"


def holidays_around(settings: Settings, today: date) -> tuple[date, ...]:
    """The settings' holidays of the year until today: days on which nobody was expected to work."""
    return holidays_between(today - timedelta(days=366), today, Holidays(settings.forecast.holidays))


def policy_of(told: Recommendations, rules: Sequence[Rule], holidays: Sequence[date] = ()) -> Policy:
    """Protected tags and thresholds. Raises ConfigurationError for a rule, a threshold or a value that is none."""
    known = {rule.name: rule for rule in rules}
    for name in told.rules:
        if name not in known:
            raise ConfigurationError(f"{_KEY}.{name}: no rule is called so{_meant(name, known, 'they are')}")
    calendar = {_HOLIDAYS: tuple(holidays)} if holidays else {}
    thresholds = {
        rule.name: thresholds_of(rule, _with_calendar(rule, calendar) | dict(told.rules.get(rule.name, {})))
        for rule in rules
        if rule.name in told.rules or _with_calendar(rule, calendar)
    }
    return Policy(told.protected_tags, thresholds)


def _with_calendar(rule: Rule, calendar: Mapping[str, Any]) -> dict[str, Any]:
    """The holidays, for a rule that asks for them."""
    return {name: days for name, days in calendar.items() if hasattr(rule.thresholds, name)}


def thresholds_of(rule: Rule, values: Mapping[str, Any]) -> Any:
    """The rule's thresholds with some values changed, each of the type of its field."""
    names = [field.name for field in fields(rule.thresholds)]
    for name in values:
        if name not in names:
            place = f"{_KEY}.{rule.name}.{name}"
            raise ConfigurationError(f"{place}: {rule.name} has no such threshold{_meant(name, names, 'it has')}")
    given = {name: getattr(rule.thresholds, name) for name in names} | dict(values)
    try:
        return TypeAdapter(type(rule.thresholds)).validate_python(given)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"{_KEY}.{rule.name}.{place}: {first['input']!r}: {first['msg']}") from None


def asides_of(told: Recommendations) -> list[Aside]:
    """What the settings suppress."""
    return [
        Aside(each.reason, each.owner, each.until, each.rule, each.resource, each.project, each.tag)
        for each in told.suppressions
    ]


def _meant(name: str, known: Mapping[str, Any] | Sequence[str], otherwise: str) -> str:
    near = get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else f"; {otherwise} {', '.join(sorted(known)) or 'none'}"
