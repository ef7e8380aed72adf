"""Object Storage as an S3 client meets it: every page, every bucket, and bytes that are those of the bill."""

import random
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from xml.etree import ElementTree

import botocore.session
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

from simulator.instants import DAY, zulu
from simulator.loading import ScenarioError, load, parse
from simulator.s3_truth import storage_truth
from simulator.world import build

MIDNIGHT = datetime.min.time()


@pytest.fixture(scope="module")
def running(run_simulator):
    return run_simulator(build(load("depot")))


@pytest.fixture
def depot(running):
    running.clock.now = running.world.scenario.today
    return running


@pytest.fixture(scope="module")
def session():
    return botocore.session.Session()


@pytest.fixture
def s3(depot, session):
    """`s3(project, region)`: a client of that project, through the standard library of S3 clients."""

    def client(project, region="fr-par", access_key=None, address=None):
        organization = depot.world.scenario.organization
        at_project = f"@{depot.world.project_ids[project]}" if project else ""
        return session.create_client(
            "s3",
            region_name=region,
            endpoint_url=f"{address or depot.address}/s3/{region}",
            aws_access_key_id=(access_key or organization.access_key) + at_project,
            aws_secret_access_key=organization.secret_key,
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
        )

    return client


def _pages(call, markers, **asked):
    """All pages of a listing: `markers` leads from what an answer says next to what is asked next."""
    answer = call(**asked)
    while answer["IsTruncated"]:
        yield answer
        answer = call(**asked, **{ours: answer[theirs] for theirs, ours in markers.items() if answer.get(theirs)})
    yield answer


def _versions(client, bucket, size=1000, **asked):
    markers = {"NextKeyMarker": "KeyMarker", "NextVersionIdMarker": "VersionIdMarker"}
    pages = list(_pages(client.list_object_versions, markers, Bucket=bucket, MaxKeys=size, **asked))
    return [[each for page in pages for each in page.get(kind, [])] for kind in ("Versions", "DeleteMarkers")]


def _objects(client, bucket, size=1000, **asked):
    markers = {"NextContinuationToken": "ContinuationToken"}
    pages = list(_pages(client.list_objects_v2, markers, Bucket=bucket, MaxKeys=size, **asked))
    assert all(page["KeyCount"] <= size for page in pages)
    return [each for page in pages for each in page.get("Contents", [])]


def _uploads(client, bucket, size=1000):
    markers = {"NextKeyMarker": "KeyMarker", "NextUploadIdMarker": "UploadIdMarker"}
    pages = _pages(client.list_multipart_uploads, markers, Bucket=bucket, MaxUploads=size)
    return [each for page in pages for each in page.get("Uploads", [])]


def _part_sizes(client, bucket, upload, size=2):
    asked = {"Bucket": bucket, "Key": upload["Key"], "UploadId": upload["UploadId"], "MaxParts": size}
    pages = list(_pages(client.list_parts, {"NextPartNumberMarker": "PartNumberMarker"}, **asked))
    parts = [part for page in pages for part in page.get("Parts", [])]
    assert [part["PartNumber"] for part in parts] == list(range(1, len(parts) + 1))
    return sum(part["Size"] for part in parts)


def _denied(call, **asked):
    with pytest.raises(ClientError) as refused:
        call(**asked)
    told = refused.value.response
    return told["ResponseMetadata"]["HTTPStatusCode"], told["Error"]["Code"]


@pytest.mark.parametrize("size", [7, 1000])
@pytest.mark.parametrize(
    ("project", "region", "bucket"),
    [("harbour", "fr-par", "plans"), ("harbour", "nl-ams", "registers"), ("default", "pl-waw", "incoming"),
     ("default", "fr-par", "emptied")],
)  # fmt: skip
def test_pages_of_any_size_add_up_to_the_truth(depot, s3, project, region, bucket, size):
    client = s3(project, region)
    told = storage_truth(depot.world, depot.clock.instant)[bucket]
    versions, markers = _versions(client, bucket, size)
    ids = [(each["Key"], each["VersionId"]) for each in (*versions, *markers)]
    assert len(ids) == len(set(ids)) == told["objects"] + told["delete_markers"]
    by_class = {}
    for each in versions:
        count = by_class.setdefault(each["StorageClass"], {"objects": 0, "bytes": 0})
        count["objects"] += 1
        count["bytes"] += each["Size"]
    assert by_class == told["by_class"]
    assert sum(each["Size"] for each in versions if not each["IsLatest"]) == told["noncurrent_bytes"]

    latest = {each["Key"]: each["ETag"] for each in versions if each["IsLatest"]}
    objects = _objects(client, bucket, size)
    assert [each["Key"] for each in objects] == sorted(latest)
    assert {each["Key"]: each["ETag"] for each in objects} == latest

    uploads = _uploads(client, bucket, size)
    assert len({each["UploadId"] for each in uploads}) == told["incomplete_uploads"]
    assert sum(_part_sizes(client, bucket, each) for each in uploads) == told["incomplete_bytes"]


