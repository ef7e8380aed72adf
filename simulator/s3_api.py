"""Object Storage over HTTP: the calls that read, in path style under /s3/{region}; everything else is refused."""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator import s3_xml as xml
from simulator.answers import not_found
from simulator.instants import seconds
from simulator.price_book import REGIONS
from simulator.s3_buckets import Entry, Snapshot, StoredBucket
from simulator.s3_errors import ERRORS, S3Error
from simulator.s3_lifecycle import Upload
from simulator.s3_listings import Page, Question, after, after_one, page_from
from simulator.world import Clock, World

ENDPOINT = "/s3/{region}"
MOST = 1_000
_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d{8}/([^/,\s]+)/s3/aws4_request")
_METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"]
_SUBRESOURCES = {
    "tagging": "GetBucketTagging",
    "versioning": "GetBucketVersioning",
    "lifecycle": "GetBucketLifecycleConfiguration",
    "versions": "ListObjectVersions",
    "uploads": "ListMultipartUploads",
}


def storage_routes(world: World, clock: Clock) -> list[Route]:
    """The service, its buckets and their keys, below a path of its own."""
    api = StorageApi(world, clock)
    return [
        Route(ENDPOINT, api.answer, methods=_METHODS),
        Route(f"{ENDPOINT}/", api.answer, methods=_METHODS),
        Route(f"{ENDPOINT}/{{bucket}}", api.answer, methods=_METHODS),
        Route(f"{ENDPOINT}/{{bucket}}/{{key:path}}", api.answer, methods=_METHODS),
    ]


class StorageApi:
    """Answers /s3/{region}/…"""

    def __init__(self, world: World, clock: Clock) -> None:
        self._world = world
        self._clock = clock
        organization = world.scenario.organization
        ids = world.project_ids.values()
        self._default_project = organization.id if organization.id in ids else next(iter(ids))
        self._calls: dict[str, Callable[[StoredBucket, QueryParams], str]] = {
            "GetBucketTagging": self._tagging,
            "GetBucketVersioning": lambda bucket, _: xml.versioning(bucket.spec.versioning == "enabled"),
            "GetBucketLifecycleConfiguration": self._lifecycle,
            "ListObjectsV2": self._objects,
            "ListObjectVersions": self._versions,
            "ListMultipartUploads": self._uploads,
        }

    async def answer(self, request: Request) -> Response:
        request_id = "txg" + hashlib.blake2b(str(request.url).encode(), digest_size=14).hexdigest()
        headers = {"x-amz-request-id": request_id}
        try:
            text = self._answer(request)
            return Response(text, 200, headers, "application/xml")
        except S3Error as error:
            status, message = ERRORS[error.code]
            bucket, key = request.path_params.get("bucket", ""), request.path_params.get("key", "")
            resource = f"/{bucket}/{key}" if key else f"/{bucket}"
            return Response(xml.error(error.code, message, request_id, resource), status, headers, "application/xml")

    def _answer(self, request: Request) -> str:
        region = request.path_params["region"]
        if region not in REGIONS:
            raise not_found("region", region)
        if request.method not in ("GET", "HEAD"):
            raise S3Error("MethodNotAllowed")
        project_id = self._project(request, region)
        query = request.query_params
        name, key = request.path_params.get("bucket"), request.path_params.get("key")
        if not name:
            return self._buckets(region, project_id, query)
        call = _call(query, key)
        bucket = self._bucket(name, region, project_id)
        if request.method == "HEAD" and not key and not query:
            return ""
        if not call:
            raise S3Error("NotImplemented")
        if call in bucket.spec.denied:
            raise S3Error("AccessDenied")
        return self._parts(bucket, query, key or "") if call == "ListParts" else self._calls[call](bucket, query)

    def _project(self, request: Request, region: str) -> str:
        """The project a key speaks for: the one after its `@`, else the organisation's default."""
        told = request.headers.get("Authorization", "")
        found = _CREDENTIAL.search(told)
        if not found:
            raise S3Error("AccessDenied")
        access_key, _, project_id = found[1].partition("@")
        if access_key != self._world.scenario.organization.access_key:
            raise S3Error("InvalidAccessKeyId")
        if found[2] != region:
            raise S3Error("AuthorizationHeaderMalformed")
        if project_id and project_id not in self._world.project_ids.values():
            raise S3Error("AccessDenied")
        return project_id or self._default_project

    def _bucket(self, name: str, region: str, project_id: str) -> StoredBucket:
        bucket = self._world.storage.buckets.get(name)
        if not bucket or bucket.resource.zone[:6] != region or not bucket.resource.exists(self._clock.instant):
            raise S3Error("NoSuchBucket")
        if self._world.project_id(bucket.resource.project) != project_id:
            raise S3Error("AccessDenied")
        return bucket

    def _buckets(self, region: str, project_id: str, query: QueryParams) -> str:
        token, prefix = query.get("continuation-token", ""), query.get("prefix", "")
        rows = [
            bucket
            for name, bucket in sorted(self._world.storage.buckets.items())
            if bucket.resource.zone[:6] == region
            and self._world.project_id(bucket.resource.project) == project_id
            and bucket.resource.exists(self._clock.instant)
            and name.startswith(prefix)
            and name > (_opened(token) if token else "")
        ]
        most = _number(query, "max-buckets", 10_000)
        following = _closed(rows[most - 1].resource.id) if len(rows) > most else ""
        return xml.bucket_list(rows[:most], project_id, following)

    def _tagging(self, bucket: StoredBucket, _: QueryParams) -> str:
        tags = [_pair(tag) for tag in bucket.resource.tags_at(self._clock.instant)]
        if not tags:
            raise S3Error("NoSuchTagSet")
        return xml.tagging(tags)

    def _lifecycle(self, bucket: StoredBucket, _: QueryParams) -> str:
        now = self._clock.instant
        rules = [rule for rule in bucket.spec.rules if not rule.start or seconds(rule.start) <= now]
        if not rules:
            raise S3Error("NoSuchLifecycleConfiguration")
        return xml.lifecycle(rules)

    def _objects(self, bucket: StoredBucket, query: QueryParams) -> str:
        question, spell = _question(query, "max-keys"), _spelling(query)
        entries = self._at(bucket).current
        token, start_after = query.get("continuation-token", ""), query.get("start-after", "")
        marker = _opened(token) if token else start_after
        first = after(entries, _key_of, marker, question.delimiter) if marker else 0
        page = page_from(entries, _key_of, first, question)
        more = {
            "ContinuationToken": token,
            "StartAfter": spell(start_after),
            "EncodingType": query.get("encoding-type", ""),
            "NextContinuationToken": _closed(_marker(page)) if page.last is not None else "",
        }
        return xml.objects(bucket.resource.id, question, page, spell, more)

    def _versions(self, bucket: StoredBucket, query: QueryParams) -> str:
        question, spell = _question(query, "max-keys"), _spelling(query)
        entries = self._at(bucket).versions
        key, version = query.get("key-marker", ""), query.get("version-id-marker", "")
        first = after_one(entries, _key_of, lambda entry: entry.version_id, (key, version), question.delimiter)
        page = page_from(entries, _key_of, first, question)
        more = {
            "KeyMarker": spell(key),
            "VersionIdMarker": version,
            "EncodingType": query.get("encoding-type", ""),
            "NextKeyMarker": spell(_marker(page)) if page.last is not None else "",
            "NextVersionIdMarker": page.last.version_id if isinstance(page.last, Entry) else "",
        }
        return xml.versions(bucket.resource.id, self._owner(bucket), question, page, spell, more)

    def _uploads(self, bucket: StoredBucket, query: QueryParams) -> str:
        question, spell = _question(query, "max-uploads"), _spelling(query)
        rows = [(upload, self._upload_id(bucket, upload)) for upload in self._at(bucket).uploads]
        key, identifier = query.get("key-marker", ""), query.get("upload-id-marker", "")
        first = after_one(rows, _upload_key, lambda row: row[1], (key, identifier), question.delimiter)
        page = page_from(rows, _upload_key, first, question)
        last = page.last
        more = {
            "KeyMarker": spell(key),
            "UploadIdMarker": identifier,
            "EncodingType": query.get("encoding-type", ""),
            "NextKeyMarker": spell(last if isinstance(last, str) else last[0].key) if last is not None else "",
            "NextUploadIdMarker": last[1] if isinstance(last, tuple) else "",
        }
        return xml.uploads(bucket.resource.id, self._owner(bucket), question, page, spell, more)

    def _parts(self, bucket: StoredBucket, query: QueryParams, key: str) -> str:
        wanted = query.get("uploadId", "")
        for upload in self._at(bucket).uploads:
            if upload.key == key and self._upload_id(bucket, upload) == wanted:
                first, most = _number(query, "part-number-marker", 0), _number(query, "max-parts", MOST)
                return xml.parts(bucket.resource.id, self._owner(bucket), upload, wanted, first, min(most, MOST))
        raise S3Error("NoSuchUpload")

    def _at(self, bucket: StoredBucket) -> Snapshot:
        return bucket.at(self._clock.instant)

    def _owner(self, bucket: StoredBucket) -> str:
        return self._world.project_id(bucket.resource.project)

    def _upload_id(self, bucket: StoredBucket, upload: Upload) -> str:
        return self._world.identity.uuid("upload", bucket.resource.id, upload.number).replace("-", "")


