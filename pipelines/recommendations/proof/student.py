"""Student's t, as far as an interval needs it: scipy's, loaded when it is asked for."""

from __future__ import annotations


def quantile(share: float, degrees_of_freedom: float) -> float:
    """The value below which `share` of the distribution lies."""
    from scipy.stats import t

    return float(t.ppf(share, degrees_of_freedom))
