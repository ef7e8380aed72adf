"""Anomalies for pages: those of a span of days as they stand now, with their causes, days and changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from assets.allocation_pseudonyms import shown_tenants
from assets.anomaly_feedback import ANOMALIES, anomalies_now, rows_of
from pipelines.lake.engine import Catalog
from pipelines.settings import Settings

OF_AN_ANOMALY = ("gold.anomaly_causes", "gold.anomaly_days", "gold.anomaly_changes")
_TENANT, _OF_A_TENANT = "tenant", "cost_per_tenant of tenant "
_TEXTS = ("root_cause", "explanation", "explained_by", "state_reason")

Row = dict[str, Any]


def anomaly_rows(catalog: Catalog, first: date | None, last: date, settings: Settings) -> dict[str, list[Row]]:
    """Rows by table of the anomalies with a day from `first` (None: of ever) to `last`, both included.

    No table at all before the first run that judged. Tenants stand under the names that reports show.
    """
    if catalog.state(ANOMALIES).delta is None:
        return {}
    found = [
        row
        for row in anomalies_now(catalog)
        if row["first_day"] <= last and (first is None or row["last_day"] >= first)
    ]
    shown = shown_tenants(catalog, settings.allocation)
    wanted = sorted(row["anomaly_id"] for row in found)
    chosen = ", ".join(f"'{each}'" for each in wanted)
    clause = f"where anomaly_id in ({chosen})" if wanted else "where false"
    tables = {table: rows_of(catalog, table, clause) for table in OF_AN_ANOMALY}
    return {table: renamed(rows, shown) for table, rows in {ANOMALIES: found, **tables}.items()}


def shown_rows(catalog: Catalog, table: str, shown: Callable[[str | None], str | None]) -> list[Row]:
    """All rows of one of the anomalies' tables: anomalies as they stand now, tenants under the name that is shown."""
    rows = anomalies_now(catalog) if table == ANOMALIES else rows_of(catalog, table)
    return renamed(rows, shown)


def renamed(rows: Sequence[Mapping[str, Any]], shown: Callable[[str | None], str | None]) -> list[Row]:
    """The rows with each tenant under the name that may be shown, in the chain of causes too."""
    return [_renamed(row, shown) for row in rows]


def _renamed(row: Mapping[str, Any], shown: Callable[[str | None], str | None]) -> Row:
    """A tenant is named by a label, or by the scope of what one tenant costs."""
    kpi, label = row.get("kpi") or "", row.get("label_value")
    if kpi.startswith(_OF_A_TENANT):
        old, column = kpi, "kpi"
        new = f"{_OF_A_TENANT}{shown(kpi.removeprefix(_OF_A_TENANT)) or ''}"
    elif row.get("label_key") == _TENANT and label:
        old, new, column = label, shown(label) or "", "label_value"
    else:
        return dict(row)
    texts = {name: row[name].replace(old, new) for name in _TEXTS if row.get(name)}
    return {**row, **texts, column: new}
