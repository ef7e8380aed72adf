"""The lifecycle plan of a bucket: the rules that make the next twelve months cost least, added to those it has.

Every way to move and delete that the policy and Object Storage allow is priced on the cohorts of the newest listing and
on what comes in; the cheapest is taken if it costs less than leaving things as they are. Costs are piecewise linear in
the age of a move, so the cheapest age is one at which the histogram, the reads or a limit change, and only those are
tried. Rules in place stay, and are taken to act on all they may act on: what they do already is never counted again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import pairwise

from pipelines.lifecycle.choosing import Group, Kind, Move, best_moves, groups_of
from pipelines.lifecycle.costs import Prices, Reads, Steps, cost_of, monthly_rate
from pipelines.lifecycle.limits import MOST_RULES, Limits, limits_of
from pipelines.lifecycle.policy import Bucket
from pipelines.lifecycle.rules import ENABLED, LifecycleRule, Transition
from pipelines.lifecycle.stock import MARKER, Stock

HORIZON_DAYS = 365
MONTHS = 12
_SMALL_BYTES = 10**6
_NOTHING_READ = Reads(())


@dataclass(frozen=True)
class Part:
    """One kind of change to the objects under a prefix (empty for the whole bucket), and what it saves: by the month on
    what lies there today, and over the twelve months to come."""

    kind: Kind
    prefix: str
    rules: tuple[LifecycleRule, ...]
    monthly_saving: Decimal
    net_saving: Decimal


@dataclass(frozen=True)
class Plan:
    """What to add to a bucket's rules, and what it costs month by month before and after; `left` says what is left as
    it is and why. Money is in the currency of the prices."""

    parts: tuple[Part, ...]
    left: tuple[str, ...]
    rules: tuple[LifecycleRule, ...]
    monthly_before: Decimal
    monthly_after: Decimal
    before: tuple[Decimal, ...]
    after: tuple[Decimal, ...]

    @property
    def net_saving(self) -> Decimal:
        """Over the twelve months to come."""
        return sum(self.before, Decimal(0)) - sum(self.after, Decimal(0))

    @property
    def monthly_saving(self) -> Decimal:
        """On what lies there today, once the rules have acted."""
        return self.monthly_before - self.monthly_after

    @property
    def efficiency(self) -> Decimal | None:
        """What the bucket costs under the plan ÷ what it costs now; 1 where nothing can be saved, None without cost."""
        return self.monthly_after / self.monthly_before if self.monthly_before else None

    def of_kind(self, *kinds: Kind) -> Decimal:
        """What parts of these kinds save by the month."""
        return sum((part.monthly_saving for part in self.parts if part.kind in kinds), Decimal(0))


def plan_of(bucket: Bucket, day: date) -> Plan:
    """The plan for rules made on `day`. Raises ValueError where a class that holds bytes has no price, and where the
    bucket would have more rules than it may."""
    _check_prices(bucket)
    limits = limits_of(bucket.region, day)
    reads = bucket.reads or _NOTHING_READ
    groups = groups_of(bucket)
    moves = [move for group in groups for move in best_moves(group, bucket, limits, HORIZON_DAYS)]
    parts = [part for group in groups for part in _parts(group, moves, bucket.prices, reads)]
    parts += _markers(bucket, parts)
    rules = merged(bucket.rules, _unlike(rule for part in parts for rule in part.rules))
    before = [(group.stock, group.base) for group in groups]
    after = [(group.stock, _after(group, moves)) for group in groups]
    return Plan(
        parts=tuple(parts),
        left=tuple(dict.fromkeys(_left(groups, moves, bucket, limits))),
        rules=rules,
        monthly_before=_rate(before, bucket.prices, reads),
        monthly_after=_rate(after, bucket.prices, reads),
        before=_months(before, bucket.prices, reads),
        after=_months(after, bucket.prices, reads),
    )


def even_months(plan: Plan) -> list[Decimal]:
    """What the months to come cost if nothing is done, each brought to 730 hours: they differ by a day in length."""
    ends = [HORIZON_DAYS * month // MONTHS for month in range(MONTHS + 1)]
    mean = Decimal(HORIZON_DAYS) / MONTHS
    return [cost * mean / (until - since) for cost, (since, until) in zip(plan.before, pairwise(ends), strict=True)]


def merged(existing: Sequence[LifecycleRule], added: Iterable[LifecycleRule]) -> tuple[LifecycleRule, ...]:
    """All existing rules as they are, and the added ones under names nobody has yet.

    Raises ValueError where that is more than a bucket may have.
    """
    names = {rule.rule_id for rule in existing}
    rules = list(existing)
    for rule in added:
        name, number = rule.rule_id, 1
        while name in names:
            number += 1
            name = f"{rule.rule_id}-{number}"
        names.add(name)
        rules.append(_named(rule, name))
    if len(rules) > MOST_RULES:
        raise ValueError(
            f"{len(rules)} lifecycle rules; a bucket has at most {MOST_RULES}: merge some of its own first"
        )
    return tuple(rules)


def _unlike(rules: Iterable[LifecycleRule]) -> list[LifecycleRule]:
    """Each rule once: small and large objects under a prefix go by one."""
    found: list[LifecycleRule] = []
    for rule in rules:
        if rule not in found:
            found.append(rule)
    return found


def _parts(group: Group, moves: Sequence[Move], prices: Prices, reads: Reads) -> Iterator[Part]:
    base = group.base
    for move in moves:
        if move.group is group:
            steps = base.with_rules(move.effective)
            yield Part(
                kind=move.kind,
                prefix=group.prefix,
                rules=(_rule(move),),
                monthly_saving=monthly_rate(group.stock, base, prices, reads)
                - monthly_rate(group.stock, steps, prices, reads),
                net_saving=move.net_saving,
            )
            base = steps


def _rule(move: Move) -> LifecycleRule:
    """The rule that does what a move says, to objects of 1 MB or more where smaller ones lie there too."""
    group, steps = move.group, move.steps
    where = f"-{group.prefix.strip('/')}" if group.prefix else ""
    leaves_small = move.kind in (Kind.tiering, Kind.noncurrent_tiering) and group.beside_small
    told = Scope(prefix=group.prefix, larger_than=_SMALL_BYTES - 1 if leaves_small else None)
    pairs = ((steps.one_zone, "ONEZONE_IA"), (steps.glacier, "GLACIER"))
    transitions = tuple(Transition(name, days) for days, name in pairs if days is not None)
    name = f"{move.kind.value}{where}"[:200]
    if move.kind is Kind.uploads:
        return told.rule(name, abort_days=steps.expire)
    if move.kind in (Kind.noncurrent, Kind.noncurrent_tiering):
        return told.rule(name, noncurrent_transitions=transitions, noncurrent_days=steps.expire)
    return told.rule(name, transitions=transitions, expire_days=steps.expire)


@dataclass(frozen=True)
class Scope:
    """Which objects a new rule is about."""

    prefix: str = ""
    larger_than: int | None = None

    def rule(
        self,
        name: str,
        transitions: tuple[Transition, ...] = (),
        expire_days: int | None = None,
        noncurrent_transitions: tuple[Transition, ...] = (),
        noncurrent_days: int | None = None,
        abort_days: int | None = None,
        expire_markers: bool | None = None,
    ) -> LifecycleRule:
        """An enabled rule."""
        has_both = self.prefix != "" and self.larger_than is not None
        return LifecycleRule(
            rule_id=name,
            status=ENABLED,
            form="and" if has_both else "filter",
            prefix=self.prefix if self.prefix or self.larger_than is None else None,
            larger_than=self.larger_than,
            transitions=transitions,
            expire_days=expire_days,
            noncurrent_transitions=noncurrent_transitions,
            noncurrent_days=noncurrent_days,
            abort_days=abort_days,
            expire_markers=expire_markers,
        )


def _markers(bucket: Bucket, parts: Sequence[Part]) -> Iterator[Part]:
    """Delete markers with nothing behind them cost no euro; where there are many, or will be, they go."""
    least = bucket.policy.least_markers
    count = sum(cell.objects for cell in bucket.cells if cell.state == MARKER)
    expires = bucket.is_versioned and any(part.kind is Kind.expiry for part in parts)
    has_rule = any(rule.expire_markers and rule.is_enabled and not rule.prefix for rule in bucket.rules)
    if least is not None and not has_rule and (count >= least or expires):
        rule = Scope().rule(Kind.markers.value, expire_markers=True)
        yield Part(Kind.markers, "", (rule,), Decimal(0), Decimal(0))


def _after(group: Group, moves: Sequence[Move]) -> Steps:
    steps = group.base
    for move in moves:
        if move.group is group:
            steps = steps.with_rules(move.effective)
    return steps


def _rate(stocks: Sequence[tuple[Stock, Steps]], prices: Prices, reads: Reads) -> Decimal:
    return sum((monthly_rate(stock, steps, prices, reads) for stock, steps in stocks), Decimal(0))


def _months(stocks: Sequence[tuple[Stock, Steps]], prices: Prices, reads: Reads) -> tuple[Decimal, ...]:
    """What each of the months to come costs; they are of equal length to a day."""
    sums = [Decimal(0)]
    for month in range(1, MONTHS + 1):
        days = HORIZON_DAYS * month // MONTHS
        sums.append(sum((cost_of(stock, steps, prices, reads, days) for stock, steps in stocks), Decimal(0)))
    return tuple(after - before for before, after in pairwise(sums))


def _left(groups: Sequence[Group], moves: Sequence[Move], bucket: Bucket, limits: Limits) -> Iterator[str]:
    moved = [move.group for move in moves if move.kind in (Kind.tiering, Kind.noncurrent_tiering)]
    for group in groups:
        if group.is_tierable and group.stock.size and not any(each is group for each in moved):
            yield from group.why_not(bucket, limits)
        if group.is_small and group.stock.size:
            yield "objects below 1 MB stay where they are: an archive is not meant for them"


def _check_prices(bucket: Bucket) -> None:
    for cell in bucket.cells:
        if cell.size and cell.storage_class not in bucket.prices.by_class:
            raise ValueError(f"the class {cell.storage_class} of {bucket.region} has no price; update the price list")


def _named(rule: LifecycleRule, name: str | None) -> LifecycleRule:
    return rule if rule.rule_id == name else replace(rule, rule_id=name)
