"""Exact arithmetic of money: sums with all their digits, and the one rounding to the decimals of the lake."""

from collections.abc import Iterable
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Final

DECIMALS = 12
"""Decimals of money in the lake."""

_UNITS: Final = 1_000_000_000_000
_ZERO = Decimal(0)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The sum with all its digits; the usual context keeps 28."""
    with localcontext() as exact:
        exact.prec = 60
        return sum(amounts, _ZERO)


def less(amount: Decimal, other: Decimal) -> Decimal:
    """The exact difference."""
    return total((amount, other.copy_negate()))


def money(value: Fraction) -> Decimal:
    """Rounded to the decimals of money, halves to the even one."""
    with localcontext() as exact:
        exact.prec = 60
        return Decimal(round(value * _UNITS)).scaleb(-DECIMALS)


def percent(part: Decimal, whole: Decimal) -> Decimal:
    """`part` as percent of `whole`, to the decimals of money; `whole` is not zero."""
    return money(100 * Fraction(part) / Fraction(whole))
