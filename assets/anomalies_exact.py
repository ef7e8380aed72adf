"""Costs of anomalies to the last decimal. The detector measures in floats; what is told is summed from the charges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from assets.anomalies_rows import Decided
from assets.anomalies_tables import ANOMALIES, CAUSES, DAYS
from assets.lens import Lens
from pipelines.anomalies.scopes import COST, Scope
from pipelines.anomalies.severity import MISSING

_PLACES = Decimal("0.000001")
_FIELDS = ("level", "project_id", "service_name", "region", "sku", "resource_id", "label_key", "label_value", "unit")
_NAMED = {"region": "region_id", "unit": "billing_currency"}
Row = dict[str, Any]
Costs = Mapping[Scope, Mapping[date, Decimal]]


def with_exact_costs(lens: Lens, decided: Sequence[Decided], rows: Mapping[str, Sequence[Row]]) -> None:
    """Put the exact costs into the rows of anomalies, causes and days, and what follows from them."""
    known = {each.anomaly_id: each for each in decided if each.judged.incident.scope.subject == COST}
    costs = _costs(lens, list(known.values()))
    for row in rows[DAYS.name]:
        if row["anomaly_id"] in known and row["actual"] is not None:
            row["actual"] = costs[known[row["anomaly_id"]].judged.incident.scope].get(row["day"], Decimal(0))
    for row in rows[ANOMALIES.name]:
        if row["anomaly_id"] in known and row["kind"] != MISSING:
            judged = known[row["anomaly_id"]].judged
            _put(row, _summed(costs, judged.incident.scope, judged.first_day, judged.last_day))
            row["impact_percent"] = _percent(row["impact"], row["expected"])
    for row in rows[CAUSES.name]:
        if row["anomaly_id"] in known and row["actual"] is not None:
            judged = known[row["anomaly_id"]].judged
            cause = judged.incident.listed[row["rank"] - 1]
            first, last = judged.days[cause.course.first], judged.days[cause.course.last]
            _put(row, _summed(costs, cause.scope, first, last))


def _put(row: Row, actual: Decimal) -> None:
    row["actual"] = actual
    row["impact"] = None if row["expected"] is None else actual - row["expected"]


def _summed(costs: Costs, scope: Scope, first: date, last: date) -> Decimal:
    return sum((cost for day, cost in costs[scope].items() if first <= day <= last), Decimal(0))


def _percent(impact: Decimal | None, expected: Decimal | None) -> Decimal | None:
    return None if impact is None or not expected else (100 * impact / expected).quantize(_PLACES)


def _costs(lens: Lens, decided: Sequence[Decided]) -> Costs:
    """By scope and day, of all days that any row speaks of; a day without charge is not among them."""
    scopes = {each.judged.incident.scope for each in decided}
    scopes |= {cause.scope for each in decided for cause in each.judged.incident.listed}
    if not scopes:
        return {}
    ordered = sorted(scopes, key=lambda scope: scope.words)
    first = min(each.judged.days[0] for each in decided)
    last = max(each.judged.days[-1] for each in decided)
    asked = ", ".join(
        f"({number}, {', '.join(_text(getattr(scope, field)) for field in _FIELDS)})"
        for number, scope in enumerate(ordered)
    )
    columns = [_NAMED.get(field, field) for field in _FIELDS]
    same = " and ".join(f"costs.{column} is not distinct from asked.{column}" for column in columns)
    rows = lens.query(
        f"with asked(number, {', '.join(columns)}) as (values {asked}) "
        "select asked.number, costs.day, costs.billed_cost from gold.judged_series_costs as costs "
        f"inner join asked on {same} where costs.billing_month between '{first:%Y-%m}' and '{last:%Y-%m}'"
    ).to_pylist()
    found: dict[Scope, dict[date, Decimal]] = {scope: {} for scope in ordered}
    for row in rows:
        found[ordered[row["number"]]][row["day"]] = row["billed_cost"]
    return found


def _text(value: str | None) -> str:
    return "cast(null as varchar)" if value is None else "'" + value.replace("'", "''") + "'"
