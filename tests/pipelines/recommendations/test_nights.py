"""What became of a night: charges decide, samples and calls where they are late, and nothing is not a stop."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.recommendations.nights import NightClass, classify
from pipelines.recommendations.nights_calendar import Week, Window, habit_of
from pipelines.recommendations.nights_evidence import Call, Charge, Evidence, Excuse

D = Decimal
MONDAY = date(2026, 11, 2)
OFFICE = Week(frozenset(range(5)), 8 * 60, 19 * 60)
HOUR = timedelta(hours=1)


def moment(day, hour, minute=0):
    return datetime(2026, 11, day, tzinfo=UTC) + timedelta(hours=hour, minutes=minute)


NIGHT = Window(moment(3, 19), moment(4, 8))
EVENING_OFF = Call(moment(3, 19), is_start=False, by="scaleway-cli/2.43.0")
DAYS = frozenset(MONDAY + timedelta(days=number) for number in range(14))


def charge(day, first, last, rate="0.1"):
    return Charge(moment(day, first), moment(day, last), D(rate) * D(str(last - first)))


def hours(day, first, last):
    return {moment(day, hour) for hour in range(first, last)}


def known(charges, sampled, calls=(), read=DAYS, measured=DAYS):
    return Evidence(charges, frozenset(sampled), calls, read, measured, DAYS)


USUAL = [charge(2, 8, 19), charge(3, 8, 19), charge(4, 8, 19)]
SEEN = hours(2, 8, 19) | hours(3, 8, 19) | hours(4, 8, 19)
LEFT_ON = [charge(2, 8, 19), charge(3, 8, 24), charge(4, 0, 19)]
SEEN_ON = hours(2, 8, 19) | hours(3, 8, 24) | hours(4, 0, 19)


def test_a_machine_that_is_not_charged_was_stopped():
    night = classify(NIGHT, known(USUAL, SEEN, [EVENING_OFF]))
    assert (night.night_class, night.missed_cost, night.charged_hours) == (NightClass.stopped, None, 0)


def test_minutes_within_the_hour_that_is_billed_at_least_are_a_stop():
    late = [charge(2, 8, 19), charge(3, 8, 20), charge(4, 8, 19)]
    assert classify(NIGHT, known(late, SEEN)).night_class is NightClass.stopped


def test_a_machine_left_on_is_missed_with_the_euros_of_the_window_alone():
    night = classify(NIGHT, known(LEFT_ON, SEEN_ON))
    assert (night.night_class, night.missed_cost, night.was_standby) == (NightClass.missed, D("1.3"), False)


def test_standby_is_a_miss_and_named():
    night = classify(NIGHT, known(LEFT_ON, SEEN))
    assert (night.night_class, night.was_standby, night.missed_cost) == (NightClass.missed, True, D("1.3"))


def test_a_gap_of_metrics_is_no_standby_and_does_not_hide_a_stop():
    gap = hours(2, 8, 19)
    on = Call(moment(3, 8), is_start=True)
    assert not classify(NIGHT, known(LEFT_ON, gap, [on])).was_standby
    assert classify(NIGHT, known(USUAL, gap, [on, EVENING_OFF])).night_class is NightClass.stopped


def test_late_charges_leave_the_word_to_metrics_and_calls():
    late = [charge(2, 8, 19)]
    stopped = classify(NIGHT, known(late, SEEN, [EVENING_OFF]))
    ran = classify(NIGHT, known(late, SEEN_ON))
    assert (stopped.night_class, stopped.cost) == (NightClass.stopped, None)
    assert (ran.night_class, ran.is_estimated, ran.missed_cost) == (NightClass.missed, True, D("1.3"))


def test_where_nothing_tells_the_night_is_unknown():
    on = Call(moment(3, 8), is_start=True)
    night = classify(NIGHT, known([charge(2, 8, 19)], hours(2, 8, 19), [on]))
    assert (night.night_class, night.charged_hours, night.sampled_hours) == (NightClass.unknown, None, None)
    assert "not there yet" in night.reason


def test_a_bill_that_was_not_read_is_no_zero():
    read = DAYS - {date(2026, 11, 4)}
    night = classify(
        NIGHT, known([charge(2, 8, 19), charge(3, 8, 19)], hours(2, 8, 19), read=read, measured=frozenset())
    )
    assert night.night_class is NightClass.unknown
    assert "bill was not read" in night.reason


def test_a_machine_that_did_not_start_was_off():
    charges = [charge(2, 8, 19), charge(3, 8, 19)]
    night = classify(NIGHT, known(charges, hours(2, 8, 19) | hours(3, 8, 19), [EVENING_OFF]))
    assert night.night_class is NightClass.stopped


@pytest.mark.parametrize(
    ("excuses", "calls", "reason"),
    [
        ([Excuse(moment(3, 0), moment(5, 0), "deploy freeze")], (), "deploy freeze"),
        ([Excuse(NIGHT.starts_at, NIGHT.ends_at, "tagged keep-on=demo")], (), "tagged keep-on=demo"),
    ],
)
def test_an_excuse_excuses_a_night_it_touches(excuses, calls, reason):
    night = classify(NIGHT, known(LEFT_ON, SEEN_ON, calls), excuses)
    assert (night.night_class, night.reason, night.missed_cost, night.cost) == (
        NightClass.excused,
        reason,
        None,
        D("1.3"),
    )


def test_an_excuse_of_another_night_does_not():
    elsewhere = [Excuse(moment(5, 0), moment(6, 0), "deploy freeze")]
    assert classify(NIGHT, known(LEFT_ON, SEEN_ON), elsewhere).night_class is NightClass.missed


def test_a_person_who_switches_it_on_excuses_it_and_a_script_does_not():
    charges = [charge(2, 8, 19), charge(3, 8, 19), charge(4, 2, 19)]
    sampled = hours(2, 8, 19) | hours(3, 8, 19) | hours(4, 2, 19)
    at = moment(4, 2)
    person = classify(NIGHT, known(charges, sampled, [EVENING_OFF, Call(at, is_start=True, by_person=True)]))
    script = classify(NIGHT, known(charges, sampled, [EVENING_OFF, Call(at, is_start=True)]))
    assert (person.night_class, script.night_class) == (NightClass.excused, NightClass.missed)
    assert "02:00" in person.reason


@given(first=st.integers(0, 12), length=st.integers(1, 13))
@settings(max_examples=40)
def test_any_hours_charged_beyond_one_are_missed_and_cost_what_they_were_charged(first, length):
    starts_at = NIGHT.starts_at + first * HOUR
    ends_at = min(starts_at + length * HOUR, NIGHT.ends_at)
    cost = D((ends_at - starts_at) // HOUR) * D("0.1")
    evidence = known([*USUAL, Charge(starts_at, ends_at, cost)], SEEN)
    night = classify(NIGHT, evidence)
    if ends_at - starts_at <= HOUR:
        assert night.night_class is NightClass.stopped
    else:
        assert (night.night_class, round(night.missed_cost, 9)) == (NightClass.missed, cost)


def test_windows_are_nights_and_weekends_and_touch_each_other_nowhere():
    windows = OFFICE.off_windows(MONDAY, MONDAY + timedelta(days=7))
    assert [(each.kind, each.hours) for each in windows] == [("weekend", 61.0), *[("night", 13.0)] * 4]
    assert all(before.ends_at < after.starts_at for before, after in pairwise(windows))


def test_a_holiday_makes_a_long_window_and_a_change_of_clocks_moves_it():
    paris = Week(frozenset(range(5)), 8 * 60, 19 * 60, "Europe/Paris")
    off = paris.off_windows(date(2026, 10, 23), date(2026, 10, 28), {date(2026, 10, 27)})
    assert [(each.starts_at.hour, each.ends_at.hour) for each in off] == [(17, 6), (17, 7)]
    assert [each.hours for each in off] == [13.0, 62.0]


def office_days(count, skip=()):
    days = [MONDAY + timedelta(days=number) for number in range(count)]
    return [
        (datetime(day.year, day.month, day.day, 8, tzinfo=UTC), datetime(day.year, day.month, day.day, 19, tzinfo=UTC))
        for day in days
        if day.weekday() < 5 and day not in skip
    ]


def test_a_habit_is_read_off_the_charges_and_survives_a_night_left_on():
    charged = office_days(28)
    assert habit_of(charged) == OFFICE
    day = charged[3][0].date()
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    left_on = [*charged[:3], (charged[3][0], midnight + timedelta(days=1)), *charged[4:]]
    assert habit_of(left_on) == OFFICE


def test_what_runs_around_the_clock_or_never_at_the_same_time_has_no_habit():
    days = [datetime(2026, 11, 2, tzinfo=UTC) + timedelta(days=number) for number in range(28)]
    assert habit_of([(day, day + timedelta(days=1)) for day in days]) is None
    scattered = [
        (day + (number * 5 % 12) * HOUR, day + (number * 5 % 12 + 8) * HOUR) for number, day in enumerate(days)
    ]
    assert habit_of(scattered) is None
    assert habit_of([]) is None


@given(st.permutations(LEFT_ON), st.sets(st.sampled_from(sorted(SEEN_ON))))
@settings(max_examples=25)
def test_the_order_of_charges_does_not_matter_and_missing_samples_never_unmake_a_charge(charges, sampled):
    night = classify(NIGHT, known(charges, sampled))
    assert (night.night_class, night.cost) == (NightClass.missed, D("1.3"))
