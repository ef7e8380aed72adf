"""Recommendations, what could not be judged, and what people said, as tables that Python makes."""

from __future__ import annotations

from assets.made_tables import MadeTable
from pipelines.lake.tables.decisions import RECOMMENDATION_ACTIONS
from pipelines.lake.tables.decisions import RECOMMENDATIONS as RECOMMENDATIONS_TABLE
from pipelines.lake.tables.decisions import UNJUDGED as UNJUDGED_TABLE

RESOURCES = "gold.resource_costs"
"""What exists and what it costs: the world that rules judge."""

_READS = (RESOURCES, RECOMMENDATION_ACTIONS.name)

RECOMMENDATIONS = MadeTable(RECOMMENDATIONS_TABLE, ("recommendation_id",), _READS, ())
UNJUDGED = MadeTable(UNJUDGED_TABLE, ("rule", "resource_id"), (RESOURCES,), ())
ACTIONS = MadeTable(RECOMMENDATION_ACTIONS, ("recommendation_id", "said_at"), (RECOMMENDATIONS.name,), ())

REGISTER_TABLES = (RECOMMENDATIONS, UNJUDGED)
"""Those a run writes; actions are written when somebody says something."""
