"""doctor on Object Storage: whether the key may list buckets, and what to do when it may not."""

import json
from urllib.request import urlopen

import pytest


@pytest.fixture
def organization(finops, project, simulator, monkeypatch):
    """A small organisation, served with its Object Storage; returns how doctor sees that."""
    url = simulator("small").url
    with urlopen(f"{url}/simulator/clock") as answer:
        told = json.load(answer)
    for name, value in {
        "SCW_ACCESS_KEY": told["access_key"],
        "SCW_SECRET_KEY": told["secret_key"],
        "SCW_DEFAULT_ORGANIZATION_ID": told["organization_id"],
        "SCW_API_URL": url,
        "FINOPS_STORAGE_ENDPOINT_URL": url + told["s3_endpoint"],
    }.items():
        monkeypatch.setenv(name, value)

    def seen() -> tuple[str, str, str]:
        _, out, _ = finops("doctor", "--json")
        (check,) = [check for check in json.loads(out)["checks"] if check["name"] == "object storage"]
        return check["verdict"], check["found"], check["remedy"]

    return seen


def test_doctor_says_where_buckets_may_be_listed_and_asks_nothing_when_storage_is_off(organization, monkeypatch):
    assert organization() == ("good", "ObjectStorageReadOnly, in fr-par, nl-ams, pl-waw, it-mil", "")
    monkeypatch.setenv("FINOPS_STORAGE_ENABLED", "false")
    monkeypatch.setenv("FINOPS_STORAGE_ENDPOINT_URL", "http://127.0.0.1:9")
    assert organization() == ("good", "not read: storage.enabled is false", "")


def test_doctor_says_what_to_do_when_buckets_may_not_be_listed(organization, monkeypatch):
    monkeypatch.setenv("SCW_ACCESS_KEY", "SCWABCDEFGHIJKLMNOPQ")
    verdict, found, remedy = organization()
    assert (verdict, found.partition(":")[0]) == ("warning", "ListBuckets fr-par")
    assert "HTTP 403 InvalidAccessKeyId" in found
    assert "SCW_ACCESS_KEY" in remedy


def test_doctor_says_that_object_storage_does_not_answer(organization, monkeypatch, free_port):
    monkeypatch.setenv("FINOPS_STORAGE_ENDPOINT_URL", f"http://127.0.0.1:{free_port}/s3/{{region}}")
    verdict, found, remedy = organization()
    assert (verdict, remedy) == ("warning", "check the endpoint and the network, or try later")
    assert "Could not connect" in found
