"""Splits the change of a product between its factors: the Shapley/Sun method.

Changing one factor after another explains the whole change, but each order explains it otherwise: price first is the
price effect at the old quantity (Laspeyres' weights), price last at the new one (Paasche's). The effect taken here is
the mean over all orders, so that no order is preferred. With two factors that is Bennet's (1920): the difference of
prices at the mean quantity. It is known as the complete decomposition (Sun 1998) and as the Shapley value of the
factors (Albrecht, François and Schoors 2002; Ang 2004 compares the methods). It leaves no residual, the way back is
the way there with the opposite sign, it is exact in rational numbers and takes zeros, which the logarithms of LMDI
do not.
"""

from collections.abc import Mapping
from fractions import Fraction
from math import factorial, prod
from typing import TypeVar

Factor = TypeVar("Factor")


def product_effects(factors: Mapping[Factor, tuple[Fraction, Fraction]]) -> dict[Factor, Fraction]:
    """What each factor's way from before to after adds to the product of all; the sum is the product's change."""
    moving = {name: pair for name, pair in factors.items() if pair[0] != pair[1]}
    still = prod((pair[0] for name, pair in factors.items() if name not in moving), start=Fraction(1))
    effects = dict.fromkeys(factors, Fraction(0))
    for name, (before, after) in moving.items():
        others = [pair for other, pair in moving.items() if other != name]
        effects[name] = still * (after - before) * _mean_product(others)
    return effects


def _mean_product(pairs: list[tuple[Fraction, Fraction]]) -> Fraction:
    """The product of the other factors, each before or after, over all orders in which they can have changed."""
    by_changed = [Fraction(1)]  # at index k: the sum of all products in which k factors have changed
    for before, after in pairs:
        grown = [Fraction(0)] * (len(by_changed) + 1)
        for changed, value in enumerate(by_changed):
            grown[changed] += value * before
            grown[changed + 1] += value * after
        by_changed = grown
    count = len(pairs)
    return sum(
        (
            value * Fraction(factorial(changed) * factorial(count - changed), factorial(count + 1))
            for changed, value in enumerate(by_changed)
        ),
        Fraction(0),
    )
