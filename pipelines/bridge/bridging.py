"""The bridge of a total, and of a KPI: cost divided by a driver.

The cost of an item that was there in both periods is a product:

    cost = unit price x share of its group x quantity of its group

* **price**: the unit price that was really paid, cost divided by quantity.
* **mix**: its share of the group's quantity; a group holds one unit, so hours are never added to gigabytes.
* **volume** and **efficiency** come from the group's quantity. In a total, where the item follows a known driver, the
  quantity is driver x quantity per driver: the driver is volume, the quantity per driver efficiency. Where it follows
  none, the quantity is volume. In a KPI the driver stands below the line: what follows it has no volume effect, what
  does not is spread over more or fewer (volume), and the quantity itself is efficiency.
* **new** and **gone**: the whole cost of an item that was there in one period only.
* **not separable**: an item without a quantity or a price to derive it from, or whose unit price makes no sense.

The factors' effects are the mean over all orders (decomposition.py), reckoned in fractions. They are rounded once:
the figures of both periods first, then the items' changes to their difference, then each item's effects to its change
(rounding.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from pipelines.bridge.decomposition import product_effects
from pipelines.bridge.items import Amount, Bridge, Driver, Effect, Item, NoBridge, Part
from pipelines.bridge.rounding import DECIMALS, amount, is_whole, rounded, rounded_parts
from pipelines.errors import UsageError

_Pair = tuple[Fraction, Fraction]
_ONE = (Fraction(1), Fraction(1))

FARTHEST_PRICE = 2
"""A cost of more than so many times quantity and unit price has other reasons than both, as charges beside credits."""

_Rest = Callable[[Item, _Pair], dict[Effect, _Pair]]


def total_bridge(items: Sequence[Item], drivers: Iterable[Driver] = ()) -> Bridge:
    """The change of the items' total cost. A driver that is not known, or zero, in a period counts as none."""
    known = {driver.name: _pair(driver) for driver in drivers if driver.is_known}

    def rest(item: Item, quantity: _Pair) -> dict[Effect, _Pair]:
        driver = known.get(item.driver) if item.driver is not None else None
        if driver is None:
            return {Effect.volume: quantity}
        return {Effect.volume: driver, Effect.efficiency: (quantity[0] / driver[0], quantity[1] / driver[1])}

    return _bridge(items, _ONE, rest)


def kpi_bridge(items: Sequence[Item], driver: Driver, per: Decimal | int = 1) -> Bridge | NoBridge:
    """The change of `per` x cost ÷ driver, such as per = 1000 for the cost of a thousand requests."""
    for when, value in (("before", driver.before), ("after", driver.after)):
        if value is None:
            return NoBridge(f"{driver.name} are not known in the period {when}")
        if value <= 0:
            return NoBridge(f"{driver.name} are {value} in the period {when}: nothing to divide by")
    before, after = _pair(driver)
    scale = (Fraction(per) / before, Fraction(per) / after)

    def rest(item: Item, quantity: _Pair) -> dict[Effect, _Pair]:
        if item.driver == driver.name:
            return {Effect.efficiency: (quantity[0] * scale[0], quantity[1] * scale[1])}
        return {Effect.efficiency: quantity, Effect.volume: scale}

    return _bridge(items, scale, rest)


def _bridge(items: Sequence[Item], scale: _Pair, rest: _Rest) -> Bridge:
    ordered = sorted(items, key=lambda item: item.name)
    _refuse_unusable(ordered)
    costs = {item.name: (_cost(item.before) * scale[0], _cost(item.after) * scale[1]) for item in ordered}
    before = rounded(sum((cost[0] for cost in costs.values()), Fraction(0)))
    after = rounded(sum((cost[1] for cost in costs.values()), Fraction(0)))
    changes = {name: cost[1] - cost[0] for name, cost in costs.items()}
    units = rounded_parts(changes, after - before)
    quantities = {item.name: _quantities(item) for item in ordered}
    in_groups = _group_quantities(ordered, quantities)
    parts = []
    for item in ordered:
        found = quantities[item.name]
        if isinstance(found, _NoQuantity):
            effects = {found.effect: changes[item.name]}
        else:
            effects = product_effects(_factors(item, found, in_groups[_group(item)], rest))
        told = {effect: amount(part) for effect, part in rounded_parts(effects, units[item.name]).items() if part}
        reason = found.reason if isinstance(found, _NoQuantity) else None
        parts.append(Part(item.name, amount(units[item.name]), told, reason))
    return Bridge(amount(before), amount(after), tuple(parts))


