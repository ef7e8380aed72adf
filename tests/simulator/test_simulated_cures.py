"""What planted wastes can save: of objects by hand, and of a world's buckets and charges by its own billing."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from simulator.cure_scenario import Cure
from simulator.cures import Cures, Held, class_after
from simulator.instants import DAY, seconds
from simulator.loading import load
from simulator.s3_scenario import Rule
from simulator.s3_truth import storage_truth
from simulator.scenario import Planted
from simulator.world import build

MB = 10**6
COLD = Rule.model_validate({"id": "cold", "transitions": [{"days": 180, "class": "GLACIER"}]})
ENDS = Rule(id="ends", expire=90, expire_noncurrent=30, abort_uploads=7)


@pytest.fixture(scope="module")
def world():
    return build(load("depot"))


def item(world, bucket, **cure):
    group = world.storage.buckets[bucket].resource.group.name
    told = {"id": "waste", "kind": "lifecycle", "title": "t", "groups": [group], "expect": "e", "cure": cure}
    return Planted.model_validate(told)


@pytest.mark.parametrize(
    ("held", "rules", "is_versioned", "lies"),
    [
        (Held("a", "STANDARD", MB, 180), [COLD], False, "GLACIER"),
        (Held("a", "STANDARD", MB, 179), [COLD], False, "STANDARD"),
        (Held("a", "STANDARD", MB - 1, 400), [COLD], False, "STANDARD"),
        (Held("a", "GLACIER", MB, 10), [COLD], False, "GLACIER"),
        (Held("a", "STANDARD", MB, 400, old_for=200), [COLD], True, "STANDARD"),
        (Held("a", "STANDARD", MB, 90), [ENDS], False, ""),
        (Held("a", "STANDARD", MB, 119), [ENDS], True, "STANDARD"),
        (Held("a", "STANDARD", MB, 120), [ENDS], True, ""),
        (Held("a", "STANDARD", MB, 400), [Rule(id="kept", expire=90)], True, "STANDARD"),
        (Held("a", "STANDARD", MB, 400, old_for=29), [ENDS], True, "STANDARD"),
        (Held("a", "STANDARD", MB, 400, old_for=30), [ENDS], True, ""),
        (Held("a", "STANDARD", MB, 6, is_upload=True), [ENDS], False, "STANDARD"),
        (Held("a", "STANDARD", MB, 7, is_upload=True), [ENDS], False, ""),
        (Held("a", "STANDARD", MB, 400), [Rule(id="other", prefix="b", expire=90)], False, "STANDARD"),
    ],
)  # fmt: skip
def test_a_rule_reaches_what_is_as_many_whole_days_old(held, rules, is_versioned, lies):
    assert class_after(held, rules, is_versioned, MB) == lies


@settings(max_examples=50)
@given(age=st.integers(0, 900), ends=st.integers(1, 400), size=st.integers(0, 3 * MB))
def test_more_rules_never_leave_more(age, ends, size):
    held = Held("a", "STANDARD", size, age)
    ranks = {"STANDARD": 0, "GLACIER": 2, "": 3}
    alone = ranks[class_after(held, [COLD], False, MB)]
    assert ranks[class_after(held, [COLD, Rule(id="ends", expire=ends)], False, MB)] >= alone


def test_what_is_emptied_saves_what_its_day_is_billed_for(world):
    now = seconds(world.scenario.today)
    for name, held in storage_truth(world, now).items():
        region = world.storage.buckets[name].resource.zone[:6]
        cost = sum(
            Decimal(count) / 10**6 * 730 * world.book.offers[f"/storage/obj/storage/{word.lower()}/{region}"].nanos(now)
            for word, count in held["billed_kilobytes"].items()
        ) / 10**9  # fmt: skip
        saving = Cures(world, now).monthly_saving(item(world, name, empties=True))
        assert saving == pytest.approx(cost, abs=Decimal("0.01"))


def test_a_budget_takes_the_oldest_first_and_no_more_than_it_must(world):
    now = seconds(world.scenario.today)
    cures = Cures(world, now)
    name, held = max(storage_truth(world, now).items(), key=lambda each: each[1]["bytes"])
    whole = cures.monthly_saving(item(world, name, empties=True))
    assert held["objects"] > 10
    assert cures.monthly_saving(item(world, name, within=str(whole + 1))) >= 0
    by_age = [cures.monthly_saving(item(world, name, rules=[{"id": "e", "expire": age}])) for age in (365, 180, 30)]
    assert by_age == sorted(by_age)
    tight = cures.monthly_saving(item(world, name, within="0", ages=[365, 180, 30]))
    assert tight == by_age[-1] <= whole


def with_traffic(*bursts):
    """The depot, whose plans are fetched from outside."""
    scenario = load("depot")
    meters = [{"sku": "/storage/obj/bandwidth/to-external/fr-par", "amount": 500}]
    groups = []
    for group in scenario.resources:
        if group.name == "plans":
            told = {"noise": 10, "growth": 2, "shape": "weekly", "bursts": bursts}
            more = [*group.meters, *map(type(group.meters[0]).model_validate, meters)]
            group = group.model_copy(update={"meters": more, "load": type(group.load).model_validate(told)})
        groups.append(group)
    return build(scenario.model_copy(update={"resources": groups}))


def test_bursts_that_go_on_save_what_the_bill_has_beyond_one_without_them():
    ended = {"from": "2026-06-10", "to": "2026-06-12", "factor": 3}
    more, usual = with_traffic(ended, {"from": "2026-06-20", "to": "2026-12-31", "factor": "2.4"}), with_traffic(ended)
    now = seconds(more.scenario.today)
    charged = [
        sum(
            charge.nanos(charge.start, charge.end, now)
            for charge in world.overlapping(now - now % DAY - 28 * DAY, now - now % DAY)
            if charge.line.offer.sku.startswith("/storage/obj/bandwidth/to-external/")
        )
        for world in (more, usual)
    ]
    saving = Cures(more, now).monthly_saving(item(more, next(iter(more.storage.buckets)), ends_bursts=True))
    assert saving == pytest.approx(Decimal(charged[0] - charged[1]) * 730 / 672 / 10**9, abs=Decimal("0.01"))
    assert saving > 1


@pytest.mark.parametrize("told", [{}, {"empties": True, "drops_unread": True}, {"within": -1}, {"levels": {"a": []}}])
def test_a_cure_is_one_thing(told):
    with pytest.raises(ValidationError):
        Cure.model_validate(told)


def test_without_a_cure_nothing_is_worked_out(world):
    assert Cures(world, seconds(world.scenario.today)).monthly_saving(world.scenario.planted[0]) is None
