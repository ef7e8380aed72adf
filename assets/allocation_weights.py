"""Who bears a pool on a day by which weights: those of its driver, else of the month, else direct cost.

The labels a pool names in `by` tell its receivers apart, the others are unknown. Cost nobody is known to bear is a
receiver like any other where a quantity tells its part, and none where receivers are merely counted. No Dagster here.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from assets.allocation_drivers import Labels, Measured
from pipelines.allocation.splitting import Weight
from pipelines.settings_allocation import DIMENSIONS

NOBODY: Labels = (None,) * len(DIMENSIONS)
POOL_PREFIX = "pool:"
"""Receivers that are pools are named apart from labels, which are JSON lists."""


@dataclass(frozen=True)
class PoolTerms:
    """A pool as the lake's table of pools tells it."""

    name: str
    split: str
    by: frozenset[str]
    weights: Mapping[str, Decimal]
    pools: tuple[str, ...]
    only: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> PoolTerms:
        """From a row of bronze.allocation_pools."""
        return cls(
            row["name"],
            row["split"],
            frozenset(row["by"]),
            {name: Decimal(weight) for name, weight in json.loads(row["weights"]).items()},
            tuple(row["pools"]),
            {name: row[f"only_{name}"] for name in DIMENSIONS if row[f"only_{name}"] is not None},
        )

    def receiver(self, labels: Labels) -> Labels | None:
        """Which receiver someone with these labels is; None for one the pool leaves out."""
        for name, label in zip(DIMENSIONS, labels, strict=True):
            if name in self.only and not any(_is_like(label or "", pattern) for pattern in self.only[name]):
                return None
        return tuple(label if name in self.by else None for name, label in zip(DIMENSIONS, labels, strict=True))


def _is_like(text: str, pattern: str) -> bool:
    """As DuckDB's `like … escape '~'`, of lower case; patterns are few and short."""
    parts = re.findall(r"~.|.", pattern, re.DOTALL)
    made = "".join(".*" if p == "%" else "." if p == "_" else re.escape(p[-1]) for p in parts)
    return re.fullmatch(made, text.lower(), re.DOTALL) is not None


@dataclass(frozen=True)
class Weights:
    """Weights by receiver, where they come from, and what had to be done without."""

    by_receiver: Mapping[Labels, Weight]
    method: str
    unit: str
    basis: str
    reason: str = ""
    fed: Mapping[str, Weight] = field(default_factory=dict)


