"""The client reads and nothing else, waits and gives up in time, and shows no secret."""

import hmac
import logging
import re
from hashlib import sha256
from urllib.parse import quote, urlencode

import pytest
import structlog

from pipelines.errors import (
    ConfigurationError,
    NotOffered,
    PermissionDenied,
    SourceUnavailable,
    WriteRefused,
)
from pipelines.sources.objects.client import Budget, BudgetSpent, ObjectStorage, S3Key, _refuse_writing
from pipelines.sources.objects.refusals import READING, Absent, Refused

EMPTY = b"<ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated></ListBucketResult>"


def xml_error(reply, status, code, message="", headers=None):
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
    return reply(body, status, headers or {})


def test_no_call_that_writes_ever_leaves_the_process(server, storage_at):
    storage = storage_at(server.url)
    client = storage._client
    arguments = {
        "put_object": {"Bucket": "b", "Key": "k", "Body": b"x"},
        "delete_object": {"Bucket": "b", "Key": "k"},
        "delete_bucket": {"Bucket": "b"},
        "put_bucket_lifecycle_configuration": {"Bucket": "b"},
        "create_multipart_upload": {"Bucket": "b", "Key": "k"},
        "abort_multipart_upload": {"Bucket": "b", "Key": "k", "UploadId": "u"},
        "restore_object": {"Bucket": "b", "Key": "k"},
        "get_object": {"Bucket": "b", "Key": "k"},  # reads, but what customers stored is none of our business
    }
    for method, given in arguments.items():
        with pytest.raises(WriteRefused):
            getattr(client, method)(**given)
    others = [name for name in client.meta.service_model.operation_names if name not in READING]
    for name in others:
        with pytest.raises(WriteRefused, match=f"^{name} was not sent"):
            _refuse_writing(client.meta.service_model.operation_model(name))
    assert len(others) > 80
    assert server.asked == []
    assert storage.requests == 0


def test_a_request_to_another_host_or_by_another_method_is_not_sent(server, storage_at):
    class Request:
        method, url = "GET", "http://elsewhere.example/b"

    storage = storage_at(server.url)
    with pytest.raises(WriteRefused, match=r"elsewhere\.example"):
        storage._before_send(Request())
    Request.method, Request.url = "PUT", server.url
    with pytest.raises(WriteRefused, match="PUT"):
        storage._before_send(Request())


def test_a_region_has_its_endpoint_and_another_project_its_access_key(server, storage_at, reply, s3_secret):
    assert repr(ObjectStorage(S3Key("a", "b"), "nl-ams")) == "ObjectStorage(https://s3.nl-ams.scw.cloud, region nl-ams)"
    project = "22222222-2222-2222-2222-222222222222"
    server.script("/b", reply(EMPTY))
    storage_at(server.url, S3Key("SCWKEY", s3_secret, project)).call("ListObjectsV2", Bucket="b")
    signature = server.asked[0].headers["Authorization"]
    assert f"Credential=SCWKEY@{project}/" in signature
    assert "/fr-par/s3/" in signature


def test_an_endpoint_may_have_a_path_and_it_is_part_of_what_is_signed(server, storage_at, reply, s3_secret):
    server.script("/s3/fr-par", reply(EMPTY.replace(b"ListBucketResult", b"ListAllMyBucketsResult")))
    server.script("/s3/fr-par/b.with.dots", reply(EMPTY))
    storage = storage_at(f"{server.url}/s3/{{region}}/", S3Key("SCWKEY", s3_secret))
    assert storage.endpoint_url == f"{server.url}/s3/fr-par"
    storage.call("ListBuckets")
    storage.call("ListObjectsV2", Bucket="b.with.dots", Prefix="ä b/")
    assert [each.path for each in server.asked] == ["/s3/fr-par", "/s3/fr-par/b.with.dots"]
    for each in server.asked:
        assert each.headers["Authorization"].endswith(f"Signature={signature_of(each, server.url, s3_secret)}")


def signature_of(asked, url, secret):
    """As the receiver works it out, from the path and query that arrived."""
    told = dict(re.findall(r"(\w+)=([^,]+)", asked.headers["Authorization"]))
    day, region, service, ending = told["Credential"].split("/")[1:]
    names = told["SignedHeaders"].split(";")
    values = {name.lower(): value for name, value in asked.headers.items()}
    query = urlencode(sorted(asked.query.items()), doseq=True, quote_via=quote, safe="-_.~")
    headers = [f"{name}:{values[name].strip()}" for name in names]
    canonical = ["GET", quote(asked.path, safe="/-_.~"), query, *headers, "", ";".join(names)]
    canonical.append(values["x-amz-content-sha256"])
    hashed = sha256("\n".join(canonical).encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{values['x-amz-date']}\n{day}/{region}/{service}/{ending}\n{hashed}"
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, ending, text):
        key = hmac.new(key, part.encode(), sha256).digest()
    return key.hex()


