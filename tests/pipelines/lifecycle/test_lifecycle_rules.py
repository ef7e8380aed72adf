"""Rules read and written back without loss: every form S3 has had, recorded answers, and a server that keeps them."""

import json
import re
from datetime import date
from decimal import Decimal

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.parsers import create_parser
from botocore.validate import ParamValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.lifecycle_plans import drawn
from pipelines.lifecycle.costs import Prices, Reads
from pipelines.lifecycle.limits import limits_of, problems
from pipelines.lifecycle.plan import plan_of
from pipelines.lifecycle.policy import Bucket, Policy
from pipelines.lifecycle.rules import parse_rules, written
from pipelines.lifecycle.stock import Cell

DAY = date(2026, 11, 18)
S3 = ServiceModel(Loader().load_service_model("s3", "service-2"))
FORMS = [
    {"Prefix": "", "Status": "Enabled", "Expiration": {"Days": 1}},
    {"ID": "a", "Prefix": "logs/", "Status": "Enabled", "Transition": {"Days": 30, "StorageClass": "GLACIER"}},
    {"ID": "b", "Filter": {}, "Status": "Disabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}},
    {"ID": "c", "Filter": {"Prefix": ""}, "Status": "Enabled", "Expiration": {"Date": "2027-01-01T00:00:00Z"}},
    {"ID": "d", "Filter": {"Tag": {"Key": "k", "Value": "v"}}, "Status": "Enabled", "Expiration": {"Days": 9}},
    {"ID": "e", "Filter": {"And": {"Prefix": "p/", "Tags": [{"Key": "k", "Value": "v"}], "ObjectSizeLessThan": 9}},
     "Status": "Enabled", "NoncurrentVersionTransition": {"NoncurrentDays": 3, "StorageClass": "ONEZONE_IA"}},
    {"ID": "f", "Filter": {"ObjectSizeGreaterThan": 30}, "Status": "Enabled",
     "NoncurrentVersionExpiration": {"NewerNoncurrentVersions": 2, "NoncurrentDays": 30},
     "NoncurrentVersionTransitions": [
         {"NewerNoncurrentVersions": 5, "NoncurrentDays": 40, "StorageClass": "ONEZONE_IA"}]},
    {"ID": "g", "Filter": {"Unheard": 1}, "Status": "Enabled", "Expiration": {"ExpiredObjectDeleteMarker": True}},
    {"ID": "h", "Filter": {"Prefix": "x"}, "Status": "Enabled", "Transitions": [
        {"Date": "2026-12-01T00:00:00Z", "StorageClass": "GLACIER"}], "Future": {"Thing": [1]}},
    {"ID": "i", "Status": "Enabled", "Expiration": {"Days": 1, "ExpiredObjectDeleteMarker": False}},
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.get("ID", "none"))
def test_every_form_is_written_as_it_was_read(form):
    assert written(parse_rules([form])) == {"Rules": [form]}
    assert written(parse_rules(json.dumps([form]))) == {"Rules": [form]}


def test_forms_mean_what_they_say():
    rules = {rule.rule_id: rule for rule in parse_rules(FORMS)}
    assert (rules["a"].prefix, rules["a"].transitions[0].days) == ("logs/", 30)
    assert (rules["b"].is_enabled, rules["b"].abort_days) == (False, 7)
    assert (rules["e"].prefix, rules["e"].tags, rules["e"].smaller_than) == ("p/", (("k", "v"),), 9)
    assert (rules["f"].larger_than, rules["f"].noncurrent_days) == (30, 30)
    assert (rules["g"].expire_markers, rules["i"].expire_markers, rules["i"].expire_days) == (True, False, 1)
    assert rules["h"].transitions[0].days is None


@pytest.mark.parametrize("told", ['{"Rules": []}', "[1]", "3"])
def test_what_is_no_list_of_rules_is_refused(told):
    with pytest.raises(ValueError, match="give the value of Rules"):
        parse_rules(told)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**9))
def test_what_a_plan_writes_is_a_configuration_the_sdk_takes(seed):
    rules = plan_of(drawn(seed), DAY).rules
    told = {"Bucket": "b", "LifecycleConfiguration": written(rule for rule in rules if not rule.others)}
    report = ParamValidator().validate(told, S3.operation_model("PutBucketLifecycleConfiguration").input_shape)
    assert report.generate_report() == ""


