"""Exact arithmetic of money, and the rounding of parts so that they still add up: the largest remainder method.

Every part is cut towards zero; what is then missing goes, one unit of the last decimal each, to the parts that were
cut most, and among equals to the first names in order.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal, localcontext
from fractions import Fraction
from math import floor
from typing import Final

DECIMALS = 12
"""Decimals of money in the lake."""

PRECISE_DECIMALS = 18
"""Decimals of quantities and unit prices in the lake."""

_UNITS: Final = 1_000_000_000_000
_PRECISE_UNITS: Final = 1_000_000_000_000_000_000
_ZERO = Decimal(0)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The sum with all its digits; the usual context keeps 28."""
    with localcontext() as exact:
        exact.prec = 60
        return sum(amounts, _ZERO)


def less(amount: Decimal, other: Decimal) -> Decimal:
    """The exact difference."""
    return total((amount, other.copy_negate()))


def rounded(value: Fraction) -> Decimal:
    """To the decimals of money, halves upwards: the difference of two rounded amounts is off by less than a unit."""
    return _amount(floor(value * _UNITS + Fraction(1, 2)))


def precise(value: Fraction) -> Decimal:
    """A quantity or unit price, to its decimals."""
    return _amount(floor(value * _PRECISE_UNITS + Fraction(1, 2)), PRECISE_DECIMALS)


def is_whole(value: Decimal) -> bool:
    """Whether it has no more than the decimals of money."""
    return (Fraction(value) * _UNITS).denominator == 1


def rounded_parts(parts: Mapping[str, Fraction], whole: Decimal) -> dict[str, Decimal]:
    """The parts, adding up to `whole`, which lies less than a unit from their sum; a part of zero stays zero."""
    exact = {name: part * _UNITS for name, part in parts.items()}
    units = {name: int(part) for name, part in exact.items()}
    left = int(Fraction(whole) * _UNITS) - sum(units.values())
    step = -1 if left < 0 else 1
    if abs(left) > sum(1 for name in exact if (exact[name] - units[name]) * step > 0):
        raise ValueError(f"the parts do not add up to {whole}: {left} units are left over")
    for name in sorted(exact, key=lambda name: (step * (units[name] - exact[name]), name))[: abs(left)]:
        units[name] += step
    return {name: _amount(value) for name, value in units.items()}


def _amount(units: int, decimals: int = DECIMALS) -> Decimal:
    with localcontext() as exact:
        exact.prec = 60
        return Decimal(units).scaleb(-decimals)
