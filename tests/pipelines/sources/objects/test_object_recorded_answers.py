"""What Object Storage really answered, read as it would be: over HTTP, by the client that asks it."""

import json
import re
from datetime import UTC, date, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from pipelines.errors import PermissionDenied
from pipelines.sources.objects.buckets import buckets, described, named
from pipelines.sources.objects.client import S3Key
from pipelines.sources.objects.listing import list_objects
from pipelines.sources.objects.survey import Due, survey
from pipelines.sources.objects.uploads import incomplete_uploads

TODAY = date(2026, 11, 18)


@pytest.fixture(scope="session")
def recorded(reference_data):
    """`recorded("s3_get_bucket_tagging")`: name and body of each recorded answer of a kind."""
    folder = reference_data / "fixtures" / "scaleway-recorded"

    def find(kind):
        found = {path.name: path.read_bytes() for path in folder.glob(f"{kind}__*.xml")}
        assert found, kind
        return dict(sorted(found.items()))

    return find


@pytest.fixture
def answering(storage_at):
    """Storage that is answered by sub-resource, between botocore and the network."""
    from botocore.awsrequest import AWSResponse

    storage, bodies = storage_at("http://127.0.0.1:9"), {}

    def answer(request, **_):
        query = parse_qs(urlsplit(request.url).query, keep_blank_values=True)
        body = bodies[next((kind for kind in bodies if kind in query), "objects")]
        status = 404 if re.search(rb"<Error><Code>NoSuch", body) else 200
        response = AWSResponse(request.url, status, {}, None)
        response._content = body
        return response

    def make(**answers):
        bodies.clear()
        bodies.update(answers)
        return storage

    storage._client.meta.events.register_last("before-send.s3", answer)
    return make


TAGS = {
    "s3_get_bucket_tagging__fr-par.xml": {"key1": "value1", "key2": "value2"},
    "s3_get_bucket_tagging__fr-par__http404.xml": {},
    "s3_get_bucket_tagging__nl-ams__02.xml": {"TestName": "TestAccScalewayObjectBucketPolicy_Basic"},
}
VERSIONING = {
    "s3_get_bucket_versioning__fr-par.xml": "never",
    "s3_get_bucket_versioning__fr-par__02.xml": "enabled",
    "s3_get_bucket_versioning__fr-par__03.xml": "suspended",
    "s3_get_bucket_versioning__fr-par__04.xml": "suspended",
}


def test_every_recorded_configuration_of_a_bucket_is_read(recorded, answering):
    tagging, lifecycle = recorded("s3_get_bucket_tagging"), recorded("s3_get_bucket_lifecycle")
    versioning = recorded("s3_get_bucket_versioning")
    read = {}
    for name, body in {**tagging, **lifecycle, **versioning}.items():
        bodies = {"tagging": next(iter(tagging.values())), "versioning": next(iter(versioning.values()))}
        bodies["lifecycle"] = next(iter(lifecycle.values()))
        bodies[next(kind for kind in bodies if f"_{kind}_" in name)] = body
        read[name] = described(answering(**bodies), "b", None)
        assert read[name].gaps == ()
    for name, body in tagging.items():
        assert len(read[name].tags) == body.count(b"<Tag>")
        assert (read[name].tags == {}) == ("http404" in name)
    for name, body in lifecycle.items():
        rules = json.loads(read[name].lifecycle_rules)
        assert len(rules) == body.count(b"<Rule>")
        assert (rules == []) == ("http404" in name)
        assert [rule["ID"] for rule in rules] == re.findall("<ID>(.*?)</ID>", body.decode())
        numbers = re.findall(r"(?:Days|DaysAfterInitiation)>(\d+)<", body.decode())
        assert sorted(re.findall(r'Days\w*": (\d+)', read[name].lifecycle_rules)) == sorted(numbers)
    assert {name: read[name].tags for name in TAGS} == TAGS
    assert {name: read[name].versioning for name in versioning} == VERSIONING


def test_every_recorded_listing_is_counted(recorded, answering, a_bucket):
    plain = {
        name: body
        for name, body in {**recorded("s3_get_bucket"), **recorded("s3_get_bucket_list_type")}.items()
        if "http404" not in name
    }
    seen = {name: list_objects(answering(objects=body), a_bucket("b"), TODAY) for name, body in plain.items()}
    versions = {
        name: list_objects(answering(versions=body), a_bucket("b", "enabled"), TODAY)
        for name, body in recorded("s3_get_bucket_versions").items()
    }
    bodies = {**plain, **recorded("s3_get_bucket_versions")}
    for name, listing in {**seen, **versions}.items():
        text = bodies[name].decode()
        sizes = [int(size) for size in re.findall("<Size>(.*?)</Size>", text)]
        classes = re.findall("<StorageClass>(.*?)</StorageClass>", text)
        written = re.findall("<LastModified>(.*?)</LastModified>", text)
        assert (listing.objects, listing.bytes, listing.is_sample) == (len(sizes), sum(sizes), False), name
        assert sorted(row.storage_class for row in listing.rows) == sorted(classes)
        assert sorted(row.oldest_at for row in listing.rows) == sorted(map(datetime.fromisoformat, written))
    assert len(seen) + len(versions) >= 13
    assert any(row.storage_class == "ONEZONE_IA" for listing in seen.values() for row in listing.rows)


def test_recorded_buckets_uploads_and_a_bucket_that_is_gone(recorded, server, storage_at, reply):
    (service,) = recorded("s3_get_service").values()
    names = re.findall("<Name>(.*?)</Name>", service.decode())
    (uploads,) = recorded("s3_get_bucket_uploads").values()
    gone = recorded("s3_get_bucket")["s3_get_bucket__fr-par__http404.xml"]
    server.script("/", reply(service))
    for name in names:
        server.script(f"/{name}", reply(gone, 404))
    storage = storage_at(server.url)
    found = buckets(storage)
    assert [bucket.name for bucket in found] == names
    assert {bucket.created_at for bucket in found} == {datetime(2024, 4, 30, 16, 43, 46, tzinfo=UTC)}
    for bucket in found:
        assert (bucket.tags, bucket.versioning, bucket.lifecycle_rules) == (None, None, None)
        assert [gap.partition(":")[0] for gap in bucket.gaps] == ["tags", "versioning", "lifecycle rules"]
    for surveyed in survey(storage, map(Due, found), TODAY):
        assert (surveyed.listing, surveyed.uploads) == (None, None)
        assert "NoSuchBucket" in surveyed.gaps[-1]
    server.script("/b", reply(uploads))
    counted = incomplete_uploads(storage, "b", TODAY)
    assert (counted.rows, counted.is_complete, counted.requests) == ([], True, 1)


def test_the_owner_of_the_recorded_listing_is_a_project_and_no_other_project_takes_its_buckets(
    recorded, server, storage_at, reply, s3_secret
):
    (service,) = recorded("s3_get_service").values()
    server.script("/", reply(service))
    (owner,) = set(re.findall("<ID>(.*?):", service.decode()))
    assert len(named(storage_at(server.url, S3Key("SCWKEY", s3_secret, owner)))) == 2
    other = "22222222-2222-2222-2222-222222222222"
    with pytest.raises(PermissionDenied, match=f"answered for project {owner} instead of the one asked for; "):
        named(storage_at(server.url, S3Key("SCWKEY", s3_secret, other)))
