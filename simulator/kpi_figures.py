"""How the truth writes amounts and ratios: decimal strings of twelve decimals, a ratio rounded half-even at its end."""

from decimal import Decimal, localcontext
from fractions import Fraction

from simulator.charges import half_even

PLACES = 12
Figure = dict[str, str | int | bool | None]


def amount(units: int) -> str:
    """Units of 10^-12 as an amount."""
    with localcontext() as exact:
        exact.prec = 60
        return f"{Decimal(units).scaleb(-PLACES):.{PLACES}f}"


def ratio(value: Fraction) -> str:
    """A fraction to twelve decimals."""
    sign, size = (-1, -value) if value < 0 else (1, value)
    return amount(sign * half_even(size.numerator * 10**PLACES, size.denominator))


def per_unit(units: int | None, by: Fraction | int) -> str | None:
    """An amount in units of 10^-12 by each of so many; None where there are none, or no amount."""
    return ratio(Fraction(units, 10**PLACES) / by) if units is not None and by else None
