"""What people said holds, and an anomaly is told under one name."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from pipelines.anomalies import feedback
from pipelines.anomalies.explained import Explanation
from pipelines.anomalies.feedback import State, Verdict
from pipelines.anomalies.scopes import Scope
from pipelines.anomalies.standing import Feedback, Present, Said, Suppression, id_of, same_event, standing_of

SCOPE = Scope("cost", "service", "EUR", "p1", "Cockpit")
FIRST, TODAY = date(2026, 7, 21), date(2026, 7, 30)
STORM = Present(SCOPE, "spike", [FIRST, FIRST + timedelta(days=1)], [30.0, 32.0], True, ("p1", "shop"), ("/logs",))
SAID = Said("a1", SCOPE, "spike", FIRST, FIRST + timedelta(days=1), 62.0, State.open, FIRST, FIRST, FIRST)
BY_USE = Explanation("requests", "explained by +38 % requests")


def word(verdict, on=date(2026, 7, 22), anomaly="a1", until=None):
    said = feedback.Said(anomaly, datetime(on.year, on.month, on.day, 9, tzinfo=UTC), "ops", verdict, "known", until)
    return Feedback(said, replace(SCOPE, unit=""), "spike")


def stands(present=STORM, explanation=None, said=(SAID,), told=(), suppressions=(), name="a1"):
    return standing_of(present, explanation, name, TODAY, said, told, suppressions)


def test_open_since_it_was_first_so_unless_something_explains_it():
    assert stands().state is State.open
    assert stands().since == FIRST
    explained = stands(explanation=BY_USE)
    assert (explained.state, explained.reason, explained.since) == (State.explained, BY_USE.words, TODAY)


def test_closed_stays_closed_until_a_day_comes_to_more_than_twice():
    told = [word(Verdict.closed)]
    assert stands(told=told).state is State.closed
    days = [FIRST + timedelta(days=number) for number in range(4)]
    alike = replace(STORM, days=days, impacts=[30.0, 32.0, 50.0, 60.0])
    assert stands(alike, told=told).state is State.closed
    grown = stands(replace(alike, impacts=[30.0, 32.0, 70.0, 80.0]), told=told)
    assert (grown.state, grown.since) == (State.reopened, days[2])
    assert "twice" in grown.reason


def test_the_newest_word_holds_and_expected_ends_on_its_day():
    expected = word(Verdict.expected, until=date(2026, 7, 31))
    assert stands(told=[word(Verdict.closed), expected]).expected_until == date(2026, 7, 31)
    over = word(Verdict.expected, until=FIRST)
    assert stands(told=[over]).state is State.reopened
    assert stands(told=[word(Verdict.closed, date(2026, 7, 23)), word(Verdict.reopened, date(2026, 7, 24))]).state is (
        State.reopened
    )


def test_a_false_alarm_raises_what_the_same_scope_and_kind_is_allowed_later():
    told = [word(Verdict.false_alarm)]
    later = replace(STORM, days=[date(2026, 7, 28)], impacts=[40.0])
    alike = stands(later, told=told, name="a2")
    assert alike.state is State.suppressed
    assert "a1" in alike.reason
    assert stands(replace(later, impacts=[50.0]), told=told, name="a2").state is State.open
    assert stands(replace(later, kind="drift"), told=told, name="a2").state is State.open
    assert stands(replace(later, scope=replace(SCOPE, project_id="p2")), told=told, name="a2").state is State.open
    assert (
        stands(replace(later, days=[date(2026, 7, 1)]), told=told, name="a2").state is State.open
    )  # before it was said


@pytest.mark.parametrize(
    ("patterns", "fits"),
    [
        ({"project": "sh*"}, True),
        ({"project": "p1", "service": "Cockpit"}, True),
        ({"sku": "/logs*", "kind": "spike"}, True),
        ({"kind": "drop"}, False),
        ({"project": "shop", "service": "Instances"}, False),
    ],
)
def test_a_suppression_holds_where_all_of_its_patterns_fit_until_its_day(patterns, fits):
    rule = Suppression("release", "load test", "ops", FIRST, **patterns)
    found = stands(suppressions=[rule])
    assert found.state is (State.suppressed if fits else State.open)
    if fits:
        assert found.reason == "release: load test (ops, until 2026-07-21)"
        assert stands(suppressions=[replace(rule, until=FIRST - timedelta(days=1))]).state is State.open
        assert stands(suppressions=[rule], told=[word(Verdict.reopened)]).state is State.reopened
        over = word(Verdict.expected, until=FIRST)
        assert (stands(told=[over]).state, stands(suppressions=[rule], told=[over]).state) == (
            State.reopened,
            State.suppressed,
        )


def test_an_event_keeps_its_name_while_its_days_meet_and_it_moves_the_same_way():
    def same(sign=1, first=FIRST, last=FIRST, nested=True):
        return same_event(SCOPE, sign, first, last, SAID, nested)

    assert same()
    assert same(first=FIRST + timedelta(days=2), last=TODAY)
    assert not same(first=FIRST + timedelta(days=3), last=TODAY)
    assert not same(sign=-1)
    assert not same(nested=False)
    assert id_of(SCOPE, FIRST) == id_of(SCOPE, FIRST) != id_of(SCOPE, TODAY)
    assert len(id_of(SCOPE, FIRST)) == 12
    assert id_of(SCOPE, FIRST) != id_of(replace(SCOPE, unit="USD"), FIRST)
