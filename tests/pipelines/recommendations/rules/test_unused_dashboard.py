"""Dashboards that fell silent are told, those that still ask or never did are not, and no euros are promised."""

from dataclasses import replace
from datetime import date, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.recommendations.recommendation import NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rules.unused_dashboard import UNUSED_DASHBOARD
from pipelines.recommendations.world import World

from ..rule_contract import answers_of, problems_of, without  # noqa: TID252 - beside the rules' other tests
from ..small_world import resource  # noqa: TID252

UNTIL = date(2026, 11, 18)
TABLE = "gold.telemetry_dashboards"
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("service", "resource_id")),
        *((name, pa.date32()) for name in ("known_until", "last_asked")),
        *((name, pa.int64()) for name in ("queries", "queries_before")),
        ("is_unused", pa.bool_()),
    ]
)


def use(service, queries=0, before=9000, **more):
    told = {"service": service, "resource_id": "warehouse", "known_until": UNTIL, "queries": queries,
            "queries_before": before, "is_unused": queries == 0, "last_asked": UNTIL - timedelta(40)}  # fmt: skip
    return {**told, **more}


def world(*rows):
    warehouse = resource("warehouse", resource_name="warehouse")
    tables = {TABLE: pa.Table.from_pylist(list(rows), schema=SCHEMA)}
    return World(UNTIL, UNTIL, {"warehouse": warehouse}, tables)


def test_only_what_asked_much_before_and_nothing_since_is_told_without_euros():
    seen = world(use("closing"), use("sales", 500), use("tried-once", 0, 3), use("else", resource_id=None))
    assert problems_of(UNUSED_DASHBOARD, seen) == []
    (answer,) = answers_of(UNUSED_DASHBOARD, seen)
    assert isinstance(answer, Recommendation)
    assert (answer.target, answer.monthly_saving) == ("closing", 0)
    assert "since 2026-10-09, after 9,000 queries" in answer.reason
    kept = replace(UNUSED_DASHBOARD, thresholds=replace(UNUSED_DASHBOARD.thresholds, kept=("closing",)))
    assert isinstance(answers_of(kept, seen)[0], NothingToDo)


def test_an_import_that_ended_tells_nothing_of_today():
    old = UNTIL - timedelta(29)
    (answer,) = answers_of(UNUSED_DASHBOARD, world(use("closing", known_until=old)))
    assert isinstance(answer, Unjudged)
    assert str(old) in answer.reason


@pytest.mark.parametrize("column", ["known_until", "is_unused", "queries_before", "resource_id"])
def test_what_was_not_measured_is_no_advice(column):
    told = answers_of(UNUSED_DASHBOARD, without(world(use("closing")), TABLE, column))
    assert not [each for each in told if isinstance(each, Recommendation)]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.integers(0, 300)), max_size=4))
def test_nobody_who_still_asks_is_ever_told(rows):
    for answer in answers_of(UNUSED_DASHBOARD, world(*(use(name, count, before) for name, count, before in rows))):
        if isinstance(answer, Recommendation):
            assert any(name == answer.target and not count and before >= 100 for name, count, before in rows)