def _call(query: QueryParams, key: str | None) -> str:
    """The operation that a path and query mean; empty for one that is not offered."""
    if key:
        return "ListParts" if "uploadId" in query else ""
    named = [call for name, call in _SUBRESOURCES.items() if name in query]
    return named[0] if named else "ListObjectsV2" if query.get("list-type") == "2" else ""


def _key_of(entry: Entry) -> str:
    return entry.key


def _upload_key(row: tuple[Upload, str]) -> str:
    return row[0].key


def _marker(page: Page[Entry]) -> str:
    return page.last.key if isinstance(page.last, Entry) else page.last or ""


def _question(query: QueryParams, most: str) -> Question:
    return Question(query.get("prefix", ""), query.get("delimiter", ""), min(_number(query, most, MOST), MOST))


def _spelling(query: QueryParams) -> Callable[[str], str]:
    if query.get("encoding-type", "") not in ("", "url"):
        raise S3Error("InvalidArgument")
    return xml.percent if query.get("encoding-type") else xml.plain


def _number(query: QueryParams, name: str, default: int) -> int:
    text = query.get(name, "")
    if text and not (text.isascii() and text.isdigit()):
        raise S3Error("InvalidArgument")
    return int(text) if text else default


def _pair(tag: str) -> tuple[str, str]:
    """A tag of the scenario as key and value: `env=prod` and `env:prod` have both, `prod` is a key alone."""
    key, _, value = tag.partition("=") if "=" in tag else tag.partition(":")
    return key, value


def _closed(marker: str) -> str:
    return base64.urlsafe_b64encode(marker.encode()).decode()


def _opened(token: str) -> str:
    try:
        return base64.b64decode(token.encode(), b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise S3Error("InvalidArgument") from None
