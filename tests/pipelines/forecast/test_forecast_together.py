"""Many series at once: each is forecast to the last bit as if it were alone."""

from dataclasses import fields
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipelines.forecast.days import Holidays
from pipelines.forecast.drivers import Driver, DriverPath
from pipelines.forecast.models import smooth_models
from pipelines.forecast.parts import Part, tell, tell_all
from pipelines.forecast.recent import recent_levels
from pipelines.forecast.series import Series
from pipelines.forecast.steps import Grid, Step
from pipelines.forecast.trials import models_of, try_models, try_span

GRID = Grid(datetime(2025, 11, 3, tzinfo=UTC), Step())
HORIZON = 20
SLOW = settings(max_examples=2, deadline=None)


def bits(value) -> object:
    """What two equal answers have in common, arrays to the last bit."""
    if isinstance(value, np.ndarray):
        return value.shape, value.tobytes()
    if hasattr(value, "__dataclass_fields__"):
        return [bits(getattr(value, each.name)) for each in fields(value)]
    return [bits(each) for each in value] if isinstance(value, tuple | list) else value


@st.composite
def parts(draw) -> list[Part]:
    """Ten series of one length: some young, some exact, some driven, some with a day that was not read."""
    count = draw(st.integers(70, 110))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    found = []
    for number in range(10):
        drives = 50 + 10 * np.sin(np.arange(count) / 3) + random.normal(0, 2, count)
        values = np.maximum(3 + 0.4 * drives * (number % 3) + random.normal(0, 1, count), 0)
        values[:: draw(st.integers(5, 30))] = np.nan if number == 4 else 0.0
        values = np.full(count, 2.0) if number == 5 else values
        begins = count - 9 if number == 6 else 0
        driver = Driver("requests", Series(drives, GRID)) if number % 4 == 1 else None
        found.append(Part(values, begins, driver))
    return found


@SLOW
@given(parts())
def test_series_that_are_smoothed_together_say_what_each_says_alone(several):
    together = tell_all(several, GRID, HORIZON, Holidays.fr)
    alone = [tell(part, GRID, HORIZON, Holidays.fr) for part in several]
    assert [bits(each) for each in together] == [bits(each) for each in alone]
    assert any(told.drivers for told in together)
    assert any(told.reason for told in together)


@SLOW
@given(parts())
def test_a_trial_with_a_driver_is_the_same_whether_or_not_one_without_was_made_before(several):
    part = several[1]
    series, past = Series(part.values, GRID), part.driver.series.values
    origins, _, tried = try_span(len(series), HORIZON, 7)
    path = DriverPath(past, np.resize(past, (len(origins), tried)), np.resize(past, HORIZON))
    models = models_of(series, HORIZON, Holidays.fr)
    smooth_models([models])
    plain = try_models(series, HORIZON, Holidays.fr, (7,), None, models)
    after = try_models(series, HORIZON, Holidays.fr, (7,), path, models)
    assert bits(after) == bits(try_models(series, HORIZON, Holidays.fr, (7,), path))
    assert bits(plain) == bits(try_models(series, HORIZON, Holidays.fr, (7,), None, models))
    assert "driver" in after.method or bits(after) != bits(plain)


@SLOW
@given(arrays(np.float64, 40, elements=st.one_of(st.floats(-1e6, 1e6), st.just(float("nan")))))
def test_the_median_of_what_is_known_is_that_of_numpy(values):
    values[0] = 1.0
    found = recent_levels(values, np.array([20, 39]), 2, 1)
    for at, origin in enumerate((20, 39)):
        known = values[max(origin - 13, 0) : origin + 1]
        if np.isfinite(known).any():
            assert found[at, 0, 3] == pytest.approx(np.nanmedian(known), rel=1e-15)
