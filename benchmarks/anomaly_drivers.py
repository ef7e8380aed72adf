"""Costs with the usage that drives them regressed out: what is left to be found, and what is no longer reported.

Only where the folder of costs holds a daily count beside them for long enough. The regression is causal: a day is told
by the days before it.
"""

from collections.abc import Iterator, Sequence
from datetime import date

import numpy as np

from benchmarks.anomaly_daily import Method, tally
from benchmarks.anomaly_injector import copies
from benchmarks.anomaly_series import Daily, Flags, Floats
from pipelines.anomalies.daily import judge_days

_LEAST_DAYS = 85
_PAST_DAYS, _ENOUGH = 35, 14
_MOST = 1.5  # per cent of cost for each per cent of usage
_CLIPPED = 0.5  # of a log: an event of the past tells nothing about the driver
_SETS = 8


def with_drivers(series: Sequence[Daily], seed: int) -> Iterator[str]:
    """One line for each cost and count that overlap: recall, precision and alarms without and with the driver."""
    for driver in (each for each in series if each.is_cost and not each.is_money):
        for cost in (each for each in series if each.is_money):
            first = max(driver.first, cost.first)
            last = min(driver.days[-1], cost.days[-1])
            days = (last - first).days + 1
            if days < _LEAST_DAYS or not np.nan_to_num(_part(cost, first, days)).all():
                continue
            usage = _part(driver, first, days)
            part = Daily(cost.name, first, _part(cost, first, days), is_money=True)
            copied = {part.name: list(copies(part, _SETS, seed))}
            told = []
            for name, method in (("alone", _plain()), (f"by {driver.name}", _explained(usage))):
                (found,) = tally(method, [part], copied)
                told.append(f"{name} R {found.recall:.2f} P {found.precision:.2f}, {found.alone} alarms untouched")
            yield f"- {cost.name}, {days} days: {'; '.join(told)}"


def explained(values: Floats, usage: Floats) -> Floats:
    """The values as they would be at the usual usage of the last weeks, by the elasticity seen in them."""
    left = values.copy()
    with np.errstate(all="ignore"):
        log_value, log_usage = np.log(values), np.log(usage)
    for day in range(_ENOUGH, len(values)):
        past = slice(max(0, day - _PAST_DAYS), day)
        known = np.isfinite(log_value[past]) & np.isfinite(log_usage[past])
        if known.sum() < _ENOUGH or not np.isfinite(log_usage[day]):
            continue
        usual = float(np.median(log_usage[past][known]))
        moved = log_usage[past][known] - usual
        followed = np.clip(log_value[past][known] - np.median(log_value[past][known]), -_CLIPPED, _CLIPPED)
        slope = float(np.clip(moved @ followed / max(float(moved @ moved), 1e-9), 0.0, _MOST))
        left[day] = values[day] / np.exp(slope * (log_usage[day] - usual))
    return left


def _plain() -> Method:
    return lambda values, days: [judge_days(values, days).is_anomaly[0]]


def _explained(usage: Floats) -> Method:
    def method(values: Floats, days: Sequence[date]) -> list[Flags]:
        return [judge_days(explained(values, usage), days).is_anomaly[0]]

    return method


def _part(series: Daily, first: date, days: int) -> Floats:
    start = (first - series.first).days
    return series.values[start : start + days].copy()
