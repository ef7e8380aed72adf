"""Parts and whole: the closer one of two answers is shown, and the parts add up to it."""

import numpy as np
import pytest

from pipelines.forecast.parts import Path, Told, added
from pipelines.forecast.whole import coherent

ORIGINS, HORIZON = 60, 20


def said(value: float, actual: float) -> Told:
    """Forecasts of one value at every origin, where `actual` came."""
    path = Path(np.full(HORIZON, value, float), np.full((ORIGINS, HORIZON), value, float))
    rest = np.arange(ORIGINS)[:, None] + np.arange(1, HORIZON + 1) >= ORIGINS
    came = np.where(rest, np.nan, actual)
    return Told(
        path, path, path, came, 1, np.full(ORIGINS + 14, actual) + np.arange(ORIGINS + 14) % 2, ("naive",), True
    )


@pytest.fixture
def parts() -> list[Told]:
    """One that is always right, one a little and one much too low: their sum of 100 is forecast as 88."""
    return [said(50, 50), said(28, 30), said(10, 20)]


def test_where_the_whole_missed_less_the_parts_add_up_to_it_and_those_that_were_off_give(parts):
    found = coherent(parts, said(98, 100), [7, 13, 20])
    assert [each.is_whole for each in found.taken] == [True, True, True]
    assert added(found.parts).shown.final == pytest.approx(np.full(HORIZON, 98.0))
    exact, near, far = (each.shown.final[0] for each in found.parts)
    assert exact == 50
    assert far - 10 > near - 28 > 0


def test_where_the_sum_of_the_parts_missed_less_they_stay_as_they_are(parts):
    found = coherent(parts, said(80, 100), [7, 13, 20])
    assert not found.is_scaled
    assert [each.shown.final[0] for each in found.parts] == [50, 28, 10]


def test_past_figures_are_those_that_would_have_been_shown(parts):
    found = added(coherent(parts, said(98, 100), [7]).parts).shown.past
    assert found[0, 0] == 88  # nothing was known yet of either
    assert found[-1] == pytest.approx(np.full(HORIZON, 98.0))
    first = np.flatnonzero(found[:, 0] > 90)[0]
    assert first >= 13  # two stretches of seven days without overlap


def test_each_stretch_takes_its_own_answer(parts):
    whole = said(80, 100)
    whole.shown.past[:, 7:], whole.shown.final[7:] = 99, 99
    found = coherent(parts, whole, [7])
    assert [(each.start, each.end, each.is_whole) for each in found.taken] == [(0, 7, False), (7, 20, True)]
    assert added(found.parts).shown.final == pytest.approx([88.0] * 7 + [99.0] * 13)


def test_of_a_stretch_without_outcomes_the_one_before_speaks(parts):
    for part in (*parts, whole := said(98, 100)):
        part.actual[:, 7:] = np.nan
    found = coherent(parts, whole, [7])
    assert [(each.is_whole, each.whole_error is None) for each in found.taken] == [(True, False), (True, True)]


def test_nobody_gives_more_than_it_has():
    found = coherent([said(5, 1), said(60, 1)], said(-20, 2), [7])
    assert all((each.shown.final >= -1e-9).all() for each in found.parts)
