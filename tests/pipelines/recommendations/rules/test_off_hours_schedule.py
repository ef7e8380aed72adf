"""Machines that are used by day and charged by night: what a schedule saves, and when nobody should be told of one."""

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from random import Random

import hcl2
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.recommendations.activity import activity_week
from pipelines.recommendations.recommendation import Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rules.off_hours_schedule import (
    OFF_HOURS_SCHEDULE,
    Thresholds,
    environment_plans,
)
from pipelines.recommendations.world import Resource, World

D = Decimal
FIRST = date(2026, 10, 19)  # a Monday
UNTIL = FIRST + timedelta(days=28)
MIDNIGHT = datetime(2026, 10, 19, tzinfo=UTC)
COMPUTE = "/compute/pro2_xs/run_par1"


def server(name="dev", environment="dev", kind="instance_server", **fields):
    told = {
        "resource_id": name,
        "resource_name": name,
        "resource_type": kind,
        "resource_class": "PRO2-XS",
        "resource_state": "running",
        "project_id": "p",
        "project_name": "shop-dev",
        "region_id": "fr-par",
        "availability_zone": "fr-par-1",
        "environment": environment,
        "owner": None,
        "team": None,
        "tags": (),
        "created_at": datetime(2025, 1, 1, tzinfo=UTC),
        "parent_id": None,
        "monthly_cost": D("81.90"),
        "currency": "EUR",
        "costs": {COMPUTE: D("81.90")},
    }
    return Resource(**told | fields)


def always():
    return [
        {"starts_at": MIDNIGHT + timedelta(days=day), "ends_at": MIDNIGHT + timedelta(days=day + 1), "cost": D("2.4")}
        for day in range(28)
    ]


