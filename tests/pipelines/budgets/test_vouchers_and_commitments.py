"""Vouchers that run out or expire, minimums that are missed, and the calendar of both."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.budgets.amounts import total
from pipelines.budgets.chance import Estimate
from pipelines.budgets.commitments import Commitment, shortfall
from pipelines.budgets.due_dates import DueDate, calendar
from pipelines.budgets.vouchers import Bill, Spend, Voucher, burn_vouchers
from pipelines.errors import ConfigurationError, UsageError

FIRST = date(2026, 11, 1)


def spend(days, cost, *eligible, since=FIRST):
    return [Spend(since + timedelta(days=number), Decimal(cost), frozenset(eligible)) for number in range(days)]


def voucher(remaining, ends_on=None, name="ai", starts_on=date(2026, 10, 1)):
    return Voucher(name, Decimal(remaining), starts_on, ends_on)


def test_a_voucher_that_ends_before_it_is_used_leaves_the_rest_unused():
    lines = spend(61, 20, "ai") + spend(61, 100)
    (burn,), bills = burn_vouchers([voucher(1000, date(2026, 12, 1))], lines)
    assert burn.remaining[date(2026, 11, 30)] == burn.remaining[date(2026, 12, 31)] == 400
    assert (burn.per_day, burn.used_up_on, burn.unused, burn.is_extrapolated) == (20, None, 400, False)
    assert bills == [
        Bill("2026-11", Decimal(3600), Decimal(600), Decimal(3000)),
        Bill("2026-12", Decimal(3720), Decimal(0), Decimal(3720)),
    ]


def test_a_voucher_that_is_used_up_says_on_which_day_and_leaves_nothing():
    (burn,), bills = burn_vouchers([voucher(190, date(2027, 1, 1))], spend(30, 20, "ai"))
    assert (burn.used_up_on, burn.unused, burn.per_day) == (date(2026, 11, 10), 0, 19)
    assert bills == [Bill("2026-11", Decimal(600), Decimal(190), Decimal(410))]


@pytest.mark.parametrize(
    ("ends_on", "used_up_on", "unused"),
    [
        (date(2026, 12, 31), date(2026, 12, 10), 0),  # 200 left after November, 20 a day
        (date(2026, 12, 11), date(2026, 12, 10), 0),
        (date(2026, 12, 10), None, 20),
        (None, date(2026, 12, 10), None),
    ],
)
def test_beyond_the_spend_a_voucher_goes_on_at_its_rate(ends_on, used_up_on, unused):
    (burn,), _ = burn_vouchers([voucher(800, ends_on)], spend(30, 20, "ai"))
    assert (burn.used_up_on, burn.unused, burn.is_extrapolated) == (used_up_on, unused, True)


def test_a_voucher_that_ends_with_the_spend_needs_no_guess():
    (burn,), _ = burn_vouchers([voucher(800, date(2026, 12, 1))], spend(30, 20, "ai"))
    assert (burn.used_up_on, burn.unused, burn.is_extrapolated) == (None, 200, False)


def test_a_voucher_nothing_is_spent_for_expires_whole_and_one_yet_to_start_is_not_guessed():
    idle, later = burn_vouchers(
        [voucher(500, date(2027, 2, 1)), voucher(700, date(2027, 6, 1), "later", date(2027, 3, 1))], spend(30, 20)
    )[0]
    assert (idle.per_day, idle.used_up_on, idle.unused) == (0, None, 500)
    assert (later.per_day, later.used_up_on, later.unused) == (None, None, None)


def test_the_voucher_that_ends_first_pays_first_and_no_cost_is_paid_twice():
    soon, late = voucher(100, date(2026, 11, 11), "soon"), voucher(500, date(2027, 1, 1), "late")
    burns, bills = burn_vouchers([late, soon], spend(20, 15, "soon", "late"))
    assert [(burn.voucher.name, burn.used_up_on, burn.is_extrapolated) for burn in burns] == [
        ("soon", date(2026, 11, 7), False),
        ("late", date(2026, 12, 20), True),  # 200 in 20 days, 300 left
    ]
    assert burns[0].remaining[date(2026, 11, 6)] == 10
    assert burns[1].remaining[date(2026, 11, 7)] == 495
    assert bills == [Bill("2026-11", Decimal(300), Decimal(300), Decimal(0))]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(-5, 70), st.integers(0, 80)), max_size=3),
    st.lists(
        st.tuples(st.integers(0, 50), st.decimals(min_value=-9, max_value=99, places=12), st.sets(st.integers(0, 2))),
        max_size=20,
    ),
)
def test_credits_are_what_the_vouchers_lose_and_never_more_than_the_cost(granted, costs):
    vouchers = [
        voucher(amount, FIRST + timedelta(days=start + length), str(number), FIRST + timedelta(days=start))
        for number, (amount, start, length) in enumerate(granted)
    ]
    lines = [Spend(FIRST + timedelta(days=after), cost, frozenset(map(str, names))) for after, cost, names in costs]
    burns, bills = burn_vouchers(vouchers, lines)
    lost = total(
        burn.voucher.remaining - min(burn.remaining.values(), default=burn.voucher.remaining) for burn in burns
    )
    assert total(bill.credits for bill in bills) == lost <= total(max(line.cost, Decimal(0)) for line in lines)
    assert total(bill.without_credits for bill in bills) == total(line.cost for line in lines)
    for bill in bills:
        assert bill.with_credits == bill.without_credits - bill.credits
    for burn in burns:
        values = list(burn.remaining.values())
        assert values == sorted(values, reverse=True)
        assert burn.unused is None or 0 <= burn.unused <= burn.voucher.remaining


def test_vouchers_of_one_name_or_below_zero_are_refused():
    with pytest.raises(UsageError, match="two vouchers are named 'ai'"):
        burn_vouchers([voucher(1), voucher(2)], [])
    with pytest.raises(UsageError, match="-1 remaining is negative"):
        burn_vouchers([voucher(-1)], [])


CONTRACT = Commitment("contract", Decimal(3660), "EUR", date(2026, 1, 1), date(2027, 1, 1))


def test_a_minimum_that_is_behind_says_by_how_much_and_what_is_needed():
    found = shortfall(CONTRACT, Decimal(3000), date(2026, 12, 2), Estimate(Decimal(300), Decimal(200), Decimal(700)))
    assert found.planned == Decimal("3359.178082191781")  # 335 of 365 days
    assert found.behind == Decimal("359.178082191781")
    assert (found.to_spend, found.per_day_needed, found.days_left) == (660, 22, 30)
    assert found.expected == Estimate(Decimal(360), Decimal(0), Decimal(460))
    assert found.chance == pytest.approx(1 - 0.12428, abs=1e-4)  # 360 above, where 400 is 1.2816 deviations


def test_a_minimum_is_judged_at_its_end_and_without_a_forecast_not_before():
    over = shortfall(CONTRACT, Decimal(3659), date(2027, 2, 1), None)
    assert (over.expected.expected, over.chance, over.per_day_needed) == (1, 1, None)
    met = shortfall(CONTRACT, Decimal(3660), date(2027, 1, 1), None)
    assert (met.expected.expected, met.chance, met.behind) == (0, 0, 0)
    running = shortfall(CONTRACT, Decimal(10), date(2026, 1, 2), None)
    assert (running.expected, running.chance, running.behind) == (None, None, Decimal("0.027397260274"))
    early = shortfall(CONTRACT, Decimal(0), date(2025, 12, 1), None)
    assert (early.planned, early.days_left) == (0, 365)
    with pytest.raises(ConfigurationError, match="swap them"):
        Commitment("contract", Decimal(1), "EUR", date(2026, 1, 1), date(2026, 1, 1))


def test_the_calendar_runs_from_today_on_and_ends_with_what_has_no_date():
    today = date(2026, 11, 18)
    entries = [
        DueDate("commitment_end", "metal", None),
        DueDate("voucher_end", "small", date(2026, 12, 1), Decimal(50)),
        DueDate("loyalty_reward", "metal", date(2026, 11, 18)),
        DueDate("voucher_end", "ai", date(2026, 12, 1), Decimal(1700)),
        DueDate("end_of_life", "DEV1-S", date(2026, 12, 1)),
        DueDate("end_of_sale", "GP1-S", date(2026, 11, 17)),
        DueDate("contract_end", "support", date(2028, 1, 1)),
    ]
    for given_order in (entries, entries[::-1]):
        found = calendar(given_order, today)
        assert [(due.entry.subject, due.days_left) for due in found] == [
            ("metal", 0),
            ("DEV1-S", 13),
            ("ai", 13),
            ("small", 13),
            ("support", 409),
            ("metal", None),
        ]
    assert [due.entry.subject for due in calendar(entries, today, 13)] == ["metal", "DEV1-S", "ai", "small", "metal"]
