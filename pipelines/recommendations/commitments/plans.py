"""What a Compute savings plan costs: a pool by the calendar month at public price, paid whether it is used or not.

With a commitment C, a discount d and eligible usage E at public price, a month costs C·(1 − d) + max(0, E − C). It is
worth it where E > C·(1 − d).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LEAST_COMMITMENT = 50
MOST_COMMITMENT = 9_999
"""A plan commits to whole units of the currency between these, by the month."""


@dataclass(frozen=True)
class Term:
    """What Scaleway offers from a day on: so many months, so much off the public price, for commitments in a range.

    No API tells of it, so it stands in the settings with its date; `least` and `most` are inclusive.
    """

    months: int
    discount: Decimal
    valid_from: date
    least: int = LEAST_COMMITMENT
    most: int = MOST_COMMITMENT

    @property
    def share_off(self) -> float:
        """The discount as a draw of months to come takes it."""
        shares: list[float] = np.array([self.discount], dtype=float).tolist()
        return shares[0]


@dataclass(frozen=True)
class InForce:
    """A plan that holds already: its pool by the month, in the months before `ends_on`."""

    commitment: Decimal
    starts_on: date
    ends_on: date


def monthly_savings(commitment: float, discount: float, eligible: Floats) -> Floats:
    """What the plan takes off each month's bill; negative in months in which it is worth less than it costs."""
    return np.minimum(eligible, commitment) - commitment * (1 - discount)


def break_even(commitment: Decimal, discount: Decimal) -> Decimal:
    """The eligible usage of a month, at public price, above which the plan is worth its cost."""
    return commitment * (1 - discount)