def busy(is_busy, days=28):
    hours = list(range(days * 24))
    return hours, [0.4 if is_busy(hour // 24 % 7, hour % 24) else 0.02 for hour in hours]


def office(weekday, hour):
    return weekday < 5 and 8 <= hour < 19


def row(name="dev", is_busy=office, **fields):
    hours, shares = busy(is_busy)
    told = {
        "resource_id": name,
        "pool_id": None,
        "known_from": FIRST,
        "known_until": UNTIL,
        "measured_hours": hours,
        "busy_shares": shares,
        "charges": always(),
        "charged_cost": D("67.2"),
    }
    return told | fields


def world(rows, servers):
    schema = pa.schema(
        [
            ("resource_id", pa.string()),
            ("pool_id", pa.string()),
            ("known_from", pa.date32()),
            ("known_until", pa.date32()),
            ("measured_hours", pa.list_(pa.int16())),
            ("busy_shares", pa.list_(pa.float64())),
            (
                "charges",
                pa.list_(
                    pa.struct(
                        [
                            ("starts_at", pa.timestamp("us", tz="UTC")),
                            ("ends_at", pa.timestamp("us", tz="UTC")),
                            ("cost", pa.decimal128(38, 12)),
                        ]
                    )
                ),
            ),
            ("charged_cost", pa.decimal128(38, 12)),
        ]
    )
    table = pa.Table.from_pylist(rows, schema=schema)
    resources = {each.resource_id: each for each in servers}
    return World(UNTIL, UNTIL, resources, {"gold.activity_hours": table})


def judged(rows=None, servers=None, thresholds=None):
    rows, servers = rows if rows is not None else [row()], servers if servers is not None else [server()]
    return list(OFF_HOURS_SCHEDULE.judge(world(rows, servers), thresholds or Thresholds()))


def test_the_saving_is_the_charged_share_of_the_hours_outside_the_plan():
    (advice,) = judged()
    assert isinstance(advice, Recommendation)
    assert advice.monthly_saving == (D("81.90") * (168 - 65) / 168).quantize(D("0.01"), ROUND_DOWN)
    assert advice.saves_on == {"dev"}
    assert (advice.risk, advice.restart_needed) == (Level.low, True)
    assert advice.evidence["charged_hours_off_in_window"] == 4 * (168 - 65)
    assert advice.change.cli == ("scw instance server stop dev zone=fr-par-1",)
    assert any("0 20 * * MON,TUE,WED,THU,FRI scw instance server stop" in note for note in advice.change.notes)
    assert len(hcl2.loads(advice.change.terraform)["resource"]) == 2


def test_volumes_and_addresses_go_on_and_are_no_saving():
    machine = server(monthly_cost=D("100"), costs={COMPUTE: D("81.90"), "/ip/reserved": D("18.10")})
    (advice,) = judged(servers=[machine])
    assert advice.monthly_saving < D("81.90") * D("0.62")
    assert advice.evidence["cost_that_goes_on_per_month"] == D("18.10")


def test_a_machine_that_is_off_at_night_already_is_left_alone():
    on = [
        {
            "starts_at": MIDNIGHT + timedelta(days=d, hours=8),
            "ends_at": MIDNIGHT + timedelta(days=d, hours=19),
            "cost": D(1),
        }
        for d in range(28)
        if d % 7 < 5
    ]
    (answer,) = judged([row(charges=on, charged_cost=D(20), measured_hours=None, busy_shares=None)])
    assert isinstance(answer, NothingToDo)
    assert "already" in answer.reason


@pytest.mark.parametrize(
    ("is_busy", "told"),
    [
        (lambda weekday, hour: True, "night"),
        (lambda weekday, hour: hour >= 22 or hour < 4, "night"),
        (lambda weekday, hour: weekday == 6 and hour == 12, "weekends"),
        (lambda weekday, hour: False, "idle"),
    ],
)
def test_what_is_used_at_other_times_or_never_is_no_case(is_busy, told):
    (answer,) = judged([row(is_busy=is_busy)])
    assert isinstance(answer, NothingToDo)
    assert told in answer.reason


def test_production_and_what_nobody_named_is_never_scheduled():
    for environment in ("prod", None, "shared"):
        assert judged(servers=[server(environment=environment)]) == []


def test_without_metrics_or_two_weekends_nothing_is_judged():
    (unmeasured,) = judged([row(measured_hours=None, busy_shares=None)])
    hours, shares = busy(office, 12)
    (short,) = judged([row(measured_hours=hours, busy_shares=shares)])
    (gap,) = judged([row(busy_shares=[None, *busy(office)[1][1:]])])
    assert [type(each) for each in (unmeasured, short, gap)] == [Unjudged] * 3
    assert "instance_cpu_ratio" in unmeasured.reason
    assert "12 days" in short.reason


def test_the_plan_of_an_environment_holds_the_hours_of_each_of_its_machines():
    early = row("early", lambda weekday, hour: weekday < 5 and 5 <= hour < 15)
    given = world([row(), early], [server(), server("early")])
    (plan,) = environment_plans(given, Thresholds())
    assert (plan["plan"], plan["machines"]) == ("on Mon to Fri 05:00-20:00 UTC", 2)
    answers = list(OFF_HOURS_SCHEDULE.judge(given, Thresholds()))
    assert sum(each.monthly_saving for each in answers) == plan["monthly_saving"]


def test_a_pool_is_scaled_to_zero_as_a_whole_or_not_at_all():
    pool = server("pool", None, "k8s_pool", monthly_cost=None, costs={})
    nodes = [server("a"), server("b")]
    rows = [row("a", pool_id="pool"), row("b", pool_id="pool")]
    (advice,) = judged(rows, [pool, *nodes])
    assert (advice.resource_id, advice.saves_on) == ("pool", {"a", "b"})
    assert "size=0" in advice.change.cli[0]
    assert "size=2" in advice.change.undo_cli[0]
    hcl2.loads(advice.change.terraform)
    rows[1] = row("b", lambda weekday, hour: True, pool_id="pool")
    answers = {each.resource_id: type(each) for each in judged(rows, [pool, *nodes])}
    assert answers == {"b": NothingToDo, "pool": NothingToDo}


def test_a_gpu_that_may_not_start_again_is_a_high_risk():
    (advice,) = judged(servers=[server(resource_class="L4-1-24G")])
    assert advice.risk is Level.high


def test_one_night_of_work_in_four_weeks_does_not_leave_the_machine_on_every_night():
    hours, shares = busy(office)
    shares[24 * 8 + 23] = 0.9
    (advice,) = judged([row(measured_hours=hours, busy_shares=shares)])
    assert isinstance(advice, Recommendation)
    assert 0 < advice.evidence["highest_chance_of_use_while_off"] < Thresholds().needed_chance


def test_holidays_tell_nothing_of_a_usual_week():
    day = FIRST + timedelta(days=3)
    hours, shares = busy(office)
    with_it = activity_week(FIRST, hours, shares, 0.1, {day})
    assert with_it.seen[3 * 24 + 9] == 3
    assert with_it.days_seen == 27


@given(seed=st.integers(0, 1000), weeks=st.integers(1, 4))
@settings(max_examples=25)
def test_few_samples_are_shrunk_to_the_hours_alike_and_never_certain(seed, weeks):
    random = Random(seed)
    hours = list(range(weeks * 168))
    week = activity_week(FIRST, hours, [random.choice([0.0, 1.0]) for _ in hours], 0.5)
    assert all(0 < chance < 1 for chance in week.chances)
    assert sum(week.seen) == len(hours)


@given(st.permutations([row("a"), row("b"), row("c", lambda weekday, hour: True)]))
@settings(max_examples=6)
def test_the_order_of_rows_does_not_matter(rows):
    names = [server("a"), server("b"), server("c")]
    assert judged(rows, names) == judged(sorted(rows, key=lambda each: each["resource_id"]), names)


def test_no_rows_no_answers():
    assert judged([], []) == []
