"""Forecasts as rows of their tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from assets.forecasts_series import Costs, Leaf
from assets.forecasts_tables import KNOWN_CHANGE, MADE_MONTH
from assets.forecasts_words import drivers_of, method_of, reason_of, unmeasured
from pipelines.billing.ahead import Ahead, periods_ahead
from pipelines.forecast.parts import Told, Window, daily_bounds, window
from pipelines.forecast.series import Floats

if TYPE_CHECKING:
    from assets.forecasts_changes import Applied

SHARE = 0.8
DAYS_AHEAD = (1, 7, 14, 30, 60, 90)
_MICRO = Decimal("0.000001")
_ZERO = Decimal(0)

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Whose:
    """The columns that say whose cost a row is."""

    level: str
    project_id: str | None = None
    project_name: str | None = None
    service_name: str | None = None
    behaviour: str | None = None


@dataclass(frozen=True)
class Sum:
    """One row's series: the leaves it is made of, their forecasts added up, and the exact figures of each day."""

    whose: Whose
    leaves: tuple[Leaf, ...]
    told: Told
    costs: Costs
    points: Mapping[Leaf, Sequence[Decimal]]
    moved: Mapping[Leaf, Sequence[Decimal]] = field(default_factory=dict)
    """What known changes did to them, which is in `points`."""

    def moved_by(self, start: int, end: int) -> Decimal:
        """The effect of known changes on a stretch of days ahead."""
        return sum((sum(self.moved[leaf][start:end], _ZERO) for leaf in self.leaves if leaf in self.moved), _ZERO)

    @cached_property
    def expected(self) -> list[Decimal]:
        """By day ahead; a sum of rounded figures, so that every sum of them is exact."""
        return [sum(day, _ZERO) for day in zip(*(self.points[leaf] for leaf in self.leaves), strict=True)]

    @cached_property
    def history_days(self) -> int:
        return max(self.costs.days(leaf) for leaf in self.leaves)

    def known(self, period: Ahead) -> Decimal:
        """What is known of the cost of a period."""
        until = min(period.end, self.costs.known_until)
        return sum(
            (
                cost
                for leaf in self.leaves
                for day, cost in self.costs.by_leaf[leaf].items()
                if period.start <= day < until
            ),
            _ZERO,
        )


def period_rows(each: Sum, today: date) -> Rows:
    """The running month, the next one and the next quarter."""
    rows = []
    for period in periods_ahead(each.costs.known_until):
        start, end = _span(each.costs, period)
        known = each.known(period)
        expected = sum(each.expected[start:end], _ZERO)
        ahead = window(each.told, start, end, SHARE)
        low, high = _bounds(expected, ahead)
        edges = (known + low, known + high) if low is not None and high is not None else (None, None)
        naive, rate = (money(sum(path.final[start:end])) for path in (each.told.naive, each.told.run_rate))
        rows.append(
            {
                **_head(each, today),
                "service_name": each.whose.service_name,
                "behaviour": each.whose.behaviour,
                "known_change": None,
                "period": period.name,
                "period_start": period.start,
                "period_end": period.end,
                "known_cost": known,
                "expected_cost": known + expected,
                "low_cost": edges[0],
                "high_cost": edges[1],
                "known_changes_cost": each.moved_by(start, end),
                "interval_percent": round(100 * SHARE),
                "run_rate_cost": known + rate,
                "seasonal_naive_cost": known + naive,
                "method": method_of(each.told),
                "driver": drivers_of(each.told) if each.whose.level == "project_service" else None,
                "beats_naive": each.told.beats_naive,
                "history_days": each.history_days,
                "reason": reason_of(each.told, ahead),
                MADE_MONTH: f"{today:%Y-%m}",
            }
        )
    return rows


def change_rows(each: Applied, costs: Costs, today: date) -> Rows:
    """What a known change does to each period, of the organisation: rows that add up to its known_changes_cost."""
    rows = []
    for period in periods_ahead(costs.known_until):
        start, end = _span(costs, period)
        rows.append(
            {
                "made_on": today,
                "known_until": costs.known_until,
                "level": KNOWN_CHANGE,
                "billing_currency": costs.currency,
                "known_change": each.change.name,
                "period": period.name,
                "period_start": period.start,
                "period_end": period.end,
                "known_cost": _ZERO,
                "expected_cost": sum(each.total[start:end], _ZERO),
                "known_changes_cost": sum(each.total[start:end], _ZERO),
                "interval_percent": round(100 * SHARE),
                "beats_naive": None,
                "method": each.change.words,
                "reason": each.reason,
                MADE_MONTH: f"{today:%Y-%m}",
            }
        )
    return rows


