"""Passes the cost of shared pools on to those who bear it, pool after pool, until only bearers hold cost.

A pool's receivers may be pools themselves, as when a cluster bears a part of the platform and namespaces bear the
cluster; so pools are emptied in the order of who feeds whom, and a circle is refused. Nothing is lost on the way: what
a pool cannot pass on, since none of its receivers has a weight, stays with it and is told as unallocated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from pipelines.allocation.splitting import DECIMALS, NothingToSplitBy, Proportions, Weight
from pipelines.errors import ConfigurationError

_ZERO = Decimal(0)


@dataclass(frozen=True)
class Pool:
    """Shared cost with the weights by which its receivers bear it; `method` says where the weights come from."""

    name: str
    weights: Mapping[str, Weight]
    method: str

    @cached_property
    def proportions(self) -> Proportions | None:
        """The weights made ready, once for all amounts; None when none is above zero."""
        try:
            return Proportions(self.weights)
        except NothingToSplitBy:
            return None


@dataclass(frozen=True)
class Share:
    """What one pool passed to one receiver; without a receiver it is what the pool kept."""

    pool: str
    receiver: str | None
    amount: Decimal
    method: str


@dataclass(frozen=True)
class Allocation:
    """The shares passed on, in order, and what each bearer holds in the end: its own cost and its shares."""

    shares: tuple[Share, ...]
    borne: Mapping[str, Decimal]
    unallocated: Mapping[str, Decimal]


def allocate(own: Mapping[str, Decimal], pools: Sequence[Pool], decimals: int = DECIMALS) -> Allocation:
    """Who bears what of one day and currency. `own` is the cost of bearers and pools before anything is passed on.

    The sum of `borne` and `unallocated` equals the sum of `own`, exactly. Raises ConfigurationError when pools feed
    each other in a circle, or when two have one name.
    """
    named = _named(pools)
    held = dict(own)
    shares: list[Share] = []
    unallocated: dict[str, Decimal] = {}
    with localcontext() as exact:
        exact.prec = 60
        for name in _order(named):
            amount = held.pop(name, _ZERO)
            if not amount:
                continue
            proportions = named[name].proportions
            if proportions is None:
                unallocated[name] = amount
                shares.append(Share(name, None, amount, named[name].method))
                continue
            for receiver, part in proportions.split(amount, decimals).items():
                if part:
                    held[receiver] = held.get(receiver, _ZERO) + part
                    shares.append(Share(name, receiver, part, named[name].method))
    return Allocation(tuple(shares), held, unallocated)


def _named(pools: Sequence[Pool]) -> dict[str, Pool]:
    named: dict[str, Pool] = {}
    for pool in pools:
        if pool.name in named:
            raise ConfigurationError(f"allocation: two pools are named '{pool.name}'; give each its own name")
        named[pool.name] = pool
    return named


def _order(named: Mapping[str, Pool]) -> list[str]:
    """Pools so that each comes after all that feed it."""
    graph: dict[str, set[str]] = {name: set() for name in sorted(named)}
    for name, pool in named.items():
        for receiver, weight in pool.weights.items():
            if receiver in named and weight > 0:
                graph[receiver].add(name)
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as circle:
        path = " -> ".join(reversed(circle.args[1]))
        raise ConfigurationError(f"allocation: pools feed each other in a circle: {path}; take one out") from None
