"""One plan a bucket, told by the rule whose part saves most; traps left alone; owners, budgets and traffic."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from pipelines.recommendations.recommendation import Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rules.bucket_budget import BUCKET_BUDGET
from pipelines.recommendations.rules.bucket_without_owner import BUCKET_WITHOUT_OWNER
from pipelines.recommendations.rules.delete_markers import DELETE_MARKERS
from pipelines.recommendations.rules.incomplete_uploads import INCOMPLETE_UPLOADS
from pipelines.recommendations.rules.log_bucket_without_expiry import LOG_BUCKET_WITHOUT_EXPIRY
from pipelines.recommendations.rules.noncurrent_versions import NONCURRENT_VERSIONS
from pipelines.recommendations.rules.storage_buckets import Storage, budget_of, is_log
from pipelines.recommendations.rules.storage_lifecycle import STORAGE_LIFECYCLE
from pipelines.recommendations.rules.unexpected_egress import UNEXPECTED_EGRESS
from pipelines.recommendations.storage_efficiency import efficiency_rows
from pipelines.recommendations.world import World

from ..rule_contract import answers_of, problems_of, shuffled  # noqa: TID252 - beside the rules' other tests
from ..small_world import DAY, resource  # noqa: TID252

RULES = (
    STORAGE_LIFECYCLE, NONCURRENT_VERSIONS, INCOMPLETE_UPLOADS, DELETE_MARKERS, LOG_BUCKET_WITHOUT_EXPIRY,
    BUCKET_BUDGET, BUCKET_WITHOUT_OWNER, UNEXPECTED_EGRESS,
)  # fmt: skip
TERABYTE = 10**12
STORED = "/storage/obj/storage/standard/fr-par"
OUTLOOK = {
    "usage_month": "2026-11", "region_id": "fr-par", "as_of": DAY, "is_sample": False, "tags": "{}",
    "versioning": "never", "lifecycle_rules": "[]", "created_at": datetime(2020, 1, 1, tzinfo=UTC), "egress_days": 28,
    "last_written_at": datetime(2024, 1, 1, tzinfo=UTC), "egress_bytes": Decimal(0), "billing_currency": "EUR",
    "standard_price": Decimal("0.0146"), "onezone_price": Decimal("0.012"), "glacier_price": Decimal("0.0025"),
    "restore_price": Decimal("0.009"), "charged_share": None,
}  # fmt: skip
COLD = ("current", 730, None, 10 * TERABYTE)
EGRESS = {
    "billing_currency": "EUR", "known_from": date(2026, 10, 21), "known_until": DAY, "usual_days": 140,
    "usual_daily_cost": Decimal(4), "recent_cost": Decimal(280), "recent_days": 28, "rising_since": date(2026, 9, 8),
    "usual_weeks": 13, "usual_weekly_growth": Decimal("0.005"),
    "usual_daily_cost_low": Decimal("3.8"), "usual_daily_cost_high": Decimal("4.2"),
}  # fmt: skip


def bucket(name="things", *tags, size=10 * TERABYTE, **more):
    cost = Decimal(size) / 10**9 * Decimal("0.0146")
    told = {"resource_name": name, "resource_type": "object_storage_bucket", "tags": tags, "monthly_cost": cost,
            "costs": {STORED: cost}, "owner": None, "team": None}  # fmt: skip
    return resource(name, **{**told, **more})


def world(*told, egress=()):
    """Each of (bucket, cells, columns of the outlook)."""
    outlook, cells = [], []
    for each, held, more in told:
        name = each.resource_id
        outlook.append({**OUTLOOK, "resource_id": name, **{key: more[key] for key in more if key != "prefix"}})
        for state, age_from, age_to, size in held:
            cells.append({"resource_id": name, "prefix": more.get("prefix", ""), "state": state,
                          "age_days_from": age_from, "age_days_to": age_to, "is_small": False, "objects": 2000,
                          "storage_class": "STANDARD", "bytes": size})  # fmt: skip
    tables = {"gold.storage_outlook": outlook, "gold.storage_cells": cells, "gold.storage_egress": list(egress)}
    return World(DAY, DAY, {each.resource_id: each for each, *_ in told},
                 {name: pa.Table.from_pylist(rows) for name, rows in tables.items()})  # fmt: skip


def advice(told, *rules):
    """Rule, bucket and saving to the euro of all advice, after the contract was checked."""
    found = []
    for rule in rules or RULES:
        if any(told.tables[name].num_rows for name in rule.reads):
            assert problems_of(rule, told) == []
            found += [each for each in answers_of(rule, told) if isinstance(each, Recommendation)]
    return found


def said(told, *rules):
    return [(each.rule, each.resource_id, round(each.monthly_saving)) for each in advice(told, *rules)]


def test_a_bucket_gets_one_plan_with_all_of_its_parts():
    held = [COLD, ("noncurrent", 60, 90, 2 * TERABYTE), ("incomplete_upload", 60, 90, TERABYTE)]
    mixed = bucket("things", "owner=a", size=13 * TERABYTE)
    (found,) = advice(world((mixed, held, {"versioning": "enabled"})))
    assert found.rule == "storage_lifecycle"
    # 10 TB to Glacier, 2 TB of versions and 1 TB of parts away
    assert found.monthly_saving == Decimal("121") + Decimal("29.2") + Decimal("14.6")
    assert [part["does"] for part in found.evidence["parts"]] == [
        "move-cold-objects", "expire-old-versions", "abort-incomplete-uploads"]  # fmt: skip
    assert len(found.evidence["months"]) == 12
    assert found.evidence["lifecycle_efficiency"] == round(
        (Decimal("189.8") - found.monthly_saving) / Decimal("189.8"), 4
    )
    assert sum(each["cost_now"] - each["cost_then"] for each in found.evidence["months"]) == pytest.approx(
        found.evidence["net_saving_12_months"], abs=Decimal("0.2")
    )
    assert found.risk is Level.medium


@pytest.mark.parametrize(
    ("name", "tags", "held", "more", "says"),
    [
        ("v", ["owner=a"], [("noncurrent", 60, 90, TERABYTE)], {"versioning": "enabled"}, ("noncurrent_versions", 15)),
        ("things", ["owner=a"], [("incomplete_upload", 60, 90, TERABYTE)], {}, ("incomplete_uploads", 15)),
        ("things", ["owner=a"], [("delete_marker", 60, 90, 0)], {"versioning": "enabled"}, ("delete_markers", 0)),
        ("shop-logs", ["owner=a"], [("current", 180, 365, TERABYTE)], {}, ("log_bucket_without_expiry", 15)),
        ("copy", ["owner=a", "data-class=recreatable"], [COLD], {}, ("storage_lifecycle", 26)),
    ],
)  # fmt: skip
def test_each_kind_of_waste_has_its_rule(name, tags, held, more, says):
    size = max(TERABYTE, sum(each[3] for each in held))
    one = bucket(name, *tags, size=size)
    assert said(world((one, held, more))) == [(says[0], name, says[1])]


@pytest.mark.parametrize(("share", "saving"), [(Decimal(1), 121), (Decimal("0.8"), 97), (Decimal(2), 121), (None, 109)])
def test_growth_is_no_discount_and_a_discount_is(share, saving):
    # the last weeks were charged for nine tenths of what lies there now
    grown = bucket("things", "owner=a", size=9 * TERABYTE)
    assert said(world((grown, [COLD], {"charged_share": share}))) == [("storage_lifecycle", "things", saving)]


@pytest.mark.parametrize(
    ("tags", "held", "more"),
    [
        (["owner=a", "access=nightly"], [COLD], {}),
        (["owner=a"], [COLD], {"egress_bytes": Decimal(3 * TERABYTE)}),
        (["owner=a"], [COLD], {"egress_bytes": None}),
        (["owner=a"], [COLD], {"egress_days": 9}),
        (["owner=a", "data-class=primary"], [COLD], {"region_id": "pl-waw", "glacier_price": None}),
        (["owner=a", "retention=35d"], [("current", 7, 30, TERABYTE)], {}),
        (["owner=a"], [("noncurrent", 60, 90, TERABYTE)], {
            "versioning": "enabled",
            "lifecycle_rules": '[{"ID": "v", "Status": "Enabled", "Filter": {}, '
                               '"NoncurrentVersionExpiration": {"NoncurrentDays": 180}}]'}),
    ],
)  # fmt: skip
def test_what_only_looks_wasteful_is_left(tags, held, more):
    told = world((bucket("things", *tags), held, more))
    assert said(told) == []
    assert all(isinstance(each, NothingToDo) for each in answers_of(STORAGE_LIFECYCLE, told))
    assert all(each.reason for each in answers_of(STORAGE_LIFECYCLE, told))


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"is_sample": True}, "only a part of its objects"),
        ({"lifecycle_rules": None}, "could not be read"),
        ({"standard_price": None}, "no price for STANDARD"),
        ({"billing_currency": "USD"}, "not in the currency"),
    ],
)
def test_what_is_missing_is_said_once(more, says):
    told = world((bucket("things", "owner=a"), [COLD], more))
    unjudged = [each for rule in RULES[:6] for each in answers_of(rule, told) if isinstance(each, Unjudged)]
    assert [(each.rule, says in each.reason) for each in unjudged] == [("storage_lifecycle", True)]


def test_savings_are_at_what_was_really_charged():
    half = bucket("things", "owner=a", monthly_cost=Decimal(73), costs={STORED: Decimal(73)})
    assert said(world((half, [COLD], {}))) == [("storage_lifecycle", "things", 60)]


def test_logs_that_have_to_be_kept_are_not_deleted():
    assert [is_log(name) for name in ("shop-logs", "logs/", "audit-logs", "pay-journal", "catalogs")] == [
        True, True, False, False, False]  # fmt: skip
    versions = [("noncurrent", 60, 90, TERABYTE)]
    for kept in (
        bucket("pci-exports", "owner=a", size=TERABYTE),
        bucket("x", "owner=a", "retention=10y", size=TERABYTE),
    ):
        assert said(world((kept, versions, {"versioning": "enabled", "glacier_price": None}))) == []
    told = world((bucket("audit-logs", "owner=a"), [COLD], {}))
    assert said(told) == [("storage_lifecycle", "audit-logs", 121)]


@pytest.mark.parametrize(
    ("name", "tags", "deletes"),
    [
        ("things", [], True),
        ("audit-trail", [], False),
        ("things", ["retention=10y"], False),
        ("things", ["data-class=primary"], False),
    ],
)
def test_logs_under_a_prefix_are_deleted_only_where_nothing_speaks_for_them(name, tags, deletes):
    told = world((bucket(name, "owner=a", *tags), [COLD], {"prefix": "logs/"}))
    (found,) = advice(told)
    assert (found.rule == "log_bucket_without_expiry") == deletes
    assert ('"Expiration"' in found.change.cli[0]) == deletes
    assert ('"logs/"' in found.change.cli[0]) == deletes


def test_a_budget_is_kept_by_deleting_only_what_can_be_made_again():
    held = [("current", 30, 60, TERABYTE), ("current", 90, 180, 3 * TERABYTE)]
    tags = ("owner=a", "monthly-budget-eur=20")
    again = bucket("checkpoints", *tags, "data-class=recreatable", size=4 * TERABYTE)
    (found,) = advice(world((again, held, {})))
    assert (found.rule, found.risk) == ("bucket_budget", Level.high)
    assert "after 90 days" in found.action
    # the rest is too young to be worth a move to One Zone before it goes
    assert found.monthly_saving == Decimal("43.8")
    kept = bucket("papers", *tags, size=4 * TERABYTE)
    assert said(world((kept, held, {"glacier_price": None}))) == [("bucket_budget", "papers", 0)]
    assert said(world((bucket("papers", "owner=a", "monthly-budget-eur=90", size=4 * TERABYTE), held,
                       {"glacier_price": None}))) == []  # fmt: skip
    assert budget_of(bucket("x", "monthly-budget-eur=about ten")) is None


def test_growth_is_held_against_the_budget_before_it_is_broken():
    # 3 TB came in over the last month and nothing goes: 43.80 by the month now, and as much more each month, so that
    # the first of the months to come costs 65.70 on the whole, the second 109.50, and the third 153.30
    held = [("current", 7, 30, 3 * TERABYTE)]
    made = {"glacier_price": None, "created_at": datetime(2026, 10, 1, tzinfo=UTC)}
    for budget, months in ((160, None), (120, 3), (100, 2), (60, 1)):
        growing = bucket("papers", "owner=a", f"monthly-budget-eur={budget}", size=3 * TERABYTE)
        found = advice(world((growing, held, made)), BUCKET_BUDGET)
        assert [each.evidence["months_until"] for each in found] == ([] if months is None else [months])
        assert {each.monthly_saving for each in found} <= {0}
    still = bucket("papers", "owner=a", "monthly-budget-eur=44", size=3 * TERABYTE)
    assert advice(world((still, [("current", 365, 730, 3 * TERABYTE)], made)), BUCKET_BUDGET) == []


def test_a_bucket_nobody_knows_may_go_and_others_get_an_owner():
    unread = {"glacier_price": None}
    assert said(world((bucket("tmp2"), [COLD], unread))) == [("bucket_without_owner", "tmp2", 146)]
    assert said(world((bucket("invoices"), [COLD], unread))) == [("bucket_without_owner", "invoices", 0)]
    assert said(world((bucket("invoices", team="data"), [COLD], unread))) == []
    for more in ({"egress_bytes": Decimal(1)}, {"egress_bytes": None}, {"last_written_at": None},
                 {"last_written_at": datetime(2026, 11, 1, tzinfo=UTC)}):  # fmt: skip
        assert said(world((bucket("tmp2"), [COLD], {**unread, **more}))) == [("bucket_without_owner", "tmp2", 0)]
    (unjudged,) = answers_of(BUCKET_WITHOUT_OWNER, world((bucket("tmp2"), [COLD], {"tags": None})))
    assert isinstance(unjudged, Unjudged)


@pytest.mark.parametrize(
    ("more", "saving"),
    [
        ({}, 182),
        ({"recent_cost": Decimal(150)}, None),
        ({"rising_since": None}, None),
        ({"recent_days": 5}, None),
        ({"usual_days": 20}, None),
        ({"billing_currency": "USD"}, None),
    ],
)
def test_traffic_far_beyond_the_usual_is_said(more, saving):
    media = bucket("media", "owner=a", monthly_cost=Decimal(500))
    told = world((media, [COLD], {}), egress=[{**EGRESS, "resource_id": "media", **more}])
    assert said(told, UNEXPECTED_EGRESS) == ([] if saving is None else [("unexpected_egress", "media", saving)])


def test_what_unusual_traffic_costs_is_told_with_where_it_lies_in_nine_of_ten_cases():
    media = bucket("media", "owner=a", monthly_cost=Decimal(900))
    (found,) = advice(world((media, [COLD], {}), egress=[{**EGRESS, "resource_id": "media"}]), UNEXPECTED_EGRESS)
    low, high = found.evidence["saving_low"], found.evidence["saving_high"]
    assert low < found.monthly_saving < high
    assert (low, high) == (round((10 - Decimal("4.2")) * 730 / 24, 2), round((10 - Decimal("3.8")) * 730 / 24, 2))
    unknown = {**EGRESS, "resource_id": "media", "usual_daily_cost_low": None, "usual_daily_cost_high": None}
    (found,) = advice(world((media, [COLD], {}), egress=[unknown]), UNEXPECTED_EGRESS)
    assert "saving_low" not in found.evidence


def test_the_order_of_rows_changes_nothing():
    told = world(*((bucket(f"b{number}", size=number * TERABYTE), [(*COLD[:3], number * TERABYTE)], {})
                   for number in range(1, 5)))  # fmt: skip
    assert advice(shuffled(told, 3)) == advice(told)


def test_efficiency_is_the_best_plan_over_what_is_paid():
    told = world(
        (bucket("cold"), [COLD], {}),
        (bucket("good"), [COLD], {"glacier_price": None}),
        (bucket("held", "legal-hold=2031"), [COLD], {}),
        (bucket("unknown"), [COLD], {"is_sample": True}),
    )
    rows = {row["resource_id"]: row for row in efficiency_rows(told, Storage(), ["legal-hold"])}
    assert {(row["usage_month"], row["as_of"]) for row in rows.values()} == {("2026-11", DAY)}
    assert rows["cold"]["lifecycle_efficiency"] == round(Decimal(25) / 146, 12)
    assert (rows["cold"]["monthly_cost"], rows["cold"]["best_monthly_cost"]) == (146, 25)
    assert rows["good"]["lifecycle_efficiency"] == rows["held"]["lifecycle_efficiency"] == 1
    assert rows["held"]["reason"] == "protected by its tag legal-hold=2031"
    assert (rows["unknown"]["lifecycle_efficiency"], rows["unknown"]["monthly_cost"]) == (None, None)
    assert "only a part" in rows["unknown"]["reason"]
