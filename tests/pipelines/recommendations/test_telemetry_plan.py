"""What streams of telemetry are worth, data sources against budgets and policy, and policies as rows."""

from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.recommendations.recommendation import NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.retention_policies import policy_rows
from pipelines.recommendations.rules import custom_metrics, telemetry_budget, telemetry_retention
from pipelines.recommendations.rules.telemetry_retention_changed import TELEMETRY_RETENTION_CHANGED
from pipelines.recommendations.telemetry_plan import Settings, source_rows, stream_rows
from pipelines.recommendations.world import World
from pipelines.telemetry.classes import PROTECTED, LogClass

from .rule_contract import answers_of, problems_of
from .rules.test_telemetry_rules import FROM, GB, SCHEMA, UNTIL, logs, metrics
from .small_world import resource

LOGS, SAMPLES, TRACES = (f"/observability/cockpit/custom-{each}/fr-par" for each in ("log", "sample", "trace"))
LEVELS = {("api", "debug"): 200, ("api", "info"): 500, ("api", "error"): 50, ("web", "warn"): 250}


def source(name, costs):
    money = {sku: Decimal(cost) for sku, cost in costs.items()}
    return resource(name, resource_name=name, resource_type="cockpit_data_source", costs=money, owner="mira",
                    monthly_cost=sum(money.values()))  # fmt: skip


def world(sources, rows):
    return World(UNTIL, UNTIL, {each.resource_id: each for each in sources},
                 {"gold.telemetry_streams": pa.Table.from_pylist(rows, schema=SCHEMA)})  # fmt: skip


USUAL = Settings()


def streams(seen, told=USUAL):
    return {(row["stream"], row["stream_class"]): row for row in stream_rows(seen, told)}


def test_a_stream_is_worth_its_queries_by_its_euros():
    seen = world([source("logs", {LOGS: 100})], logs("logs", LEVELS))
    found = streams(seen, Settings(telemetry_budget.Thresholds(queries=("api=1000",))))
    assert {name: (row["monthly_cost"], row["value_score"]) for name, row in found.items()} == {
        ("api", "debug"): (20, 50), ("api", "info"): (50, 20), ("api", "error"): (5, 200), ("web", "warn"): (25, None)
    }  # fmt: skip
    assert {row["action"] for row in found.values()} == {"keep"}
    unasked = streams(seen)
    assert (unasked["api", "debug"]["action"], unasked["api", "debug"]["monthly_saving"]) == ("drop", 20)
    assert (unasked["api", "info"]["keep_share"], unasked["api", "info"]["archive_days"]) == (0.25, 90)
    assert unasked["api", "error"]["is_protected"]
    assert unasked["api", "debug"]["bytes_per_month"] == int(200 * GB * 730 / 24 / 28)


@settings(max_examples=50)
@given(
    sizes=st.dictionaries(
        st.tuples(st.sampled_from("ab"), st.sampled_from(["audit", "error", "warn", "info", "debug", "what"])),
        st.integers(1, 900), min_size=1,
    ),
    days=st.integers(0, 400), queries=st.integers(0, 10**6),
)  # fmt: skip
def test_no_setting_takes_anything_of_what_is_protected(sizes, days, queries):
    seen = world([source("logs", {LOGS: 100})], logs("logs", sizes))
    names = [f"{each}_days" for each in LogClass]
    told = Settings(
        telemetry_budget.Thresholds(queries=(f"a={queries}",)),
        telemetry_retention.Thresholds(**dict.fromkeys(names, days)),
    )
    rows = list(stream_rows(seen, told))
    assert sum(row["monthly_cost"] for row in rows) == pytest.approx(Decimal(100), abs=Decimal("0.001"))
    for row in rows:
        assert row["is_protected"] == (LogClass(row["stream_class"]) in PROTECTED)
        assert row["keep_share"] == 1 or not row["is_protected"]
        assert row["monthly_saving"] <= row["monthly_cost"]