def test_versions_of_a_key_come_newest_first_and_one_of_them_is_latest(s3):
    client = s3("harbour", "nl-ams")
    versions, markers = _versions(client, "registers")
    by_key = {}
    for each in (*versions, *markers):
        by_key.setdefault(each["Key"], []).append(each)
    assert {sum(each["IsLatest"] for each in several) for several in by_key.values()} == {1}
    for each in versions:
        times = [other["LastModified"] for other in by_key[each["Key"]]]
        assert each["IsLatest"] == (each["LastModified"] == max(times))
    assert [each["Key"] for each in versions] == sorted(each["Key"] for each in versions)
    assert any(len(several) > 2 for several in by_key.values())


def test_what_lies_in_a_bucket_is_what_its_day_is_billed_for_to_the_kilobyte(depot):
    world = depot.world
    price = {sku: Decimal(offer.nanos(depot.clock.instant)) for sku, offer in world.book.offers.items()}
    for day in (35, 61):
        start = world.start + day * DAY
        told = storage_truth(world, start)
        rows = depot.charges(zulu(start), zulu(start + DAY), clamp_to_time_range=True)
        billed = {}
        for row in rows:
            if "/obj/storage/" in row["sku"]:
                nanos = row["price"]["units"] * 10**9 + row["price"]["nanos"]
                billed[row["resource_id"], row["sku"].split("/")[4].upper()] = nanos / price[row["sku"]]
        gigabyte_hours = {
            (bucket, name): Decimal(kilobytes) * 24 / 10**6
            for bucket, held in told.items()
            for name, kilobytes in held["billed_kilobytes"].items()
        }
        assert billed.keys() == gigabyte_hours.keys()
        for key, amount in gigabyte_hours.items():
            assert abs(billed[key] - amount) < Decimal("0.001"), key


def test_the_demos_buckets_are_many_objects_and_bill_what_they_hold():
    world = build(load("demo"))
    now = int(world.scenario.today.timestamp())
    told = storage_truth(world, now)
    counts = [held["objects"] + held["delete_markers"] + held["incomplete_uploads"] for held in told.values()]
    assert 30_000 < sum(counts) <= 40_000
    for day in (now - now % DAY, world.start + 40 * DAY):
        held = storage_truth(world, day)
        charges = [c for c in world.overlapping(day, day + DAY) if "/obj/storage/" in c.line.offer.sku]
        assert len(charges) > 15
        for charge in charges:
            bucket = charge.line.resource.id
            name = charge.line.offer.sku.split("/")[4].upper()
            kilobytes = held[bucket]["billed_kilobytes"][name]
            assert charge.units(charge.start, charge.start + DAY) == kilobytes * 24
    places = {(world.storage.buckets[name].resource.zone[:6], kind) for name in told for kind in told[name]["by_class"]}
    assert ("nl-ams", "ONEZONE_IA") in places
    assert ("pl-waw", "STANDARD") in places
    assert ("pl-waw", "GLACIER") not in places


def test_rules_act_at_their_age_and_nothing_changes_while_it_stays(depot, s3):
    """The clock is stepped through two months: what is seen twice is the same, and what a rule forbids is not seen."""
    plans, registers = s3("harbour"), s3("harbour", "nl-ams")
    seen = {}
    for day in range(0, 62, 4):
        depot.clock.now = datetime(2026, 5, 1, 6, tzinfo=UTC) + timedelta(days=day)
        midnight = datetime.combine(depot.clock.now.date(), MIDNIGHT, UTC)
        for each in _objects(plans, "plans"):
            age = (midnight - each["LastModified"]).days
            assert each["LastModified"] <= midnight
            assert age < 30 or not each["Key"].startswith("tmp/")
            if each["Key"].startswith("Plans"):
                assert (each["StorageClass"] == "GLACIER") == (age >= 90)
            same = each["Size"], each["ETag"], each["LastModified"]
            assert seen.setdefault(each["Key"], same) == same
        assert all((midnight - each["Initiated"]).days < 7 for each in _uploads(plans, "plans"))
        versions, markers = _versions(registers, "registers")
        newer = {}
        for each in sorted((*versions, *markers), key=lambda each: each["LastModified"], reverse=True):
            if not each["IsLatest"]:
                assert (midnight - newer[each["Key"]]).days < 60
            newer[each["Key"]] = each["LastModified"]
    assert len(seen) > 150


