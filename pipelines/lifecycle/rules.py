"""Lifecycle rules as S3 writes them, read and written back without loss, whatever form they are in.

A rule says which objects it is about in a `Filter`, or in the `Prefix` of old configurations; moves are a list, or a
single mapping as the first API had them. What is not understood is kept as it was.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ENABLED, DISABLED = "Enabled", "Disabled"
_SIZES = ("ObjectSizeGreaterThan", "ObjectSizeLessThan")


@dataclass(frozen=True)
class Transition:
    """To which class, at which age in days (None where it is on a date), beyond how many newer versions."""

    storage_class: str
    days: int | None
    others: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LifecycleRule:
    """One rule. `prefix` is None where its scope names none; `form` says how its scope is written: `old` is a Prefix
    beside the actions, `filter` a filter of one condition, `and` one of several, `none` neither. `single` names the
    lists that were written as one mapping. Ages are in days; None is no such action. `others` are members, of the rule
    and of its actions, that nothing here acts on.
    """

    rule_id: str | None
    status: str
    form: str = "filter"
    prefix: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    larger_than: int | None = None
    smaller_than: int | None = None
    transitions: tuple[Transition, ...] = ()
    expire_days: int | None = None
    expire_markers: bool | None = None
    noncurrent_transitions: tuple[Transition, ...] = ()
    noncurrent_days: int | None = None
    abort_days: int | None = None
    single: frozenset[str] = frozenset()
    others: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_enabled(self) -> bool:
        """Whether it acts today."""
        return self.status == ENABLED

    @property
    def acts(self) -> bool:
        """Whether it says to do anything."""
        days = (self.expire_days, self.noncurrent_days, self.abort_days)
        moves = self.transitions or self.noncurrent_transitions
        return bool(moves or self.expire_markers or any(each is not None for each in days) or self.others)


def parse_rules(told: str | Sequence[Mapping[str, Any]]) -> tuple[LifecycleRule, ...]:
    """The rules of a bucket, given as JSON or as mappings in S3's words.

    Raises ValueError where it is no list of mappings.
    """
    rules = json.loads(told) if isinstance(told, str) else list(told)
    if not isinstance(rules, list) or not all(isinstance(rule, Mapping) for rule in rules):
        raise ValueError(f"lifecycle rules are a list of mappings, not {str(told)[:80]!r}; give the value of Rules")
    return tuple(_parsed(rule) for rule in rules)


def written(rules: Sequence[LifecycleRule]) -> dict[str, Any]:
    """The configuration as `put-bucket-lifecycle-configuration` takes it."""
    return {"Rules": [_written(rule) for rule in rules]}


def _parsed(rule: Mapping[str, Any]) -> LifecycleRule:
    rest = dict(rule)
    rule_id, status = rest.pop("ID", None), rest.pop("Status", ENABLED)
    scope = _scope(rest)
    single: set[str] = set()
    moves = _transitions(rest, "Transition", "Days", single)
    old_moves = _transitions(rest, "NoncurrentVersionTransition", "NoncurrentDays", single)
    expire_days = _days(rest, "Expiration", "Days")
    return LifecycleRule(
        rule_id=rule_id,
        status=status,
        **scope,
        transitions=moves,
        expire_days=expire_days,
        expire_markers=_taken(rest, "Expiration", "ExpiredObjectDeleteMarker", bool),
        noncurrent_transitions=old_moves,
        noncurrent_days=_days(rest, "NoncurrentVersionExpiration", "NoncurrentDays"),
        abort_days=_days(rest, "AbortIncompleteMultipartUpload", "DaysAfterInitiation"),
        single=frozenset(single),
        others=rest,
    )


def _scope(rest: dict[str, Any]) -> dict[str, Any]:
    """What a rule is about; a filter with members nobody knows stays among the others, as it is."""
    told = rest.get("Filter")
    if isinstance(told, Mapping):
        inner = told.get("And", told) if set(told) <= {"And"} else told
        if isinstance(inner, Mapping) and set(inner) <= {"Prefix", "Tag", "Tags", *_SIZES}:
            del rest["Filter"]
            tags = [inner["Tag"]] if "Tag" in inner else inner.get("Tags", [])
            return {
                "form": "and" if "And" in told else "filter",
                "prefix": inner.get("Prefix"),
                "tags": tuple((each["Key"], each["Value"]) for each in tags),
                "larger_than": inner.get(_SIZES[0]),
                "smaller_than": inner.get(_SIZES[1]),
            }
    if "Prefix" in rest and isinstance(rest["Prefix"], str):
        return {"form": "old", "prefix": rest.pop("Prefix")}
    return {"form": "none"}


def _transitions(rest: dict[str, Any], name: str, days: str, single: set[str]) -> tuple[Transition, ...]:
    told = rest.pop(f"{name}s", None)
    if told is None and name in rest:
        told = rest.pop(name)
    if isinstance(told, Mapping):
        single.add(name)
        told = [told]
    found = []
    for each in told or []:
        other = dict(each)
        found.append(Transition(str(other.pop("StorageClass", "")), other.pop(days, None), other))
    return tuple(found)


def _days(rest: dict[str, Any], action: str, name: str) -> int | None:
    found = _taken(rest, action, name, int)
    return None if found is None else int(found)


def _taken(rest: dict[str, Any], action: str, name: str, kind: type) -> Any:
    """A member of an action, taken out of the rest; what is left of the action stays there."""
    told = rest.get(action)
    if not isinstance(told, Mapping) or not isinstance(told.get(name), kind):
        return None
    left = {key: value for key, value in told.items() if key != name}
    rest.pop(action)
    if left:
        rest[action] = left
    return told[name]


def _written(rule: LifecycleRule) -> dict[str, Any]:
    told: dict[str, Any] = {
        name: dict(value) if isinstance(value, Mapping) else value for name, value in rule.others.items()
    }
    if rule.rule_id is not None:
        told["ID"] = rule.rule_id
    told["Status"] = rule.status
    if rule.form == "old":
        told["Prefix"] = rule.prefix
    elif rule.form != "none":
        told["Filter"] = _filter(rule)
    for name, days, moves in (
        ("Transition", "Days", rule.transitions),
        ("NoncurrentVersionTransition", "NoncurrentDays", rule.noncurrent_transitions),
    ):
        if moves:
            written_moves = [_move(each, days) for each in moves]
            told |= {name: written_moves[0]} if name in rule.single else {f"{name}s": written_moves}
    for action, member, value in (
        ("Expiration", "Days", rule.expire_days),
        ("Expiration", "ExpiredObjectDeleteMarker", rule.expire_markers),
        ("NoncurrentVersionExpiration", "NoncurrentDays", rule.noncurrent_days),
        ("AbortIncompleteMultipartUpload", "DaysAfterInitiation", rule.abort_days),
    ):
        if value is not None:
            told[action] = {**told.get(action, {}), member: value}
    return dict(sorted(told.items()))


def _move(transition: Transition, days: str) -> dict[str, Any]:
    told = {**transition.others, "StorageClass": transition.storage_class}
    return told if transition.days is None else {**told, days: transition.days}


def _filter(rule: LifecycleRule) -> dict[str, Any]:
    inner: dict[str, Any] = {} if rule.prefix is None else {"Prefix": rule.prefix}
    tags = [{"Key": key, "Value": value} for key, value in rule.tags]
    if tags:
        inner |= {"Tags": tags} if rule.form == "and" else {"Tag": tags[0]}
    for name, value in zip(_SIZES, (rule.larger_than, rule.smaller_than), strict=True):
        if value is not None:
            inner[name] = value
    return {"And": inner} if rule.form == "and" else inner
