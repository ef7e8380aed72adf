"""Which months are asked for no more."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from pipelines.billing.periods import closed_months, history, month_start, months_to_read, next_month

TODAYS = st.dates(date(2024, 1, 1), date(2030, 12, 31))


def test_an_invoice_closes_its_month_and_those_before_it():
    months = ["2026-08", "2026-09", "2026-10", "2026-11"]
    assert closed_months(months, ["2026-09"], date(2026, 11, 5)) == {"2026-08", "2026-09"}


def test_a_month_without_invoice_stays_open_for_a_quarter_and_not_for_ever():
    assert closed_months(["2026-06", "2026-07", "2026-08"], [], date(2026, 11, 1)) == {"2026-06", "2026-07"}


@given(today=TODAYS, invoiced_back=st.integers(0, 15))
def test_the_running_month_is_never_closed_and_what_is_closed_and_known_is_never_read(today, invoiced_back):
    months = history(today, 13).months
    running = f"{today:%Y-%m}"
    complete = [month for month in months if month != running]
    invoiced = complete[: len(complete) - invoiced_back]
    closed = closed_months([*complete, running], invoiced, today)
    assert running not in closed
    assert set(invoiced) <= closed
    known = {month: (next_month(month_start(month)) - month_start(month)).days for month in complete}
    assert not closed & set(months_to_read(complete, today, known, closed))
