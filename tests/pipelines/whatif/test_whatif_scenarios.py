"""Each kind of change on figures that can be checked by head, together and alone, and what is refused."""

from datetime import date
from decimal import Decimal

import pytest

from pipelines.errors import UsageError
from pipelines.whatif.asking import what_if
from pipelines.whatif.attribution import shares
from pipelines.whatif.baseline import Behaviour, Line, Units
from pipelines.whatif.forecast import Range, budget_effect, shifted
from pipelines.whatif.kpis import Kpi
from pipelines.whatif.outcome import MonthEffect, Note
from pipelines.whatif.scenarios import Price, Retention, Schedule, Selector, Size, Traffic, hours_off

SINCE, UNTIL = date(2026, 11, 1), date(2026, 12, 1)
MIDDLE = date(2026, 11, 16)
DEV = Selector("*", {"environment": "dev"})


def line(item="vm", cost=720, quantity=720, price=1, behaviour="runtime", **fields):
    values = (None if value is None else Decimal(str(value)) for value in (quantity, price))
    given = {"sku": f"/compute/{item}", "since": SINCE, "until": UNTIL, "labels": {"environment": "dev"}, **fields}
    return Line(item, given.pop("sku"), given.pop("since"), given.pop("until"), Decimal(str(cost)), *values,
                Behaviour(behaviour), **given)  # fmt: skip


def change(lines, *scenarios):
    return what_if(lines, scenarios).change


def test_a_price_changes_by_percent_or_to_a_new_one_from_its_day_on():
    assert change([line()], Price(name="up", lines=Selector("/compute/*"), percent=Decimal(5))) == 36
    assert change([line()], Price(name="up", unit_price=Decimal("1.5"))) == 360
    assert change([line()], Price(name="up", unit_price=Decimal("1.5"), since=MIDDLE)) == 180
    assert change([line()], Price(name="up", percent=Decimal(10), since=MIDDLE, until=date(2026, 11, 19))) == Decimal(
        "7.2"
    )
    assert change([line()], Price(name="up", lines=Selector("/storage/*"), percent=Decimal(5))) == 0


def test_a_share_that_is_paid_stays_when_the_price_changes():
    # 720 hours at 1, paid with a tenth off
    assert change([line(cost=648)], Price(name="list", unit_price=Decimal(2))) == 648


def test_of_two_new_prices_the_later_holds_from_its_day_and_percentages_come_on_top():
    first = Price(name="old", unit_price=Decimal(2))
    second = Price(name="new", unit_price=Decimal(3), since=MIDDLE)
    tax = Price(name="tax", percent=Decimal(10))
    assert what_if([line()], [tax, second, first]).after == (360 * 2 + 360 * 3) * Decimal("1.1")


def test_traffic_moves_what_is_charged_by_use_of_it_and_nothing_else():
    lines = [
        line("calls", 100, 1000, "0.1", "usage", driver="requests"),
        line("tokens", 50, 10, 5, "usage", driver="tokens"),
        line("vm", 720, 720, 1, "runtime", driver="requests"),
    ]
    found = what_if(lines, [Traffic(name="growth", driver="requests", percent=Decimal(20))])
    assert found.change == 20
    assert found.notes == (Note("growth", "it is charged by runtime, which this does not change", 1, Decimal(720)),)


def test_another_size_is_bought_at_its_own_price_and_number():
    halves = Size(name="halves", to_sku="/compute/small", unit_price=Decimal("0.4"), quantity_factor=Decimal(2))
    found = what_if([line()], [halves])
    assert found.after == 576
    (after,) = found.transformed
    assert (after.sku, after.quantity, after.unit_price) == ("/compute/small", 1440, Decimal("0.4"))


def test_a_schedule_ends_runtime_and_not_what_is_set_aside():
    lines = [line(), line("disk", 60, 600, "0.1", "capacity"), line("prod", labels={"environment": "prod"})]
    nights = Schedule(name="nights", lines=DEV, hours_off=Decimal(84))
    found = what_if(lines, [nights])
    assert found.change == -360
    assert what_if(found.transformed, [nights]).change == 0
    assert found.notes == (Note("nights", "it is charged by capacity, which this does not change", 1, Decimal(60)),)
    already_off = line(hours_per_week=Decimal(84))
    assert change([already_off], nights) == 0
    assert change([line(hours_per_week=Decimal(126))], nights) == -240  # 42 of 126 hours


