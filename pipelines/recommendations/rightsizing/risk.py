"""How likely is it that a load saturates an offer in the coming two weeks?

A logistic regression on how far the capacity lies above two levels of the recorded load, the p99 of its worst week and
the p99 of its newest day, and on the replay: the share of the recorded time the load was over the capacity, and the
share of days that never were. Each distance (the logarithm of capacity ÷ level, and the logarithm of the share) is cut
into pieces with a slope of its own, and no slope is negative, so that more load never lowers a risk and more capacity
never raises one. All were chosen by cross-validation over machines: growth shows in the newest day, a weekly season in
the worst week, peaks nobody has seen yet in the tail of the curve. The replay tells a steady load just below a capacity
from an unsteady one of the same p99; it also made the risk truer on series of other kinds that took no part in a fit.

The coefficients come from `python -m benchmarks.rightsizing --fit` on the machines of the GWA-T-12 Bitbrains trace
that OpenDC publishes (Shen, van Beek, Iosup: Statistical characterization of business-critical workloads hosted in
cloud datacenters, CCGrid 2015), seven splits in time, every machine with the same weight; the same program prints what
they are when each machine is judged by a fit that has not seen it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipelines.recommendations.rightsizing.demand import Demand
from pipelines.recommendations.rightsizing.summaries import Floats

# the natural logarithm of capacity ÷ level: from a third of the level to 150 times of it
KNOTS = np.array([-1.0, -0.2, -0.03, 0.03, 0.2, 0.7, 2.0, 5.0])
_WIDTHS = np.diff(KNOTS)
# the logarithm of 1 ÷ the share of the recorded time over the capacity: all of it, 1 %, and 0.01 % or none
SHARE_KNOTS = np.log([1.0, 100.0, 10_000.0])
_SHARE_WIDTHS = np.diff(SHARE_KNOTS)
_LEAST_SHARE = 1e-4
# a load is cut off at the capacity it runs on, so what stands this close to one counts as over it
_AT_LIMIT = 0.95
# below about a twentieth of a vCPU a load is noise, and its doubling means nothing
NOISE = 0.05
LEVEL_INPUTS = 2 * len(_WIDTHS)
INPUTS = LEVEL_INPUTS + len(_SHARE_WIDTHS) + 1


@dataclass(frozen=True)
class RiskModel:
    """The log odds are `intercept` below all pieces, and less by each piece's coefficient that is passed.

    `share` is for the pieces of the share of time over the capacity, `days` for the share of days held.
    """

    intercept: float
    worst_week: tuple[float, ...]
    newest: tuple[float, ...]
    share: tuple[float, ...]
    days: float

    @classmethod
    def of(cls, intercept: float, coefficients: Floats) -> RiskModel:
        """The model with the coefficients in the order of the inputs."""
        ends = np.cumsum([len(_WIDTHS), len(_WIDTHS), len(_SHARE_WIDTHS)])
        worst_week, newest, share, days = (tuple(each.tolist()) for each in np.split(coefficients, ends))
        return cls(intercept, worst_week, newest, share, days[0])

    @property
    def coefficients(self) -> Floats:
        return np.array([*self.worst_week, *self.newest, *self.share, self.days])

    @cached_property
    def passed(self) -> tuple[Floats, Floats, Floats]:
        """How much lower the log odds are at each knot of levels and share: straight lines lie between."""
        worst_week, newest, share = (np.cumsum([0.0, *each]) for each in (self.worst_week, self.newest, self.share))
        return worst_week, newest, share


CPU_MODEL = RiskModel(
    intercept=4.191,
    worst_week=(0.487, 0.314, 0.657, 0.530, 0.249, 0.040, 0.000),
    newest=(0.771, 0.786, 0.988, 0.987, 0.818, 0.391, 0.016),
    share=(0.629, 0.374),
    days=0.438,
)
# Fitted on processors, without the replay: no public trace with the memory of many machines was at hand, and
# processors, which do no harm just below their limit, cannot teach that such memory is safe. The recurring peak has to
# fit too.
MEMORY_MODEL = RiskModel(
    intercept=3.961,
    worst_week=(0.569, 0.388, 0.818, 0.685, 0.399, 0.107, 0.000),
    newest=(0.823, 0.821, 1.106, 1.094, 0.948, 0.461, 0.019),
    share=(0.000, 0.000),
    days=0.000,
)


def features(demand: Demand, capacities: Floats) -> Floats:
    """The model's inputs, a row per capacity: the pieces over the worst week, over the newest day, of the share; days.

    A piece between two knots is told by how much of it is passed, 0 to 1.
    """
    distances = (_distance(level, capacities) for level in (demand.worst_week_p99, demand.newest_p99))
    levels = [_pieces(distance, KNOTS, _WIDTHS) for distance in distances]
    share = _pieces(_rareness(demand, capacities), SHARE_KNOTS, _SHARE_WIDTHS)
    return np.column_stack([*levels, share, demand.days_held(_AT_LIMIT * capacities)])


def saturation_risk(demand: Demand, capacities: Floats, model: RiskModel) -> Floats:
    """The probability that the load is over each capacity for more than 1 % of the coming two weeks."""
    # the same as features(demand, capacities) @ model.coefficients, without the pieces
    worst_week, newest, share = model.passed
    lower = np.interp(_distance(demand.worst_week_p99, capacities), KNOTS, worst_week)
    lower += np.interp(_distance(demand.newest_p99, capacities), KNOTS, newest)
    if model.days or any(model.share):
        lower += np.interp(_rareness(demand, capacities), SHARE_KNOTS, share)
        lower += model.days * demand.days_held(_AT_LIMIT * capacities)
    return np.asarray(1 / (1 + np.exp(lower - model.intercept)))


def _pieces(distance: Floats, knots: Floats, widths: Floats) -> Floats:
    return np.asarray(np.clip((distance[:, None] - knots[:-1]) / widths, 0, 1))


def _distance(level: float, capacities: Floats) -> Floats:
    return np.asarray(np.log((capacities + NOISE) / (max(level, 0.0) + NOISE)))


def _rareness(demand: Demand, capacities: Floats) -> Floats:
    return np.asarray(-np.log(np.maximum(demand.shares_over(_AT_LIMIT * capacities), _LEAST_SHARE)))
