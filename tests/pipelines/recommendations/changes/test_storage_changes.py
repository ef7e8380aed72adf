"""A bucket's rules as commands and Terraform: all of them, the new ones among them, and the way back."""

import json
import shlex
from dataclasses import replace

import hcl2

from pipelines.lifecycle.rules import parse_rules
from pipelines.recommendations.changes.storage import difference, lifecycle_set, looked_into, terraform

from ..small_world import resource  # noqa: TID252 - beside the rules' other tests

BUCKET = resource("media", resource_name="shop-media", resource_type="object_storage_bucket", region_id="nl-ams")
OLD = parse_rules(
    [
        {"ID": "dumps", "Filter": {"Prefix": "du${x}/"}, "Status": "Enabled", "Expiration": {"Days": 365},
         "Transitions": [{"Days": 90, "StorageClass": "GLACIER"}]},
        {"ID": "unfinished", "Filter": {}, "Status": "Disabled",
         "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}},
    ]
)  # fmt: skip
MORE = parse_rules(
    [
        {"ID": "tagged", "Filter": {"Tag": {"Key": "k", "Value": "v"}}, "Status": "Enabled", "Expiration": {"Days": 1}},
        {"ID": "versions", "Filter": {"And": {"Prefix": "a/", "ObjectSizeGreaterThan": 9}}, "Status": "Enabled",
         "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
         "NoncurrentVersionTransitions": [{"NoncurrentDays": 10, "StorageClass": "ONEZONE_IA"}]},
        {"ID": "markers", "Filter": {"Prefix": ""}, "Status": "Enabled",
         "Expiration": {"ExpiredObjectDeleteMarker": True}},
    ]
)  # fmt: skip


def put(command):
    words = shlex.split(command)
    assert words[:3] == ["aws", "s3api", "put-bucket-lifecycle-configuration"]
    told = dict(zip(words[3::2], words[4::2], strict=True))
    assert (told["--bucket"], told["--endpoint-url"]) == ("shop-media", "https://s3.nl-ams.scw.cloud")
    return parse_rules(json.loads(told["--lifecycle-configuration"])["Rules"])


def test_all_rules_are_put_and_the_old_ones_put_back():
    change = lifecycle_set(BUCKET, OLD, OLD + MORE)
    assert put(change.cli[0]) == OLD + MORE
    assert put(change.undo_cli[0]) == OLD
    assert "get-bucket-lifecycle-configuration" in change.cli[1]
    assert shlex.split(lifecycle_set(BUCKET, (), MORE).undo_cli[0])[2] == "delete-bucket-lifecycle"


def test_the_files_hold_the_rules_advised_and_those_in_place():
    files = {file.name: json.loads(file.text)["Rules"] for file in lifecycle_set(BUCKET, OLD, OLD + MORE).files}
    assert {name: parse_rules(rules) for name, rules in files.items()} == {
        "lifecycle.json": OLD + MORE, "lifecycle-before.json": OLD}  # fmt: skip
    assert [file.name for file in lifecycle_set(BUCKET, (), MORE).files] == ["lifecycle.json"]
    assert [file.name for file in lifecycle_set(BUCKET, OLD, ()).files] == ["lifecycle-before.json"]


def test_the_difference_shows_what_is_added_and_takes_nothing():
    lines = difference(OLD, OLD + MORE[:1]).splitlines()
    assert '+      "ID": "tagged",' in lines
    assert not [line for line in lines[2:] if line.startswith("-")]


def test_plain_rules_are_scaleways_own_terraform():
    text = terraform(BUCKET, OLD + MORE[:1])
    (found,) = hcl2.loads(text)["resource"]
    (body,) = [value for kind in found.values() for value in kind.values()]
    rules = body["lifecycle_rule"]
    assert next(iter(found)).strip('"') == "scaleway_object_bucket"
    assert [rule["id"].strip('"') for rule in rules] == ["dumps", "unfinished", "tagged"]
    assert [rule["enabled"] for rule in rules] == [True, False, True]
    assert rules[0]["prefix"].strip('"') == "du$${x}/"
    assert rules[0]["transition"][0]["days"] == 90
    assert rules[1]["abort_incomplete_multipart_upload_days"] == 7


def test_rules_that_say_more_are_terraform_of_s3():
    (found,) = hcl2.loads(terraform(BUCKET, OLD + MORE))["resource"]
    (body,) = [value for kind in found.values() for value in kind.values()]
    assert next(iter(found)).strip('"') == "aws_s3_bucket_lifecycle_configuration"
    rules = {rule["id"].strip('"'): rule for rule in body["rule"]}
    assert list(rules) == ["dumps", "unfinished", "tagged", "versions", "markers"]
    assert rules["versions"]["filter"][0]["and"][0]["object_size_greater_than"] == 9
    assert rules["versions"]["noncurrent_version_expiration"][0]["noncurrent_days"] == 30
    assert rules["markers"]["expiration"][0]["expired_object_delete_marker"] is True
    assert rules["tagged"]["filter"][0]["tag"][0]["key"].strip('"') == "k"


def test_what_no_provider_can_say_is_left_out():
    assert terraform(BUCKET, (replace(OLD[0], others={"Future": 1}),)) == ""


def test_looking_changes_nothing():
    change = looked_into(BUCKET, ("Ask first.",))
    assert all(" list-" in command or " get-" in command for command in change.cli)
    assert change.undo_cli == ()
