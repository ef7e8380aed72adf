"""Splits an exact amount by weights so that the parts add up to it, to the last decimal: the largest remainder method.

Each part gets its share rounded towards zero; what is left over goes, one unit of the last decimal each, to the parts
with the largest remainders, and among equal remainders to the first names in order (Hare quota, as in apportionment).
"""

from collections.abc import Mapping
from decimal import Decimal, localcontext
from fractions import Fraction

DECIMALS = 12
"""Decimals of money in the lake."""


class NothingToSplitBy(ValueError):
    """No weight is above zero, so no share can be told."""


def split(amount: Decimal, weights: Mapping[str, Decimal | int], decimals: int = DECIMALS) -> dict[str, Decimal]:
    """The part of `amount` for each name, in proportion to its weight; a weight of zero gets nothing.

    Raises NothingToSplitBy when no weight is above zero, and ValueError for a negative weight or an amount with more
    than `decimals` decimals.
    """
    if negative := [name for name, weight in weights.items() if weight < 0]:
        raise ValueError(f"the weight of '{min(negative)}' is negative; weights are zero or more")
    shares = {name: Fraction(weight) for name, weight in weights.items() if weight > 0}
    if not shares:
        raise NothingToSplitBy(f"none of {len(weights)} weights is above zero")
    units = _units(amount, decimals)
    sign, size = (-1, -units) if units < 0 else (1, units)
    parts = _largest_remainder(size, shares)
    return {name: _amount(sign * parts.get(name, 0), decimals) for name in weights}


def _largest_remainder(size: int, shares: Mapping[str, Fraction]) -> dict[str, int]:
    whole = sum(shares.values())
    quotas = {name: size * share / whole for name, share in shares.items()}
    parts = {name: quota.numerator // quota.denominator for name, quota in quotas.items()}
    left = size - sum(parts.values())
    for name in sorted(quotas, key=lambda name: (parts[name] - quotas[name], name))[:left]:
        parts[name] += 1
    return parts


def _units(amount: Decimal, decimals: int) -> int:
    with localcontext() as exact:
        exact.prec = 60
        scaled = amount.scaleb(decimals)
        if scaled != scaled.to_integral_value():
            raise ValueError(f"{amount} has more than {decimals} decimals; round it before it is split")
        return int(scaled)


def _amount(units: int, decimals: int) -> Decimal:
    with localcontext() as exact:
        exact.prec = 60
        return Decimal(units).scaleb(-decimals)
