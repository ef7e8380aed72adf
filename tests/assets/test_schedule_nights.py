"""Whose nights are judged, by which schedule, and what excuses them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from assets.schedule_nights import _first_said, night_rows
from assets.schedule_nights_read import Known, Machine
from assets.schedule_nights_tables import SCHEDULE_NIGHTS
from pipelines.forecast.days import Holidays
from pipelines.recommendations.nights_evidence import Charge
from pipelines.settings_schedules import Pause, ScheduleSetting

D = Decimal
FIRST, UNTIL = date(2026, 10, 26), date(2026, 11, 9)  # two weeks from a Monday on
DAYS = frozenset(FIRST + timedelta(days=number) for number in range(14))
OFFICE = {"name": "office", "on_from": "08:00", "on_until": "19:00"}


def moment(day, hour=0):
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour)


def machine(tagged=("schedule=office",), always=False, **fields):
    found = Machine("web", "web", "p", "shop-dev", None, None, "dev", "core", "EUR", [(moment(FIRST), tuple(tagged))])
    for day in sorted(DAYS):
        first, last = (0, 24) if always else (8, 19)
        if always or day.weekday() < 5:
            found.charges.append(Charge(moment(day, first), moment(day, last), D(last - first) / 10))
            found.sampled |= {moment(day, hour) for hour in range(first, last)}
    for name, value in fields.items():
        setattr(found, name, value)
    return found


def rows(one, *schedules, holidays=Holidays.none):
    known = Known({"web": one}, FIRST, UNTIL, DAYS, DAYS, {"p": DAYS})
    return list(night_rows(known, FIRST, schedules, holidays, UNTIL))


def classes(found):
    return [row["night_class"] for row in found]


def test_a_schedule_of_the_settings_is_found_by_tag_or_project_and_says_its_hours():
    by_tag = rows(machine(), ScheduleSetting(**OFFICE, tags=("schedule=office",)))
    by_project = rows(machine(tagged=()), ScheduleSetting(**OFFICE, projects=("shop-*",)))
    assert [row["starts_at"] for row in by_tag] == [row["starts_at"] for row in by_project]
    assert {row["schedule_from"] for row in by_tag} == {"settings"}
    assert set(classes(by_tag)) == {"stopped"}
    assert len(by_tag) == 8 + 1  # the nights between ten working days, and the weekend between two weeks
    assert {row["schedule_hours"] for row in by_tag} == {"on Mon to Fri 08:00-19:00 UTC"}


def test_a_colon_in_a_tag_is_an_equals_sign():
    assert rows(machine(tagged=("schedule:office",)), ScheduleSetting(**OFFICE, tags=("schedule=office",)))


def test_a_machine_of_no_schedule_and_no_habit_has_no_nights():
    assert rows(machine(tagged=(), always=True)) == []


def test_a_habit_stands_in_for_a_schedule():
    found = rows(machine(tagged=()))
    assert {(row["schedule"], row["schedule_from"]) for row in found} == {("habit", "charges")}
    assert set(classes(found)) == {"stopped"}


def test_a_machine_left_on_misses_every_night_with_its_euros():
    found = rows(machine(always=True), ScheduleSetting(**OFFICE, tags=("schedule=*",)))
    assert set(classes(found)) == {"missed"}
    assert sum(row["missed_cost"] for row in found) == D(8 * 13 + 61) / 10
    assert {row["billing_month"] for row in found} == {"2026-10", "2026-11"}


@pytest.mark.parametrize(
    ("fields", "excused", "reason"),
    [
        ({"month_end_days": 1}, {date(2026, 10, 30)}, "end of the month"),
        (
            {"pauses": (Pause(starts_on=date(2026, 11, 4), ends_on=date(2026, 11, 5), reason="deploy freeze"),)},
            {date(2026, 11, 3), date(2026, 11, 4)},
            "deploy freeze",
        ),
    ],
)
def test_month_ends_and_pauses_excuse_the_nights_they_touch(fields, excused, reason):
    found = rows(machine(always=True), ScheduleSetting(**OFFICE, tags=("schedule=*",), **fields))
    assert {row["night_of"] for row in found if row["night_class"] == "excused"} == excused
    assert {row["reason"] for row in found if row["night_class"] == "excused"} == {reason}


def test_a_tag_of_override_excuses_while_it_is_there():
    tags = [(moment(FIRST), ("schedule=office",)), (moment(date(2026, 11, 3)), ("schedule=office", "keep-on=test"))]
    found = rows(machine(always=True, tags=tags), ScheduleSetting(**OFFICE, tags=("schedule=*",)))
    assert min(row["night_of"] for row in found if row["night_class"] == "excused") == date(2026, 11, 3)


def test_holidays_are_off_where_the_schedule_says_so():
    # the second week's Tuesday is no working day in France only in other years; the first of November is a Sunday
    schedule = ScheduleSetting(**OFFICE, tags=("schedule=*",), holidays_off=True, days=("sat", "sun", "mon"))
    found = rows(machine(always=True), schedule, holidays=Holidays.fr)
    assert max(row["window_hours"] for row in found if row["night_of"] == date(2026, 10, 31)) == 37.0


def test_what_was_not_there_yet_or_any_more_is_not_judged():
    schedule = ScheduleSetting(**OFFICE, tags=("schedule=*",))
    born = rows(machine(created_at=moment(date(2026, 11, 4))), schedule)
    gone = rows(machine(gone_at=moment(date(2026, 10, 28))), schedule)
    assert min(row["night_of"] for row in born) == date(2026, 11, 4)
    assert max(row["night_of"] for row in gone) == date(2026, 10, 26)


def test_a_night_that_is_told_again_as_it_was_keeps_its_day():
    found = rows(machine(always=True), ScheduleSetting(**OFFICE, tags=("schedule=*",)))
    before = [{**row, "judged_on": FIRST} for row in found]
    before[0]["reason"] = "another"
    told = list(_first_said(found, before))
    assert [row["judged_on"] for row in told] == [UNTIL, *[FIRST] * (len(found) - 1)]
    assert set(told[0]) == set(SCHEDULE_NIGHTS.table.schema.names)
