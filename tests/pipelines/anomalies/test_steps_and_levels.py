"""Steps that two days show though one would not, and levels that are left behind."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.anomalies.daily import judge_days
from pipelines.anomalies.history import remembered
from pipelines.anomalies.stream import judge_stream
from pipelines.anomalies.verdicts import DailyCaution, Kind, Verdicts

FIRST = date(2026, 1, 1)
QUICK = settings(max_examples=15, deadline=None)
STEP = 90
LOOSE = DailyCaution(false_discovery_rate=1.0)
NO_STEPS = DailyCaution(false_discovery_rate=1.0, step_multiple=1e9)


def judged(values: np.ndarray, caution: DailyCaution = LOOSE) -> Verdicts:
    return judge_days(values, [FIRST + timedelta(days=at) for at in range(values.shape[-1])], caution)


def restless(count: int = 100, days: int = 120) -> np.ndarray:
    """Series whose days differ by so much that one day of a small step could be chance."""
    return np.asarray(100 * (1 + 0.12 * np.random.default_rng(4).normal(size=(count, days))))


def test_two_days_show_a_step_that_one_would_not():
    values = restless()
    values[:, STEP:] *= 1.3
    window = slice(STEP, STEP + 4)
    with_steps, without = (judged(values, each).is_anomaly[:, window].any(axis=1).sum() for each in (LOOSE, NO_STEPS))
    assert with_steps >= without + 3
    kinds = judged(values).kind == Kind.LEVEL_SHIFT
    assert kinds[:, STEP : STEP + 4].sum() >= 10
    assert kinds[:, STEP + 1].sum() > kinds[:, STEP].sum()  # it takes the second day
    assert not (judged(values, NO_STEPS).kind == Kind.LEVEL_SHIFT).any()


def test_a_step_is_told_with_the_level_it_left():
    values = restless()
    values[:, STEP:] *= 1.35
    verdicts = judged(values)
    rows = np.flatnonzero(verdicts.kind[:, STEP + 1] == Kind.LEVEL_SHIFT)
    assert np.median(verdicts.expected[rows, STEP + 1]) == pytest.approx(115, abs=20)
    assert (values[rows, STEP + 1] > verdicts.expected[rows, STEP + 1]).all()
    assert (verdicts.score[rows, STEP + 1] >= 0.5).all()


def test_pure_noise_makes_hardly_more_alarms_for_steps():
    values = restless(100, 400)
    loose, without, usual = (judged(values, each).is_anomaly.sum() for each in (LOOSE, NO_STEPS, DailyCaution()))
    assert loose <= 1.5 * without  # without false discovery control
    assert usual < loose


def test_the_days_beside_an_invoice_make_no_step_and_no_drift_of_it():
    values = restless(40, 300)
    days = [FIRST + timedelta(days=at) for at in range(300)]
    first_and_last = [at for at, day in enumerate(days) if day.day == 1 or (day + timedelta(days=1)).day == 1]
    late = [at for at in range(95, 300) if any(abs(at - edge) <= 1 for edge in first_and_last)]
    chance = np.isin(judged(values).kind[:, late], (Kind.LEVEL_SHIFT, Kind.DRIFT)).sum()
    values[:, first_and_last] += 150
    assert np.isin(judged(values).kind[:, late], (Kind.LEVEL_SHIFT, Kind.DRIFT)).sum() <= 1.2 * chance


@QUICK
@given(cut=st.integers(60, 119), scale=st.sampled_from([0.25, 4.0, 1024.0]), hole=st.integers(40, 100))
def test_steps_are_causal_of_no_unit_and_bear_missing_days(cut, scale, hole):
    values = restless(6)
    values[:, STEP:] *= 1.4
    values[2, hole] = np.nan
    whole, part, scaled = judged(values), judged(values[:, :cut]), judged(values * scale)
    for name, told in vars(part).items():
        np.testing.assert_array_equal(told, getattr(whole, name)[:, :cut], err_msg=name)
    np.testing.assert_array_equal(whole.kind, scaled.kind)


def test_the_way_to_a_new_level_is_remembered_as_seen_from_it():
    deviation = np.array([0.0, 1.0, 50.0, 51.0, 49.0, 0.0])
    values = np.array([10.0, 11.0, 60.0, 61.0, 59.0, 60.0])
    assert remembered(deviation, values, [(5, 2)], points=1).tolist() == [0, 1, 0, 1, -1, 0]
    assert remembered(deviation, values, [(5, 2)], points=2).tolist() == [0, 1, 0, 1, -1, 0]
    assert remembered(deviation, values, [], points=1).tolist() == deviation.tolist()


@pytest.mark.parametrize("spike", [40, 60, 90])
def test_an_event_after_a_new_level_is_not_hidden_by_the_way_there(spike):
    values = 50 + np.resize(np.random.default_rng(1).uniform(-2, 2, 37), 24 * 60)
    values[600:] += 100
    values[900] += spike
    seconds = 1_767_225_600 + 3600 * np.arange(len(values))
    assert np.flatnonzero(judge_stream(seconds, values).is_anomaly).tolist() == [600, 900]


def test_a_rise_the_day_after_a_fall_is_an_event_of_its_own_and_a_second_day_of_the_fall_is_not():
    values = np.full((2, 120), 100.0) * (1 + 0.01 * np.random.default_rng(6).normal(size=(2, 120)))
    values[:, STEP] *= 0.4
    values[0, STEP + 1] *= 1.6
    values[1, STEP + 1] *= 0.4
    verdicts = judged(values)
    assert verdicts.kind[0, STEP : STEP + 2].tolist() == [Kind.DROP, Kind.SPIKE]
    assert verdicts.is_anomaly[:, STEP : STEP + 2].tolist() == [[True, True], [True, False]]
