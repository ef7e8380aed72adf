"""Time is cut into windows that cover it exactly once, and hours of windows are hours of the whole."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import UsageError
from pipelines.sources.cockpit.hourly import aggregated
from pipelines.sources.cockpit.series import Samples
from pipelines.sources.cockpit.windows import EPOCH, HOUR, Window, floored, moments, seconds_text, windows

MOMENTS = st.timedeltas(timedelta(days=19_700), timedelta(days=20_800)).map(lambda each: EPOCH + each)
STEPS = st.sampled_from([1, 5, 15, 30, 60, 300, 900, 3600]).map(lambda each: timedelta(seconds=each))
SPANS = st.timedeltas(timedelta(0), timedelta(days=9))


@settings(deadline=None)
@given(MOMENTS, st.floats(0, 40), STEPS, st.integers(1, 5000), st.booleans())
def test_windows_cover_once_meet_at_multiples_of_the_step_and_hold_no_more_than_allowed(
    since, windowfuls, step, most, by_hour
):
    unit = HOUR if by_hour else step
    most = max(most, unit // step)
    span = windowfuls * min(step * most, timedelta(days=2))
    until = since + span
    cut = list(windows(since, until, step, most_points=most, longest=timedelta(days=2), unit=unit))
    assert bool(cut) == bool(span)
    assert [since, *(window.until for window in cut)] == [*(window.since for window in cut), until]
    assert all(floored(window.until, unit) == window.until for window in cut[:-1])
    assert all(window.span <= timedelta(days=2) for window in cut)
    found = [each for window in cut if (each := moments(window, step))]
    told = [(last - first) // step + 1 for first, last in found]
    assert all(count <= most for count in told)
    assert all(later[0] == earlier[1] + step for earlier, later in pairwise(found))
    assert all((first - EPOCH) % step == timedelta(0) for first, _ in found)
    if span >= step:
        assert found[0][0] < since + step
        assert found[0][0] >= since
        assert until - step <= found[-1][1] < until


@given(MOMENTS, SPANS.filter(bool), STEPS)
def test_halves_of_a_window_are_the_window(since, span, step):
    halves = Window(since, since + span).halves(step)
    if halves is None:
        assert moments(Window(since, since + span), step) in (None, (since, since)) or span <= step
    else:
        first, second = halves
        assert (first.since, first.until, second.until) == (since, second.since, since + span)
        assert first.span
        assert second.span
        assert floored(second.since, step) == second.since


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.sets(st.integers(1, 29), max_size=8), st.integers(1, 3))
def test_hours_of_windows_that_meet_on_the_hour_are_the_hours_of_the_whole(seed, cuts, series):
    chance = random.Random(seed)
    minutes = [minute for minute in range(30 * 60) if chance.random() < 0.4]
    rows = [(number, minute * 60_000, chance.gauss(0, 100)) for number in range(series) for minute in minutes]
    frame = pl.DataFrame(rows, schema={"series": pl.UInt32, "at": pl.Int64, "value": pl.Float64}, orient="row")
    labels = tuple({"number": str(number)} for number in range(series))
    edges = [0, *sorted(cuts), 30]
    parts = [
        aggregated(Samples(labels, frame.filter(pl.col("at").is_between(a * 3_600_000, b * 3_600_000, closed="left"))))
        for a, b in pairwise(edges)
    ]
    assert pl.concat(parts).sort("series", "hour").equals(aggregated(Samples(labels, frame)))


def test_a_step_that_does_not_divide_its_unit_is_refused_with_the_reason():
    with pytest.raises(UsageError, match="does not divide 1:00:00"):
        list(windows(EPOCH, EPOCH + HOUR, timedelta(seconds=7), unit=HOUR))
    with pytest.raises(UsageError, match="exceeds 10 points"):
        list(windows(EPOCH, EPOCH + HOUR, timedelta(seconds=60), most_points=10, unit=HOUR))


def test_time_is_told_to_the_server_without_rounding():
    assert seconds_text(datetime(2026, 3, 2, 0, 0, 59, 999_000, tzinfo=UTC)) == "1772409659.999"
