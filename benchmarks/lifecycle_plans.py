"""Are lifecycle plans legal, without loss, worth it, and the cheapest there are?

`python -m benchmarks.lifecycle_plans --buckets 10000` draws buckets, policies, prices, reads and rules in place from a
seed, plans each, and counts what must be nought: rules that Object Storage would refuse, rules in place that were lost
or changed, plans that cost more than doing nothing, and plans that change once they are applied. On small cases the
plan is held against a search of all allowed ages by a simulation that goes day by day and object by object and knows
nothing of the planner's formulas; the worst gap is printed. It ends with 1 where any of it fails.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from resource import RUSAGE_SELF, getrusage

import numpy as np

from pipelines.lifecycle.choosing import Kind, groups_of
from pipelines.lifecycle.costs import Prices, Reads
from pipelines.lifecycle.limits import RANKS, limits_of, problems
from pipelines.lifecycle.plan import HORIZON_DAYS, Plan, plan_of
from pipelines.lifecycle.policy import Bucket, Policy
from pipelines.lifecycle.rules import ENABLED, LifecycleRule, Transition, parse_rules, written
from pipelines.lifecycle.stock import Cell, Stock

DAY = date(2026, 11, 18)
_EDGES = (0, 1, 7, 30, 60, 90, 180, 365, 730, None)
_CLASSES = ("STANDARD", "ONEZONE_IA", "GLACIER")
_TOLERANCE = Decimal("0.01")
_DUST = Decimal("0.01")


def drawn(seed: int, most_cells: int = 12) -> Bucket:
    """A bucket nobody tuned anything to; the same seed draws the same one."""
    dice = random.Random(seed)  # noqa: S311 (buckets, not secrets)
    region = dice.choice(("fr-par", "nl-ams", "pl-waw", "it-mil", "xx-new"))
    sold = limits_of(region, DAY).classes
    prices = Prices(
        by_class={name: Decimal(dice.randint(1, 300)) / 10_000 for name in _CLASSES if name in sold},
        restore=Decimal(dice.choice((0, 9, 9, 40))) / 1000,
        per_1000_moves=Decimal(dice.choice((0, 0, 1, 50))) / 1000,
        minimum_days=dice.choice(({}, {}, {"GLACIER": 90}, {"GLACIER": 180, "ONEZONE_IA": 30})),
    )
    prefixes = dice.choice(((None,), ("",), ("logs/", "data/"), ("logs/", None)))
    cells = [_cell(dice, prefixes, sold) for _ in range(dice.randint(0, most_cells))]
    policy = _policy(dice)
    reads = Reads(tuple((age, Decimal(dice.choice((0, 1, 5, 100, 3000))) / 1000) for age in (0, 30, 180)))
    return Bucket(
        region=region,
        cells=list({(c.prefix, c.storage_class, c.state, c.age_from, c.is_small): c for c in cells}.values()),
        rules=tuple(_rule(dice, number) for number in range(dice.choice((0, 0, 1, 3)))),
        is_versioned=dice.random() < 0.4,
        bucket_days=dice.choice((None, 10, 200, 1500)),
        prices=prices,
        reads=dice.choice((None, reads, Reads(((0, Decimal(0)),)))),
        policy=policy,
        policies={"logs/": _policy(dice)} if dice.random() < 0.3 else {},
    )


def faults(bucket: Bucket, plan: Plan) -> Iterator[str]:
    """What is wrong with a plan, one word for each thing."""
    limits = limits_of(bucket.region, DAY)
    added = plan.rules[len(bucket.rules) :]
    yield from ("illegal rule" for rule in added if problems(rule, limits))
    told = written(bucket.rules)["Rules"]
    if written(plan.rules)["Rules"][: len(told)] != told or parse_rules(written(plan.rules)["Rules"]) != plan.rules:
        yield "lost rule"
    names = [rule.rule_id for rule in plan.rules if rule.rule_id is not None]
    if len(names) != len(set(names)):
        yield "name used twice"
    if plan.net_saving < 0 or any(part.net_saving < 0 for part in plan.parts):
        yield "negative net"
    if any(part.net_saving == 0 and part.kind is not Kind.markers for part in plan.parts):
        yield "rule without effect"
    if plan_of(replace(bucket, rules=plan.rules), DAY).parts:
        yield "unstable plan"


def gap(bucket: Bucket, plan: Plan) -> Decimal:
    """By which share of it the plan saves less over the twelve months than the best of all ages the policy allows.

    The bucket has one group of objects, in Standard, and no shortest stay. Every pair of whole days is searched.
    """
    group = next(each for each in groups_of(bucket) if each.is_tierable)
    limits, policy = limits_of(bucket.region, DAY), group.policy
    hot = max(policy.hot_days, limits.minimum_days["ONEZONE_IA"])
    cold = max(policy.archive_days, limits.minimum_days["GLACIER"])
    sums = {name: costs_by_age(group.stock, name, bucket, policy.expire_days) for name in bucket.prices.by_class}
    last = len(sums["STANDARD"]) - 1
    zones = np.array([last, *(range(hot, last) if policy.may_lose_zones else ())])[:, None]
    archive = np.array([last, *range(cold, last)])[None, :]
    first = np.minimum(zones, archive)
    costs = (
        sums["STANDARD"][first]
        + (sums["ONEZONE_IA"][archive] - sums["ONEZONE_IA"][first])
        + (sums["GLACIER"][last] - sums["GLACIER"][archive])
    )
    nothing, best = Decimal(float(sums["STANDARD"][last])), Decimal(float(costs.min()))
    ours = sum((part.net_saving for part in plan.parts if part.kind is Kind.tiering), Decimal(0))
    possible = nothing - best
    return Decimal(0) if possible <= _DUST else (possible - ours) / possible


def costs_by_age(stock: Stock, storage_class: str, bucket: Bucket, expire: int | None) -> np.ndarray:
    """What all days on which something is younger than an age cost in a class: one number for each age, from 0 on.

    Made day by day and object by object.
    """
    cells = [(each.age, each.size) for each in stock.cohorts]
    cells += [(-day, stock.inflow_size) for day in range(HORIZON_DAYS)]
    weights = np.zeros(max(age for age, _ in cells) + HORIZON_DAYS + 1)
    for age, size in cells:
        for day in range(max(0, -age), HORIZON_DAYS):
            if expire is None or age + day < expire:
                weights[age + day] += size / 1e9
    shares = [_read_share(bucket.reads, age) for age in range(len(weights))]
    restores = np.array(shares) * float(bucket.prices.restore) if storage_class == "GLACIER" else 0.0
    daily = weights * (float(bucket.prices.by_class[storage_class]) + restores) * 24 / 730
    return np.concatenate([[0.0], np.cumsum(daily)])


def _read_share(reads: Reads | None, age: int) -> float:
    told = reads.by_age if reads else ()
    return next((float(share) for low, share in reversed(told) if low <= age), 0.0)


def daily_cost(
    stock: Stock, steps: tuple[int | None, int | None, int | None], prices: Prices, reads: Reads | None
) -> Decimal:
    """The cost of the days to come, one day and one cohort after the other."""
    born = [(stock.inflow_class, -day, stock.inflow_size, stock.inflow_objects) for day in range(HORIZON_DAYS)]
    total = 0.0
    for held, age, size, objects in [*((c.storage_class, c.age, c.size, c.objects) for c in stock.cohorts), *born]:
        total += _one(held, age, size, objects, steps, prices, reads)
    return Decimal(total)


def _one(held: str, age: int, size: int, objects: int, steps: Sequence[int | None], prices: Prices,
         reads: Reads | None) -> float:  # fmt: skip
    one_zone, glacier, expire = steps
    gigabytes, total, since, first = size / 1e9, 0.0, 0, held
    if not size or (expire is not None and age >= expire):
        return 0.0
    for day in range(max(0, -age), HORIZON_DAYS):
        now = age + day
        if expire is not None and now >= expire:
            short = prices.minimum_days.get(held, 0) - (now - since)
            return total + (_daily(prices, held, gigabytes) * max(0, short) if held != first else 0.0)
        due = [name for name, at in (("ONEZONE_IA", one_zone), ("GLACIER", glacier)) if at is not None and now >= at]
        colder = max([held, *due], key=lambda name: RANKS[name])
        if colder != held:
            held, since = colder, now
            total += float(prices.per_1000_moves) * objects / 1000
        total += _daily(prices, held, gigabytes)
        if held == "GLACIER":
            total += _read_share(reads, now) * float(prices.restore) * gigabytes * 24 / 730
    return total


def small_case(seed: int) -> Bucket:
    """One group of large objects in Standard without rules, so that all ages can be searched."""
    dice = random.Random(seed)  # noqa: S311 (buckets, not secrets)
    places = dice.sample(range(len(_EDGES) - 1), 3)
    cells = [
        Cell("", "STANDARD", "current", _EDGES[at] or 0, _EDGES[at + 1], False, 50, dice.randint(1, 5000) * 10**9)
        for at in places
    ]
    full = Prices({"STANDARD": Decimal("0.0146"), "ONEZONE_IA": Decimal("0.012"), "GLACIER": Decimal("0.0025")},
                  Decimal("0.009"))  # fmt: skip
    shares = [Decimal(dice.choice((0, 2, 20, 400, 3000))) / 1000 for _ in range(3)]
    return Bucket(
        region="fr-par", cells=cells, rules=(), is_versioned=False, bucket_days=None, prices=full,
        reads=Reads(tuple(zip((0, 90, 365), shares, strict=True))),
        policy=Policy(
            hot_days=30, archive_days=dice.choice((90, 180)), may_lose_zones=dice.random() < 0.6,
            expire_days=dice.choice((None, None, 400)), most_read=Decimal(10),
        ),
    )  # fmt: skip


def _daily(prices: Prices, storage_class: str, gigabytes: float) -> float:
    return float(prices.by_class[storage_class]) * gigabytes * 24 / 730


def _cell(dice: random.Random, prefixes: Sequence[str | None], sold: Sequence[str]) -> Cell:
    at = dice.randrange(len(_EDGES) - 1)
    state = dice.choice(("current", "current", "current", "noncurrent", "delete_marker", "incomplete_upload"))
    size = 0 if state == "delete_marker" else dice.choice((0, 10**6, dice.randint(1, 10**14)))
    is_small = state != "incomplete_upload" and dice.random() < 0.3
    prefix = None if state == "incomplete_upload" else dice.choice(prefixes)
    return Cell(prefix, dice.choice(sold), state, _EDGES[at] or 0, _EDGES[at + 1], is_small,
                dice.randint(0, 10**5), size)  # fmt: skip


def _policy(dice: random.Random) -> Policy:
    return Policy(
        hot_days=dice.choice((0, 7, 30, 60)),
        archive_days=dice.choice((0, 30, 90, 180, 400)),
        may_lose_zones=dice.random() < 0.5,
        may_archive=dice.random() < 0.8,
        expire_days=dice.choice((None, None, 1, 45, 90, 1000)),
        noncurrent_days=dice.choice((None, 1, 30, 365)),
        abort_days=dice.choice((None, 1, 7)),
        most_read=Decimal(dice.choice((0, 20, 500))) / 1000,
    )


def _rule(dice: random.Random, number: int) -> LifecycleRule:
    return LifecycleRule(
        rule_id=dice.choice((None, f"own-{number}", "move-cold-objects")) if number == 0 else f"own-{number}",
        status=dice.choice((ENABLED, ENABLED, "Disabled")),
        form=dice.choice(("old", "filter", "and")),
        prefix=dice.choice(("", "logs/", "data/2024/")),
        transitions=dice.choice(((), (Transition("GLACIER", dice.choice((1, 90, 400))),))),
        expire_days=dice.choice((None, 30, 3000)),
        noncurrent_days=dice.choice((None, 10, 300)),
        abort_days=dice.choice((None, 3, 60)),
        others=dice.choice(({}, {"Something": {"Else": 1}})),
    )


def main() -> int:
    """Count, print, and say whether all is well."""
    told = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    told.add_argument("--buckets", type=int, default=10_000)
    told.add_argument("--small-cases", type=int, default=20)
    words = told.parse_args()
    counted: Counter[str] = Counter()
    planned = saving = 0
    for seed in range(words.buckets):
        bucket = drawn(seed)
        plan = plan_of(bucket, DAY)
        counted.update(faults(bucket, plan))
        planned += len(plan.rules) - len(bucket.rules)
        saving += bool(plan.parts)
    cases = [small_case(seed) for seed in range(words.small_cases)]
    worst = max((gap(case, plan_of(case, DAY)) for case in cases), default=Decimal(0))
    used = getrusage(RUSAGE_SELF)
    print(f"buckets {words.buckets}, plans that change something {saving}, rules added {planned}")
    for fault in ("illegal rule", "lost rule", "negative net", "name used twice", "rule without effect",
                  "unstable plan"):  # fmt: skip
        print(f"{fault:22} {counted[fault]}")
    print(f"worst gap to the best of all ages {worst:.4%} on {len(cases)} small cases")
    print(f"CPU seconds {used.ru_utime + used.ru_stime:.1f}")
    return int(bool(counted) or worst > _TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
