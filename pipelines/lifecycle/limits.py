"""What Object Storage allows lifecycle rules to do, by region and day: `limits.toml` beside this module."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.lifecycle.rules import LifecycleRule, Transition

STANDARD, ONE_ZONE, GLACIER = "STANDARD", "ONEZONE_IA", "GLACIER"
RANKS: Mapping[str, int] = {STANDARD: 0, ONE_ZONE: 1, GLACIER: 2}
"""From the hottest class to the coldest."""
MOST_RULES = 1000
_LONGEST_ID = 255
_SHIPPED = Path(__file__).with_name("limits.toml")


@dataclass(frozen=True)
class Limits:
    """What a rule that is made on a day may do in a region; `minimum_days` is by the class it moves to."""

    region: str
    classes: tuple[str, ...]
    transitions: Mapping[str, tuple[str, ...]]
    minimum_days: Mapping[str, int]

    def sells(self, storage_class: str) -> bool:
        """Whether the region has the class."""
        return storage_class in self.classes

    def allows(self, since: str, to: str) -> bool:
        """Whether an object may move from one class to the other there."""
        return self.sells(to) and to in self.transitions.get(since, ())


def limits_of(region: str, day: date) -> Limits:
    """What holds for a rule made on `day`. A region nobody described sells Standard alone, so nothing moves there."""
    table = _shipped()
    ages = [each for each in table["minimum_ages"] if each["since"] <= day]
    newest: Mapping[str, Any] = max(ages, key=lambda each: each["since"], default={})
    return Limits(
        region=region,
        classes=tuple(table["classes"].get(region, [STANDARD])),
        transitions={since: tuple(to) for since, to in table["transitions"].items()},
        minimum_days={name: days for name, days in newest.items() if name != "since"},
    )


def problems(rule: LifecycleRule, limits: Limits) -> list[str]:
    """Everything for which Object Storage would refuse a rule made now, in words; empty for a legal one."""
    found = []
    if not rule.acts:
        found.append("it does nothing")
    if rule.rule_id is not None and len(rule.rule_id) > _LONGEST_ID:
        found.append(f"its ID is longer than {_LONGEST_ID} characters")
    found += _moving(rule.transitions, limits, rule.expire_days)
    found += _moving(rule.noncurrent_transitions, limits, rule.noncurrent_days)
    days = (rule.expire_days, rule.noncurrent_days, rule.abort_days)
    found += [f"it acts after {each} days; one day is the least" for each in days if each is not None and each < 1]
    return found


def _moving(transitions: tuple[Transition, ...], limits: Limits, ends: int | None) -> list[str]:
    found = []
    held, reached = STANDARD, -1
    for each in sorted(transitions, key=lambda each: (each.days or 0, RANKS.get(each.storage_class, 0))):
        least = limits.minimum_days.get(each.storage_class, 1)
        if not limits.allows(held, each.storage_class):
            found.append(f"{limits.region} does not move {held} to {each.storage_class}")
        if each.days is None:
            found.append("it moves on a date, not at an age")
        elif each.days < least:
            found.append(f"it moves to {each.storage_class} after {each.days} days; {least} are the least")
        elif each.days <= reached:
            found.append(f"it moves twice after {each.days} days")
        elif ends is not None and each.days >= ends:
            found.append(f"it moves after {each.days} days what is deleted after {ends}")
        held, reached = each.storage_class, each.days or 0
    return found


@cache
def _shipped() -> Mapping[str, Any]:
    return tomllib.loads(_SHIPPED.read_text(encoding="utf-8"))
