"""How one pool of one day reaches its bearers: the pools it may pass through, and each bearer's part in words.

The parts in words are FOCUS's AllocatedMethodDetails: elements with AllocatedRatio, UsageUnit and UsageQuantity, and
under `x_` the basis (the day's or the month's driver), the pools in between, and what the split had to do without.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from assets.allocation_drivers import Labels
from assets.allocation_weights import POOL_PREFIX, PoolTerms, Weights
from pipelines.allocation.graph import Pool, allocate
from pipelines.allocation.splitting import Weight

_RATIO = Decimal("0.000000000001")


@dataclass(frozen=True)
class Part:
    """What a bearer gets, or without one what stays with the pool."""

    labels: Labels | None
    amount: Decimal
    method: str
    element: Mapping[str, Any] | None
    reason: str = ""


class Plan:
    """A pool with those it feeds, on one day, in one currency."""

    def __init__(self, pool: PoolTerms, terms: Mapping[str, PoolTerms], weigh: Callable[[PoolTerms], Weights]) -> None:
        """`weigh` gives a pool's weights over bearers, and over the pools it feeds."""
        self._pool = pool
        self._weights: dict[str, Weights] = {}
        self._pools: list[Pool] = []
        waiting = [pool.name]
        while waiting:
            name = waiting.pop()
            if name in self._weights:
                continue
            weights = self._weights[name] = weigh(terms[name])
            named: dict[str, Weight] = {_key(labels): weight for labels, weight in weights.by_receiver.items()}
            named |= {POOL_PREFIX + fed: weight for fed, weight in weights.fed.items()}
            self._pools.append(Pool(POOL_PREFIX + name, named, weights.method))
            waiting += weights.fed
        self._known = {key: _labels(key) for pool in self._pools for key in pool.weights if key[0] == "["}
        self._elements = self._worded()

    def parts(self, amount: Decimal, decimals: int) -> list[Part]:
        """Who bears how much of an amount; the sum is the amount, exactly."""
        own = POOL_PREFIX + self._pool.name
        found = allocate({own: amount}, self._pools, decimals)
        method = self._weights[self._pool.name].method
        parts = [Part(self._known[key], part, method, self._elements[key]) for key, part in found.borne.items() if part]
        for name, rest in found.unallocated.items():
            reason = self._weights[name.removeprefix(POOL_PREFIX)].reason or f"{name} has no receiver with a weight"
            parts.append(Part(None, rest, "unallocated", None, reason))
        return parts

    def _worded(self) -> dict[str, Mapping[str, Any]]:
        """Of each bearer its share of the pool and what it was weighed by."""
        shares, through = self._shares()
        return {key: self._element(key, share, through.get(key)) for key, share in shares.items()}

    def _shares(self) -> tuple[dict[str, Fraction], dict[str, list[str]]]:
        """Share of each bearer over all ways, and the pools its part came through."""
        shares: dict[str, Fraction] = {}
        through: dict[str, list[str]] = {}
        by_name = {pool.name: pool for pool in self._pools}

        def follow(name: str, share: Fraction, way: tuple[str, ...]) -> None:
            proportions = by_name[name].proportions
            for receiver in by_name[name].weights if proportions and name not in way else ():
                part = share * proportions.share(receiver) if proportions else Fraction(0)
                if receiver in by_name and part:
                    follow(receiver, part, (*way, name))
                elif part:
                    shares[receiver] = shares.get(receiver, Fraction(0)) + part
                    names = (each.removeprefix(POOL_PREFIX) for each in (*way, name)[1:])
                    through.setdefault(receiver, []).extend(each for each in names)

        follow(POOL_PREFIX + self._pool.name, Fraction(1), ())
        return shares, through

    def _element(self, key: str, share: Fraction, through: list[str] | None) -> Mapping[str, Any]:
        weights = self._weights[self._pool.name]
        quantity = weights.by_receiver.get(_labels(key))
        element: dict[str, Any] = {"AllocatedRatio": number(share)}
        if quantity is not None:
            element |= {"UsageUnit": weights.unit, "UsageQuantity": number(quantity)}
        element["x_Basis"] = weights.basis
        if through:
            element["x_Through"] = sorted(set(through))
        if weights.reason:
            element["x_Reason"] = weights.reason
        return element


def number(value: Weight) -> float | int:
    """As JSON writes a number: to twelve decimals, for reading; nothing is worked out from it."""
    above, below = value.as_integer_ratio()
    with localcontext() as exact:
        exact.prec = 60
        rounded = (Decimal(above) / Decimal(below)).quantize(_RATIO)
    return int(rounded) if rounded == rounded.to_integral_value() else float(rounded)


def added(first: Decimal, second: Decimal) -> Decimal:
    """The exact sum of two amounts of money."""
    with localcontext() as exact:
        exact.prec = 60
        return first + second


def details(elements: list[Mapping[str, Any]], reason: str = "") -> str:
    """AllocatedMethodDetails as JSON."""
    told: dict[str, Any] = {"Elements": elements}
    if reason:
        told["x_Reason"] = reason
    return json.dumps(told, sort_keys=True, ensure_ascii=False)


def _key(labels: Labels) -> str:
    return json.dumps(labels, ensure_ascii=False)


def _labels(key: str) -> Labels:
    return tuple(json.loads(key))