def answers(reference_data, kind, operation):
    """Recorded answers of a kind as the SDK reads them, by file; what was refused is left out."""
    parser = create_parser("rest-xml")
    shape = S3.operation_model(operation).output_shape
    found = {}
    for path in sorted((reference_data / "fixtures/scaleway-recorded").glob(f"{kind}__*.xml")):
        body = path.read_bytes()
        if b"<Error>" not in body:
            told = parser.parse({"body": body, "headers": {}, "status_code": 200}, shape)
            found[path.name] = {key: value for key, value in told.items() if key != "ResponseMetadata"}
    assert found, kind
    return found


def bucket_with(rules, **more):
    cells = [Cell("logs/", "STANDARD", state, 365, 730, False, 10, 10**12) for state in ("current", "noncurrent")]
    prices = Prices({"STANDARD": Decimal("0.0146"), "ONEZONE_IA": Decimal("0.012"), "GLACIER": Decimal("0.0025")})
    told = {"region": "fr-par", "is_versioned": True, "bucket_days": 900, "prices": prices, "policy": Policy(),
            "reads": Reads(((0, Decimal(0)),))}  # fmt: skip
    return Bucket(cells=cells, rules=rules, **{**told, **more})


def test_every_recorded_configuration_is_read_and_written_back(reference_data):
    found = answers(reference_data, "s3_get_bucket_lifecycle", "GetBucketLifecycleConfiguration")
    assert sum(len(told["Rules"]) for told in found.values()) == 6
    for name, told in found.items():
        rules = parse_rules(told["Rules"])
        assert written(rules) == {"Rules": told["Rules"]}, name
        assert not any(rule.others for rule in rules if name != "s3_get_bucket_lifecycle__nl-ams.xml")
        plan = plan_of(bucket_with(rules), DAY)
        assert plan.rules[: len(rules)] == rules, name
        assert not [each for each in plan.rules[len(rules) :] if problems(each, limits_of("fr-par", DAY))]


def test_rules_recorded_in_place_do_what_they_say_already(reference_data):
    found = answers(reference_data, "s3_get_bucket_lifecycle", "GetBucketLifecycleConfiguration")
    kept = {name: [part.kind.value for part in plan_of(bucket_with(parse_rules(told["Rules"])), DAY).parts]
            for name, told in found.items()}  # fmt: skip
    assert kept == {
        # it archives and expires logs, so old versions are all that is left
        "s3_get_bucket_lifecycle__fr-par.xml": ["expire-old-versions"],
        "s3_get_bucket_lifecycle__nl-ams.xml": ["move-cold-objects"],
        # its expiry is about another prefix
        "s3_get_bucket_lifecycle__nl-ams__02.xml": ["move-cold-objects", "expire-old-versions"],
        "s3_get_bucket_lifecycle__nl-ams__03.xml": ["move-cold-objects", "expire-old-versions"],
    }


def test_recorded_versioning_and_tags_are_read(reference_data):
    states = answers(reference_data, "s3_get_bucket_versioning", "GetBucketVersioning")
    assert {told.get("Status", "") for told in states.values()} == {"", "Enabled", "Suspended"}
    tags = answers(reference_data, "s3_get_bucket_tagging", "GetBucketTagging")
    keys = {each["Key"] for told in tags.values() for each in told["TagSet"]}
    assert keys == {"key1", "key2", "TestName"}


def test_a_server_keeps_what_is_put_to_it():
    moto, boto3 = pytest.importorskip("moto"), pytest.importorskip("boto3")
    with moto.mock_aws():
        client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        client.create_bucket(Bucket="exports")
        checked = 0
        for seed in range(40):
            rules = [rule for rule in plan_of(drawn(seed), DAY).rules if not rule.others and rule.form != "old"]
            # moto knows no filter by size
            named = [rule for rule in rules if rule.rule_id and rule.acts and rule.larger_than is None]
            if named:
                client.put_bucket_lifecycle_configuration(Bucket="exports", LifecycleConfiguration=written(named))
                kept = client.get_bucket_lifecycle_configuration(Bucket="exports")["Rules"]
                assert parse_rules(kept) == tuple(named)
                checked += 1
        assert checked > 10


def test_the_shipped_limits_name_their_source():
    from pipelines.lifecycle import limits

    text = limits._SHIPPED.read_text(encoding="utf-8")
    assert re.search(r"scaleway\.com/en/docs/object-storage/", text)
