"""Recommendations for pages: as they stand on a day, with what could not be judged and what was proved."""

from __future__ import annotations

from datetime import date
from typing import Any

from assets.anomaly_feedback import rows_of
from assets.recommendation_actions import recommendations_now
from assets.recommendations_tables import RECOMMENDATIONS, UNJUDGED
from assets.savings_tables import RULE_ACCURACY, SAVINGS
from pipelines.lake.engine import Catalog

ADVICE_TABLES = (RECOMMENDATIONS.name, UNJUDGED.name, SAVINGS.name, RULE_ACCURACY.name)

Row = dict[str, Any]


def advice_rows(catalog: Catalog, today: date) -> dict[str, list[Row]]:
    """Rows by table, what people said since the last run included; a table that no run has written yet is left out."""
    found = {table: rows_of(catalog, table) for table in ADVICE_TABLES[1:] if _is_written(catalog, table)}
    if _is_written(catalog, RECOMMENDATIONS.name):
        found[RECOMMENDATIONS.name] = recommendations_now(catalog, today)
    return found


def _is_written(catalog: Catalog, table: str) -> bool:
    return catalog.state(table).delta is not None