@dataclass
class Drivers:
    """All quantities of a month. Direct and pooled cost are of one currency; the place of the latter is its pool."""

    direct: Sequence[Measured]
    pooled: Sequence[Measured] = ()
    requests: Sequence[Measured] = ()
    telemetry: Mapping[date, Mapping[str, Decimal]] = field(default_factory=dict)
    clusters: Sequence[Measured] = ()

    def __post_init__(self) -> None:
        self._direct = _by_day(self.direct)
        self._pooled = _by_day(self.pooled)
        self._requests = _by_day(self.requests)
        self._clusters = _by_day(self.clusters)
        self._places = sorted({found.place for found in self.clusters})

    def weights(self, pool: PoolTerms, day: date, cluster: str | None, environment: str | None) -> Weights:
        """The best weights there are. `cluster` and `environment` are those of the cost that is split."""
        if pool.split == "weight":
            fed = {name: weight for name, weight in pool.weights.items() if name in pool.pools}
            return Weights(self._configured(pool), "weight", "weights", "settings", fed=fed)
        if pool.split == "even":
            return self._even(pool, day)
        if pool.split != "cost":
            for basis, days in (("day", [day]), ("month", None)):
                found = self._driven(pool, days, cluster, environment)
                if any(weight > 0 for weight in found.values()):
                    return Weights(found, pool.split, _UNITS[pool.split], basis)
        return self._by_cost(pool, day)

    def _by_cost(self, pool: PoolTerms, day: date) -> Weights:
        reason = "" if pool.split == "cost" else f"no {_UNITS[pool.split]} are known of this month"
        by_basis = {
            "day": (self._direct.get(day, ()), self._pooled.get(day, ())),
            "month": (self.direct, self.pooled),
        }
        for basis, (direct, pooled) in by_basis.items():
            weights = _positive(_summed(pool, ((each.labels, each.quantity) for each in direct)))
            fed = {
                name: sum((each.quantity for each in pooled if each.place == name), Decimal(0)) for name in pool.pools
            }
            fed = {name: cost for name, cost in fed.items() if cost > 0}
            if weights or fed:
                return Weights(weights, "cost", "direct cost", basis, reason, fed)
        return Weights({}, "unallocated", "direct cost", "none", reason or "nobody has direct cost in this month")

    def _even(self, pool: PoolTerms, day: date) -> Weights:
        for basis, found in (("day", self._direct.get(day, ())), ("month", self.direct)):
            named = {pool.receiver(each.labels) for each in found} - {None, NOBODY}
            if named or pool.pools:
                even: dict[Labels, Weight] = {each: 1 for each in named if each is not None}
                return Weights(even, "even", "receivers", basis, fed=dict.fromkeys(pool.pools, 1))
        return Weights({}, "unallocated", "receivers", "none", "no receiver is known in this month")

    def _configured(self, pool: PoolTerms) -> dict[Labels, Weight]:
        """A weight names a value of the pool's one label; who has it in this month's direct cost gives its spelling."""
        (dimension,) = pool.by
        place = DIMENSIONS.index(dimension)
        spelled = {label.casefold(): label for each in self.direct if (label := each.labels[place]) is not None}
        weights: dict[Labels, Weight] = {}
        for name, weight in pool.weights.items():
            if name in pool.pools:
                continue
            label = spelled.get(name.casefold(), name)
            weights[(*NOBODY[:place], label, *NOBODY[place + 1 :])] = weight
        return weights

    def _driven(
        self, pool: PoolTerms, days: Sequence[date] | None, cluster: str | None, environment: str | None
    ) -> dict[Labels, Weight]:
        if pool.split == "requests":
            found = _chosen(self._requests, days)
            return _summed(pool, ((each.labels, each.quantity) for each in found))
        if pool.split == "kubernetes":
            place = cluster or (self._places[0] if len(self._places) == 1 else None)
            used = (each for each in _chosen(self._clusters, days) if each.place == place)
            return _summed(pool, ((_in_environment(each.labels, environment), each.quantity) for each in used))
        return self._by_telemetry(pool, days)

    def _by_telemetry(self, pool: PoolTerms, days: Sequence[date] | None) -> dict[Labels, Weight]:
        """A project's volume goes to those who bear the project, as they bear its direct cost of the month."""
        volumes: dict[str, Decimal] = defaultdict(Decimal)
        for day in self.telemetry if days is None else days:
            for project, volume in self.telemetry.get(day, {}).items():
                volumes[project] += volume
        bearers: dict[str, dict[Labels, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for each in self.direct:
            if each.place in volumes:
                bearers[each.place][each.labels] += each.quantity
        parts: list[tuple[Labels, Weight]] = []
        for project, volume in volumes.items():
            shares = _positive(bearers[project]) or {NOBODY: Decimal(1)}
            whole = sum(Fraction(share) for share in shares.values())
            parts += [(labels, Fraction(volume) * Fraction(share) / whole) for labels, share in shares.items()]
        return _summed(pool, parts)


_UNITS = {"requests": "requests", "telemetry": "samples or bytes", "kubernetes": "cluster use"}


def _by_day(found: Iterable[Measured]) -> dict[date, list[Measured]]:
    days: dict[date, list[Measured]] = {}
    for each in found:
        days.setdefault(each.day, []).append(each)
    return days


def _chosen(by_day: Mapping[date, Sequence[Measured]], days: Sequence[date] | None) -> Iterable[Measured]:
    return (each for day in (by_day if days is None else days) for each in by_day.get(day, ()))


def _summed(pool: PoolTerms, quantities: Iterable[tuple[Labels, Weight]]) -> dict[Labels, Weight]:
    summed: dict[Labels, Weight] = {}
    for labels, quantity in quantities:
        receiver = pool.receiver(labels)
        if receiver is not None:
            before = summed.get(receiver)
            summed[receiver] = quantity if before is None else _added(before, quantity)
    return summed


def _added(before: Weight, quantity: Weight) -> Weight:
    if isinstance(before, Fraction) or isinstance(quantity, Fraction):
        return Fraction(before) + Fraction(quantity)
    return Decimal(before) + Decimal(quantity)


def _positive(weights: Mapping[Labels, Weight]) -> dict[Labels, Weight]:
    """A credit earns nobody a part of shared cost."""
    return {labels: weight for labels, weight in weights.items() if weight > 0}


def _in_environment(labels: Labels, environment: str | None) -> Labels:
    """A namespace is in the environment of its nodes, unless a rule says otherwise."""
    place = DIMENSIONS.index("environment")
    return labels if labels[place] else (*labels[:place], environment, *labels[place + 1 :])
