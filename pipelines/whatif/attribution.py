"""Says how much of a joint effect each change brought: the Shapley value.

A change's share is the mean of what it adds over all orders in which the changes can come. The shares add up to the
joint effect, a change that does nothing has none, and the order in which they were given is of no matter. The value of
a sum is the sum of the values, so it is worked out line by line, where only few changes meet.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import factorial
from typing import Final

from pipelines.errors import UsageError

MOST_AT_ONCE: Final = 10
"""Changes that may meet in one line: their subsets are all worked out."""


def shares(names: Sequence[str], value: Callable[[frozenset[str]], Fraction]) -> dict[str, Fraction]:
    """The share of each in what `value` is with all of them, less what it is with none."""
    if len(names) > MOST_AT_ONCE:
        raise UsageError(f"{len(names)} scenarios meet in one line, such as '{min(names)}'; ask about fewer at once")
    values = [
        value(frozenset(name for place, name in enumerate(names) if subset >> place & 1))
        for subset in range(1 << len(names))
    ]
    count = len(names)
    found = dict.fromkeys(names, Fraction(0))
    for place, name in enumerate(names):
        for subset in range(1 << count):
            if not subset >> place & 1:
                before = subset.bit_count()
                weight = Fraction(factorial(before) * factorial(count - before - 1), factorial(count))
                found[name] += weight * (values[subset | 1 << place] - values[subset])
    return found