def test_metrics_are_judged_by_name_and_traces_as_a_whole():
    counts = {"crowd_total_things": (9_000_000, 9000), "http_requests_total": (1_000_000, 100)}
    seen = world([source("m", {SAMPLES: 40}), source("t", {TRACES: 20})], metrics("m", counts))
    found = streams(seen, Settings(metrics=custom_metrics.Thresholds(many_series=5000)))
    crowd, level = found["crowd_total_things", "unknown"], found["http_requests_total", "service level"]
    assert (crowd["monthly_saving"], level["monthly_saving"], level["is_protected"]) == (36, 0, True)
    told = custom_metrics.Thresholds(many_series=5000, queries=("crowd_total_things=72",))
    asked = streams(seen, Settings(metrics=told))["crowd_total_things", "used"]
    assert (asked["queries_per_month"], asked["value_score"], asked["keep_share"]) == (72, 2, 1)
    traces = found["t", "trace"]
    assert (traces["action"], traces["monthly_saving"], traces["keep_share"]) == ("tail sampling", None, None)
    assert "at most 19.00" in traces["reason"]
    assert traces["as_of"] == UNTIL


def test_what_is_free_or_not_measured_has_no_row_or_no_euros():
    rows = [*logs("own", LEVELS, is_billed=False), *logs("unpaid", LEVELS), *logs("gone", LEVELS)]
    found = streams(world([source("own", {}), source("unpaid", {})], rows))
    assert {row["data_source_name"] for row in found.values()} == {"unpaid"}
    assert {row["monthly_cost"] for row in found.values()} == {None}


def test_data_sources_are_held_against_budget_pace_and_policy():
    rows = logs("logs", LEVELS)
    for row in rows:
        row["last_week_bytes"] *= 2
    seen = world([source("logs", {LOGS: 100}), source("t", {TRACES: 20})], rows)
    told = Settings(telemetry_budget.Thresholds(budgets=("logs=150", "t=30")))
    found = {row["signal"]: row for row in source_rows(seen, told)}
    logged, traced = found["logs"], found["traces"]
    assert (logged["monthly_cost"], logged["expected_monthly_cost"], logged["is_beyond_budget"]) == (100, 200, True)
    assert (logged["retention_days"], logged["policy_days"], logged["has_drifted"]) == (30, 30, False)
    assert (traced["expected_monthly_cost"], traced["is_beyond_budget"], traced["has_drifted"]) == (None, False, None)
    assert traced["policy_days"] == 7
    unbudgeted = {row["signal"]: row["is_beyond_budget"] for row in source_rows(seen, Settings())}
    assert unbudgeted == {"logs": None, "traces": None}


def test_policies_are_rows_whose_floor_holds():
    rows = list(policy_rows(telemetry_retention.Thresholds(audit_days=1, debug_days=5), ["*-logs: expire=90"]))
    told = {(row["signal"], row["subject"]): row for row in rows}
    assert told["logs", "audit"]["hot_days"] == 365
    assert (told["logs", "debug"]["hot_days"], told["logs", "debug"]["least_days"]) == (5, 0)
    assert told["storage", "*-logs"]["policy"] == "expire=90"
    assert len({(row["signal"], row["place"]) for row in rows}) == len(rows)


RETENTIONS = pa.schema(
    [
        *((name, pa.string()) for name in ("usage_month", "data_source_id", "signal")),
        *((name, pa.int64()) for name in ("retention_days", "previous_days")),
        *((name, pa.date32()) for name in ("seen_until", "changed_on")),
    ]
)


@pytest.mark.parametrize(
    ("now", "before", "changed", "kind"),
    [
        (7, 30, date(2026, 11, 10), Recommendation),
        (30, 7, date(2026, 11, 4), Recommendation),
        (7, 30, date(2026, 11, 3), NothingToDo),
        (30, 30, date(2026, 11, 10), NothingToDo),
        (30, None, None, NothingToDo),
        (None, None, None, Unjudged),
    ],
)
def test_a_retention_that_changed_is_told_for_two_weeks(now, before, changed, kind):
    row = {"usage_month": "2026-11", "data_source_id": "logs", "signal": "logs", "retention_days": now,
           "previous_days": before, "changed_on": changed}  # fmt: skip
    table = pa.Table.from_pylist([row, {**row, "data_source_id": "gone"}], schema=RETENTIONS)
    seen = World(UNTIL, UNTIL, {"logs": source("logs", {LOGS: 100})}, {"gold.telemetry_retentions": table})
    assert problems_of(TELEMETRY_RETENTION_CHANGED, seen) == []
    (answer,) = answers_of(TELEMETRY_RETENTION_CHANGED, seen)
    assert type(answer) is kind
    if isinstance(answer, Recommendation):
        assert f"retention-days={before}" in answer.change.cli[0]
        assert f"retention-days={now}" in answer.change.undo_cli[0]
        assert ("is gone" in answer.reason) == (now < before)
        assert answer.evaluation_end > FROM
