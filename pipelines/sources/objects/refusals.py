"""What an error answer of Object Storage means, and what the person reading can do about it."""

from pipelines.errors import FinopsError, NotOffered, PermissionDenied, SourceUnavailable
from pipelines.sources.refusals import PASSING, STATUS_PAGE

# the bucket policy's name of each call, for whoever has to allow it; no other call is ever sent
READING = {
    "ListBuckets": "s3:ListAllMyBuckets",
    "GetBucketTagging": "s3:GetBucketTagging",
    "GetBucketVersioning": "s3:GetBucketVersioning",
    "GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "ListObjectsV2": "s3:ListBucket",
    "ListObjectVersions": "s3:ListBucketVersions",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "ListParts": "s3:ListMultipartUploadParts",
}
PERMISSION_SET = "ObjectStorageReadOnly"

_ABSENT = frozenset(
    {"NoSuchTagSet", "NoSuchTagSetError", "NoSuchLifecycleConfiguration", "NoSuchBucket", "NoSuchUpload"}
)
_WRONG_KEY = frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch"})
_TOO_FAST = frozenset({"SlowDown", "TooManyRequests", "Too Many Requests", "Throttling", "RequestLimitExceeded"})
_LATER = _TOO_FAST | {"RequestTimeout", "InternalError", "ServiceUnavailable"}


class Absent(FinopsError):
    """What was asked for is not there: a configuration never made, or a bucket or upload that is gone."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class Refused(FinopsError):
    """A request that the server understands differently, such as a marker it no longer knows."""


def may_pass(status: int, code: str) -> bool:
    """Whether the same request may be answered the next time."""
    return status in PASSING or code in _LATER


def refusal(asked: str, operation: str, status: int, code: str, said: str) -> FinopsError:
    """The error for an answer that asking again would not change. `asked` names the call and its bucket."""
    told = f"{asked}: HTTP {status} {code}" + (f", {said}" if said else "")
    if code in _ABSENT:
        return Absent(told, code)
    if code in _WRONG_KEY or status == 401:
        return PermissionDenied(f"{told}; check SCW_ACCESS_KEY and SCW_SECRET_KEY, or make a new key")
    if code == "RequestTimeTooSkewed":
        return SourceUnavailable(f"{told}; set this machine's clock")
    if status == 403:
        return PermissionDenied(
            f"{told}; add the permission set {PERMISSION_SET} to the key's policy, "
            f"and allow {READING[operation]} where the bucket has a policy of its own"
        )
    if status == 501:
        return NotOffered(f"{told}: not offered there")
    if 400 <= status < 500:
        return Refused(f"{told}; check the region and the endpoint, or report it")
    return SourceUnavailable(f"{told}; check {STATUS_PAGE} or try later")