def test_settings_of_another_tool_on_this_machine_have_no_effect(server, storage_at, reply, monkeypatch, tmp_path):
    config = tmp_path / "config"
    config.write_text("[default]\nendpoint_url = http://127.0.0.1:9\nregion = us-east-1\n")
    for name, value in {
        "AWS_PROFILE": "missing",
        "AWS_CONFIG_FILE": str(config),
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
        "AWS_MAX_ATTEMPTS": "99",
        "AWS_ACCESS_KEY_ID": "OTHER",
        "AWS_SESSION_TOKEN": "TOKEN",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    server.script("/b", reply(EMPTY))
    storage_at(server.url).call("ListObjectsV2", Bucket="b")
    assert "Credential=SCW00000000000000000/" in server.asked[0].headers["Authorization"]
    assert "X-Amz-Security-Token" not in server.asked[0].headers


@pytest.mark.parametrize(
    "endpoint",
    ["", "s3.fr-par.scw.cloud", "ftp://x", "https://user:secret@host", "https://", "http://s3.fr-par.scw.cloud"],
)
def test_an_endpoint_that_is_no_address_is_refused_and_not_repeated(endpoint):
    with pytest.raises(ConfigurationError) as refused:
        ObjectStorage(S3Key("a", "b"), "fr-par", endpoint)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("status", "code", "expected", "told"),
    [
        (403, "AccessDenied", PermissionDenied, r"ObjectStorageReadOnly .* s3:ListBucket "),
        (403, "SignatureDoesNotMatch", PermissionDenied, "SCW_SECRET_KEY"),
        (403, "InvalidAccessKeyId", PermissionDenied, "SCW_ACCESS_KEY"),
        (403, "RequestTimeTooSkewed", SourceUnavailable, "clock"),
        (404, "NoSuchBucket", Absent, "NoSuchBucket"),
        (400, "InvalidArgument", Refused, "InvalidArgument"),
        (501, "NotImplemented", NotOffered, "not offered"),
        (301, "PermanentRedirect", SourceUnavailable, "not followed"),
        (307, "TemporaryRedirect", SourceUnavailable, "not followed"),
        (400, "AuthorizationHeaderMalformed", SourceUnavailable, "check the region"),
    ],
)
def test_an_error_answer_is_not_asked_again_and_says_what_to_do(
    server, storage_at, reply, status, code, expected, told, s3_secret
):
    elsewhere = {"Location": "http://127.0.0.1:9/", "x-amz-bucket-region": "nl-ams"}
    server.script("/b", xml_error(reply, status, code, f"you sent {s3_secret}", elsewhere))
    with pytest.raises(expected, match=told) as refused:
        storage_at(server.url).call("ListObjectsV2", Bucket="b")
    assert len(server.asked) == 1
    assert "ListObjectsV2 " in str(refused.value)
    assert s3_secret not in str(refused.value)
    assert "\n" not in str(refused.value)


FAILURES = {
    "empty 429": lambda reply: reply(status=429),
    "429": lambda reply: xml_error(reply, 429, "TooManyRequests"),
    "slow down": lambda reply: xml_error(reply, 503, "SlowDown"),
    "server error": lambda reply: reply(b"<html>Bad gateway</html>", 502),
    "empty body": lambda reply: reply(b""),
    "a page of a proxy": lambda reply: reply(b"<html><body>Please sign in</body></html>"),
    "broken XML": lambda reply: reply(EMPTY[:50]),
    "answer cut off": lambda reply: reply(EMPTY[:60], announced_bytes=len(EMPTY)),
    "another answer": lambda reply: reply(EMPTY.replace(b"ListBucketResult", b"ListAllMyBucketsResult")),
    "no answer": lambda reply: reply(hang=True),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_what_may_pass_is_asked_again_and_never_taken_for_an_empty_listing(server, storage_at, reply, failure):
    bad = FAILURES[failure](reply)
    storage = storage_at(server.url, timeout=(1, 0.2))
    server.script("/b", bad, bad, reply(EMPTY))
    assert storage.call("ListObjectsV2", Bucket="b")["IsTruncated"] is False
    assert (len(server.asked), storage.requests) == (3, 3)
    server.script("/c", bad)
    with pytest.raises(SourceUnavailable, match="after 3 attempts"):
        storage.call("ListObjectsV2", Bucket="c")
    assert len(server.asked) == 6


def test_nobody_listening_is_one_clear_error(storage_at, free_port):
    with pytest.raises(SourceUnavailable, match=r"ListBuckets fr-par: Could not connect .* after 3 attempts"):
        storage_at(f"http://127.0.0.1:{free_port}").call("ListBuckets")


def test_a_pause_the_server_asks_for_is_kept_and_a_long_one_not_waited_for(server, storage_at, reply, slept):
    server.script("/b", xml_error(reply, 503, "SlowDown", headers={"Retry-After": "7"}), reply(EMPTY))
    storage_at(server.url).call("ListObjectsV2", Bucket="b")
    assert [round(seconds) for seconds in slept] == [7]
    server.script("/c", xml_error(reply, 429, "TooManyRequests", headers={"Retry-After": "3600"}))
    with pytest.raises(SourceUnavailable, match="3600 s"):
        storage_at(server.url).call("ListObjectsV2", Bucket="c")


def test_a_budget_counts_what_is_sent_retries_included(server, storage_at, reply):
    server.script("/b", reply(status=503), reply(EMPTY))
    storage, budget = storage_at(server.url), Budget(3)
    storage.call("ListObjectsV2", budget, Bucket="b")
    storage.call("ListObjectsV2", budget, Bucket="b")
    with pytest.raises(BudgetSpent):
        storage.call("ListObjectsV2", budget, Bucket="b")
    assert (budget.used, len(server.asked)) == (3, 3)


def test_the_secret_key_appears_nowhere(server, storage_at, reply, s3_secret, caplog):
    server.script("/b", xml_error(reply, 403, "AccessDenied"))
    storage = storage_at(server.url)
    denied = pytest.raises(PermissionDenied)
    with caplog.at_level(logging.DEBUG), structlog.testing.capture_logs() as logged, denied:
        storage.call("ListObjectsV2", Bucket="b")
    assert [(line["operation"], line["bucket"], line["outcome"]) for line in logged] == [("ListObjectsV2", "b", "403")]
    shown = [repr(storage), repr(S3Key("a", s3_secret)), caplog.text, repr(logged), repr(server.asked)]
    assert not [text for text in shown if s3_secret in text]
