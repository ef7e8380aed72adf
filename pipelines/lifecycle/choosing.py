"""The cheapest ages at which a group of objects moves and goes, among all that are allowed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from pipelines.lifecycle.costs import Reads, Steps, cost_of
from pipelines.lifecycle.limits import GLACIER, ONE_ZONE, RANKS, STANDARD, Limits
from pipelines.lifecycle.policy import Bucket, Policy
from pipelines.lifecycle.rules import LifecycleRule, Transition
from pipelines.lifecycle.stock import CURRENT, NONCURRENT, UPLOAD, Cell, Stock, lifetime, stock_of


class Kind(StrEnum):
    """What a part of a plan does; also the name of its rule."""

    tiering = "move-cold-objects"
    expiry = "expire-objects"
    noncurrent = "expire-old-versions"
    noncurrent_tiering = "move-old-versions"
    uploads = "abort-incomplete-uploads"
    markers = "expire-delete-markers"


@dataclass(frozen=True)
class Group:
    """Objects of one state under one prefix (empty: the whole bucket), small ones (below 1 MB) apart.

    `base` is what happens to them without a plan; `beside_small` says that small ones lie under the same prefix;
    `edges` are the ages at which the histogram changes; `is_whole` is False for what no rule of its own can name.
    """

    prefix: str
    state: str
    is_small: bool
    stock: Stock
    base: Steps
    policy: Policy
    edges: frozenset[int]
    beside_small: bool
    is_whole: bool = True

    @property
    def is_tierable(self) -> bool:
        """Whether it may be worth to move them to another class."""
        return self.state != UPLOAD and not self.is_small and self.is_whole

    def why_not(self, bucket: Bucket, limits: Limits) -> Iterator[str]:
        """Why nothing of it moves."""
        policy = self.policy
        if not limits.sells(GLACIER) or GLACIER not in bucket.prices.by_class:
            yield f"{bucket.region} sells no Glacier"
        elif not policy.may_archive:
            yield "its class of data is not archived"
        elif bucket.reads is None:
            yield "no Glacier: how much is read from it is not known"
        elif cold_from(bucket.reads, policy.most_read) is None:
            share = bucket.reads.highest
            read = (
                f"{share:.0%} of it is read by the month"
                if share < 1
                else f"all of it is read {share:.0f} times a month"
            )
            yield f"no Glacier: {read}, and a restore takes minutes to 24 hours"
        else:
            yield "moving more to Glacier would save nothing"
        if not policy.may_lose_zones:
            yield "no One Zone: its data is not said to be recreatable or a second copy"


@dataclass(frozen=True)
class Move:
    """What a rule does to a group (`steps`), what that means for its cost (`effective`), and what it saves in all."""

    kind: Kind
    group: Group
    steps: Steps
    effective: Steps
    net_saving: Decimal


def groups_of(bucket: Bucket) -> list[Group]:
    """The bucket's objects by state, size and, where prefixes have policies of their own, by prefix.

    Then no rule may be about the whole bucket, and keys whose prefix is not known are left alone.
    """
    prefixes = sorted({cell.prefix for cell in bucket.cells if cell.prefix}) if bucket.policies else []
    found: list[Group] = []
    for prefix in prefixes:
        cells = [cell for cell in bucket.cells if cell.prefix == prefix]
        found += _groups(bucket, prefix, cells, bucket.policies.get(prefix, bucket.policy))
    rest = [cell for cell in bucket.cells if cell.prefix not in prefixes or not prefixes]
    return found + [
        replace(each, is_whole=not prefixes or each.state == UPLOAD)
        for each in _groups(bucket, "", rest, bucket.policy)
    ]


def best_moves(group: Group, bucket: Bucket, limits: Limits, days: int) -> list[Move]:
    """What to do to a group: first what its policy deletes, then the cheapest moves of what stays. Empty: leave it."""
    if not group.is_whole:
        return []
    found = []
    base = group.base
    reads = bucket.reads or Reads(())
    kinds = _KINDS[group.state]
    ends, effective = _ending(group, bucket)
    before = cost_of(group.stock, base, bucket.prices, reads, days)
    if ends is not None:
        steps = base.with_rules(Steps(expire=effective))
        after = cost_of(group.stock, steps, bucket.prices, reads, days)
        if before - after > group.policy.least_net:
            found.append(Move(kinds[0], group, Steps(expire=ends), Steps(expire=effective), before - after))
            base, before = steps, after
    if group.is_tierable:
        steps, after = _cheapest(group, base, bucket, limits, days)
        if before - after > group.policy.least_net:
            found.append(Move(kinds[1], group, steps, steps, before - after))
    return found


def cold_from(reads: Reads, most: Decimal) -> int | None:
    """From which age on no more than a share is read by the month; None where even the oldest are read more."""
    age: int | None = 0
    for low, share in reads.by_age:
        if share > most:
            age = None
        elif age is None:
            age = low
    return age


_KINDS = {
    CURRENT: (Kind.expiry, Kind.tiering),
    NONCURRENT: (Kind.noncurrent, Kind.noncurrent_tiering),
    UPLOAD: (Kind.uploads, Kind.uploads),
}


def _cheapest(group: Group, base: Steps, bucket: Bucket, limits: Limits, days: int) -> tuple[Steps, Decimal]:
    """The cheapest steps beside those in place; of equal ones the fewest and earliest."""
    reads = bucket.reads or Reads(())

    def told(steps: Steps) -> tuple[Decimal, int, int]:
        cost = cost_of(group.stock, base.with_rules(steps), bucket.prices, reads, days)
        ages = [age for age in (steps.one_zone, steps.glacier) if age is not None]
        return cost, len(ages), sum(ages)

    best = min(_allowed(group, base, bucket, limits), key=told)
    return best, told(best)[0]


def _allowed(group: Group, base: Steps, bucket: Bucket, limits: Limits) -> Iterator[Steps]:
    ages = _ages(group, base, bucket)
    one_zone = [each for each in ages if _may_lose_zones(group, bucket, limits, each)]
    glacier = [each for each in ages if _may_archive(group, bucket, limits, each)]
    for first in (None, *one_zone):
        for second in (None, *glacier):
            if first is None or second is None or first < second:
                yield Steps(first, second)


def _ages(group: Group, base: Steps, bucket: Bucket) -> list[int]:
    """Where the cost may turn: ages of the histogram, of reads, of limits, and a shortest stay before the end."""
    policy = group.policy
    ages = {*group.edges, policy.hot_days, policy.archive_days, 30, 90, 180, 365}
    ages |= {age for age, _ in bucket.reads.by_age} if bucket.reads else set()
    if base.expire is not None:
        ages |= {base.expire - days for days in bucket.prices.minimum_days.values()}
    return sorted(age for age in ages if age > 0 and (base.expire is None or age < base.expire))


def _may_lose_zones(group: Group, bucket: Bucket, limits: Limits, age: int) -> bool:
    least = max(group.policy.hot_days, limits.minimum_days.get(ONE_ZONE, 1))
    sold = limits.allows(STANDARD, ONE_ZONE) and ONE_ZONE in bucket.prices.by_class
    return group.policy.may_lose_zones and sold and age >= least


def _may_archive(group: Group, bucket: Bucket, limits: Limits, age: int) -> bool:
    if not group.policy.may_archive or bucket.reads is None or GLACIER not in bucket.prices.by_class:
        return False
    cold = cold_from(bucket.reads, group.policy.most_read)
    least = max(group.policy.archive_days, limits.minimum_days.get(GLACIER, 1))
    return limits.allows(STANDARD, GLACIER) and cold is not None and age >= max(least, cold)


def _ending(group: Group, bucket: Bucket) -> tuple[int | None, int | None]:
    """After how many days the policy deletes, and after how many the bytes are gone: a versioned bucket keeps a deleted
    object as an old version for a while more, or for ever."""
    policy = group.policy
    if group.state == UPLOAD:
        return policy.abort_days, policy.abort_days
    if group.state == NONCURRENT:
        return policy.noncurrent_days, policy.noncurrent_days
    if policy.expire_days is None or not bucket.is_versioned:
        return policy.expire_days, policy.expire_days
    kept = policy.noncurrent_days
    return (None, None) if kept is None else (policy.expire_days, policy.expire_days + kept)


def _groups(bucket: Bucket, prefix: str, cells: Sequence[Cell], policy: Policy) -> list[Group]:
    found = []
    for state in (CURRENT, NONCURRENT, UPLOAD):
        of_state = [cell for cell in cells if cell.state == state and cell.storage_class in RANKS]
        ends = lifetime(of_state, bucket.bucket_days) if state == CURRENT else None
        base = _sold(
            Steps(expire=ends).with_rules(in_force(bucket.rules, {cell.prefix for cell in of_state}, state)), bucket
        )
        edges = {age for cell in of_state for age in (cell.age_from, cell.age_to) if age}
        for is_small in (False, True):
            part = [cell for cell in of_state if cell.is_small == is_small]
            if part:
                has_small = any(cell.is_small for cell in of_state)
                stock = stock_of(part, bucket.bucket_days)
                found.append(Group(prefix, state, is_small, stock, base, policy, frozenset(edges), has_small))
    return found


def in_force(rules: Iterable[LifecycleRule], prefixes: Collection[str | None], state: str) -> Steps:
    """What rules in place do to objects under these prefixes (None: any), taken to act on all they may act on."""
    steps = Steps()
    for rule in rules:
        told = rule.prefix or ""
        meets = any(each is None or each.startswith(told) or told.startswith(each) for each in prefixes)
        if rule.is_enabled and meets:
            steps = steps.with_rules(_acting(rule, state))
    return steps


def _sold(steps: Steps, bucket: Bucket) -> Steps:
    """A move to a class that is not sold there never happens."""
    prices = bucket.prices.by_class
    return Steps(
        steps.one_zone if ONE_ZONE in prices else None, steps.glacier if GLACIER in prices else None, steps.expire
    )


def _acting(rule: LifecycleRule, state: str) -> Steps:
    if state == UPLOAD:
        return Steps(expire=rule.abort_days)
    if state == NONCURRENT:
        return replace(_moving(rule.noncurrent_transitions), expire=rule.noncurrent_days)
    return replace(_moving(rule.transitions), expire=rule.expire_days)


def _moving(transitions: Iterable[Transition]) -> Steps:
    """A move on a date is taken to have happened."""
    days = {each.storage_class: each.days or 0 for each in transitions}
    return Steps(days.get(ONE_ZONE), days.get(GLACIER))
