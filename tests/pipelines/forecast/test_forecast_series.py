"""Lines of time and value become a series by rules that can be checked by head."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from pipelines.errors import UsageError
from pipelines.forecast.series import choose_columns, parse_moment, read_series


def lines(*pairs):
    return [(number, str(when), str(value)) for number, (when, value) in enumerate(pairs, 2)]


def days(count, start=date(2026, 1, 1)):
    return [(start + timedelta(days=index), 10 + index) for index in range(count)]


def test_lines_of_one_time_are_added_up_and_missing_days_stay_missing():
    pairs = [*days(12)[:5], *days(12)[7:], (date(2026, 1, 2), 100), (date(2026, 1, 3), "NaN"), (date(2026, 1, 4), "")]
    found = read_series(lines(*pairs))
    assert found.series.values.tolist()[:5] == [10, 111, 12, 13, 14]
    assert np.isnan(found.series.values[5:7]).all()
    assert len(found.series) == 12
    assert found.series.grid.time(0) == date(2026, 1, 1)
    assert found.unusable == ()
    assert " ".join(found.notes).count("not zero") == 2


def test_several_times_within_a_step_are_averaged():
    moments = [(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hour), hour) for hour in range(24)]
    found = read_series(lines(*((moment.isoformat(), value) for moment, value in moments), ("2026-01-01T05:20:00Z", 8)))
    assert found.series.values[5] == (5 + 8) / 2
    assert found.series.grid.time(5) == datetime(2026, 1, 1, 5, tzinfo=UTC)


def test_lines_that_cannot_be_used_are_named_with_the_value():
    found = read_series(
        lines(*days(12), ("yesterday", 1), (date(2026, 2, 1), "12,5"), (date(2026, 2, 2), "inf"), ("2026-02-30", 1))
    )
    assert [line for line, _ in found.unusable] == [14, 15, 16, 17]
    for (_, reason), value in zip(found.unusable, ("yesterday", "12,5", "inf", "2026-02-30"), strict=True):
        assert repr(value) in reason
    assert len(found.series) == 12


def test_too_few_lines_say_how_many_it_takes():
    with pytest.raises(UsageError, match=r"9 of 10 lines .* needs 10 .* line 2: time 'x'"):
        read_series([(2, "x", "1"), *lines(*days(9))])


def test_a_time_far_from_all_others_is_refused_by_name():
    with pytest.raises(UsageError, match="1970-01-01"):
        read_series(lines(*days(20), ("1970-01-01", 1)))


def test_a_day_is_the_day_its_writer_means_whatever_the_offset():
    summer = [(f"2026-03-{day:02d}T00:00:00+0{1 if day < 29 else 2}:00", day) for day in range(20, 32)]
    found = read_series(lines(*summer)).series
    assert found.grid.time(0) == date(2026, 3, 20)
    assert found.values.tolist() == list(range(20, 32))


@pytest.mark.parametrize(
    ("texts", "step", "following"),
    [
        ([f"2025-{month:02d}" for month in range(1, 13)], "month", date(2026, 1, 1)),
        (
            [str(date(2025 + month // 12, month % 12 + 1, 1) - timedelta(days=1)) for month in range(1, 13)],
            "month",
            date(2026, 1, 31),
        ),
        ([str(date(2026, 1, 5) + timedelta(days=7 * week)) for week in range(12)], "week", date(2026, 3, 30)),
        (
            [f"2026-01-01 00:{5 * minute:02d}:00" for minute in range(12)],
            "5 minutes",
            datetime(2026, 1, 1, 1, tzinfo=UTC),
        ),
        ([str(1767225600 + 3600 * hour) for hour in range(12)], "hour", datetime(2026, 1, 1, 12, tzinfo=UTC)),
        ([str(2000 + year) for year in range(12)], "year", date(2012, 1, 1)),
        ([f"2026/01/{day:02d}" for day in range(1, 13)], "day", date(2026, 1, 13)),
    ],
)
def test_the_step_is_found_and_the_next_point_has_the_next_time(texts, step, following):
    found = read_series(lines(*((text, 1) for text in texts))).series
    assert str(found.grid.step) == step
    assert len(found) == 12
    assert found.grid.time(12) == following


def test_times_that_jitter_around_midnight_are_still_one_a_day():
    start = datetime(2026, 1, 1, tzinfo=UTC)
    shifts = [-2, 1, 0, 0, 3, -1, 0, 0, 2, 0, 0, -3]
    texts = [(start + timedelta(days=day, seconds=shift)).isoformat() for day, shift in enumerate(shifts)]
    assert len(read_series(lines(*((text, 1) for text in texts))).series) == 12


def test_what_is_no_time_is_none():
    for text in ("", "12", "01/02/2026", "2026-13-01", "20266-01-01", "٢٠٢٦-01-01", "9999-12-31"):
        assert parse_moment(text) is None, text


def test_columns_are_found_by_name_or_by_being_two():
    assert choose_columns(["label", "Date", "Cost"], None, None) == ("Date", "Cost")
    assert choose_columns(["when", "eur"], None, None) == ("when", "eur")
    assert choose_columns(["eur", "ds"], None, None) == ("ds", "eur")
    assert choose_columns(["a", "b", "c"], "c", "a") == ("c", "a")
    with pytest.raises(UsageError, match="--value"):
        choose_columns(["date", "b", "c"], None, None)
    with pytest.raises(UsageError, match="no column is called x; there are a, b"):
        choose_columns(["a", "b"], "x", None)
    with pytest.raises(UsageError, match="both"):
        choose_columns(["a", "b", "c"], "a", "a")