def _factors(item: Item, quantity: _Pair, in_group: _Pair, rest: _Rest) -> dict[Effect, _Pair]:
    before, after = item.before, item.after
    assert before is not None
    assert after is not None
    prices = (_cost(before) / quantity[0], _cost(after) / quantity[1])
    shares = (quantity[0] / in_group[0], quantity[1] / in_group[1])
    return {Effect.price: prices, Effect.mix: shares, **rest(item, in_group)}


@dataclass(frozen=True)
class _NoQuantity:
    """Why an item's change is not split: the one effect it is, and the reason where the data is what is missing."""

    effect: Effect
    reason: str | None = None


def _quantities(item: Item) -> _Pair | _NoQuantity:
    if item.before is None or item.before.is_nothing:
        return _NoQuantity(Effect.new)
    if item.after is None or item.after.is_nothing:
        return _NoQuantity(Effect.gone)
    found = []
    for when, side in (("before", item.before), ("after", item.after)):
        quantity = _quantity(side)
        if isinstance(quantity, str):
            return _NoQuantity(Effect.not_separable, f"{quantity} in the period {when}")
        found.append(quantity)
    if item.before.cost * item.after.cost < 0:
        return _NoQuantity(Effect.not_separable, "a charge in one period and a credit in the other")
    return found[0], found[1]


def _quantity(side: Amount) -> Fraction | str:
    """The quantity, or why there is none that a unit price could come from."""
    if side.quantity is None:
        if side.unit_price is None:
            return "neither quantity nor unit price"
        if side.unit_price <= 0 or side.cost <= 0:
            return "no quantity, and none can be derived from the unit price"
        return _cost(side) / Fraction(side.unit_price)
    if side.quantity <= 0:
        return "cost without a quantity" if not side.quantity else "a negative quantity"
    paid = abs(_cost(side)) / Fraction(side.quantity)
    if side.unit_price is not None and paid > FARTHEST_PRICE * abs(Fraction(side.unit_price)):
        return f"a cost of more than {FARTHEST_PRICE} times quantity and unit price"
    return Fraction(side.quantity)


def _group_quantities(
    items: Sequence[Item], quantities: Mapping[str, _Pair | _NoQuantity]
) -> dict[tuple[bool, str], _Pair]:
    """Quantities of the groups, of the items only that were there in both periods and can be split."""
    sums: dict[tuple[bool, str], _Pair] = {}
    for item in items:
        quantity = quantities[item.name]
        if not isinstance(quantity, _NoQuantity):
            so_far = sums.get(_group(item), (Fraction(0), Fraction(0)))
            sums[_group(item)] = (so_far[0] + quantity[0], so_far[1] + quantity[1])
    return sums


def _group(item: Item) -> tuple[bool, str]:
    """Items without a group are alone, even if a group has their name."""
    return (False, item.name) if item.group is None else (True, item.group)


def _cost(side: Amount | None) -> Fraction:
    return Fraction(0) if side is None else Fraction(side.cost)


def _pair(driver: Driver) -> _Pair:
    assert driver.before is not None
    assert driver.after is not None
    return Fraction(driver.before), Fraction(driver.after)


def _refuse_unusable(items: Sequence[Item]) -> None:
    for one, other in pairwise(items):
        if one.name == other.name:
            raise UsageError(f"bridge: two items are named '{one.name}'; add them up or name them apart")
    for item in items:
        for side in (item.before, item.after):
            if side is not None and not is_whole(side.cost):
                raise UsageError(f"bridge: '{item.name}' costs {side.cost}; round it to {DECIMALS} decimals first")
