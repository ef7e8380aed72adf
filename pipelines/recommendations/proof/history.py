"""What is known of an action: the days before and after it, at the prices that held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Days:
    """Consecutive complete days from `first_day` on, each an array as long as the others.

    `cost` is what the resources the action was to save on were charged, those that took their place included. `price`
    is their list price against that of the first day (1 where it did not change), so that a change of price is not
    taken for a saving. `driver` is the work they did (requests, GB), `peers` the cost of resources of the same kind
    that no action touched; None where there is none. A day that was not measured is NaN, never zero.
    """

    first_day: date
    cost: Floats
    price: Floats
    driver: Floats | None = None
    peers: Floats | None = None

    def __post_init__(self) -> None:
        for told in (self.price, self.driver, self.peers):
            if told is not None and len(told) != len(self.cost):
                raise ValueError(f"{len(told)} days beside {len(self.cost)}; give each measure the same days")


@dataclass(frozen=True)
class Action:
    """What was done, when, and what it was said to save by the month."""

    recommendation_id: str
    rule: str
    done_on: date
    predicted: Decimal
    currency: str
