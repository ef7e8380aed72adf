"""Plans of buckets: legal, without loss, worth it, and the cheapest there are; and why a bucket is left as it is."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.lifecycle_plans import daily_cost, drawn, faults, gap, small_case
from pipelines.lifecycle.choosing import Kind, groups_of
from pipelines.lifecycle.costs import Prices, Reads, Steps, cost_of
from pipelines.lifecycle.plan import merged, plan_of
from pipelines.lifecycle.policy import Bucket, Policy
from pipelines.lifecycle.rules import LifecycleRule, Transition, written
from pipelines.lifecycle.stock import Cell, lifetime, stock_of

DAY = date(2026, 11, 18)
TERABYTE = 10**12
PRICES = Prices(
    {"STANDARD": Decimal("0.0146"), "ONEZONE_IA": Decimal("0.012"), "GLACIER": Decimal("0.0025")}, Decimal("0.009")
)
UNREAD = Reads(((0, Decimal(0)),))


def cell(age_from=730, age_to=None, size=TERABYTE, **more):
    told = {"prefix": "", "storage_class": "STANDARD", "state": "current", "is_small": False, "objects": 100}
    return Cell(age_from=age_from, age_to=age_to, size=size, **{**told, **more})


def bucket(*cells, **more):
    told = {"region": "fr-par", "rules": (), "is_versioned": False, "bucket_days": 2000, "prices": PRICES,
            "reads": UNREAD, "policy": Policy()}  # fmt: skip
    return Bucket(cells=cells, **{**told, **more})


def rules_of(plan):
    return [{key: value for key, value in rule.items() if key not in ("ID", "Status")} for rule in
            written(plan.rules)["Rules"]]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9))
def test_no_plan_is_illegal_loses_a_rule_costs_more_or_changes_once_applied(seed):
    drawn_bucket = drawn(seed)
    assert list(faults(drawn_bucket, plan_of(drawn_bucket, DAY))) == []


@pytest.mark.parametrize("seed", range(4))
def test_no_pair_of_ages_costs_less(seed):
    case = small_case(seed)
    assert gap(case, plan_of(case, DAY)) < Decimal("0.01")


def test_the_measures_see_what_is_wrong():
    worse = bucket(cell(), rules=(LifecycleRule("own", "Enabled", prefix="", abort_days=3),))
    plan = plan_of(worse, DAY)
    early = replace(plan.rules[1], transitions=(Transition("GLACIER", 20),))
    assert "illegal rule" in faults(worse, replace(plan, rules=(plan.rules[0], early)))
    assert "lost rule" in faults(worse, replace(plan, rules=plan.rules[1:]))
    assert "negative net" in faults(worse, replace(plan, after=(*plan.before[:-1], Decimal(10**6))))
    assert "unstable plan" in faults(worse, replace(plan, rules=plan.rules[:1]))
    case = small_case(1)
    assert gap(case, replace(plan_of(case, DAY), parts=())) == 1


@settings(max_examples=8, deadline=None)
@given(
    st.tuples(*[st.none() | st.integers(1, 500) for _ in range(3)]),
    st.sampled_from(["STANDARD", "ONEZONE_IA", "GLACIER"]),
    st.integers(0, 400),
    st.integers(0, 120),
)
def test_a_formula_costs_what_days_counted_one_by_one_cost(ages, held, age, least):
    prices = replace(PRICES, per_1000_moves=Decimal("0.05"), minimum_days={"GLACIER": least, "ONEZONE_IA": 30})
    reads = Reads(((0, Decimal("0.3")), (100, Decimal("0.02"))))
    stock = stock_of([cell(age, age + 1, storage_class=held)], None)
    counted = daily_cost(stock, ages, prices, reads)
    assert float(cost_of(stock, Steps(*ages), prices, reads, 365)) == pytest.approx(float(counted), rel=1e-9)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"region": "pl-waw"}, "pl-waw sells no Glacier"),
        ({"reads": None}, "no Glacier: how much is read from it is not known"),
        ({"reads": Reads(((0, Decimal("0.2")),))}, "no Glacier: 20% of it is read by the month"),
        ({"reads": Reads(((0, Decimal("30.4")),))}, "no Glacier: all of it is read 30 times a month"),
        ({"policy": Policy(may_archive=False)}, "its class of data is not archived"),
        ({"policy": Policy(archive_days=9999)}, "moving more to Glacier would save nothing"),
    ],
)
def test_a_bucket_is_left_with_the_reason(more, says):
    plan = plan_of(bucket(cell(), **more), DAY)
    assert plan.parts == ()
    assert any(reason.startswith(says) for reason in plan.left)
    assert (plan.net_saving, plan.efficiency) == (0, 1)


def test_cold_data_moves_and_small_objects_stay():
    plan = plan_of(bucket(cell(), cell(size=10**9, is_small=True)), DAY)
    assert rules_of(plan) == [
        {"Filter": {"ObjectSizeGreaterThan": 999_999}, "Transitions": [{"Days": 180, "StorageClass": "GLACIER"}]}
    ]
    assert plan.monthly_saving == Decimal("12.1")
    assert plan.net_saving == sum(plan.before) - sum(plan.after)
    assert plan.net_saving == pytest.approx(Decimal("12.1") * 12)
    assert "objects below 1 MB stay where they are" in plan.left[0]


def test_a_zone_is_lost_only_where_the_policy_says_so():
    told = plan_of(bucket(cell(), policy=Policy(may_lose_zones=True, may_archive=False)), DAY)
    assert rules_of(told)[0]["Transitions"] == [{"Days": 30, "StorageClass": "ONEZONE_IA"}]


def test_old_versions_uploads_and_markers_go_by_policy():
    cells = (
        cell(90, 180, state="noncurrent"),
        cell(90, 180, state="incomplete_upload", prefix=None),
        cell(1, 7, size=0, state="delete_marker", storage_class="", objects=5000),
    )
    plan = plan_of(bucket(*cells, is_versioned=True), DAY)
    assert [part.kind for part in plan.parts] == [Kind.noncurrent, Kind.uploads, Kind.markers]
    assert rules_of(plan) == [
        {"Filter": {"Prefix": ""}, "NoncurrentVersionExpiration": {"NoncurrentDays": 30}},
        {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}, "Filter": {"Prefix": ""}},
        {"Expiration": {"ExpiredObjectDeleteMarker": True}, "Filter": {"Prefix": ""}},
    ]
    assert plan.of_kind(Kind.noncurrent) == plan.of_kind(Kind.uploads) == Decimal("14.6")


def test_what_expires_in_a_versioned_bucket_is_paid_until_its_old_version_goes():
    expiring = Policy(expire_days=90, noncurrent_days=30, may_archive=False)
    young = cell(100, 101)
    assert plan_of(bucket(young, policy=expiring, bucket_days=None), DAY).monthly_saving == Decimal("14.6")
    versioned = plan_of(bucket(young, policy=expiring, is_versioned=True, bucket_days=None), DAY)
    assert versioned.monthly_saving == 0
    assert versioned.net_saving > 0
    endless = plan_of(
        bucket(young, policy=replace(expiring, noncurrent_days=None), is_versioned=True, bucket_days=None), DAY
    )
    assert endless.parts == ()


def test_a_prefix_with_a_policy_of_its_own_leaves_the_rest_alone():
    cells = (cell(prefix="logs/"), cell(prefix="data/"), cell(prefix=None))
    plan = plan_of(bucket(*cells, policies={"logs/": Policy(expire_days=90)}), DAY)
    assert [(rule["Filter"], "Expiration" in rule) for rule in rules_of(plan)] == [
        ({"Prefix": "data/"}, False),
        ({"Prefix": "logs/"}, True),
    ]


def test_what_is_deleted_anyway_is_not_saved_again():
    assert lifetime([cell(0, 30)], 400) == 30
    assert lifetime([cell(0, 30)], 100) is None
    assert lifetime([cell(0, 30), cell()], 4000) is None
    rotated = bucket(cell(1, 30), policy=Policy(expire_days=90), bucket_days=700)
    assert plan_of(rotated, DAY).parts == ()
    assert groups_of(rotated)[0].base == Steps(expire=30)


def test_the_names_of_added_rules_are_free():
    own = LifecycleRule("move-cold-objects", "Disabled", prefix="", transitions=(Transition("GLACIER", 1),))
    plan = plan_of(bucket(cell(), rules=(own,)), DAY)
    assert [rule.rule_id for rule in plan.rules] == ["move-cold-objects", "move-cold-objects-2"]
    assert plan.rules[0] is own


def test_more_rules_than_a_bucket_may_have_are_refused():
    own = [LifecycleRule(str(number), "Enabled", prefix="", abort_days=7) for number in range(1000)]
    assert len(merged(own, [])) == 1000
    with pytest.raises(ValueError, match="1001 lifecycle rules; a bucket has at most 1000"):
        merged(own, own[:1])


def test_a_class_without_a_price_is_an_error():
    with pytest.raises(ValueError, match="the class GLACIER of pl-waw has no price"):
        plan_of(bucket(cell(storage_class="GLACIER"), region="pl-waw", prices=Prices({"STANDARD": Decimal(1)})), DAY)