def test_hours_of_nights_and_weekends_are_counted_once():
    assert hours_off(20, 7) == 77
    assert hours_off(20, 7, weekends=True) == 103  # 55 on weekdays and 48
    assert (hours_off(0, 6), hours_off(8, 8), hours_off(0, 24)) == (42, 0, 168)
    with pytest.raises(UsageError, match="not between 0 and 24"):
        hours_off(20, 25)


def test_shorter_retention_frees_the_older_data_at_once_beyond_what_is_free():
    logs = line("logs", 90, 900, "0.1", "capacity")
    assert change([logs], Retention(name="keep", days_before=37, days_after=17, free_days=7)) == -60
    assert change([logs], Retention(name="keep", days_before=37, days_after=7, free_days=7)) == -90
    assert change([logs], Retention(name="keep", days_before=37, days_after=17, free_days=7, since=MIDDLE)) == -30


def test_longer_retention_comes_a_day_each_day():
    logs = line("logs", 90, 900, "0.1", "capacity")
    longer = Retention(name="keep", days_before=30, days_after=60, since=date(2026, 11, 21))
    # ten days with 31, 32 ... 40 days of data in place of 30 each, at 3 a day: 5.5 more of 30 on average
    assert change([logs], longer) == Decimal("5.5")
    assert change([logs], Retention(name="keep", days_before=30, days_after=60)) == 90
    two = [line("logs", 3, 30, "0.1", "capacity", since=day, until=until) for day, until in
           ((date(2026, 11, 29), date(2026, 11, 30)), (date(2026, 11, 30), UNTIL))]  # fmt: skip
    assert what_if(two, [longer]).after == Decimal("3.9") + Decimal("4.0")


def test_a_smaller_machine_that_is_off_at_night_saves_its_nights_at_the_small_price():
    small = Size(name="small", to_sku="/compute/small", unit_price=Decimal("0.5"))
    nights = Schedule(name="nights", lines=DEV, hours_off=Decimal(84))
    found = what_if([line()], [small, nights])
    assert found.after == 180  # 360 hours at 0.5, not 720 less twice 360
    assert found.alone == {"nights": -360, "small": -360}
    assert found.interaction == 180
    assert found.shares == {"nights": -270, "small": -270}


def test_a_price_goes_by_the_machine_that_is_bought_after_the_sizing():
    small = Size(name="small", to_sku="/compute/small", unit_price=Decimal("0.5"))
    dearer = Price(name="dearer", lines=Selector("/compute/vm"), percent=Decimal(50))
    both = what_if([line()], [small, dearer])
    assert (both.after, both.alone["dearer"]) == (360, 360)
    of_small = Price(name="dearer", lines=Selector("/compute/small"), percent=Decimal(50))
    assert what_if([line()], [small, of_small]).after == 540
    assert what_if([line()], [of_small]).notes == (Note("dearer", "it fits no line of its days", 0, Decimal(0)),)


def test_a_line_without_quantity_and_price_takes_percentages_and_says_that_it_takes_no_more():
    lump = line("support", 200, None, None, "fixed")
    scenarios = [
        Price(name="percent", percent=Decimal(10)),
        Price(name="other", lines=Selector("/other/*"), unit_price=Decimal(1)),
        Price(name="price", unit_price=Decimal(1)),
        Size(name="size", to_sku="/support/gold", unit_price=Decimal(1)),
    ]
    found = what_if([lump], scenarios)
    assert found.after == 220
    why = "neither its quantity nor its unit price is known"
    assert found.notes == (
        Note("other", "it fits no line of its days", 0, Decimal(0)),
        Note("price", why, 1, Decimal(200)),
        Note("size", why, 1, Decimal(200)),
    )


def test_months_are_told_apart_and_a_line_over_two_is_in_each_by_its_days():
    over = line(cost=60, quantity=60, until=date(2026, 12, 31))
    found = what_if([over], [Price(name="up", percent=Decimal(100), since=date(2026, 12, 16))])
    assert found.months == (MonthEffect("2026-11", 30, 30), MonthEffect("2026-12", 30, 45))
    assert [(piece.since.day, piece.cost) for piece in found.transformed] == [(1, 30), (1, 15), (16, 30)]


