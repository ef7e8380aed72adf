"""The benchmark's own measures, on cases counted by hand."""

import warnings
from datetime import date

import numpy as np
import pytest

from benchmarks.anomaly_baselines import BASELINES
from benchmarks.anomaly_events import Count, matched
from benchmarks.anomaly_injector import copies
from benchmarks.anomaly_nab import normalised, probation, raw_score, scaled_sigmoid
from benchmarks.anomaly_series import Daily, Stream, runs

POINTS, WINDOWS = 1000, ((300, 399), (700, 799))


def detections(*at: int) -> np.ndarray:
    flags = np.zeros(POINTS, dtype=bool)
    flags[list(at)] = True
    return flags


def nab(*at: int) -> float:
    return normalised(raw_score(detections(*at), WINDOWS), len(WINDOWS))


def test_a_perfect_detector_has_100_and_one_that_says_nothing_0():
    assert nab(300, 700) == pytest.approx(100)
    assert nab() == 0


def test_within_a_window_only_the_first_detection_counts_and_less_the_later_it_comes():
    assert nab(300, 350, 399, 700) == pytest.approx(100)
    assert 100 > nab(350, 700) > nab(398, 700) > 50
    assert raw_score(detections(349), WINDOWS[:1]) == pytest.approx(
        (2 / (1 + np.exp(-5 * 51 / 100)) - 1) / (2 / (1 + np.exp(-5)) - 1)
    )


def test_a_false_detection_costs_at_most_11_hundredths_and_less_just_behind_a_window():
    before, behind, far_behind = (raw_score(detections(300, 700, at), WINDOWS) for at in (200, 401, 690))
    assert before == pytest.approx(2 - 0.11)
    assert 2 > behind > far_behind
    assert far_behind == pytest.approx(2 - 0.11, abs=0.001)


def test_nothing_counts_while_a_detector_learns():
    assert (probation(1000), probation(100_000)) == (150, 750)
    assert nab(10, 149, 300, 700) == pytest.approx(100)


def test_the_sigmoid_is_0_at_the_right_edge_and_minus_1_far_behind():
    assert [float(scaled_sigmoid(at)) for at in (0.0, 3.1)] == [0.0, -1.0]


def test_events_and_alarms_are_matched_by_overlap():
    stream = Stream("x", np.arange(POINTS), np.zeros(POINTS), ((10, 20), (50, 50), (90, 95)))
    flags = detections(12, 13, 20, 49, 50, 51, 200)
    count = matched(flags, stream)
    assert count == Count(found=2, events=3, right=3, alarms=4)
    assert (count.recall, count.precision) == (pytest.approx(2 / 3), 3 / 4)
    assert runs(detections(12, 13, 20)) == [(12, 13), (20, 20)]


def test_the_injector_repeats_itself_and_leaves_the_series_alone():
    values = 10 + np.random.default_rng(1).normal(size=400)
    series = Daily("x", date(2026, 1, 1), values.copy())
    one, other = (list(copies(series, 2, seed=5)) for _ in range(2))
    assert [copy.events for copy in one] == [copy.events for copy in other]
    assert [copy.events for copy in one] != [copy.events for copy in copies(series, 2, seed=6)]
    np.testing.assert_array_equal(series.values, values)
    kinds = {event.kind for copy in one for event in copy.events}
    assert {"offsetting", "new service"} < kinds
    gained, lost = [copy.series.values for copy in one if copy.events and copy.events[0].kind == "offsetting"][:2]
    np.testing.assert_allclose(gained + lost, 2 * values)


@pytest.mark.parametrize("baseline", BASELINES, ids=lambda each: each.name)
def test_each_public_method_sees_a_large_spike_with_no_knowledge_of_what_follows(baseline):
    values = 10 + np.random.default_rng(1).normal(size=300)
    values[250] = 40
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        score = baseline.score(values, 7)
        alone = baseline.score(values[:251], 7)
    assert score[250] >= baseline.usual
    assert np.mean(score[60:251] > score[250]) < 0.05  # the forest is a small one
    assert alone[250] == pytest.approx(score[250])
