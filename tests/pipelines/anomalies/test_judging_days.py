"""Daily series: what is found, what is not, and what holds for any series."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipelines.anomalies.daily import judge_days
from pipelines.anomalies.days import calendar_of, french_holidays
from pipelines.anomalies.events import events_of_days
from pipelines.anomalies.verdicts import DailyCaution, Kind
from pipelines.errors import UsageError

FIRST = date(2026, 1, 1)  # a Thursday
USUAL = DailyCaution()
QUICK = settings(max_examples=25, deadline=None)


def days(count: int, first: date = FIRST) -> list[date]:
    return [first + timedelta(days=at) for at in range(count)]


def noisy(count: int = 120, level: float = 100.0, seed: int = 1) -> np.ndarray:
    return level * (1 + 0.02 * np.random.default_rng(seed).normal(size=count))


def weekly(count: int = 120, weekend: float = 0.4) -> np.ndarray:
    return noisy(count) * [weekend if day.weekday() >= 5 else 1.0 for day in days(count)]


def found(values: np.ndarray, caution: DailyCaution = USUAL, first: date = FIRST) -> list[tuple[int, str]]:
    verdicts = judge_days(values, days(len(values), first), caution)
    return [(int(day), Kind(int(verdicts.kind[0, day])).word) for day in np.flatnonzero(verdicts.is_anomaly[0])]


def events(values: np.ndarray, caution: DailyCaution = USUAL) -> list:
    return events_of_days(values, judge_days(values, days(len(values)), caution))


series = arrays(
    np.float64,
    st.integers(60, 150),
    elements=st.one_of(st.floats(0, 1000, width=32), st.just(float("nan")), st.sampled_from([0.0, 50.0, 55.0])),
)


@QUICK
@given(values=series)
def test_scores_lie_between_0_and_1_and_one_half_parts_what_is_an_anomaly(values):
    verdicts = judge_days(values, days(len(values)))
    assert ((verdicts.score >= 0) & (verdicts.score <= 1)).all()
    assert ((verdicts.score >= 0.5) == verdicts.is_anomaly).all()
    assert not (verdicts.low > verdicts.high).any()
    assert ((verdicts.chance >= 0) & (verdicts.chance <= 1)).all()


@QUICK
@given(values=series, cut=st.integers(30, 140), data=st.data())
def test_what_comes_later_changes_no_verdict(values, cut, data):
    cut = min(cut, len(values))
    more = data.draw(arrays(np.float64, st.integers(0, 20), elements=st.floats(0, 1e6)))
    before = judge_days(values[:cut], days(cut))
    after = judge_days(np.concatenate([values[:cut], more]), days(cut + len(more)))
    for name, told in vars(before).items():
        np.testing.assert_array_equal(told[0], getattr(after, name)[0, :cut], err_msg=name)


@QUICK
@given(values=series, scale=st.sampled_from([2.0**-10, 0.5, 8.0, 2.0**20]))
def test_a_series_in_another_unit_is_judged_alike(values, scale):
    one, other = (judge_days(values * by, days(len(values))) for by in (1.0, scale))
    np.testing.assert_array_equal(one.is_anomaly, other.is_anomaly)
    np.testing.assert_array_equal(one.kind, other.kind)
    np.testing.assert_allclose(one.score, other.score)
    np.testing.assert_allclose(one.high * scale, other.high)


@QUICK
@given(value=st.floats(-1e9, 1e9), count=st.integers(1, 200))
def test_a_constant_series_is_never_unusual(value, count):
    assert found(np.full(count, value)) == []


@QUICK
@given(rows=st.permutations(range(6)))
def test_a_series_is_judged_alike_wherever_it_stands_among_others(rows):
    block = np.vstack([noisy(seed=seed) for seed in range(6)])
    block[2, 80] *= 2
    order = list(rows)
    verdicts, moved = judge_days(block, days(120)), judge_days(block[order], days(120))
    np.testing.assert_array_equal(verdicts.is_anomaly[order], moved.is_anomaly)


def test_a_spike_a_drop_and_their_return_are_one_event_each():
    values = weekly()
    values[60] *= 1.5
    values[90:92] *= 0.5
    assert found(values) == [(60, "spike"), (90, "drop")]
    spike, drop = events(values)
    assert (spike.first, spike.last, spike.kind, spike.is_open) == (60, 60, Kind.SPIKE, False)
    assert (drop.first, drop.last, drop.kind) == (90, 91, Kind.DROP)
    assert spike.impact == pytest.approx(values[60] / 3, rel=0.1)
    assert drop.impact < 0


def test_a_level_shift_is_one_alarm_and_becomes_the_new_level():
    values = weekly()
    values[70:] *= 1.4
    assert found(values) == [(70, "spike")]
    (event,) = events(values)
    assert (event.kind, event.last, event.is_open) == (Kind.LEVEL_SHIFT, 75, False)


def test_an_event_that_gets_much_worse_is_reported_again():
    values = noisy()
    values[70], values[71] = values[70] * 1.3, values[71] * 3
    assert found(values) == [(70, "spike"), (71, "spike")]


def test_slow_growth_is_found_as_drift_by_the_time_it_matters():
    values = noisy(160, seed=3)
    values[100:] *= 1 + np.minimum(np.arange(60), 20) * 0.015
    ((day, kind),) = found(values)
    assert kind == "drift"
    assert 105 <= day <= 122


def test_a_series_that_becomes_restless_is_known_as_such_after_some_weeks():
    block = np.vstack([noisy(400, seed=seed) for seed in range(10)])
    block[:, 120:] *= np.exp(0.2 * np.random.default_rng(2).normal(size=(10, 280)))
    loose = DailyCaution(false_discovery_rate=1.0)
    sudden = np.isin(judge_days(block, days(400), loose).kind, (Kind.SPIKE, Kind.DROP))
    at_first, later = sudden[:, 120:180].mean(), sudden[:, 300:].mean()
    assert at_first > 0.1
    assert later < 0.02
    block[:, 350] *= 8
    assert judge_days(block, days(400), loose).is_anomaly[:, 350].mean() >= 0.9


def test_credits_are_judged_as_costs_are():
    values = noisy()
    values[60] *= 1.5
    values[90:92] *= 0.5
    kinds = {"spike": "drop", "drop": "spike"}
    assert found(-values) == [(at, kinds[kind]) for at, kind in found(values)] == [(60, "drop"), (90, "spike")]


def test_a_spike_or_drop_lies_outside_what_is_told_as_usual():
    chance = np.random.default_rng(6)
    block = 100 * np.exp(0.1 * chance.standard_t(4, size=(60, 150)))
    verdicts = judge_days(block, days(150), DailyCaution(false_discovery_rate=1.0))
    at = np.isin(verdicts.kind, (Kind.SPIKE, Kind.DROP))
    assert at.sum() > 10
    assert ((block[at] > verdicts.high[at]) | (block[at] < verdicts.low[at])).all()


def test_what_has_stopped_is_told_once_and_does_not_drift():
    values = noisy(160)
    values[100:] = 0.0
    assert found(values) == [(100, "drop")]


def test_a_missing_day_is_a_gap_and_not_a_zero():
    gap, zero = noisy(), noisy()
    gap[80:83], zero[80:83] = np.nan, 0.0
    assert found(gap) == [(80, "missing")]
    assert found(zero) == [(80, "drop")]
    (event,) = events(gap)
    assert (event.last, event.impact) == (82, None)
    assert judge_days(gap, days(120)).kind[0, 80:84].tolist() == [Kind.MISSING] * 3 + [Kind.NONE]


def test_holes_in_a_series_that_is_full_of_them_are_no_news():
    values = noisy()
    values[::3] = np.nan
    assert found(values) == []


@pytest.mark.parametrize("before", [np.nan, 0.0])
def test_a_service_that_begins_is_found_on_its_first_day_and_not_again(before):
    values = noisy()
    values[:50] = before
    assert found(values) == [(50, "new_service")]


def test_machines_that_come_out_of_nothing_are_a_burst():
    values = np.zeros(120)
    values[20:25] = 30.0
    values[90:93] = 500.0
    assert found(values) == [(20, "new_service"), (90, "burst")]
    assert found(values, DailyCaution(burst_amount=25)) == [(20, "burst"), (90, "burst")]


@pytest.mark.parametrize("day_of_month", [1, 2, 27, 28])
def test_an_invoice_that_comes_every_month_is_no_anomaly_and_one_that_does_not_is(day_of_month):
    values = noisy(300)
    for at, day in enumerate(days(300)):
        if day.day == day_of_month:
            values[at] += 150
    after_two_months = [alarm for alarm in found(values) if alarm[0] > 62]
    assert after_two_months == []
    values[200] += 150
    assert (200, "spike") in found(values)


def test_an_invoice_alone_on_its_day_is_new_once():
    values = np.zeros(200)
    for at, day in enumerate(days(200)):
        if day.day == 5 and at > 30:
            values[at] = 40
    assert [kind for _, kind in found(values)] == ["new_service"]


def test_a_weekend_is_not_a_drop_and_a_weekend_at_work_is_a_spike():
    assert found(weekly()) == []
    values = weekly()
    saturday = next(at for at, day in enumerate(days(120)) if at > 80 and day.weekday() == 5)
    values[saturday] *= 1.6
    assert found(values) == [(saturday, "spike")]


def test_a_holiday_like_a_sunday_is_no_drop_where_holidays_are_known():
    first = date(2026, 3, 1)
    values = weekly(120) if first.weekday() == FIRST.weekday() else noisy(120)
    values = values * [0.4 if (first + timedelta(days=at)).weekday() >= 5 else 1.0 for at in range(120)]
    bastille = (date(2026, 5, 14) - first).days  # Ascension, a Thursday
    values[bastille] *= 0.4
    assert (bastille, "drop") in found(values, first=first)
    assert found(values, DailyCaution(holidays=french_holidays([2026])), first) == []


def test_french_holidays_are_those_of_the_calendar():
    year = french_holidays([2026])
    assert len(year) == 11
    assert {date(2026, 4, 6), date(2026, 5, 14), date(2026, 5, 25), date(2026, 7, 14)} <= year


def test_both_floors_must_be_passed():
    values = noisy(level=10)
    values[60] += 3  # 30 %
    assert found(values) == [(60, "spike")]
    assert found(values, DailyCaution(amount_floor=5)) == []
    assert found(values, DailyCaution(share_floor=0.4)) == []


def test_days_that_still_mature_are_shown_but_not_judged():
    values = noisy()
    values[-1] *= 0.3
    assert found(values) == [(119, "drop")]
    verdicts = judge_days(values, days(120), DailyCaution(maturing_days=1))
    assert not verdicts.is_anomaly.any()
    assert verdicts.kind[0, -1] == Kind.NOT_JUDGED
    assert verdicts.expected[0, -1] == pytest.approx(100, rel=0.1)


def test_chance_alarms_among_many_series_are_withdrawn_and_real_ones_stay():
    chance = np.random.default_rng(5)
    block = 100 * np.exp(0.1 * chance.standard_t(4, size=(600, 150)))
    block[7, 140] *= 6
    strict, loose = (judge_days(block, days(150), DailyCaution(false_discovery_rate=rate)) for rate in (0.05, 1.0))
    assert strict.is_anomaly[7, 140]
    assert strict.is_anomaly.sum() < 0.5 * loose.is_anomaly.sum()


def test_moves_that_offset_each_other_are_found_in_each_series():
    block = np.vstack([noisy(seed=1), noisy(seed=2)])
    block[0, 70:] += 30
    block[1, 70:] -= 30
    assert judge_days(block, days(120)).is_anomaly[:, 70].all()
    assert not judge_days(block.sum(axis=0), days(120)).is_anomaly.any()


def test_the_calendar_finds_the_same_place_in_the_month_before():
    calendar = calendar_of(days(120))
    last_of_march, last_of_february = (date(2026, 3, 31) - FIRST).days, (date(2026, 2, 28) - FIRST).days
    assert last_of_february in [int(each[last_of_march]) for each in calendar.counterparts]
    assert calendar.last_sunday[(date(2026, 3, 31) - FIRST).days] == (date(2026, 3, 29) - FIRST).days


def test_a_column_too_many_is_said():
    with pytest.raises(UsageError, match="3 columns for 2 days"):
        judge_days(np.ones((1, 3)), days(2))
