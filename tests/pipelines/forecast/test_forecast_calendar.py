"""What the calendar explains is learnt from the history, and only where the history shows it."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from pipelines.forecast.days import Holidays, days_from
from pipelines.forecast.forecast import forecast
from pipelines.forecast.profiles import month_profile, year_profile
from pipelines.forecast.series import series_of
from pipelines.forecast.steps import Grid, Step

START = datetime(2025, 1, 1, tzinfo=UTC)


def daily(values, start=START):
    return series_of(values, Grid(start, Step()))


def noise(count, size, seed=1):
    return np.random.default_rng(seed).normal(0, size, count)


@pytest.mark.parametrize(
    ("year", "day"),
    [
        (1961, (4, 2)),
        (2000, (4, 23)),
        (2008, (3, 23)),
        (2024, (3, 31)),
        (2025, (4, 20)),
        (2026, (4, 5)),
        (2038, (4, 25)),
    ],
)
def test_easter_monday_is_a_holiday_in_france(year, day):
    days = days_from(date(year, 1, 1), 365, Holidays.fr)
    off = [date(year, 1, 1) + timedelta(days=int(each)) for each in np.flatnonzero(days.holiday)]
    assert date(year, *day) + timedelta(days=1) in off
    assert date(year, *day) + timedelta(days=39) in off  # Ascension
    assert date(year, 7, 14) in off
    assert len(off) == (10 if year == 2008 else 11)  # Ascension on 1 May


def test_a_monthly_fee_is_forecast_for_its_day_and_nothing_is_learnt_from_noise():
    values = 100 + noise(200, 2)
    days = days_from(START.date(), 240, Holidays.none)
    assert month_profile(values, days) is None
    fee = values + np.where(days.day[:200] == 5, 300, 0)
    found = forecast(daily(fee), 30)
    is_fifth = days.day[200:230] == 5
    assert found.points[is_fifth] == pytest.approx(400, rel=0.1)
    assert np.abs(found.points[~is_fifth] - 100).max() < 10
    assert found.beats_naive


def test_the_last_day_of_short_and_long_months_is_found():
    days = days_from(START.date(), 240, Holidays.none)
    values = 100 + noise(200, 2) + np.where(days.left[:200] == 0, 80, 0)
    profile = month_profile(values, days)
    assert profile is not None
    assert profile[(np.arange(240) >= 200) & (days.left == 0)] == pytest.approx(80, abs=10)


def test_holidays_count_when_asked_for_and_seen():
    start = datetime(2023, 1, 1, tzinfo=UTC)
    count = 1083  # to 18 December 2025
    days = days_from(start.date(), count + 20, Holidays.fr)
    values = 100.0 - 60 * (days.holiday[:count] > 0) + noise(count, 2)
    christmas = (date(2025, 12, 25) - start.date()).days - count
    plain = forecast(daily(values, start), 14)
    known = forecast(daily(values, start), 14, holidays=Holidays.fr)
    assert known.points[christmas] == pytest.approx(40, abs=12)
    assert plain.points[christmas] > 80


def test_two_years_teach_the_course_of_a_year():
    start, count = datetime(2022, 3, 1, tzinfo=UTC), 1000
    days = days_from(start.date(), count + 90, Holidays.none)
    wave = 100 + 40 * np.sin(2 * np.pi * days.number / 365.25)
    profile = year_profile(wave[:count] + noise(count, 3), days)
    assert profile is not None
    coming = profile[count:] - profile[count - 1]
    assert np.abs(coming - (wave[count:] - wave[count - 1])).max() < 8
