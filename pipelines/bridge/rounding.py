"""Rounds the parts of a change so that they still add up, by the method of the largest remainder.

Every part is cut towards zero; what is then missing goes, one unit of the last decimal each, to the parts that were
cut most, and among equals to the first names in order. So no part is off by a unit or more, a part of zero stays
zero, and the parts of the opposite change are the opposite parts.
"""

from collections.abc import Mapping
from decimal import Decimal, localcontext
from fractions import Fraction
from math import floor
from typing import Final, TypeVar

DECIMALS = 12
"""Decimals of money in the lake."""

_UNITS: Final = 1_000_000_000_000

Key = TypeVar("Key", bound=str)


def rounded(value: Fraction) -> int:
    """In units of the last decimal, halves upwards: the difference of two rounded figures is off by less than one."""
    return floor(value * _UNITS + Fraction(1, 2))


def is_whole(value: Decimal) -> bool:
    """Whether it has no more than the decimals of money."""
    return (Fraction(value) * _UNITS).denominator == 1


def rounded_parts(parts: Mapping[Key, Fraction], total: int) -> dict[Key, int]:
    """The parts in units of the last decimal, adding up to `total`, which lies less than a unit from their sum."""
    exact = {name: part * _UNITS for name, part in parts.items()}
    units = {name: int(part) for name, part in exact.items()}
    left = total - sum(units.values())
    step = -1 if left < 0 else 1
    if abs(left) > sum(1 for name in exact if (exact[name] - units[name]) * step > 0):
        raise ValueError(f"the parts do not add up to {total} units, {left} are left over")
    for name in sorted(exact, key=lambda name: (step * (units[name] - exact[name]), name))[: abs(left)]:
        units[name] += step
    return units


def amount(units: int) -> Decimal:
    """Units of the last decimal as a number."""
    with localcontext() as exact:
        exact.prec = 60
        return Decimal(units).scaleb(-DECIMALS)
