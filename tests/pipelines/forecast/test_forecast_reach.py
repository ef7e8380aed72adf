"""A forecast that is not better than the naive one is shown for the first points ahead where it was."""

import numpy as np
import pytest

from benchmarks.forecast_held_out import HELD_OUT
from benchmarks.forecast_kinds import made_up
from pipelines.forecast.days import Holidays
from pipelines.forecast.forecast import forecast, try_series
from pipelines.forecast.series import Series
from pipelines.forecast.trials import Outcome, SumOutcome

ORIGINS, HORIZON = 40, 20


def outcome(name: str, missed: list[float]) -> Outcome:
    """One that missed by so much at every origin, by horizon; and its sum of three."""
    came = np.full((ORIGINS, HORIZON), 10.0)
    past = came + np.array(missed)
    sums = SumOutcome(3, 3, past[-1, :3].sum(), past[:, :3].sum(axis=1), came[:, :3].sum(axis=1))
    return Outcome(name, np.arange(ORIGINS), 1, past[-1], past, came, (sums,))


@pytest.mark.parametrize(
    ("near", "reach"),
    [([], 0), ([0.5], 1), ([0.5] * 5, 5), ([0.5] * 6, 5), ([0.5] * 7, 7), ([2] + [0.5] * 10, 0), ([0.5] * HORIZON, 20)],
)
def test_it_reaches_as_far_as_it_was_closer_at_every_horizon_that_is_worked_out(near, reach):
    naive = outcome("naive", [1.0] * HORIZON)
    assert outcome("combined", near + [3.0] * (HORIZON - len(near))).reach(naive) == reach


def test_up_to_there_it_is_shown_and_the_naive_one_beyond():
    naive, own = outcome("naive", [1.0] * HORIZON), outcome("combined", [0.5] * 5 + [3.0] * 15)
    shown = own.up_to(own.reach(naive), naive)
    assert shown.final.tolist() == [10.5] * 5 + [11.0] * 15
    assert (shown.past == shown.final).all()
    assert shown.sums[0].final == own.sums[0].final  # which missed less
    assert shown.method == "naive; up to 5 ahead combined"
    assert own.up_to(0, naive) is naive


def test_sums_are_those_that_missed_less():
    naive, own = outcome("naive", [1.0] * HORIZON), outcome("combined", [0.5, 3.0, 3.0] + [3.0] * 17)
    shown = own.up_to(own.reach(naive), naive)
    assert shown.final[0] == 10.5
    assert shown.sums == naive.sums


def test_a_drift_that_is_hard_to_beat_far_ahead_is_told_from_the_point_where_it_is_not():
    whole = made_up("held-out drift", 5, None, HELD_OUT["held-out drift"])
    for count in range(60, len(whole), 20):
        series = Series(whole.values[:count], whole.grid)
        tried = try_series(series, 60, Holidays.none)
        if not tried.beats_naive and 0 < tried.reach < 60:
            found = forecast(series, 60)
            assert np.array_equal(found.points[tried.reach :], found.naive[tried.reach :])
            assert not np.array_equal(found.points[: tried.reach], found.naive[: tried.reach])
            assert found.notes[0].endswith(f"which is shown from {tried.reach + 1} steps ahead on")
            return
    pytest.fail("no such history was found")
