"""What a line costs under some of the scenarios: they change its SKU, quantity and unit price, never its money.

The order is the same whatever order they were given in:

1. **size**: the SKU, its unit price and how many are needed;
2. **traffic, retention, schedule**: the quantity, one factor each, so their order does not matter;
3. **price**: a new unit price first, then all percentages. It goes by the SKU that is bought after the sizing, while
   all others go by the line's own.

The cost is quantity x unit price x the share of it that is paid (contract prices, free tiers), which stays. Two
scenarios that cannot both be true of a line, such as two sizes, are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from pipelines.errors import UsageError
from pipelines.whatif.baseline import HOURS_PER_WEEK, Behaviour, Line, Piece
from pipelines.whatif.scenarios import Price, Retention, Scenario, Schedule, Size, Traffic

NO_QUANTITY = "neither its quantity nor its unit price is known"
ITS_BEHAVIOUR = "it is charged by {}, which this does not change"
NOTHING_CHARGED = "nothing is charged for now, so there is nothing to scale"

_ONE = Fraction(1)


@dataclass(frozen=True)
class Worth:
    """What a piece costs as a product. A lump sum is one piece at its cost; a unit price that is not listed was worked
    out from the cost."""

    sku: str
    quantity: Fraction
    unit_price: Fraction
    paid_share: Fraction
    hours_per_week: Decimal
    is_lump: bool = False
    is_listed: bool = False

    @property
    def cost(self) -> Fraction:
        return self.quantity * self.unit_price * self.paid_share


def worth(piece: Piece) -> Worth:
    """The baseline of a piece; its cost is the line's, exactly."""
    line = piece.line
    lump = Worth(line.sku, _ONE, piece.cost, _ONE, line.hours_per_week, is_lump=True)
    price = Fraction(line.unit_price) if line.unit_price is not None else None
    if line.quantity is None:
        if not price or line.cost <= 0:
            return lump
        return replace(lump, quantity=piece.cost / price, unit_price=price, is_lump=False, is_listed=True)
    quantity = Fraction(line.quantity) * piece.share
    if not quantity:
        listed = replace(lump, quantity=quantity, unit_price=price or Fraction(0), is_lump=False)
        return lump if line.cost else replace(listed, is_listed=price is not None)
    known = replace(lump, quantity=quantity, unit_price=piece.cost / quantity, is_lump=False)
    if not price:
        return known
    return replace(known, unit_price=price, paid_share=piece.cost / (quantity * price), is_listed=True)


def changed(piece: Piece, scenarios: Iterable[Scenario]) -> Worth:
    """The piece under these scenarios; those that do not touch it, or not in this company, change nothing."""
    held = [each for each in scenarios if obstacle(each, piece) is None]
    found = worth(piece)
    for each in held:
        if isinstance(each, Size):
            quantity, price = found.quantity * Fraction(each.quantity_factor), Fraction(each.unit_price)
            found = replace(found, sku=each.to_sku, quantity=quantity, unit_price=price, is_listed=True)
    for each in held:
        found = replace(found, quantity=found.quantity * _quantity_factor(each, piece))
        if isinstance(each, Schedule):
            found = replace(found, hours_per_week=_hours_on(each, piece.line))
    prices = [each for each in held if isinstance(each, Price) and each.lines.fits(piece.line, found.sku)]
    new = max((each for each in prices if each.unit_price is not None), key=_start, default=None)
    if new is not None and new.unit_price is not None:
        found = replace(found, unit_price=Fraction(new.unit_price), is_listed=True)
    for each in prices:
        if each.percent is not None:
            found = replace(found, unit_price=found.unit_price * (1 + Fraction(each.percent) / 100))
    return found


def touching(piece: Piece, scenarios: Sequence[Scenario]) -> list[Scenario]:
    """The scenarios that can change the piece, in some company at least. UsageError where two contradict each other."""
    able = [each for each in scenarios if obstacle(each, piece) is None]
    found = [each for each in able if not isinstance(each, Price)]
    skus = [piece.line.sku, *(each.to_sku for each in found if isinstance(each, Size))]
    for kind in (Size, Retention, Schedule):
        _refuse_two([each for each in found if isinstance(each, kind)], piece, lambda _: None)
    prices = [each for each in able if isinstance(each, Price)]
    for sku in skus:
        new = [each for each in prices if each.unit_price is not None and each.lines.fits(piece.line, sku)]
        _refuse_two(new, piece, _start)
    return [*found, *(each for each in prices if any(each.lines.fits(piece.line, sku) for sku in skus))]


def obstacle(scenario: Scenario, piece: Piece) -> str | None:
    """Why the scenario leaves the piece as it is: '' where it is not meant, a reason where it is; None if it does not.

    Whether a price is meant depends on the SKU after the sizing, so every price is let through to there.
    """
    line = piece.line
    if not scenario.holds(piece.since, piece.until) or line.is_credit:
        return ""
    if isinstance(scenario, Price):
        return NO_QUANTITY if scenario.unit_price is not None and worth(piece).is_lump else None
    if not scenario.lines.fits(line) or (isinstance(scenario, Traffic) and line.driver != scenario.driver):
        return ""
    if isinstance(scenario, Size):
        return NO_QUANTITY if worth(piece).is_lump else None
    if isinstance(scenario, Retention) and scenario.days_before <= scenario.free_days:
        return NOTHING_CHARGED
    changes = _CHANGES[type(scenario)]
    return None if line.behaviour in changes else ITS_BEHAVIOUR.format(line.behaviour)


_CHANGES: dict[type[Scenario], frozenset[Behaviour]] = {
    Traffic: frozenset({Behaviour.usage}),
    Retention: frozenset({Behaviour.usage, Behaviour.capacity}),
    Schedule: frozenset({Behaviour.runtime}),
}


def _quantity_factor(scenario: Scenario, piece: Piece) -> Fraction:
    if isinstance(scenario, Traffic):
        return 1 + Fraction(scenario.percent) / 100
    if isinstance(scenario, Retention):
        return _retained(scenario, piece)
    if isinstance(scenario, Schedule):
        now = Fraction(piece.line.hours_per_week)
        return Fraction(_hours_on(scenario, piece.line)) / now if now else _ONE
    return _ONE


def _hours_on(scenario: Schedule, line: Line) -> Decimal:
    """The hours off begin with those in which it is off already."""
    return min(line.hours_per_week, HOURS_PER_WEEK - scenario.hours_off)


def _retained(scenario: Retention, piece: Piece) -> Fraction:
    """The mean of the charged days of data over the piece's days, for each that is charged now."""
    charged = 0
    days = (piece.until - piece.since).days
    for number in range(days):
        kept = scenario.days_after
        if scenario.since is not None:
            kept = min(kept, scenario.days_before + (piece.since - scenario.since).days + number + 1)
        charged += max(kept - scenario.free_days, 0)
    return Fraction(charged, days * (scenario.days_before - scenario.free_days))


def _start(scenario: Scenario) -> date:
    return scenario.since or date.min


def _refuse_two(scenarios: Sequence[Scenario], piece: Piece, key: Callable[[Scenario], date | None]) -> None:
    """Of those that replace one another, each must begin on another day, or there may be only one."""
    seen: dict[date | None, Scenario] = {}
    for each in scenarios:
        if (other := seen.setdefault(key(each), each)) is not each:
            names = " and ".join(sorted((f"'{other.name}'", f"'{each.name}'")))
            raise UsageError(
                f"scenarios {names} both say what '{piece.line.item}' ({piece.line.sku}) becomes on {piece.since}; "
                "join them, or end one before the other begins"
            )
