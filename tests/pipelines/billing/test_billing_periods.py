"""Months and days of the bill: half-open, complete, and asked again only while they can change."""

from calendar import monthrange
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.billing.periods import (
    Period,
    days_to_read,
    history,
    month_start,
    months_to_read,
    next_month,
    previous_month,
)
from pipelines.errors import UsageError

DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))
SPANS = st.tuples(DAYS, st.integers(0, 800)).map(lambda span: Period(span[0], span[0] + timedelta(days=span[1])))


def days_of(period: Period) -> list[date]:
    return [period.since + timedelta(days=n) for n in range((period.until - period.since).days)]


@given(SPANS)
def test_the_months_of_a_period_are_those_of_its_days_and_no_other(period):
    assert period.months == sorted({f"{day:%Y-%m}" for day in days_of(period)})


@given(DAYS)
def test_months_meet_without_gap_or_overlap(day):
    month = f"{day:%Y-%m}"
    start, following = month_start(month), next_month(day)
    assert (following - start).days == monthrange(day.year, day.month)[1]
    assert previous_month(f"{following:%Y-%m}") == month
    assert Period(start, following).months == [month]


@given(DAYS, st.integers(0, 30))
def test_history_is_so_many_complete_months_and_the_running_one_without_today(today, complete):
    period = history(today, complete)
    assert period.until == today
    assert period.since.day == 1
    running = 0 if today.day == 1 else 1
    assert len(period.months) == complete + running


@given(DAYS, st.integers(0, 14))
def test_only_days_that_are_over_are_read_and_each_of_them(today, complete):
    months = [*history(today, complete).months, f"{next_month(today):%Y-%m}"]
    read = days_to_read(months, today)
    assert list(read) == months
    assert [day for days in read.values() for day in days] == days_of(history(today, complete))
    assert all(f"{day:%Y-%m}" == month for month, days in read.items() for day in days)
    assert all(day < today for days in read.values() for day in days)


@given(st.data(), DAYS, st.integers(0, 14), st.booleans())
def test_a_month_is_read_again_exactly_until_it_is_complete_and_final(data, today, complete, again):
    months = history(today, complete).months
    days = {month: len(read) for month, read in days_to_read(months, today).items()}
    final = set(data.draw(st.lists(st.sampled_from(months)))) if months else set()
    known = {month: data.draw(st.integers(0, days[month])) for month in final}
    chosen = months_to_read(months, today, known, final, again)
    assert chosen == [month for month in months if month in chosen]
    for month in months:
        is_settled = month in final and known[month] == days[month]
        assert (month in chosen) == (again or not is_settled)


def test_a_month_that_has_not_begun_is_not_read_even_again():
    assert months_to_read(["2026-12"], date(2026, 12, 1), {}, set(), again=True) == []
    assert months_to_read(["2026-12"], date(2026, 12, 2), {}, set()) == ["2026-12"]


def test_a_final_month_of_which_a_day_is_missing_is_read_again():
    today = date(2026, 11, 18)
    assert months_to_read(["2026-09", "2026-10"], today, {"2026-09": 29, "2026-10": 31}, {"2026-09", "2026-10"}) == [
        "2026-09"
    ]


@pytest.mark.parametrize("wrong", ["2026-13", "2026-00", "2026-1", "26-01", "2026-10-01", "octobre", "", "2026-10\n"])
def test_a_month_that_is_none_is_named_with_the_remedy(wrong):
    with pytest.raises(UsageError) as raised:
        month_start(wrong)
    assert repr(wrong) in str(raised.value)
    assert "YYYY-MM" in str(raised.value)


def test_a_period_that_ends_before_it_starts_is_refused():
    with pytest.raises(UsageError, match="2026-10-02"):
        Period(date(2026, 10, 2), date(2026, 10, 1))
