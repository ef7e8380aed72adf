"""Who bears the cost of each day: what is their own, and their parts of shared pools, to the last decimal.

Shared cost is split by day, pool, project, service and region, so that the parts of each add up to it. Each part is the
exact share rounded towards zero; what is left over goes, one unit of 10^-12 each, to the parts with the largest
remainders, and among equal ones to the first names in order, a bearer's name being its labels as a JSON list.
A pool is split by the drivers of its day, else of its month, else by direct cost.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from simulator.kpi_costs import Spent, service_of
from simulator.kpi_drivers import Drivers
from simulator.kpi_labels import Labeller, Labels, fits, pools_in_order
from simulator.kpi_settings import DIMENSIONS, PoolRule

Bearer: TypeAlias = tuple[str | None, ...]
"""One label for each of DIMENSIONS; None is not known."""
NOBODY: Bearer = (None,) * len(DIMENSIONS)
Weights: TypeAlias = dict[str, Fraction]
_POOL = "pool:"


@dataclass(frozen=True, slots=True)
class Borne:
    """Cost of one day as one bearer has it; `pool` is empty for its own. What nobody bears has no bearer."""

    day: int
    bearer: Bearer | None
    service: str
    pool: str
    units: int


def label(bearer: Bearer, name: str) -> str | None:
    return bearer[DIMENSIONS.index(name)]


def allocated(spent: Iterable[Spent], labeller: Labeller, drivers: Drivers) -> Iterator[Borne]:
    """Everything that is borne in a month, day by day; its sum is the sum of what was spent."""
    own: dict[int, dict[Bearer, int]] = {}
    pooled: dict[tuple[int, str, str, str, str], int] = {}
    for piece in spent:
        owned, resource = labeller.of(piece), piece.resource
        service = service_of(piece.offer.sku, piece.offer.category)
        if owned.pool is None:
            held, bearer = own.setdefault(piece.day, {}), bearer_of(owned.labels)
            held[bearer] = held.get(bearer, 0) + piece.units
            drivers.direct(resource.project.name, bearer, piece.units)
            yield Borne(piece.day, bearer, service, "", piece.units)
        else:
            cell = (piece.day, owned.pool, resource.project.name, service, resource.zone[:6])
            pooled[cell] = pooled.get(cell, 0) + piece.units
    weigher = _Weigher(labeller, drivers, own, pooled)
    for (day, pool, _, service, _), amount in sorted(pooled.items()):
        for receiver, units in weigher.parts(day, pool, amount):
            yield Borne(day, receiver, service, pool, units)


def bearer_of(labels: Labels, by: Iterable[str] = DIMENSIONS) -> Bearer:
    wanted = set(by)
    return tuple(labels.get(name) if name in wanted else None for name in DIMENSIONS)


class _Weigher:
    """The weights of each pool on each day, and the parts that follow from them."""

    def __init__(
        self,
        labeller: Labeller,
        drivers: Drivers,
        own: Mapping[int, Mapping[Bearer, int]],
        pooled: Mapping[tuple[int, str, str, str, str], int],
    ) -> None:
        self._pools = list(pools_in_order(labeller.rules))
        self._drivers = drivers
        self._own = own
        self._month = _added(own.values())
        self._pooled: dict[tuple[int | None, str], int] = {}
        for (day, pool, *_), units in pooled.items():
            for key in ((day, pool), (None, pool)):
                self._pooled[key] = self._pooled.get(key, 0) + units
        self._known: dict[tuple[int, str], Weights] = {}

    def parts(self, day: int, pool: str, amount: int) -> list[tuple[Bearer | None, int]]:
        """Who bears how much, passing through other pools where these bear a part."""
        held: dict[str, int] = {_POOL + pool: amount}
        kept = 0
        for rule in self._pools:
            units = held.pop(_POOL + rule.name, 0)
            if not units:
                continue
            parts = split(units, self.weights(day, rule))
            kept += 0 if parts else units
            for name, part in parts.items():
                held[name] = held.get(name, 0) + part
        found: list[tuple[Bearer | None, int]] = [
            (tuple(json.loads(name)), units) for name, units in held.items() if units
        ]
        return [*found, *([(None, kept)] if kept else [])]

    def weights(self, day: int, pool: PoolRule) -> Weights:
        key = day, pool.name
        if key not in self._known:
            self._known[key] = self._weighed(day, pool)
        return self._known[key]

    def _weighed(self, day: int, pool: PoolRule) -> Weights:
        mine = self._own.get(day, {})
        if pool.split == "weight":
            return self._configured(pool)
        if pool.split == "even":
            fed = [_POOL + name for name in pool.pools]
            for found in (mine, self._month):
                named = {self._receiver(pool, bearer) for bearer in found} - {None, NOBODY}
                if named or fed:
                    return dict.fromkeys([*(_name(each) for each in named if each), *fed], Fraction(1))
            return {}
        if pool.split != "cost":
            for basis in (day, None):
                driven = self._summed(pool, self._drivers.measured(pool.split, basis))
                if any(weight > 0 for weight in driven.values()):
                    return driven
        return self._by_cost(pool, day)

    def _by_cost(self, pool: PoolRule, day: int) -> Weights:
        for basis, own in ((day, self._own.get(day, {})), (None, self._month)):
            weights = self._summed(pool, ((bearer, Fraction(units)) for bearer, units in own.items()))
            weights |= {_POOL + name: Fraction(self._pooled.get((basis, name), 0)) for name in pool.pools}
            weights = {name: weight for name, weight in weights.items() if weight > 0}
            if weights:
                return weights
        return {}

    def _configured(self, pool: PoolRule) -> Weights:
        """A weight names a value of the pool's one label, or a pool that is fed."""
        place = DIMENSIONS.index(pool.by[0])
        labels = [bearer[place] for bearer in self._month]
        spelled = {one.casefold(): one for one in labels if one is not None}
        weights: Weights = {}
        for name, weight in pool.weights.items():
            one = spelled.get(name.casefold(), name)
            bearer = (*NOBODY[:place], one, *NOBODY[place + 1 :])
            weights[_POOL + name if name in pool.pools else _name(bearer)] = Fraction(weight)
        return weights

    def _summed(self, pool: PoolRule, quantities: Iterable[tuple[Bearer, Fraction]]) -> Weights:
        weights: Weights = {}
        for bearer, quantity in quantities:
            receiver = self._receiver(pool, bearer)
            if receiver is not None:
                name = _name(receiver)
                weights[name] = weights.get(name, Fraction(0)) + quantity
        return weights

    def _receiver(self, pool: PoolRule, bearer: Bearer) -> Bearer | None:
        """Which receiver a bearer is; None for one the pool leaves out."""
        labels = {name: found for name, found in zip(DIMENSIONS, bearer, strict=True) if found}
        return bearer_of(labels, pool.by) if fits(pool.receivers, labels) else None


def split(amount: int, weights: Mapping[str, Fraction]) -> dict[str, int]:
    """Parts that add up to the amount; none where no weight is above zero."""
    shares = {name: weight for name, weight in weights.items() if weight > 0}
    whole = sum(shares.values())
    sign, size = (-1, -amount) if amount < 0 else (1, amount)
    quotas = {name: size * share / whole for name, share in shares.items()}
    parts = {name: int(quota) for name, quota in quotas.items()}
    left = size - sum(parts.values())
    for name in sorted(quotas, key=lambda name: (parts[name] - quotas[name], name))[:left]:
        parts[name] += 1
    return {name: sign * part for name, part in parts.items()}


def _name(bearer: Bearer) -> str:
    return json.dumps(bearer, ensure_ascii=False)


def _added(days: Iterable[Mapping[Bearer, int]]) -> dict[Bearer, int]:
    total: dict[Bearer, int] = {}
    for day in days:
        for bearer, units in day.items():
            total[bearer] = total.get(bearer, 0) + units
    return total
