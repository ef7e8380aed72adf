"""A listing source without a network, and writers for the real S3 server."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines.sources.objects.buckets import Bucket
from pipelines.sources.objects.client import ObjectStorage, S3Key

MADE_AT = datetime(2026, 1, 1, tzinfo=UTC)
S3_SECRET = "s3-secret-that-never-shows-0000000000"


@dataclass
class PagedBucket:
    """Answers listings of the given entries, already parsed, in pages cut wherever `cuts` says (a size per page, used
    in turn). Entries are (key, version number, is_marker, size, written, class), in S3's order. With a delimiter it
    gives common prefixes; markers are positions."""

    entries: list[tuple[str, int, bool, int, datetime, str]]
    cuts: list[int] = field(default_factory=lambda: [1000])
    region: str = "fr-par"
    project_id: str | None = None
    endpoint_url: str = "http://nowhere"
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    before: Callable[[str, dict[str, Any]], None] = lambda operation, parameters: None

    def call(self, operation: str, budget: Any = None, **parameters: Any) -> dict[str, Any]:
        if budget is not None:
            budget.take()
        self.before(operation, parameters)
        self.asked.append((operation, parameters))
        prefix, delimiter = parameters.get("Prefix", ""), parameters.get("Delimiter")
        of_versions = operation == "ListObjectVersions"
        start = int(parameters.get("VersionIdMarker" if of_versions else "ContinuationToken", 0))
        found = [e for e in self.entries if e[0].startswith(prefix)]
        newest = {key: number for key, number, *_ in reversed(found)}
        if not of_versions:
            found = [e for e in found if newest[e[0]] == e[1] and not e[2]]
        folded: list[str] = []
        if delimiter:
            folded = sorted(
                {prefix + e[0][len(prefix) :].split("/")[0] + "/" for e in found if "/" in e[0][len(prefix) :]}
            )
            found = [e for e in found if "/" not in e[0][len(prefix) :]]
        end = start + self.cuts[start % len(self.cuts)]
        page = found[start:end]
        answer: dict[str, Any] = {"IsTruncated": end < len(found)}
        if folded and not start:
            answer["CommonPrefixes"] = [{"Prefix": each} for each in folded]
        listed = [self._parsed(entry, newest) for entry in page]
        if of_versions:
            answer["Versions"] = [each for each in listed if "Size" in each]
            answer["DeleteMarkers"] = [each for each in listed if "Size" not in each]
        else:
            answer["Contents"] = listed
        if answer["IsTruncated"]:
            more = {"NextKeyMarker": page[-1][0], "NextVersionIdMarker": str(end)}
            answer |= more if of_versions else {"NextContinuationToken": str(end)}
        return answer

    @staticmethod
    def _parsed(entry: tuple[str, int, bool, int, datetime, str], newest: dict[str, int]) -> dict[str, Any]:
        key, number, is_marker, size, written, storage_class = entry
        told = {"Key": key, "LastModified": written, "IsLatest": newest[key] == number}
        return told if is_marker else {**told, "Size": size, "StorageClass": storage_class}


@pytest.fixture(scope="session")
def paged_bucket():
    return PagedBucket


@pytest.fixture(scope="session")
def a_bucket():
    """A bucket as if it had been read."""

    def make(name: str = "data", versioning: str | None = "never", **more: Any) -> Bucket:
        told = {"tags": {}, "lifecycle_rules": "[]", "gaps": (), "project_id": None, "created_at": MADE_AT}
        return Bucket(region="fr-par", name=name, versioning=versioning, **{**told, **more})

    return make


@pytest.fixture
def storage_at(slept):
    """Object Storage at an address, as impatient as a test."""

    def make(url: str, key: S3Key | None = None, **settings: Any) -> ObjectStorage:
        defaults: dict[str, Any] = {
            "requests_per_second": 0,
            "timeout": (1, 10),
            "attempts": 3,
            "backoff": (0.0, 0.0),
            "sleep": slept.append,
        }
        return ObjectStorage(key or S3Key("SCW00000000000000000", S3_SECRET), "fr-par", url, **{**defaults, **settings})

    return make


@pytest.fixture
def s3_secret():
    return S3_SECRET


# --- the real server


@pytest.fixture(scope="session")
def s3_storage(s3_server):
    return ObjectStorage(
        S3Key(s3_server.access_key, s3_server.secret_key), "fr-par", s3_server.endpoint_url, requests_per_second=0
    )


@pytest.fixture(scope="session")
def s3_writer(s3_server):
    """A client that may write, to prepare what is then read."""
    import botocore.session
    from botocore.config import Config

    return botocore.session.get_session().create_client(
        "s3",
        region_name="fr-par",
        endpoint_url=s3_server.endpoint_url,
        aws_access_key_id=s3_server.access_key,
        aws_secret_access_key=s3_server.secret_key,
        config=Config(s3={"addressing_style": "path"}, max_pool_connections=16),
    )


@pytest.fixture(scope="session")
def new_bucket(s3_writer):
    """Each bucket takes volumes of the server, so take few."""

    def make() -> str:
        name = f"bucket-{uuid.uuid4().hex[:12]}"
        s3_writer.create_bucket(Bucket=name)
        return name

    return make
