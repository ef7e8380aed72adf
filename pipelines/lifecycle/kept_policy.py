"""Lifecycle policies as code: what a bucket of some name shall do, whether its rules do it, and rules that do.

A policy is a line such as `*-logs: expire=90 abort=7`: a pattern of bucket names, and ages in days. It is about the
whole bucket; rules for single prefixes, tags and sizes are somebody's exceptions and stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from pipelines.lifecycle.limits import GLACIER, ONE_ZONE, Limits, problems
from pipelines.lifecycle.rules import ENABLED, LifecycleRule, Transition

RULE_ID = "policy"
_CLASSES = {"one-zone": ONE_ZONE, "glacier": GLACIER}
_DAYS = {"expire": "expire_days", "noncurrent": "noncurrent_days", "abort": "abort_days"}
WORDS = (*_DAYS, *_CLASSES)
"""What a policy may say, in the order in which it is told."""


@dataclass(frozen=True)
class Kept:
    """Which buckets, and after how many days what happens to what lies in them; words are those of `WORDS`."""

    pattern: str
    days: Mapping[str, int]

    def is_about(self, bucket: str) -> bool:
        """Whether the bucket has such a name; letters count as they are written."""
        return fnmatchcase(bucket, self.pattern)


def kept_policy(line: str) -> Kept:
    """Reads one line. Raises ValueError, which says what is wrong with it."""
    pattern, colon, told = line.partition(":")
    days: dict[str, int] = {}
    for part in told.split():
        word, equals, age = part.partition("=")
        if word not in WORDS or not equals or not age.isdigit() or not 1 <= int(age) <= 36_500 or word in days:
            raise ValueError(f"{line!r}: {part!r} is none of {', '.join(f'{each}=DAYS' for each in WORDS)}, each once")
        days[word] = int(age)
    if not colon or not pattern.strip() or not days:
        raise ValueError(f"{line!r} is no name and policy; write it as '*-logs: expire=90 abort=7'")
    return Kept(pattern.strip(), {word: days[word] for word in WORDS if word in days})


def policy_for(bucket: str, policies: Sequence[Kept]) -> Kept | None:
    """The first policy that is about it."""
    return next((each for each in policies if each.is_about(bucket)), None)


def in_place(rules: Sequence[LifecycleRule]) -> dict[str, int]:
    """What the enabled rules for the whole bucket do, in the words of a policy; of several the first age counts."""
    found: dict[str, int] = {}
    for rule in rules:
        if is_for_all(rule):
            for word, days in _told(rule):
                found[word] = min(days, found.get(word, days))
    return {word: found[word] for word in WORDS if word in found}


def is_for_all(rule: LifecycleRule) -> bool:
    """Whether it acts on the whole bucket."""
    return rule.is_enabled and not rule.prefix and not rule.tags and rule.larger_than is None is rule.smaller_than


def differences(wanted: Mapping[str, int], rules: Sequence[LifecycleRule]) -> dict[str, tuple[int, int | None]]:
    """What a policy asks for and the rules do not do at that age: the age asked for, and the one in place."""
    found = in_place(rules)
    return {word: (days, found.get(word)) for word, days in wanted.items() if found.get(word) != days}


def brought(rules: Sequence[LifecycleRule], wanted: Mapping[str, int]) -> tuple[LifecycleRule, ...]:
    """The rules with what differs from the policy set to it; what no rule does is done by a new one."""
    missing = dict(wanted)
    made = []
    for rule in rules:
        if is_for_all(rule):
            has = {word for word, _ in _told(rule)}
            rule = _with(rule, {word: days for word, days in wanted.items() if word in has})
            missing = {word: days for word, days in missing.items() if word not in has}
        made.append(rule)
    if missing:
        names, number = {rule.rule_id for rule in rules}, 1
        while (name := RULE_ID if number == 1 else f"{RULE_ID}-{number}") in names:
            number += 1
        made.append(_with(LifecycleRule(name, ENABLED, prefix=""), missing))
    return tuple(made)


def illegal(wanted: Mapping[str, int], limits: Limits) -> list[str]:
    """Why Object Storage would refuse the policy there; empty for a legal one."""
    return problems(_with(LifecycleRule(RULE_ID, ENABLED, prefix=""), wanted), limits)


def words(days: Mapping[str, int]) -> str:
    """As a policy is written."""
    return " ".join(f"{word}={age}" for word, age in days.items()) or "nothing"


def _told(rule: LifecycleRule) -> Iterator[tuple[str, int]]:
    for word, name in _DAYS.items():
        if (days := getattr(rule, name)) is not None:
            yield word, days
    for word, storage_class in _CLASSES.items():
        for move in rule.transitions:
            if move.storage_class == storage_class and move.days is not None:
                yield word, move.days


def _with(rule: LifecycleRule, wanted: Mapping[str, int]) -> LifecycleRule:
    changed = replace(
        rule,
        expire_days=wanted.get("expire", rule.expire_days),
        noncurrent_days=wanted.get("noncurrent", rule.noncurrent_days),
        abort_days=wanted.get("abort", rule.abort_days),
    )
    moves = {_CLASSES[word]: days for word, days in wanted.items() if word in _CLASSES}
    kept = [replace(each, days=moves.pop(each.storage_class, each.days)) for each in rule.transitions]
    made = [*kept, *(Transition(name, days) for name, days in moves.items())]
    return replace(changed, transitions=tuple(sorted(made, key=lambda each: each.days or 0)))
