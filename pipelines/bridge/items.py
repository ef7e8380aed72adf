"""What a bridge is made from and what it is: items in two periods, and the effects their change is split into."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from enum import StrEnum

_ZERO = Decimal(0)


class Effect(StrEnum):
    """What a change is put down to, in the order it is shown."""

    price = "price"
    volume = "volume"
    mix = "mix"
    efficiency = "efficiency"
    new = "new"
    gone = "gone"
    not_separable = "not separable"


@dataclass(frozen=True)
class Amount:
    """One item in one period. Without a quantity, it is the cost divided by the unit price, if that is known."""

    cost: Decimal
    quantity: Decimal | None = None
    unit_price: Decimal | None = None

    @property
    def is_nothing(self) -> bool:
        """Neither cost nor quantity: the item was not there, whatever its price."""
        return not self.cost and not self.quantity


@dataclass(frozen=True)
class Item:
    """One SKU of a project, one service of a tenant or the like, in two periods.

    Items of one `group` are counted in one unit, so their quantities may be added: only between them is there a mix.
    Without a group the item is alone. `driver` names what its quantity follows by itself, as requests or stored GB;
    None says that it is bought whatever the driver does, as a machine by the hour.
    """

    name: str
    before: Amount | None
    after: Amount | None
    group: str | None = None
    driver: str | None = None


@dataclass(frozen=True)
class Driver:
    """The total of what causes cost, in both periods; None where it is not known."""

    name: str
    before: Decimal | None
    after: Decimal | None

    @property
    def is_known(self) -> bool:
        return self.before is not None and self.after is not None and self.before > 0 and self.after > 0


@dataclass(frozen=True)
class Part:
    """One item's share of the change. Its effects add up to `change`; `reason` says why they cannot be told apart."""

    name: str
    change: Decimal
    effects: Mapping[Effect, Decimal]
    reason: str | None = None


@dataclass(frozen=True)
class Bridge:
    """From one period's figure to the other's; parts and effects each add up to `after` less `before`."""

    before: Decimal
    after: Decimal
    parts: tuple[Part, ...]

    @property
    def change(self) -> Decimal:
        return exact_sum((self.after, self.before.copy_negate()))

    @property
    def effects(self) -> dict[Effect, Decimal]:
        """Every effect over all items, zero included."""
        return sum_effects(self.parts)

    @property
    def separable_share(self) -> Decimal | None:
        """How much of the items' changes, all taken as positive, has a cause; None when nothing changed."""
        gross = exact_sum(abs(part.change) for part in self.parts)
        if not gross:
            return None
        unknown = exact_sum(abs(part.effects.get(Effect.not_separable, _ZERO)) for part in self.parts)
        return (gross - unknown) / gross


@dataclass(frozen=True)
class NoBridge:
    """A KPI that is not known in one of the periods has no change either."""

    reason: str


def sum_effects(parts: Iterable[Part]) -> dict[Effect, Decimal]:
    """Every effect over some parts, zero included."""
    held = tuple(parts)
    return {effect: exact_sum(part.effects.get(effect, _ZERO) for part in held) for effect in Effect}


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """The sum with all its digits; the usual context keeps 28."""
    with localcontext() as exact:
        exact.prec = 60
        return sum(amounts, _ZERO)
