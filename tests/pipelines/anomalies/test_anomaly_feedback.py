"""What people say about anomalies: the newest word holds, and what outlives its excuse is open again."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.anomalies.feedback import Said, Standing, State, Verdict, is_actionable, newest, standing

START = datetime(2026, 11, 5, 9, tzinfo=UTC)
LAST = date(2026, 11, 4)
OPEN = Standing(State.open, "nothing known explains it", date(2026, 11, 3))


def said(verdict: Verdict, hours: int = 0, until: date | None = None, anomaly_id: str = "a") -> Said:
    return Said(anomaly_id, START + timedelta(hours=hours), "mira", verdict, "because", until)


def test_without_a_word_it_stands_as_judged():
    assert standing(OPEN, None, LAST) == OPEN


def test_each_verdict_has_its_state_and_its_sentence():
    day = START.date()
    assert standing(OPEN, said(Verdict.closed), LAST) == Standing(State.closed, "closed by mira: because", day)
    assert standing(OPEN, said(Verdict.false_alarm), LAST).reason == "closed as a false alarm by mira: because"
    until = date(2026, 11, 30)
    expected = standing(OPEN, said(Verdict.expected, until=until), LAST)
    assert (expected.state, expected.until) == (State.expected, until)
    assert standing(expected, said(Verdict.reopened), LAST).state is State.reopened


def test_what_lasts_longer_than_expected_is_reopened_on_the_day_after():
    word = said(Verdict.expected, until=LAST)
    assert standing(OPEN, word, LAST).state is State.expected
    after = standing(OPEN, word, LAST + timedelta(days=1))
    assert (after.state, after.since, after.until) == (State.reopened, LAST + timedelta(days=1), None)
    assert after.reason == "was expected until 2026-11-04 (because), and lasts until 2026-11-05"


def test_what_was_judged_reopened_since_it_was_closed_stays_so_until_the_next_word():
    grown = Standing(State.reopened, "came to twice as much", START.date() + timedelta(days=2))
    assert standing(grown, said(Verdict.closed), LAST) == grown
    assert standing(grown, said(Verdict.closed, hours=72), LAST).state is State.closed


def test_only_what_is_to_do_is_actionable():
    for state in State:
        after = Standing(state, None, None)
        assert is_actionable(True, after) is (state in (State.open, State.reopened))
        assert is_actionable(False, after) is (state is State.reopened)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(Verdict), st.integers(0, 5), st.sampled_from("ab")), max_size=8))
def test_the_newest_word_on_each_holds_whatever_the_order_of_the_others(words):
    found = newest(said(verdict, hours, anomaly_id=name) for verdict, hours, name in words)
    for name in "ab":
        of_it = [(hours, verdict) for verdict, hours, each in words if each == name]
        if not of_it:
            assert name not in found
            continue
        latest = max(hours for hours, _ in of_it)
        assert found[name].verdict is [verdict for hours, verdict in of_it if hours == latest][-1]
