"""Splits an exact amount by weights so that the parts add up to it, to the last decimal: the largest remainder method.

Each part gets its share rounded towards zero; what is left over goes, one unit of the last decimal each, to the parts
with the largest remainders, and among equal remainders to the first names in order (Hare quota, as in apportionment).
"""

from collections.abc import Mapping
from decimal import Decimal, localcontext
from fractions import Fraction
from math import lcm

DECIMALS = 12
"""Decimals of money in the lake."""

Weight = Decimal | int | Fraction


class NothingToSplitBy(ValueError):
    """No weight is above zero, so no share can be told."""


class Proportions:
    """Weights made ready to split many amounts: whole numbers in the same proportion, in the order of their names.

    Raises NothingToSplitBy when no weight is above zero, and ValueError for a negative weight.
    """

    def __init__(self, weights: Mapping[str, Weight]) -> None:
        if negative := [name for name, weight in weights.items() if weight < 0]:
            raise ValueError(f"the weight of '{min(negative)}' is negative; weights are zero or more")
        ratios = {name: weight.as_integer_ratio() for name, weight in sorted(weights.items()) if weight > 0}
        if not ratios:
            raise NothingToSplitBy(f"none of {len(weights)} weights is above zero")
        scale = lcm(*(below for _, below in ratios.values()))
        self._whole = {name: above * (scale // below) for name, (above, below) in ratios.items()}
        self._sum = sum(self._whole.values())

    def share(self, name: str) -> Fraction:
        """The part of one that a name gets."""
        return Fraction(self._whole.get(name, 0), self._sum)

    def split(self, amount: Decimal, decimals: int = DECIMALS) -> dict[str, Decimal]:
        """The part of `amount` for each name with a weight. Raises ValueError for more than `decimals` decimals."""
        units = _units(amount, decimals)
        sign, size = (-1, -units) if units < 0 else (1, units)
        parts = self._largest_remainder(size)
        with localcontext() as exact:
            exact.prec = 60
            return {name: Decimal(sign * part).scaleb(-decimals) for name, part in parts.items()}

    def _largest_remainder(self, size: int) -> dict[str, int]:
        parts: dict[str, int] = {}
        remainders: list[tuple[int, str]] = []
        left = size
        for name, weight in self._whole.items():
            parts[name], remainder = divmod(size * weight, self._sum)
            left -= parts[name]
            remainders.append((-remainder, name))
        if left:
            remainders.sort()
            for _, name in remainders[:left]:
                parts[name] += 1
        return parts


def split(amount: Decimal, weights: Mapping[str, Weight], decimals: int = DECIMALS) -> dict[str, Decimal]:
    """The part of `amount` for each name, in proportion to its weight; a weight of zero gets nothing.

    Raises NothingToSplitBy when no weight is above zero, and ValueError for a negative weight or an amount with more
    than `decimals` decimals.
    """
    parts = Proportions(weights).split(amount, decimals)
    return {name: parts.get(name, Decimal(0)) for name in weights}


def _units(amount: Decimal, decimals: int) -> int:
    with localcontext() as exact:
        exact.prec = 60
        scaled = amount.scaleb(decimals)
        if scaled != scaled.to_integral_value():
            raise ValueError(f"{amount} has more than {decimals} decimals; round it before it is split")
        return int(scaled)
