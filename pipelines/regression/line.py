"""What a day costs whatever happens, and what one more unit adds, with how sure that is.

Ordinary least squares of daily cost on daily units. Days with more units also scatter more, so the standard errors are
those that bear it: HC3 (MacKinnon and White 1985), whose leverage correction keeps them honest for few days. Nothing
else of statistics is here, and nothing of the lake.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

DIGITS = 9
"""Decimals that are told; those after are noise of binary arithmetic."""
_SAME = 1e-9
"""Units that differ by less than this part of their mean, and leverage that differs from one by less, are no
evidence."""


@dataclass(frozen=True)
class Line:
    """cost = fixed_cost + marginal_cost x units; errors are standard errors, r2 is null where cost never changes."""

    fixed_cost: Decimal
    marginal_cost: Decimal
    fixed_error: Decimal
    marginal_error: Decimal
    r2: Decimal | None
    days: int


@dataclass(frozen=True)
class NoLine:
    """Why the days tell no line."""

    reason: str
    days: int


def fit_line(units: Sequence[Decimal], costs: Sequence[Decimal], least_days: int) -> Line | NoLine:
    """The line through these days, or why there is none: too few of them, or units that do not vary."""
    import numpy as np  # not loaded to list the tables

    days = len(units)
    if days != len(costs):
        raise ValueError(f"{days} days of units and {len(costs)} of cost: pair them")
    if days < max(least_days, 3):
        return NoLine(f"{days} days of units and cost, at least {max(least_days, 3)} are needed", days)
    x, y = np.asarray(units, dtype=np.float64), np.asarray(costs, dtype=np.float64)
    mean = x.mean()
    spread = x - mean
    scale = float(np.abs(x).max())
    if scale == 0 or float(np.abs(spread).max()) <= _SAME * scale:
        return NoLine("units are the same on every day, so that nothing tells fixed from marginal cost", days)
    return _fitted(spread / scale, y, mean / scale, scale)


def _fitted(spread: np.ndarray[Any, Any], y: np.ndarray[Any, Any], mean: float, scale: float) -> Line | NoLine:
    """Of units that are centred and scaled, so that large counts lose no digits."""
    days = len(y)
    variation = float(spread @ spread)
    leverage = 1 / days + spread**2 / variation
    if float(leverage.max()) > 1 - _SAME:
        return NoLine("units differ on a single day alone, through which any line can be drawn", days)
    slope = float(spread @ y) / variation
    level = float(y.mean())
    missed = y - level - slope * spread
    weights = (missed / (1 - leverage)) ** 2
    level_variance = float(weights.sum()) / days**2
    slope_variance = float(spread**2 @ weights) / variation**2
    covariance = float(spread @ weights) / (days * variation)
    fixed_variance = level_variance - 2 * mean * covariance + mean**2 * slope_variance
    total = float(((y - level) ** 2).sum())
    return Line(
        fixed_cost=_exact(level - slope * mean),
        marginal_cost=_exact(slope / scale),
        fixed_error=_exact(max(fixed_variance, 0.0) ** 0.5),
        marginal_error=_exact(slope_variance**0.5 / scale),
        r2=None if total <= days * (_SAME * level) ** 2 else _exact(1 - float(missed @ missed) / total),
        days=days,
    )


def _exact(number: float) -> Decimal:
    return Decimal(f"{number:.{DIGITS}f}")
