"""Telemetry's plan, budgets and policies in the lake: by month, dated, and no commit without a change."""

from datetime import timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from assets.made_tables import content_of
from assets.telemetry_plan import update_telemetry
from pipelines.errors import ConfigurationError
from pipelines.lake.store import PartitionState
from pipelines.settings import load_settings

from .recommendation_lake import DAY, RecommendationLake, cost

STREAMS = pa.schema(
    [
        *((name, pa.string()) for name in ("usage_month", "data_source_id", "signal", "service_name", "level")),
        ("metric_name", pa.string()),
        *((name, pa.date32()) for name in ("known_from", "known_until")),
        ("is_billed", pa.bool_()),
        *((name, pa.int64()) for name in ("days", "bytes", "samples", "source_bytes", "source_samples")),
        *((name, pa.int64()) for name in ("last_week_bytes", "last_week_samples", "last_week_days", "retention_days")),
        ("scrape_seconds", pa.decimal128(38, 12)),
    ]
)


@pytest.fixture
def held(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lake = RecommendationLake(tmp_path / "lake")
    lake.costs(cost("logs", 100, resource_type="cockpit_data_source", sku="/observability/cockpit/custom-log/fr-par"))
    rows = [
        {**dict.fromkeys(STREAMS.names), "usage_month": "2026-11", "data_source_id": "logs", "signal": "logs",
         "service_name": "api", "level": level, "known_from": DAY - timedelta(28), "known_until": DAY, "days": 28,
         "is_billed": True, "bytes": size * 10**9, "source_bytes": 10**12, "last_week_bytes": 25 * 10**10,
         "last_week_days": 7, "retention_days": 14}
        for level, size in (("debug", 400), ("error", 600))
    ]  # fmt: skip
    table = pa.Table.from_pylist(rows, schema=STREAMS)
    state = {"2026-11": PartitionState(content_of(table))}
    lake.catalog.lake.replace("gold.telemetry_streams", table, state, "usage_month")
    return lake


def told(rules):
    settings = load_settings()
    return settings.model_copy(update={"recommendations": settings.recommendations.model_copy(update={"rules": rules})})


def test_streams_budgets_and_policies_are_kept_and_equal_rows_make_no_commit(held):
    settings = told({"telemetry_budget": {"budgets": ["logs-1=90"]}})
    made = update_telemetry(held.catalog, settings, DAY)
    assert (made.streams, made.sources, made.beyond_budget, made.drifted) == (2, 1, 1, 1)
    assert set(update_telemetry(held.catalog, settings, DAY).rows.values()) == {0}
    found = {row["stream_class"]: row for row in held.rows("from gold.telemetry_plan")}
    assert (found["debug"]["action"], found["debug"]["monthly_saving"]) == ("drop", 40)
    assert (found["error"]["action"], found["error"]["is_protected"]) == ("keep", True)
    (budget,) = held.rows("from gold.telemetry_budgets")
    assert (budget["monthly_budget"], budget["retention_days"], budget["policy_days"]) == (Decimal(90), 14, 30)


def test_a_policy_has_a_snapshot_for_each_day_on_which_it_became_another_one(held):
    update_telemetry(held.catalog, told({}), DAY)
    assert update_telemetry(held.catalog, told({}), DAY + timedelta(1)).rows["gold.retention_policies"] == 0
    other = told({"telemetry_retention": {"info_days": 21}, "storage_policy_drift": {"policies": ["*-logs: expire=9"]}})
    assert update_telemetry(held.catalog, other, DAY + timedelta(2)).rows["gold.retention_policies"] == 11
    rows = held.rows(
        "select snapshot, subject, hot_days from gold.retention_policies where subject = 'info' order by 1"
    )
    assert [(row["snapshot"], row["hot_days"]) for row in rows] == [("2026-11-18", 7), ("2026-11-20", 21)]
    newest = held.rows("from gold.retention_policies where signal = 'storage'")
    assert [(row["snapshot"], row["subject"], row["policy"]) for row in newest] == [
        ("2026-11-20", "*-logs", "expire=9")
    ]
    # and back again, which is a change too
    assert update_telemetry(held.catalog, told({}), DAY + timedelta(3)).rows["gold.retention_policies"] == 10


def test_a_budget_that_is_none_says_where_it_stands(held):
    with pytest.raises(ConfigurationError, match="budgets"):
        update_telemetry(held.catalog, told({"telemetry_budget": {"budgets": ["logs"]}}), DAY)
