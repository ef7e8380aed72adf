"""How likely is it that a load saturates an offer in the coming two weeks?

A logistic regression on how far the capacity lies above two levels of the recorded load: the p99 of its worst week and
the p99 of its newest day. Each distance (the logarithm of capacity ÷ level) is cut into pieces with a slope of its own,
and no slope is negative, so that more load never lowers a risk and more capacity never raises one. Both levels were
chosen among about twenty (other quantiles, maxima, other spans) by cross-validation over machines: growth shows in the
newest day, a weekly season in the worst week, peaks nobody has seen yet in the tail of the curve.

The coefficients come from `python -m benchmarks.rightsizing --fit` on the machines of the GWA-T-12 Bitbrains trace
that OpenDC publishes (Shen, van Beek, Iosup: Statistical characterization of business-critical workloads hosted in
cloud datacenters, CCGrid 2015), seven splits in time, every machine with the same weight; the same program prints what
they are when each machine is judged by a fit that has not seen it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.recommendations.rightsizing.load import Demand, Floats

# the natural logarithm of capacity ÷ level: from a third of the level to 150 times of it
KNOTS = np.array([-1.0, -0.2, -0.03, 0.03, 0.2, 0.7, 2.0, 5.0])
_WIDTHS = np.diff(KNOTS)
# below about a twentieth of a vCPU a load is noise, and its doubling means nothing
NOISE = 0.05


@dataclass(frozen=True)
class RiskModel:
    """The log odds are `intercept` below all pieces, and less by each piece's coefficient that is passed."""

    intercept: float
    worst_week: tuple[float, ...]
    newest: tuple[float, ...]

    @property
    def coefficients(self) -> Floats:
        return np.array([*self.worst_week, *self.newest])


CPU_MODEL = RiskModel(
    intercept=4.491,
    worst_week=(0.682, 0.150, 1.029, 0.725, 0.174, 0.000, 0.000),
    newest=(1.179, 0.832, 1.215, 1.167, 1.132, 0.547, 0.000),
)
# fitted on processors: no public trace with the memory of many machines was at hand; the recurring peak has to fit too
MEMORY_MODEL = CPU_MODEL


def pieces(level: float, capacities: Floats) -> Floats:
    """How much of each piece between two knots is passed (0 to 1): a row per capacity."""
    distance = np.log((capacities + NOISE) / (max(level, 0.0) + NOISE))
    return np.asarray(np.clip((distance[:, None] - KNOTS[:-1]) / _WIDTHS, 0, 1))


def features(demand: Demand, capacities: Floats) -> Floats:
    """The model's inputs, a row per capacity: the pieces over the worst week, then those over the newest day."""
    return np.concatenate([pieces(demand.worst_week_p99, capacities), pieces(demand.newest_p99, capacities)], axis=1)


def saturation_risk(demand: Demand, capacities: Floats, model: RiskModel) -> Floats:
    """The probability that the load is over each capacity for more than 1 % of the coming two weeks."""
    log_odds = model.intercept - features(demand, capacities) @ model.coefficients
    return np.asarray(1 / (1 + np.exp(-log_odds)))
