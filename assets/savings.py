"""Actions that were done, proved on the bill of the days after. No Dagster here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

import numpy as np

from assets.anomaly_feedback import rows_of
from assets.forecasts_tables import write_partition
from assets.savings_tables import ACTION_DAYS, RECOMMENDATIONS, RULE_ACCURACY, SAVINGS
from pipelines.lake.engine import Catalog, reading
from pipelines.lake.store import WHOLE
from pipelines.recommendations.proof.corrections import Outcome, corrections
from pipelines.recommendations.proof.guard import Service, Verdict, guard
from pipelines.recommendations.proof.history import Days, Floats
from pipelines.recommendations.proof.saved import Saved, State, Thresholds, saved

Row = Mapping[str, Any]
_PLACES = Decimal("0.000001")
_COPIED = (
    *("recommendation_id", "rule", "title", "resource_id", "resource_name", "project_id", "project_name"),
    *("owner", "environment", "action", "currency"),
)
_MOST_PEERS_GAP = 0.1  # of the days: peers or requests that are unknown more often explain nothing


@dataclass(frozen=True)
class Proved:
    """Rows written by table, and how many actions stand where."""

    rows: Mapping[str, int]
    states: Mapping[str, int]


def update_savings(catalog: Catalog) -> Proved:
    """Judge every action that was done, anew; equal rows make no commit."""
    done = rows_of(catalog, RECOMMENDATIONS, "where status in ('done', 'verified') order by recommendation_id")
    days = _days(catalog, done)
    rows = [_row(action, days.get(action["recommendation_id"], [])) for action in done]
    worth = [_accuracy(each) for each in corrections(_outcomes(rows))]
    written = {
        SAVINGS.name: write_partition(catalog, SAVINGS, WHOLE, rows),
        RULE_ACCURACY.name: write_partition(catalog, RULE_ACCURACY, WHOLE, worth),
    }
    states = {state: sum(row["state"] == state for row in rows) for state in sorted({row["state"] for row in rows})}
    return Proved(written, states)


def _days(catalog: Catalog, done: Sequence[Row]) -> dict[str, list[Row]]:
    """The days around each action, of the months that hold them only."""
    if not done:
        return {}
    first = min(action["status_since"] for action in done) - timedelta(days=60)
    months = {f"{first:%Y-%m}"} | {
        month for name in catalog.physical(ACTION_DAYS) for month in catalog.state(name).partitions
    }
    wanted = sorted(month for month in months if month >= f"{first:%Y-%m}")
    demand = {name: wanted for name in catalog.physical(ACTION_DAYS) if catalog.state(name).partition_by is not None}
    with catalog.connect() as connection, reading():
        catalog.register(connection, [ACTION_DAYS], demand)
        rows = connection.execute(f"select * from {ACTION_DAYS} order by recommendation_id, charge_date")
        found = rows.to_arrow_table().to_pylist()
    return {name: list(group) for name, group in groupby(found, key=lambda row: row["recommendation_id"])}


def _row(action: Row, days: Sequence[Row]) -> dict[str, Any]:
    done_on = days[0]["done_on"] if days else action["status_since"]
    history = history_of(days)
    told = saved(history, done_on) if history else Saved(State.waiting, "no day around it is charged yet")
    well = _guarded(days, done_on)
    return {
        **{name: action[name] for name in _COPIED},
        "done_on": done_on,
        "state": told.state.value,
        "state_reason": told.reason,
        "predicted_saving": action["monthly_saving"],
        "monthly_saving": _money(told.monthly),
        "low": _money(told.low),
        "high": _money(told.high),
        "counted_saving": _counted(told, well),
        "baseline": told.baseline or None,
        "days_judged": told.days,
        "judged_until": days[-1]["charge_date"] + timedelta(days=1) if days else None,
        "expected_cost": _money(told.expected_cost) if told.days else None,
        "actual_cost": _money(told.actual_cost) if told.days else None,
        "replacement_cost": sum((row["replacement_cost"] for row in days), Decimal(0)),
        "saved_cost": _money(told.expected_cost - told.actual_cost) if told.days else None,
        "bounced_back_on": told.since,
        "is_harmed": well.is_harmed,
        "guarded_by": ", ".join(well.checked) or None,
        "guard_reason": well.reason,
    }


def history_of(days: Sequence[Row]) -> Days | None:
    """The measures of consecutive days; before anything was charged nothing is known, rather than free."""
    if not days:
        return None
    first = days[0]["charge_date"]
    count = (days[-1]["charge_date"] - first).days + 1
    rows: list[Row | None] = [None] * count
    for row in days:
        rows[(row["charge_date"] - first).days] = row
    cost = _measure(rows, "billed_cost")
    cost[: _begun(cost)] = np.nan
    price = np.nan_to_num(_measure(rows, "price_index"), nan=1.0)
    return Days(first, cost, price, _explaining(rows, "requests"), _explaining(rows, "peers_cost"))


def _measure(rows: Sequence[Row | None], column: str) -> Floats:
    return np.array([np.nan if row is None or row[column] is None else row[column] for row in rows], dtype=float)


def _begun(cost: Floats) -> int:
    charged = np.flatnonzero(np.nan_to_num(cost) > 0)
    return int(charged[0]) if len(charged) else len(cost)


def _explaining(rows: Sequence[Row | None], column: str) -> Floats | None:
    values = _measure(rows, column)
    return values if np.isnan(values).mean() <= _MOST_PEERS_GAP else None


def _guarded(days: Sequence[Row], done_on: date) -> Verdict:
    asked = Thresholds()
    before = [row for row in days if row["charge_date"] < done_on]
    after = [row for row in days if row["charge_date"] >= done_on + timedelta(days=asked.settling_days)]
    return guard(_service(before), _service(after))


def _service(days: Sequence[Row]) -> Service:
    return Service(
        requests=_total(days, "product_requests"),
        failed=_total(days, "failed_requests"),
        measured_hours=_total(days, "measured_hours"),
        saturated_hours=_total(days, "saturated_hours"),
    )


def _total(days: Sequence[Row], column: str) -> int | None:
    known = [row[column] for row in days if row[column] is not None]
    return int(sum(known)) if known else None


def _counted(told: Saved, well: Verdict) -> Decimal:
    """What may be claimed: of what is proved and lasts and does no harm, else nothing."""
    if told.state is not State.verified or well.is_harmed:
        return Decimal(0)
    return _money(told.monthly) or Decimal(0)


def _outcomes(rows: Iterable[Row]) -> list[Outcome]:
    """Of actions whose proof has something to say."""
    over = {State.verified.value, State.unproven.value, State.bounced_back.value}
    return [
        Outcome(row["rule"], row["currency"], row["predicted_saving"], row["counted_saving"])
        for row in rows
        if row["state"] in over and row["predicted_saving"] is not None
    ]


def _accuracy(each: Any) -> dict[str, Any]:
    return {
        "rule": each.rule,
        "currency": each.currency,
        "actions": each.actions,
        "predicted_saving": each.predicted,
        "realised_saving": each.realised,
        "factor": each.factor,
    }


def _money(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(value).quantize(_PLACES)
