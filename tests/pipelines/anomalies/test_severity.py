"""Severity goes by euros, in proportion to the organization; some starts cannot wait."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.anomalies.baselines import Course
from pipelines.anomalies.events import Event
from pipelines.anomalies.hierarchy import Incident
from pipelines.anomalies.lone import gap_incidents, lone_incidents, unread_days
from pipelines.anomalies.scopes import Scope
from pipelines.anomalies.severity import Severity, is_actionable, severity_of
from pipelines.anomalies.verdicts import Kind

SCOPE = Scope("cost", "sku", "EUR", "p1", "Instances", sku="/compute/pro2_s/run")
WHOLE = 900.0


def incident(a_day, days=2, kind="spike", scope=SCOPE):
    course = Course(50, 50 + days - 1, max(a_day, 0) * days, max(-a_day, 0) * days)
    return Incident(scope, (scope,), kind, Kind.SPIKE, course, 1 if a_day >= 0 else -1, 0.9, 1.0, ())


@pytest.mark.parametrize(
    ("a_day", "days", "severity"),
    [(3, 1, "low"), (5, 1, "medium"), (4, 6, "medium"), (30, 1, "high"), (6, 28, "high"), (-5, 1, "low"),
     (-30, 1, "medium")],
)  # fmt: skip
def test_severity_by_euros_a_day_and_in_all(a_day, days, severity):
    assert severity_of(incident(a_day, days), 1.0, WHOLE) is Severity(severity)


def test_the_same_euros_matter_less_where_more_is_spent_but_never_without_bound():
    assert severity_of(incident(5), 1.0, WHOLE) is Severity.medium
    assert severity_of(incident(5), 1.0, 10 * WHOLE) is Severity.low
    assert severity_of(incident(25), 1.0, 1e9) is Severity.medium


@pytest.mark.parametrize("sku", ["/compute/h100_1_80g/run_par2", "/compute/l40s_1_48g/run", "/ai/deployment/l4/fr-par"])
def test_gpus_out_of_nothing_are_urgent_and_a_rise_of_them_is_not(sku):
    gpu = replace(SCOPE, sku=sku)
    assert severity_of(incident(40, kind="burst", scope=gpu), 1.0, WHOLE) is Severity.urgent
    assert severity_of(incident(40, kind="spike", scope=gpu), 1.0, WHOLE) is Severity.high


def test_a_new_region_and_a_start_by_unknown_hands_are_urgent():
    assert severity_of(incident(10, kind="new_region"), 1.0, WHOLE) is Severity.urgent
    assert severity_of(incident(10, kind="burst"), 1.0, WHOLE, by_stranger=True) is Severity.urgent
    assert severity_of(incident(10, kind="burst"), 1.0, WHOLE) is Severity.medium
    assert severity_of(incident(3, kind="burst"), 1.0, WHOLE, by_stranger=True) is Severity.low


def test_only_what_is_open_and_no_trifle_is_to_be_acted_on():
    assert is_actionable("open", Severity.medium)
    assert is_actionable("reopened", Severity.urgent)
    assert not is_actionable("open", Severity.low)
    assert not is_actionable("explained", Severity.urgent)


def test_days_nobody_measured_are_a_gap_of_the_source_and_one_silent_series_is_its_own():
    values = np.ones((4, 60))
    values[:, 40:42] = np.nan
    values[2, 50:] = np.nan
    scopes = [Scope("telemetry", "service", "samples", f"p{number}", "Cockpit") for number in range(4)]
    assert np.flatnonzero(unread_days(values)).tolist() == [40, 41]
    events = [Event(series, 40, 41, Kind.MISSING, None, 1.0, False) for series in range(4)]
    events.append(Event(2, 50, 59, Kind.MISSING, None, 1.0, True))
    (lone,) = lone_incidents(scopes, values, events, [0.0] * 5)
    assert (lone.scope.project_id, lone.first, lone.last, lone.kind) == ("p2", 50, 59, "missing_days")
    unread = np.where(unread_days(values), np.nan, 0.0)
    assert [(gap.first, gap.last) for gap in gap_incidents(scopes[0], unread)] == [(40, 41)]
    assert severity_of(lone, 1.0, WHOLE) is Severity.medium
