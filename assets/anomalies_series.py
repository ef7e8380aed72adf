"""The series that are judged, read by DuckDB: one panel of series by days for each level, blocks of a few thousand.

A day whose bill was read and that holds no charge of a series cost nothing; a day that was not read is unknown, and so
is a day of anything else that has no value. Series that never reach the least amount cannot move by it: they stay out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from assets.lens import Lens
from pipelines.anomalies.scopes import COST, Scope
from pipelines.anomalies.verdicts import Floats

MOST_DAYS, BLOCK = 400, 4000
_COLUMNS = (
    *("subject", "level", "unit", "project_id", "service_name", "region_id", "sku", "resource_id"),
    *("label_key", "label_value", "kpi"),
)
COST_LEVELS = ("organization", "project", "service", "region", "sku", "resource", "label")


@dataclass(frozen=True)
class Span:
    """The days that are looked at, and those of them whose bill was read."""

    first: date
    last: date
    read: frozenset[date]

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]

    def day(self, index: int) -> date:
        return self.first + timedelta(days=index)


@dataclass(frozen=True)
class Panel:
    """Series (rows) by the days of a span (columns); NaN is a day without value."""

    scopes: Sequence[Scope]
    days: Sequence[date]
    values: Floats


def span_of(read: frozenset[date]) -> Span:
    """The newest days of the bill, as many as are judged at most."""
    last = max(read)
    return Span(max(min(read), last - timedelta(days=MOST_DAYS - 1)), last, read)


def cost_panels(lens: Lens, span: Span, floor: float) -> Iterator[Panel]:
    """Costs, level by level, in blocks; what never reaches the floor on a day is left out."""
    named = ", ".join(column for column in _COLUMNS if column not in ("subject", "kpi", "unit"))
    judged = f"day between date '{span.first}' and date '{span.last}' and {months_within(span)}"
    large = f"group by {named}, billing_currency having max(abs(billed_cost)) >= {floor!r}"
    counted = lens.query(
        "select level, count(*) as series from "
        f"(select {named} from gold.judged_series_costs where {judged} {large}) group by level"
    ).to_pylist()
    series = {row["level"]: row["series"] for row in counted}
    empty = np.array([_zero(day, span) for day in span.days])
    for level in COST_LEVELS:
        blocks = -(-series.get(level, 0) // BLOCK)
        for block in range(blocks):
            chosen = f"level = '{level}' and hash(project_id, service_name, sku, resource_id) % {blocks} = {block}"
            rows = lens.query(
                f"select '{COST}' as subject, {named}, billing_currency as unit, null as kpi, "
                "list(day order by day) as days, list(cast(billed_cost as double) order by day) as held "
                "from gold.judged_series_costs "
                f"where {judged} and {chosen} {large} order by {named}, billing_currency"
            )
            yield _panel(rows.to_pylist(), span.days, empty)


def other_panels(lens: Lens, span: Span) -> Iterator[Panel]:
    """Telemetry, requests and unit costs; each way of measuring from its own first day on."""
    rows = lens.query(
        f"select {', '.join(_COLUMNS)}, list(day order by day) as days, "
        "list(cast(value as double) order by day) as held from gold.judged_series "
        f"where subject <> '{COST}' and day between date '{span.first}' and date '{span.last}' "
        f"and {months_within(span)} group by all order by all"
    ).to_pylist()
    kinds: defaultdict[tuple[str, str | None], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        kinds[row["subject"], row["kpi"] if row["subject"] != "kpi" else None].append(row)
    for several in kinds.values():
        first = min(row["days"][0] for row in several)
        last = max(row["days"][-1] for row in several)
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        yield _panel(several, days, np.full(len(days), np.nan))


def _panel(rows: Sequence[dict[str, Any]], days: Sequence[date], empty: Floats) -> Panel:
    values = np.tile(empty, (len(rows), 1)) if rows else np.empty((0, len(days)))
    for series, row in zip(values, rows, strict=True):
        places = np.array([(day - days[0]).days for day in row["days"]], dtype=np.int64)
        series[places] = row["held"]
    return Panel([_scope(row) for row in rows], days, values)


def _scope(row: dict[str, Any]) -> Scope:
    told = {("region" if name == "region_id" else name): row[name] for name in _COLUMNS}
    return Scope(**told)


def _zero(day: date, span: Span) -> float:
    return 0.0 if day in span.read else float("nan")


def months_within(span: Span) -> str:
    """Bounds of the partitions, so that older months are not even opened."""
    return f"billing_month between '{span.first:%Y-%m}' and '{span.last:%Y-%m}'"
