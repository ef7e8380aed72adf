"""The part of an organisation's finops.toml that says who bears which cost, as the simulator reads it for its truth."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from simulator.loading import ScenarioError

DIMENSIONS = ("owner", "team", "environment", "tenant", "product")
MATCHERS = ("project", "sku", "region", "resource", "tag")
USUAL_KEYS: Mapping[str, tuple[str, ...]] = {
    "owner": ("owner", "team", "squad"),
    "team": ("team", "squad"),
    "environment": ("env", "environment", "stage"),
    "tenant": ("tenant", "customer", "client"),
    "product": ("product", "service", "app", "application"),
}

Patterns = tuple[re.Pattern[str], ...]


@dataclass(frozen=True)
class Rule:
    """Labels for what all of the matchers match."""

    name: str
    matchers: Mapping[str, Patterns]
    sets: Mapping[str, str]
    overrides_tags: bool = False


@dataclass(frozen=True)
class PoolRule:
    """Shared cost: what belongs to it, and how it is split."""

    name: str
    matchers: Mapping[str, Patterns]
    labels: Mapping[str, Patterns]
    split: str
    by: tuple[str, ...]
    weights: Mapping[str, Decimal]
    receivers: Mapping[str, Patterns]
    pools: tuple[str, ...]


@dataclass(frozen=True)
class History:
    """How many days back metrics and requests are read."""

    metrics_days: int = 31
    request_days: int = 400


@dataclass(frozen=True)
class UnitSettings:
    """What a unit cost needs to be told: whose cost is that of the CI, and which counts come first."""

    ci_products: tuple[str, ...] = ("ci",)
    ci_pools: tuple[str, ...] = ("ci",)
    ephemeral_environments: tuple[str, ...] = ("ephemeral", "preview", "review")
    first_entry_sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class AllocationRules:
    """Everything that `[allocation]` says about who bears what."""

    keys: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: dict(USUAL_KEYS))
    rules: Sequence[Rule] = ()
    defaults: Sequence[Rule] = ()
    pools: Sequence[PoolRule] = ()


@dataclass(frozen=True)
class OrganizationSettings:
    """What the truth needs to know of a finops.toml."""

    allocation: AllocationRules = AllocationRules()
    units: UnitSettings = UnitSettings()
    history: History = History()
    idle_below: Decimal = Decimal("0.05")


def organization_settings(path: Path | None) -> OrganizationSettings:
    """What a finops.toml says; without one nothing is said, and tags alone decide. Raises ScenarioError."""
    if path is None:
        return OrganizationSettings()
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
        table, cockpit, units = told.get("allocation", {}), told.get("cockpit", {}), told.get("units", {})
        rules = AllocationRules(
            keys={name: tuple(table.get("labels", {}).get(name) or USUAL_KEYS[name]) for name in DIMENSIONS},
            rules=[_rule(each, each["name"]) for each in table.get("rules", [])],
            defaults=[_rule(each, "project default") for each in table.get("projects", [])],
            pools=[_pool(each) for each in table.get("pools", [])],
        )
        known = {name: tuple(units[name]) for name in UnitSettings.__dataclass_fields__ if name in units}
        days = History(cockpit.get("history_days", 31), cockpit.get("request_history_days", 400))
        idle_below = Decimal(told.get("kpis", {}).get("idle_below", OrganizationSettings.idle_below))
        return OrganizationSettings(rules, UnitSettings(**known), days, idle_below)
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise ScenarioError(f"{path}: cannot be read: {error}") from None


def matches(patterns: Iterable[re.Pattern[str]], texts: Iterable[str]) -> bool:
    """Whether one of the patterns is one of the texts as a whole."""
    known = list(texts)
    return any(pattern.fullmatch(text) for pattern in patterns for text in known)


def _rule(table: Mapping[str, Any], name: str) -> Rule:
    return Rule(name, _matchers(table), table["sets"], bool(table.get("overrides_tags")))


def _pool(table: Mapping[str, Any]) -> PoolRule:
    by = table.get("by", DIMENSIONS)
    return PoolRule(
        name=table["name"],
        matchers=_matchers(table),
        labels=_patterns_of(table.get("labels", {})),
        split=table.get("split", "cost"),
        by=tuple(name for name in DIMENSIONS if name in by),
        weights={name: Decimal(weight) for name, weight in table.get("weights", {}).items()},
        receivers=_patterns_of(table.get("receivers", {})),
        pools=tuple(table.get("pools", ())),
    )


def _matchers(table: Mapping[str, Any]) -> dict[str, Patterns]:
    if "service" in table:
        raise ValueError("a rule by service cannot be followed here, since services are named by its reader; use sku")
    return _patterns_of({name: table[name] for name in MATCHERS if name in table})


def _patterns_of(table: Mapping[str, Any]) -> dict[str, Patterns]:
    return {
        name: tuple(_pattern(text) for text in ([told] if isinstance(told, str) else told))
        for name, told in table.items()
    }


def _pattern(text: str) -> re.Pattern[str]:
    """`*` stands for any characters and `?` for one; case does not matter."""
    signs = {"*": ".*", "?": "."}
    return re.compile("".join(signs.get(sign) or re.escape(sign) for sign in text), re.IGNORECASE | re.DOTALL)
