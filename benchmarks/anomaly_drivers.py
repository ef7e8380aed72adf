"""Costs with the usage that drives them regressed out: what is left to be found, and what is no longer reported.

Only where the folder of costs holds a daily count beside them for long enough. The regression is the product's
(`pipelines/anomalies/usage.py`), and causal: a day is told by the days before it.
"""

from collections.abc import Iterator, Sequence
from datetime import date

import numpy as np

from benchmarks.anomaly_daily import Method, tally
from benchmarks.anomaly_injector import copies
from benchmarks.anomaly_series import Daily, Flags, Floats
from pipelines.anomalies.daily import judge_days
from pipelines.anomalies.usage import without_usage

_LEAST_DAYS = 85
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
            for name, method in (("alone", _plain()), (f"by {driver.name}", _by_usage(usage))):
                (found,) = tally(method, [part], copied)
                edge = found.month_edge / max(found.invoice_years, 1e-9)
                told.append(
                    f"{name} R {found.recall:.2f} P {found.precision:.2f}, {found.alone} alarms untouched "
                    f"({found.unexplained} unexplained), {edge:.1f} a year at a monthly invoice"
                )
            yield f"- {cost.name}, {days} days: {'; '.join(told)}"


def _plain() -> Method:
    return lambda values, days: [judge_days(values, days).is_anomaly[0]]


def _by_usage(usage: Floats) -> Method:
    def method(values: Floats, days: Sequence[date]) -> list[Flags]:
        return [judge_days(without_usage(values, usage), days).is_anomaly[0]]

    return method


def _part(series: Daily, first: date, days: int) -> Floats:
    start = (first - series.first).days
    return series.values[start : start + days].copy()