def test_a_kpi_thins_out_its_fixed_cost_when_traffic_grows():
    lines = [line("calls", 100, 1000, "0.1", "usage", driver="requests"), line("vm", 900)]
    units = [Units("requests", SINCE, UNTIL, Decimal(100_000))]
    kpi = Kpi("cost of a thousand requests", "requests", 1000)
    growth = Traffic(name="growth", driver="requests", percent=Decimal(50))
    (found,) = what_if(lines, [growth], [kpi], units).kpis
    assert (found.before, found.after, found.shares) == (10, 7, {"growth": -3})  # 1,050 for 150,000
    half = Traffic(name="growth", driver="requests", percent=Decimal(50), since=MIDDLE)
    assert what_if(lines, [half], [kpi], units).kpis[0].after == Decimal("8.2")  # 1,025 for 125,000


def test_a_kpi_without_units_is_not_known():
    kpi = Kpi("cost of a tenant", "tenants")
    (found,) = what_if([line()], [], [kpi], [Units("requests", SINCE, UNTIL, Decimal(5))]).kpis
    assert (found.before, found.after, found.reason) == (None, None, "no tenants are known to divide by")
    gone = Traffic(name="gone", driver="tenants", percent=Decimal(-100))
    (found,) = what_if([line()], [gone], [kpi], [Units("tenants", SINCE, UNTIL, Decimal(5))]).kpis
    assert (found.before, found.after, found.reason) == (144, None, "no tenants would be left to divide by")


@pytest.mark.parametrize(
    "scenarios",
    [
        [Size(name=name, to_sku=name, unit_price=Decimal(1)) for name in ("b", "a")],
        [Schedule(name=name, hours_off=Decimal(9)) for name in ("b", "a")],
        [Price(name=name, unit_price=Decimal(9)) for name in ("b", "a")],
    ],
)
def test_scenarios_that_cannot_both_be_true_are_refused(scenarios):
    with pytest.raises(UsageError, match=r"scenarios 'a' and 'b' both say what 'vm' \(/compute/vm\) becomes"):
        what_if([line()], scenarios)
    elsewhere = line(sku="/storage/obj", behaviour="credit")
    assert change([elsewhere], *scenarios) == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Price(name="x"), "give either percent or unit_price"),
        (lambda: Price(name="x", percent=Decimal(1), unit_price=Decimal(1)), "give either percent or unit_price"),
        (lambda: Price(name="x", percent=Decimal(-101)), "percent -101 is not a number of -100 or more"),
        (
            lambda: Traffic(name="x", driver="requests", percent=Decimal("NaN")),
            "percent NaN is not a number of -100 or more",
        ),
        (lambda: Schedule(name="x", hours_off=Decimal(169)), "hours_off 169 is more than a week's 168"),
        (lambda: Retention(name="x", days_before=3, days_after=-1), "days_after -1 is not a number of 0 or more"),
        (lambda: line(until=SINCE), "swap them"),
        (lambda: line(cost="0.0000000000001"), "round it to 12 decimals"),
        (lambda: line(quantity=-1), "negative quantity or unit price"),
        (lambda: what_if([], [Price(name="x", percent=Decimal(1))] * 2), "two scenarios are named 'x'"),
        (
            lambda: what_if([], [Price(name="x", percent=Decimal(1), since=UNTIL, until=SINCE)]),
            "'x' ends on 2026-11-01 and begins on 2026-12-01",
        ),
        (lambda: shares("abcdefghijk", lambda _: 0), "11 scenarios meet in one line"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_value(make, message):
    with pytest.raises(UsageError, match=message.replace("(", r"\(")):
        make()


def test_retention_of_what_is_free_now_cannot_be_scaled():
    metrics = line("metrics", 0, 0, "0.1", "capacity")
    found = what_if([metrics], [Retention(name="keep", days_before=31, days_after=90, free_days=31)])
    assert (found.change, found.notes[0].reason) == (0, "nothing is charged for now, so there is nothing to scale")


def test_a_forecast_moves_by_the_effect_and_its_interval_by_the_part_to_come():
    forecast = Range(Decimal(1000), Decimal(900), Decimal(1200))
    # 600 are spent, 400 to come, and the scenarios halve those
    assert shifted(forecast, Decimal(400), Decimal(200)) == Range(Decimal(800), Decimal(750), Decimal(900))
    assert shifted(forecast, Decimal(0), Decimal(50)) == Range(Decimal(1050), Decimal(950), Decimal(1250))
    found = budget_effect(Decimal(900), forecast, Decimal(400), Decimal(200))
    assert (found.left_before, found.left_after) == (-100, 100)
