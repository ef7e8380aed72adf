"""Drift of lifecycle rules, kinds of data in one bucket, conventions of names and tags, old tags of the registry."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from pipelines.errors import ConfigurationError
from pipelines.recommendations.recommendation import NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rules import bucket_convention, storage_policy_drift
from pipelines.recommendations.rules.bucket_convention import BUCKET_CONVENTION
from pipelines.recommendations.rules.bucket_mixed_classes import BUCKET_MIXED_CLASSES, kind_of
from pipelines.recommendations.rules.old_registry_tags import OLD_REGISTRY_TAGS
from pipelines.recommendations.rules.storage_policy_drift import STORAGE_POLICY_DRIFT
from pipelines.recommendations.rules.storage_rules_changed import STORAGE_RULES_CHANGED
from pipelines.recommendations.world import World

from ..rule_contract import answers_of, problems_of  # noqa: TID252 - beside the rules' other tests
from ..small_world import DAY, resource  # noqa: TID252

GB = 10**9
EXPIRE = json.dumps([{"ID": "e", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 90}}])
POLICIES = pa.schema(
    [
        *((name, pa.string()) for name in ("resource_id", "region_id", "lifecycle_rules", "versioning")),
        *((name, pa.date32()) for name in ("seen_since", "changed_on")),
        *((name, pa.string()) for name in ("previous_rules", "previous_versioning")),
    ]
)


def bucket(name="things", *tags, **more):
    told = {"resource_type": "object_storage_bucket", "resource_name": name, "tags": tags, "monthly_cost": Decimal(50)}
    return resource(name, **{**told, **more})


def world(resources, **tables):
    return World(DAY, DAY, {each.resource_id: each for each in resources},
                 {name.replace("__", "."): table for name, table in tables.items()})  # fmt: skip


def drift(rule_lines=(), name="shop-logs", **row):
    told = {"resource_id": name, "region_id": "fr-par", "lifecycle_rules": "[]", "versioning": "never",
            "seen_since": date(2026, 1, 1), **row}  # fmt: skip
    table = pa.Table.from_pylist([told], schema=POLICIES)
    rule = STORAGE_RULES_CHANGED
    if rule_lines is not None:
        rule = replace(STORAGE_POLICY_DRIFT, thresholds=storage_policy_drift.Thresholds(policies=tuple(rule_lines)))
    seen = world([bucket(name)], gold__storage_policies=table)
    assert problems_of(rule, seen) == []
    (answer,) = answers_of(rule, seen)
    return answer


def test_rules_that_are_not_those_of_the_policy_are_brought_to_it():
    answer = drift(["*-logs: expire=30 abort=7"], lifecycle_rules=EXPIRE)
    assert isinstance(answer, Recommendation)
    assert "expire is 90 days, not 30; abort is not set, not 7" in answer.reason
    assert '"Days":30' in answer.change.cli[0]
    assert '"DaysAfterInitiation":7' in answer.change.cli[0]
    assert '"Days":90' in answer.change.undo_cli[0]
    assert (answer.target, answer.monthly_saving) == ("policy", 0)
    kept = drift(["*-logs: expire=90"], lifecycle_rules=EXPIRE)
    assert kept == NothingToDo(STORAGE_POLICY_DRIFT.name, "shop-logs", "its rules are those of the policy")


def test_the_first_policy_that_fits_the_name_holds_and_what_none_fits_is_left():
    assert isinstance(drift(["shop-*: expire=90", "*: expire=1"], lifecycle_rules=EXPIRE), NothingToDo)
    assert drift(["pay-*: expire=1"], lifecycle_rules=EXPIRE).reason == "no policy fits it"
    assert "no policy is written" in drift().reason


def test_a_policy_that_its_region_refuses_and_rules_nobody_could_read_are_not_judged():
    answer = drift(["*: glacier=180"], region_id="pl-waw")
    assert isinstance(answer, Unjudged)
    assert "pl-waw" in answer.reason
    moves = json.dumps([{"Status": "Enabled", "Filter": {}, "Expiration": {"Days": 60},
                         "Transitions": [{"Days": 30, "StorageClass": "ONEZONE_IA"}]}])  # fmt: skip
    clash = drift(["*: one-zone=90"], lifecycle_rules=moves)
    assert isinstance(clash, Unjudged)
    assert "deleted after 60" in clash.reason
    assert isinstance(drift(["*: expire=9"], lifecycle_rules=None), Unjudged)
    assert isinstance(drift(None, lifecycle_rules=None), Unjudged)


def test_a_change_is_told_of_what_a_tag_protects_and_the_policy_is_not():
    assert not STORAGE_RULES_CHANGED.spares_protected
    assert STORAGE_POLICY_DRIFT.spares_protected


@pytest.mark.parametrize(
    ("days", "before", "now", "told"),
    [
        (1, EXPIRE, "[]", "from expire=90 to nothing"),
        (14, "[]", EXPIRE, "from nothing to expire=90"),
        (15, EXPIRE, "[]", None),
    ],
)
def test_a_change_is_told_for_two_weeks_with_the_way_back(days, before, now, told):
    answer = drift(None, lifecycle_rules=now, changed_on=DAY - timedelta(days), previous_rules=before,
                   previous_versioning="enabled")  # fmt: skip
    if told is None:
        assert isinstance(answer, NothingToDo)
        return
    assert told in answer.reason
    assert "Versioning went from enabled to never" in answer.reason
    calls = ("delete-bucket-lifecycle", "put-bucket-lifecycle-configuration")
    assert calls[before != "[]"] in answer.change.cli[0]
    assert calls[now != "[]"] in answer.change.undo_cli[0]


def test_a_policy_nobody_can_read_says_where_it_stands():
    with pytest.raises(ConfigurationError, match=r"storage_policy_drift\.policies"):
        drift(["logs expire=90"])


def held(*cells, rules="[]", name="things", tags="{}", is_sample=False):
    rows = [
        {"resource_id": name, "prefix": prefix, "state": state, "bytes": size * GB} for prefix, state, size in cells
    ]
    outlook = [{"resource_id": name, "lifecycle_rules": rules, "is_sample": is_sample, "tags": tags}]
    return {"gold__storage_cells": pa.Table.from_pylist(rows), "gold__storage_outlook": pa.Table.from_pylist(outlook)}


LOGS, DATA = ("logs/", "current", 50), ("data/", "current", 500)
FOR_LOGS = json.dumps([{"Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 90}}])


@pytest.mark.parametrize(
    ("name", "cells", "rules", "kinds"),
    [
        ("things", [LOGS, DATA], "[]", ["logs", "other"]),
        ("things", [LOGS, ("db-dumps/", "current", 40), ("x/", "current", 9)], "[]", ["copies", "logs"]),
        ("things", [LOGS, DATA], FOR_LOGS, None),
        ("things", [LOGS, DATA], FOR_LOGS.replace("Enabled", "Disabled"), ["logs", "other"]),
        ("shop-logs", [LOGS, DATA], "[]", None),
        ("shop-logs", [LOGS, ("audit/", "current", 50)], "[]", ["logs", "records"]),
        ("things", [("logs/", "current", 20), DATA], "[]", None),
        ("things", [("logs/", "noncurrent", 50), DATA], "[]", None),
        ("things", [("logs/", "current", 9), ("data/", "current", 9)], "[]", None),
        ("things", [(None, "current", 50), LOGS], "[]", None),
    ],
)
def test_kinds_of_data_under_one_set_of_rules_are_told(name, cells, rules, kinds):
    seen = world([bucket(name)], **held(*cells, rules=rules, name=name))
    assert problems_of(BUCKET_MIXED_CLASSES, seen) == []
    (answer,) = answers_of(BUCKET_MIXED_CLASSES, seen)
    told = [each["kind"] for each in answer.evidence["kinds"]] if isinstance(answer, Recommendation) else None
    assert told == kinds


def test_a_sample_says_nothing_of_kinds_and_words_of_law_come_first():
    (answer,) = answers_of(BUCKET_MIXED_CLASSES, world([bucket()], **held(LOGS, DATA, is_sample=True)))
    assert isinstance(answer, Unjudged)
    assert [kind_of(name) for name in ("audit-logs/", "logs_backup/", "catalogs/", "_temporary/", "")] == [
        "records", "copies", "other", "scratch", "other"]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "tags", "thresholds", "says"),
    [
        ("shop-prod-media", [], {}, None),
        ("shop-prod-media", [], {"name_pattern": "[a-z]+-(prod|dev)-.*"}, None),
        ("media", [], {"name_pattern": "[a-z]+-(prod|dev)-.*"}, "Its name does not fit"),
        ("media", ["Owner=a", "data-class"], {"required_tags": ("owner", "data-class")}, "The tags data-class are"),
        ("media", ["Owner=a", "data-class:primary"], {"required_tags": ("owner", "data-class")}, None),
    ],
)
def test_names_and_tags_are_held_against_the_convention_of_the_settings(name, tags, thresholds, says):
    rule = replace(BUCKET_CONVENTION, thresholds=bucket_convention.Thresholds(**thresholds))
    seen = world([bucket(name, *tags)], **held(name=name))
    assert problems_of(rule, seen) == []
    (answer,) = answers_of(rule, seen)
    assert isinstance(answer, NothingToDo) if says is None else answer.reason.startswith(says)


def test_a_pattern_that_is_none_and_tags_nobody_could_read_are_said():
    wrong = replace(BUCKET_CONVENTION, thresholds=bucket_convention.Thresholds(name_pattern="("))
    with pytest.raises(ConfigurationError, match="name_pattern"):
        answers_of(wrong, world([bucket()], **held()))
    asks = replace(BUCKET_CONVENTION, thresholds=bucket_convention.Thresholds(required_tags=("owner",)))
    (answer,) = answers_of(asks, world([bucket()], **held(tags=None)))
    assert isinstance(answer, Unjudged)


def registry(ages, cost=100, names=None):
    """A namespace with one image and a tag of each age in days; None is not known."""
    made = [None if age is None else datetime(2026, 11, 18, tzinfo=UTC) - timedelta(days=age) for age in ages]
    tags = [
        {"tag_id": f"t{number}", "namespace_id": "space", "image_id": "image", "image_name": "api", "created_at": when,
         "tag_name": names[number] if names else f"2026.01.02-{number}"}
        for number, when in enumerate(made)
    ]  # fmt: skip
    schema = pa.schema([*((name, pa.string()) for name in ("tag_id", "namespace_id", "image_id", "image_name")),
                        ("created_at", pa.timestamp("us", tz="UTC")), ("tag_name", pa.string())])  # fmt: skip
    space = resource("space", resource_type="registry_namespace", region_id="fr-par",
                     monthly_cost=None if cost is None else Decimal(cost))  # fmt: skip
    return world([space], gold__registry_tags=pa.Table.from_pylist(tags, schema=schema))


def test_old_tags_with_many_newer_ones_are_told_as_a_bound():
    seen = registry([*range(1, 31), *range(200, 300)])
    assert problems_of(OLD_REGISTRY_TAGS, seen) == []
    (answer,) = answers_of(OLD_REGISTRY_TAGS, seen)
    assert isinstance(answer, Recommendation)
    assert (answer.monthly_saving, answer.evidence["old_tags"], answer.evidence["tags"]) == (0, 100, 130)
    assert answer.evidence["saving_at_most_per_month"] == Decimal("76.92")
    assert answer.change.cli[0] == "scw registry tag delete t129 region=fr-par"
    assert answer.change.cli[-1] == "# and so on for the other 80"


@pytest.mark.parametrize(
    ("ages", "more", "kind"),
    [
        (range(200, 270), {}, Recommendation),
        (range(200, 269), {}, NothingToDo),
        (range(100, 200), {}, NothingToDo),
        (range(200, 300), {"cost": 4}, NothingToDo),
        (range(200, 300), {"cost": None}, Unjudged),
        ([], {}, Unjudged),
        ([None] * 100, {}, Unjudged),
        (range(200, 300), {"names": [f"v1.{number}" for number in range(100)]}, NothingToDo),
    ],
)
def test_the_newest_of_an_image_and_names_that_last_stay(ages, more, kind):
    (answer,) = answers_of(OLD_REGISTRY_TAGS, registry(list(ages), **more))
    assert type(answer) is kind
