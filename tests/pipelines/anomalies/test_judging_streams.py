"""Series of other steps, and series as people bring them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipelines.anomalies.history import tail_of
from pipelines.anomalies.series import Caution, judge_series
from pipelines.anomalies.stream import judge_stream
from pipelines.anomalies.verdicts import DailyCaution, Kind

QUICK = settings(max_examples=20, deadline=None)
START = 1_767_225_600  # 2026-01-01T00:00:00Z
HOUR, DAY = 3600, 86_400


def hours(count: int, step: int = HOUR) -> np.ndarray:
    return START + step * np.arange(count)


def noise(count: int, seed: int = 1) -> np.ndarray:
    return 50 + np.resize(np.random.default_rng(seed).uniform(-2, 2, 37), count)


def daily_course(count: int, seed: int = 1) -> np.ndarray:
    return noise(count, seed) + 30 * np.sin(np.arange(count) * 2 * np.pi / 24)


streams = arrays(np.float64, st.integers(2, 300), elements=st.floats(-1e6, 1e6))


@QUICK
@given(values=streams, step=st.sampled_from([60, 300, HOUR, DAY, 7 * DAY]))
def test_scores_lie_between_0_and_1_and_one_half_parts_what_is_an_anomaly(values, step):
    verdicts = judge_stream(hours(len(values), step), values)
    assert ((verdicts.score >= 0) & (verdicts.score <= 1)).all()
    assert ((verdicts.score >= 0.5) == verdicts.is_anomaly).all()


@QUICK
@given(values=streams, more=streams, step=st.sampled_from([60, HOUR]))
def test_what_comes_later_changes_no_verdict(values, more, step):
    both = np.concatenate([values, more])
    before, after = judge_stream(hours(len(values), step), values), judge_stream(hours(len(both), step), both)
    for name, told in vars(before).items():
        np.testing.assert_array_equal(told, getattr(after, name)[: len(values)], err_msg=name)


def test_nothing_later_changes_what_was_said_of_a_long_series_with_events():
    values = daily_course(1500)
    values[700:703] += 100
    values[900:] += 200
    whole = judge_stream(hours(1500), values)
    for cut in (650, 702, 950, 1400):
        part = judge_stream(hours(cut), values[:cut])
        for name, told in vars(part).items():
            np.testing.assert_array_equal(told, getattr(whole, name)[:cut], err_msg=f"{name} at {cut}")


@QUICK
@given(value=st.floats(-1e9, 1e9), count=st.integers(1, 500))
def test_a_constant_stream_is_never_unusual(value, count):
    assert not judge_stream(hours(count), np.full(count, value)).is_anomaly.any()


@QUICK
@given(values=streams, scale=st.sampled_from([0.25, 16.0]))
def test_a_stream_in_another_unit_is_judged_alike(values, scale):
    one, other = (judge_stream(hours(len(values)), values * by) for by in (1.0, scale))
    np.testing.assert_array_equal(one.is_anomaly, other.is_anomaly)
    np.testing.assert_allclose(one.score, other.score)


def test_a_spike_at_a_usual_time_is_one_event_with_its_bounds():
    values = daily_course(24 * 40)
    values[700:703] += 120
    verdicts = judge_stream(hours(len(values)), values)
    assert np.flatnonzero(verdicts.is_anomaly).tolist() == [700]
    assert verdicts.kind[700] == Kind.SPIKE
    assert verdicts.continues[701:703].all()
    assert values[700] > verdicts.high[700] > verdicts.expected[700]


def test_a_quiet_night_at_noon_is_unusual_though_the_value_is_not():
    values = daily_course(24 * 40)
    noon = 24 * 30 + 6  # the sine's highest hour
    values[noon : noon + 3] = 20.0
    assert judge_stream(hours(len(values)), values).is_anomaly[noon]
    assert values.min() < 20.0


def test_a_new_level_is_one_alarm_and_then_the_measure():
    values = noise(24 * 60)
    values[600:] += 100
    values[1200] += 60
    assert np.flatnonzero(judge_stream(hours(len(values)), values).is_anomaly).tolist() == [600, 1200]


def test_a_burst_that_comes_every_day_is_soon_no_news():
    values = noise(24 * 60)
    values[5::24] += 80
    assert not judge_stream(hours(len(values)), values).is_anomaly[24 * 20 :].any()


def test_the_rarer_the_more_surprising():
    past = np.abs(np.random.default_rng(2).standard_t(3, size=2000))
    past[-3:] = [5, 10, 50]
    from pipelines.anomalies.history import Block

    tail = tail_of(past, [Block(0, 1990, 2000)], 0.04, np.log(1000))
    assert 0 < tail.surprise[-3] < tail.surprise[-2] < tail.surprise[-1]
    share = np.mean(past[:1990] >= tail.bound[-1])
    assert share <= 3 / 1000


# --- any series


@QUICK
@given(order=st.permutations(range(60)))
def test_rows_in_any_order_get_the_same_verdicts(order):
    values = noise(60)
    values[50] = 500
    sorted_ones = judge_series(hours(60, DAY), values).verdicts
    mixed = judge_series(hours(60, DAY)[list(order)], values[list(order)]).verdicts
    np.testing.assert_array_equal(sorted_ones.score[list(order)], mixed.score)


def test_points_of_one_time_share_the_verdict_of_their_mean():
    times = np.concatenate([hours(100), hours(100)])
    apart = np.concatenate([noise(100) - 30, noise(100) + 30])
    both, mean = judge_series(times, apart), judge_series(hours(100), noise(100))
    np.testing.assert_allclose(both.verdicts.score[:100], mean.verdicts.score)
    np.testing.assert_allclose(both.verdicts.score[100:], mean.verdicts.score)


def test_days_are_recognised_even_when_an_hour_is_off_and_some_are_absent():
    times = hours(100, DAY) + 3 * HOUR
    times[50:] += HOUR
    keep = np.ones(100, dtype=bool)
    keep[70:72] = False
    judged = judge_series(times[keep], noise(100)[keep])
    assert judged.is_daily
    ((start, end, event),) = judged.events
    assert (event.kind, (start - START) // DAY, (end - START) // DAY) == (Kind.MISSING, 70, 71)


def test_a_silence_of_a_regular_stream_is_a_gap_and_a_value_that_is_nan_is_missing():
    values, keep = noise(400), np.ones(400, dtype=bool)
    values[100] = np.nan
    keep[200:220] = False
    judged = judge_series(hours(400)[keep], values[keep])
    ((start, end, event),) = judged.events
    assert (event.kind, start, end) == (Kind.MISSING, hours(400)[200], hours(400)[219])
    assert (judged.verdicts.kind[100], judged.verdicts.score[100]) == (Kind.MISSING, 0.0)


def test_an_irregular_stream_is_judged_too():
    chance = np.random.default_rng(4)
    times = np.cumsum(chance.integers(1, 7200, 2000)) + START
    values = noise(2000)
    values[1500] = 300
    judged = judge_series(times, values)
    assert np.flatnonzero(judged.verdicts.is_anomaly).tolist() == [1500]


@pytest.mark.parametrize("step", [HOUR, DAY])
def test_the_newest_days_can_be_left_to_mature(step):
    values = noise(500)
    values[-1] = 500
    judged = judge_series(hours(500, step), values, Caution(DailyCaution(maturing_days=2)))
    assert not judged.verdicts.is_anomaly.any()
    assert judge_series(hours(500, step), values).verdicts.is_anomaly[-1]


@pytest.mark.parametrize("count", [0, 1, 2, 12])
def test_a_series_too_short_to_judge_is_not_judged(count):
    judged = judge_series(hours(count), noise(count))
    assert (judged.verdicts.score == 0).all()
    assert not judged.events