def day_rows(each: Sum, today: date) -> Rows:
    """Each day ahead, of the organisation and the projects."""
    if each.whose.level not in ("organization", "project"):
        return []
    low, high = (_edges(edge) for edge in daily_bounds(each.told, SHARE))
    month_end = periods_ahead(each.costs.known_until)[0].end
    rows, reached = [], _ZERO
    for number, expected in enumerate(each.expected):
        day = each.costs.known_until + timedelta(days=number)
        reached += expected
        to_date: tuple[Decimal | None, Decimal | None] = (None, None)
        if day < month_end:
            to_date = _bounds(reached, window(each.told, 0, number + 1, SHARE))
        rows.append(
            {
                **_head(each, today),
                "charge_date": day,
                "expected_cost": expected,
                "low_cost": _least(low[number], expected),
                "high_cost": _most(high[number], expected),
                "expected_to_date": reached if day < month_end else None,
                "low_to_date": to_date[0],
                "high_to_date": to_date[1],
                "run_rate_cost": money(each.told.run_rate.final[number]),
                "seasonal_naive_cost": money(each.told.naive.final[number]),
                MADE_MONTH: f"{today:%Y-%m}",
            }
        )
    return rows


def accuracy_rows(each: Sum, today: date) -> Rows:
    """What such forecasts were worth so far, by how far ahead they looked; not of single services."""
    if each.whose.level == "project_service":
        return []
    targets = {f"day {ahead}": (ahead - 1, ahead) for ahead in DAYS_AHEAD}
    targets |= {period.name: _span(each.costs, period) for period in periods_ahead(each.costs.known_until)}
    rows = []
    for target, (start, end) in targets.items():
        if end == start or end > len(each.expected):
            continue
        found = window(each.told, start, end, SHARE)
        score, rate = found.score, found.rate_score
        rows.append(
            {
                **_head(each, today),
                "behaviour": each.whose.behaviour,
                "target": target,
                "first_day_ahead": start + 1,
                "last_day_ahead": end,
                "forecasts": score.forecasts,
                "wape": _ratio(score.wape),
                "bias": _ratio(score.bias),
                "coverage": _ratio(score.coverage),
                "interval_percent": round(100 * SHARE),
                "run_rate_wape": _ratio(rate.wape),
                "run_rate_bias": _ratio(rate.bias),
                "seasonal_naive_wape": _ratio(score.naive_wape),
                "beats_naive": _is_better(score.wape, score.naive_wape),
                "reason": each.told.reason or unmeasured(found, end),
            }
        )
    return rows


def _head(each: Sum, today: date) -> dict[str, Any]:
    return {
        "made_on": today,
        "known_until": each.costs.known_until,
        "level": each.whose.level,
        "project_id": each.whose.project_id,
        "project_name": each.whose.project_name,
        "billing_currency": each.costs.currency,
    }


def _is_better(wape: float | None, naive: float | None) -> bool | None:
    return None if wape is None or naive is None else wape < naive


def _span(costs: Costs, period: Ahead) -> tuple[int, int]:
    """Days ahead of the period's first and of its end."""
    start = max((period.start - costs.known_until).days, 0)
    return start, (period.end - costs.known_until).days


def _bounds(expected: Decimal, ahead: Window) -> tuple[Decimal | None, Decimal | None]:
    """None where they were not measured."""
    if not ahead.is_measured:
        return None, None
    return _least(money(ahead.low), expected), _most(money(ahead.high), expected)


def _edges(values: Floats) -> list[Decimal | None]:
    return [money(value) if np.isfinite(value) else None for value in values]


def _least(edge: Decimal | None, expected: Decimal) -> Decimal | None:
    return None if edge is None else min(edge, expected)


def _most(edge: Decimal | None, expected: Decimal) -> Decimal | None:
    return None if edge is None else max(edge, expected)


def money(value: float) -> Decimal:
    """Six decimals are more than any forecast knows; below zero a rounded nothing is nothing."""
    return Decimal(repr(float(value))).quantize(_MICRO) + _ZERO


def _ratio(value: float | None) -> float | None:
    return None if value is None else round(float(value), 6)
