"""Ranking and folding for display: what is shown and what is folded add up to the total, to the cent."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, TypeVar

from pipelines.reporting.money import MoneyFormat, quantized, total

Item = TypeVar("Item")


@dataclass(frozen=True)
class Folded(Generic[Item]):
    """The items worth a line each, in order, and how many were folded into one."""

    shown: tuple[Item, ...]
    folded: tuple[Item, ...]


def largest(items: Sequence[Item], amount: Callable[[Item], Decimal], keep: int) -> Folded[Item]:
    """The `keep` largest items, largest first; a single left-over item is shown rather than folded."""
    ranked = sorted(items, key=amount, reverse=True)
    keep = keep + 1 if len(ranked) == keep + 1 else keep
    return Folded(tuple(ranked[:keep]), tuple(ranked[keep:]))


def largest_both_ways(items: Sequence[Item], amount: Callable[[Item], Decimal], keep: int) -> Folded[Item]:
    """Up to `keep` of the largest increases, then up to `keep` of the largest decreases, by size."""
    rising = sorted((item for item in items if amount(item) > 0), key=amount, reverse=True)
    falling = sorted((item for item in items if amount(item) < 0), key=amount)
    still = [item for item in items if amount(item) == 0]
    shown = (*rising[:keep], *falling[:keep])
    return Folded(shown, (*rising[keep:], *falling[keep:], *still))


def remainder(whole: Decimal, shown: Sequence[Decimal], money: MoneyFormat) -> Decimal:
    """What the folded line must show so that the column, as printed in cents, adds up to the printed total."""
    return money.rounded(whole) - total([money.rounded(amount) for amount in shown])


def cents_adding_up(parts: Sequence[Decimal], whole: Decimal, money: MoneyFormat) -> list[Decimal]:
    """The parts in whole cents whose sum is the whole in whole cents, by largest remainder.

    Parts that are zero stay zero. The parts must add up to the whole before rounding, or the sum cannot.
    """
    return _adding_up(parts, [money.rounded(part) for part in parts], money.rounded(whole))


def digits_adding_up(parts: Sequence[Decimal], whole: Decimal, digits: int) -> list[Decimal]:
    """As `cents_adding_up`, with so many digits after the point; the whole has no more of them already."""
    return _adding_up(parts, [quantized(part, digits) for part in parts], quantized(whole, digits))


def _adding_up(parts: Sequence[Decimal], rounded: list[Decimal], whole: Decimal) -> list[Decimal]:
    missing = whole - total(rounded)
    cent = Decimal(1).scaleb(int(rounded[0].as_tuple().exponent)) if rounded else Decimal(1)
    step = cent if missing > 0 else -cent
    errors = {index: (part - rounded[index]) * step for index, part in enumerate(parts) if part}
    for index in sorted(errors, key=errors.__getitem__, reverse=True)[: abs(int(missing / cent))]:
        rounded[index] += step
    return rounded


def shortened(text: str, length: int) -> str:
    """The text, with its middle left out where it is longer than `length`."""
    if len(text) <= length:
        return text
    head = (length - 1 + 1) // 2
    tail = length - 1 - head
    return f"{text[:head].rstrip()}…{text[len(text) - tail :].lstrip()}"