def test_a_rule_is_not_there_before_it_was_made(depot, s3):
    client = s3("harbour")
    rules = client.get_bucket_lifecycle_configuration(Bucket="plans")["Rules"]
    assert [rule["ID"] for rule in rules] == ["cold", "short", "later"]
    assert rules[0]["Transitions"] == [{"Days": 90, "StorageClass": "GLACIER"}]
    assert rules[1]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    depot.clock.now = datetime(2026, 6, 14, tzinfo=UTC)
    rules = client.get_bucket_lifecycle_configuration(Bucket="plans")["Rules"]
    assert [rule["ID"] for rule in rules] == ["cold", "short"]


def test_prefixes_delimiters_and_a_start_divide_a_bucket_without_loss(s3):
    client = s3("harbour")
    everything = [each["Key"] for each in _objects(client, "plans")]
    assert any("é" in key and "&" in key and " " in key for key in everything)
    top = client.list_objects_v2(Bucket="plans", Delimiter="/", MaxKeys=1)
    assert (top["CommonPrefixes"], top["IsTruncated"]) == ([{"Prefix": "Plans été/"}], True)
    rest = client.list_objects_v2(Bucket="plans", Delimiter="/", ContinuationToken=top["NextContinuationToken"])
    assert (rest["CommonPrefixes"], rest["IsTruncated"]) == ([{"Prefix": "tmp/"}], False)
    found = []
    for year in client.list_objects_v2(Bucket="plans", Prefix="Plans été/", Delimiter="/")["CommonPrefixes"]:
        for month in client.list_objects_v2(Bucket="plans", Prefix=year["Prefix"], Delimiter="/")["CommonPrefixes"]:
            found += [each["Key"] for each in _objects(client, "plans", 3, Prefix=month["Prefix"])]
            assert [each["Key"] for each in _versions(client, "plans", 3, Prefix=month["Prefix"])[0]] == [
                key for key in everything if key.startswith(month["Prefix"])
            ]
    assert found == [key for key in everything if key.startswith("Plans")]
    middle = everything[len(everything) // 2]
    assert [each["Key"] for each in _objects(client, "plans", StartAfter=middle)] == [
        key for key in everything if key > middle
    ]
    deep = client.list_object_versions(Bucket="plans", Delimiter="/", MaxKeys=1)
    deeper = client.list_object_versions(Bucket="plans", Delimiter="/", KeyMarker=deep["NextKeyMarker"])
    assert [each["Prefix"] for each in (*deep["CommonPrefixes"], *deeper["CommonPrefixes"])] == ["Plans été/", "tmp/"]


def test_a_key_sees_the_buckets_of_its_project_alone(depot, s3):
    def names(client):
        return [each["Name"] for each in client.list_buckets()["Buckets"]]

    assert names(s3(None)) == names(s3("default")) == ["emptied", "locked-away"]
    assert names(s3("harbour")) == ["plans"]
    assert names(s3("harbour", "nl-ams")) == ["registers"]
    assert names(s3("harbour", "it-mil")) == []
    assert s3("default").list_buckets(MaxBuckets=1)["Buckets"][0]["Name"] == "emptied"
    token = s3("default").list_buckets(MaxBuckets=1)["ContinuationToken"]
    assert [b["Name"] for b in s3("default").list_buckets(ContinuationToken=token)["Buckets"]] == ["locked-away"]
    depot.clock.now = datetime(2026, 5, 19, tzinfo=UTC)
    assert names(s3("default", "pl-waw")) == []
    assert _denied(s3("default", "pl-waw").list_objects_v2, Bucket="incoming") == (404, "NoSuchBucket")


def test_tags_are_keys_and_values_and_versioning_is_said(s3):
    tags = s3("harbour").get_bucket_tagging(Bucket="plans")["TagSet"]
    assert {each["Key"]: each["Value"] for each in tags} == {"env": "prod", "owner": "team-logistics", "archived": ""}
    assert s3("harbour", "nl-ams").get_bucket_versioning(Bucket="registers")["Status"] == "Enabled"
    assert s3("harbour").get_bucket_versioning(Bucket="plans").get("Status", "") == ""


@pytest.mark.parametrize(
    ("project", "call", "asked", "refused"),
    [
        ("harbour", "get_bucket_tagging", {"Bucket": "emptied"}, (403, "AccessDenied")),
        ("default", "get_bucket_tagging", {"Bucket": "emptied"}, (404, "NoSuchTagSet")),
        ("default", "get_bucket_lifecycle_configuration", {"Bucket": "locked-away"},
         (404, "NoSuchLifecycleConfiguration")),
        ("default", "list_objects_v2", {"Bucket": "locked-away"}, (403, "AccessDenied")),
        ("default", "list_objects_v2", {"Bucket": "nowhere"}, (404, "NoSuchBucket")),
        ("harbour", "list_objects_v2", {"Bucket": "registers"}, (404, "NoSuchBucket")),
        ("harbour", "list_objects_v2", {"Bucket": "plans", "ContinuationToken": "*"}, (400, "InvalidArgument")),
        ("harbour", "list_object_versions", {"Bucket": "plans", "KeyMarker": "a", "VersionIdMarker": "7"},
         (400, "InvalidArgument")),
        ("harbour", "list_parts", {"Bucket": "plans", "Key": "tmp/x", "UploadId": "y"}, (404, "NoSuchUpload")),
        ("harbour", "list_objects", {"Bucket": "plans"}, (501, "NotImplemented")),
        ("harbour", "get_bucket_policy", {"Bucket": "plans"}, (501, "NotImplemented")),
        ("harbour", "get_object", {"Bucket": "plans", "Key": "x"}, (501, "NotImplemented")),
        ("harbour", "put_object", {"Bucket": "plans", "Key": "x", "Body": b"x"}, (405, "MethodNotAllowed")),
        ("harbour", "delete_bucket", {"Bucket": "plans"}, (405, "MethodNotAllowed")),
        ("harbour", "create_bucket", {"Bucket": "mine"}, (405, "MethodNotAllowed")),
    ],
)  # fmt: skip
def test_what_may_not_be_is_refused_by_its_code(s3, project, call, asked, refused):
    assert _denied(getattr(s3(project), call), **asked) == refused


def test_a_wrong_key_and_no_key_are_refused(depot, s3):
    assert _denied(s3("harbour", access_key="SCWWRONG").list_buckets) == (403, "InvalidAccessKeyId")
    answer = requests.get(f"{depot.address}/s3/fr-par/plans?list-type=2", timeout=5)
    assert (answer.status_code, _children(answer.text)["Code"]) == (403, "AccessDenied")
    assert s3("harbour").head_bucket(Bucket="plans")["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert _denied(s3("harbour").head_bucket, Bucket="nowhere")[0] == 404


def _children(text):
    """Every element of an answer by its bare name; the text of the last of each."""
    return {re.sub(r"\{.*\}", "", each.tag): each.text for each in ElementTree.fromstring(text).iter()}


@pytest.mark.parametrize(
    ("recording", "project", "region", "path", "left_out"),
    [
        ("s3_get_service__fr-par.xml", "harbour", "fr-par", "", set()),
        ("s3_get_bucket_tagging__fr-par.xml", "harbour", "fr-par", "/plans?tagging=", set()),
        ("s3_get_bucket_versioning__fr-par.xml", "harbour", "fr-par", "/plans?versioning=", set()),
        ("s3_get_bucket_lifecycle__fr-par.xml", "harbour", "fr-par", "/plans?lifecycle=", set()),
        ("s3_get_bucket_list_type__fr-par.xml", "harbour", "fr-par", "/plans?list-type=2", set()),
        ("s3_get_bucket_versions__fr-par.xml", "harbour", "nl-ams", "/registers?versions=",
         {"ChecksumAlgorithm", "ChecksumType"}),
        ("s3_get_bucket_uploads__fr-par.xml", "harbour", "fr-par", "/plans?uploads=", set()),
        ("s3_get_bucket_tagging__fr-par__http404.xml", "default", "fr-par", "/emptied?tagging=", set()),
        ("s3_get_bucket_lifecycle__fr-par__http404.xml", "default", "fr-par", "/locked-away?lifecycle=", set()),
        ("s3_get_bucket__fr-par__http404.xml", "default", "fr-par", "/nowhere?list-type=2", set()),
    ],
)  # fmt: skip
def test_answers_have_the_elements_of_the_recorded_ones(
    depot, reference_data, recording, project, region, path, left_out
):
    real = (reference_data / "fixtures/scaleway-recorded" / recording).read_text(encoding="utf-8")
    key = f"{depot.world.scenario.organization.access_key}@{depot.world.project_ids[project]}"
    signed = {"Authorization": f"AWS4-HMAC-SHA256 Credential={key}/20260702/{region}/s3/aws4_request, Signature=x"}
    ours = requests.get(f"{depot.address}/s3/{region}{path}", headers=signed, timeout=5)
    assert re.search(r"<(\w+)", ours.text.split("?>")[-1])[1] == re.search(r"<(\w+)", real.split("?>")[-1])[1]
    assert _children(real).keys() - _children(ours.text).keys() == left_out
    assert ours.headers["Content-Type"].startswith("application/xml")


def _one_bucket(**bucket):
    return {
        "name": "one", "seed": 1, "start": datetime(2026, 1, 1, tzinfo=UTC), "today": datetime(2026, 3, 1, tzinfo=UTC),
        "organization": {"id": "55555555-5555-4555-8555-555555555555", "name": "One"},
        "projects": [{"name": "all"}],
        "resources": [{"name": "box", "kind": "service", "project": "all", "identified_by": "name",
                       "meters": [{"sku": "/storage/obj/storage/standard/fr-par"}], "bucket": bucket}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("bucket", "problem"),
    [
        ({"objects": [{"count": 5, "gb": 1, "class": "GLACIER"}]}, "class GLACIER, which no meter of it bills"),
        ({"objects": [{"count": 5, "gb": 1, "key": "{name}"}]}, "uses {name}; it may use {year}"),
        ({"objects": [{"count": 5, "gb": 1, "key": "{year}"}]}, "gives all objects one name"),
        ({"objects": [{"count": 5, "gb": 1, "keys": 2, "key": "{day}{id}"}]}, "uses {day}; it may use {id}, {index}"),
        ({"objects": [{"count": 5, "gb": 1, "keys": 2, "deleted": 1}]}, "not deleted by their writer"),
        ({"objects": [{"count": 5, "gb": 0}]}, "greater than 0"),
        ({"rulez": []}, "did you mean rules?"),
    ],
)
def test_a_bucket_that_cannot_be_is_one_line(bucket, problem):
    with pytest.raises(ScenarioError, match=re.escape(problem)) as refused:
        build(parse(_one_bucket(**bucket)))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("rhythm", ["steady", "nightly", "weekly", "monthly"])
def test_any_bucket_keeps_the_books_it_is_billed_by(rhythm):
    """Drawn at random: on every day the versions, markers and uploads seen add up to what the day's ledger says."""
    drawn = random.Random(rhythm)
    for seed in range(4):
        table = _one_bucket(
            versioning=drawn.choice(["never", "enabled"]),
            rules=[
                {"id": "all", "expire": drawn.randint(5, 40), "expire_noncurrent": drawn.randint(1, 20),
                 "expire_markers": drawn.random() < 0.5, "abort_uploads": drawn.randint(1, 30),
                 "transitions": [{"days": drawn.randint(1, 30), "class": "ONEZONE_IA"}]},
            ],
            objects=[
                {"count": 60, "gb": 2, "rhythm": rhythm, "spread": 50, "growth": drawn.randint(-20, 40)},
                {"count": 60, "gb": 1, "rhythm": rhythm, "keys": 9, "key": "k/{id}"},
                {"count": 30, "gb": 1, "rhythm": rhythm, "deleted": 0.5, "deleted_after": 4, "key": "d/{index}"},
                {"count": 30, "gb": 1, "kind": "uploads", "key": "u/{id}"},
            ],
        )  # fmt: skip
        table["seed"] = seed
        table["resources"][0]["meters"].append({"sku": "/storage/obj/storage/onezone_ia/fr-par"})
        world = build(parse(table))
        ledgers = world.storage.ledgers(world.months)
        daily = world.storage.daily("box", world.months)
        for day in range(world.start, world.months[-1].end, DAY):
            held = storage_truth(world, day)["box"]
            told = {name: ledgers["box", f"/storage/obj/storage/{sku}/fr-par"].get(day, 0)
                    for name, sku in (("STANDARD", "standard"), ("ONEZONE_IA", "onezone_ia"))}  # fmt: skip
            assert {name: held["billed_kilobytes"].get(name, 0) for name in told} == told
            assert (daily[day].objects, daily[day].bytes) == (held["objects"], held["bytes"])
            assert daily[day].part_bytes == held["incomplete_bytes"]
