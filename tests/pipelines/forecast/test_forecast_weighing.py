"""How models are combined: the best ones count, and far ahead none of them carries the others away."""

import numpy as np
import pytest

from pipelines.forecast.weighing import Trial, combined, knots, weights

LENGTH = 7


def trial(errors, horizon: int) -> Trial:
    """Forecasts of 60 origins that miss a level of 10 by the errors of each model."""
    actual = np.full((60, horizon), 10.0)
    actual[np.add.outer(np.arange(60), np.arange(1, horizon + 1)) >= 60] = np.nan
    points = 10 + np.broadcast_to(np.array(errors), (60, horizon, len(errors)))
    return Trial(points, actual, np.ones((60, len(errors)), bool), 1, LENGTH)


def test_weights_add_up_to_one_and_follow_the_errors():
    found = weights(trial([0.1, 0.2, 3.0], 30))
    assert found.sum(axis=2) == pytest.approx(np.ones(found.shape[:2]))
    assert (found[-1, :, 0] > 0.9).all()
    assert found[0] == pytest.approx(np.full(found[0].shape, 1 / 3))  # nothing is known yet


def test_far_ahead_a_model_that_runs_away_does_not_carry_the_forecast_along():
    points = np.tile([10.0, 11.0, 1000.0], (1, 90, 1))
    shares = np.tile([0.4, 0.35, 0.25], (1, len(knots(90)), 1))
    found = combined(points, shares, 90)[0]
    mean = points[0, 0] @ shares[0, 0]
    assert found[0] == pytest.approx(mean, rel=0.1)
    assert found[89] < 0.2 * mean
    assert (np.diff(found) < 0).all()


def test_a_forecast_lies_between_its_models():
    chance = np.random.default_rng(3)
    points, shares = chance.normal(0, 1, (5, 40, 30)), chance.random((5, len(knots(40)), 30))
    found = combined(points, shares / shares.sum(axis=2, keepdims=True), 40)
    assert (points.min(axis=2) <= found).all()
    assert (found <= points.max(axis=2)).all()


def test_equally_good_models_all_count():
    found = combined(np.arange(30.0)[None, None], np.full((1, 1, 30), 1 / 30), 1)
    assert found[0, 0] == pytest.approx(14.5)


@pytest.mark.parametrize("stride", [3, 5])
def test_a_day_ahead_is_learnt_from_the_days_between_the_origins_too(stride):
    """Two models that are alike at the origins; on the days between, the second one misses four times as much."""
    days, ahead, horizon = 20 * stride + 1, 4, 30
    last = np.arange(days)[:, None] + np.arange(1, horizon + 1) >= days
    missed = np.ones((days, horizon, 2))
    missed[np.arange(days) % stride > 0, :, 1] = 4
    actual = np.where(last, np.nan, 10.0)
    active = np.ones((days, 2), bool)
    far = Trial(10 + missed[::stride], actual[::stride], active[::stride], stride, LENGTH)
    near = Trial(10 + missed[:, :ahead], actual[:, :ahead], active, 1, LENGTH)
    plain, found = weights(far), weights(far, near)
    assert plain[-1] == pytest.approx(np.full(plain[-1].shape, 1 / 2))
    reached = 2 * knots(horizon) <= ahead
    assert (found[-1, reached, 0] > 0.9).all()
    assert np.array_equal(found[:, ~reached], plain[:, ~reached])
    assert found.sum(axis=2) == pytest.approx(np.ones(found.shape[:2]))


def test_what_is_learnt_between_the_origins_was_known_by_then():
    """A day that is over changes nothing of weights before it."""
    chance = np.random.default_rng(11)
    points, values = chance.normal(10, 1, (61, 30, 3)), chance.normal(10, 1, 91)
    active = np.ones((61, 3), bool)

    def by(values):
        actual = values[np.arange(61)[:, None] + np.arange(1, 31)]
        far = Trial(points[::5], actual[::5], active[::5], 5, LENGTH)
        return weights(far, Trial(points[:, :4], actual[:, :4], active, 1, LENGTH))

    changed = values.copy()
    changed[31:] += 5  # at origin 30, the seventh one, the day 31 is still to come
    assert np.array_equal(by(values)[:7], by(changed)[:7])
    assert not np.array_equal(by(values)[7:], by(changed)[7:])
