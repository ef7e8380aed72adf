"""What was saved, how sure that is, and whether it lasted.

The counterfactual is uncertain, the later bill is not. Its error over a span is that of the mean of residuals which
resemble those of the day before (autocorrelation of the first order, its bias of short series corrected), and that of
the fitted numbers; Student's t with as many degrees of freedom as there are independent days (effective sample size).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import numpy as np

from pipelines.recommendations.proof.baselines import Fitted, baseline
from pipelines.recommendations.proof.history import Days, Floats
from pipelines.recommendations.proof.student import quantile

HOURS_A_MONTH = 730
_DAYS_A_MONTH = HOURS_A_MONTH / 24


class State(StrEnum):
    """How far the proof is."""

    waiting = "waiting"  # too few days after the action
    verified = "verified"  # a saving that is not noise
    unproven = "unproven"  # the interval holds zero
    bounced_back = "bounced back"  # it was saved, and is spent again
    unjudged = "unjudged"  # too little was known before


@dataclass(frozen=True)
class Thresholds:
    """How much is asked of a proof."""

    days_before: int = 56
    least_before: int = 14
    least_after: int = 7
    days_after: int = 90  # after which the days before say little about what would be today
    settling_days: int = 1  # the day of the action itself is of both kinds
    certainty: float = 0.90
    bounce_days: int = 3  # of which the saving is gone
    bounce_share: float = 0.5  # of the saving of the first days that must be left


@dataclass(frozen=True)
class Saved:
    """The saving over the judged days, in the currency of the costs, brought to a month of 730 hours.

    `low` and `high` hold it with the asked certainty. `since` is the day it was gone again, None where it lasts.
    """

    state: State
    reason: str
    baseline: str = ""
    days: int = 0
    expected_cost: float = 0.0
    actual_cost: float = 0.0
    monthly: float | None = None
    low: float | None = None
    high: float | None = None
    since: date | None = None


def saved(days: Days, done_on: date, thresholds: Thresholds | None = None) -> Saved:
    """What an action of that day saved. `days` may begin earlier and end later than what is used of them."""
    asked = thresholds or Thresholds()
    before, after = _spans(days, done_on, asked)
    if before < asked.least_before:
        return Saved(State.unjudged, f"only {before} of the {asked.least_before} days before it are known")
    if after < asked.least_after:
        return Saved(State.waiting, f"{after} of the {asked.least_after} days after it have passed")
    start = (done_on - days.first_day).days - before
    used = _cut(days, start, start + before + asked.settling_days + after)
    first_after = before + asked.settling_days
    fitted = baseline(used, before, first_after)
    return _told(used, fitted, first_after, asked)


def _spans(days: Days, done_on: date, asked: Thresholds) -> tuple[int, int]:
    known = (done_on - days.first_day).days
    after = len(days.cost) - known - asked.settling_days
    measured = np.isfinite(days.cost[max(0, known - asked.days_before) : max(0, known)])
    first = int(np.argmax(measured)) if measured.any() else len(measured)
    return max(0, len(measured) - first), min(max(0, after), asked.days_after)


def _cut(days: Days, first: int, end: int) -> Days:
    def part(values: Floats | None) -> Floats | None:
        return None if values is None else values[first:end]

    cost, price = days.cost[first:end], days.price[first:end]
    driver, peers = part(days.driver), part(days.peers)
    return Days(days.first_day + timedelta(days=first), cost, price / price[0], driver, peers)


def _told(used: Days, fitted: Fitted, first_after: int, asked: Thresholds) -> Saved:
    gained = fitted.expected[first_after:] - used.cost[first_after:]
    measured = np.isfinite(gained)
    if measured.sum() < asked.least_after:
        return Saved(State.waiting, f"{measured.sum()} of the {asked.least_after} days after it are charged")
    count = int(measured.sum())
    margin = _margin(fitted, count, asked.certainty) * np.nanmean(used.price[first_after:]).item()
    mean = float(gained[measured].mean())
    gone = _gone(gained, asked)
    state = State.bounced_back if gone is not None else State.verified if abs(mean) > margin else State.unproven
    return Saved(
        state,
        _reason(state, fitted.name),
        fitted.name,
        count,
        fitted.expected[first_after:][measured].sum().item(),
        used.cost[first_after:][measured].sum().item(),
        mean * _DAYS_A_MONTH,
        (mean - margin) * _DAYS_A_MONTH,
        (mean + margin) * _DAYS_A_MONTH,
        None if gone is None else used.first_day + timedelta(days=first_after + gone),
    )


def _margin(fitted: Fitted, count: int, certainty: float) -> float:
    """Half the interval of the mean by the day, at constant prices."""
    left = fitted.left[np.isfinite(fitted.left)]
    free = len(left) - fitted.used
    variance = float(np.square(left).sum()) / max(free, 1)
    if variance <= 0:
        return 0.0
    alike = _autocorrelation(left, fitted.used)
    inflated = (1 + alike) / (1 - alike)
    independent = max(2.0, free / inflated)
    spread = variance * inflated * (1 / count + fitted.leverage)
    return quantile(0.5 + certainty / 2, independent) * float(np.sqrt(spread))


def _autocorrelation(left: Floats, used: int) -> float:
    """How much a day's residual resembles that of the day before, between none and 0.9; corrected for short series
    (Kendall, 1954)."""
    squares = float(np.square(left).sum())
    found = float((left[1:] * left[:-1]).sum()) / squares if squares > 0 else 0.0
    return min(0.9, max(0.0, found + (1 + 3 * found + used) / len(left)))


def _gone(gained: Floats, asked: Thresholds) -> int | None:
    """The first day of those since which less is left than half of what the first week saved; None where it lasts."""
    first = float(np.nanmean(gained[: asked.least_after]))
    if first <= 0:
        return None
    left = np.where(np.isfinite(gained), gained, first) >= asked.bounce_share * first
    lasting = np.flatnonzero(left)
    begun = int(lasting[-1]) + 1 if len(lasting) else 0
    return begun if len(gained) - begun >= asked.bounce_days else None


def _reason(state: State, name: str) -> str:
    if state is State.bounced_back:
        return f"against the {name} of the days before, the saving was there and is gone"
    if state is State.unproven:
        return f"against the {name} of the days before, what changed cannot be told from chance"
    return f"against the {name} of the days before"
