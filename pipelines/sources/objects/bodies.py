"""Whether what came is an answer at all: a page of a proxy, an empty body or one that was cut off is none."""

import re
from typing import Any
from xml.etree import ElementTree

from pipelines.sources.refusals import STATUS_PAGE

_ROOT = re.compile(rb"<(?![?!])(?:\w+:)?(\w+)")
# how the outermost element of each answer begins; anything else is not an answer, however well it parses
_ROOTS = {
    "ListBuckets": ("ListAllMyBucketsResult",),
    "GetBucketTagging": ("Tagging",),
    "GetBucketVersioning": ("VersioningConfiguration",),
    "GetBucketLifecycleConfiguration": ("LifecycleConfiguration", "Configuration"),
    "ListObjectsV2": ("ListBucketResult",),
    "ListObjectVersions": ("ListVersionsResult",),
    "ListMultipartUploads": ("ListMultipartUploadsResult",),
    "ListParts": ("List",),  # no answer of Scaleway's is known, and its names are not always Amazon's
}


class NoAnswer(Exception):
    """One attempt that came to nothing, and may fare better the next time."""

    def __init__(self, reason: str, remedy: str = f"check {STATUS_PAGE} or try later") -> None:
        super().__init__(reason)
        self.reason, self.remedy = reason, remedy


def refuse_other_bodies(operation_model: Any, response_dict: Any, **_: Any) -> None:
    """An empty body or a page of a proxy would else pass for a listing of nothing, and a refusal that was cut off for
    one without a reason."""
    status, body = response_dict["status_code"], response_dict["body"]
    root = _ROOT.search(body[:2000])
    if status == 200 and (root is None or not root[1].decode().startswith(_ROOTS[operation_model.name])):
        raise NoAnswer(f"HTTP 200 with a body that is not an answer to {operation_model.name}")
    if status >= 400 and root is not None and root[1] == b"Error" and not _is_whole(body):
        raise NoAnswer(f"HTTP {status} with broken XML")


def _is_whole(body: bytes) -> bool:
    try:
        ElementTree.fromstring(body)  # noqa: S314 (botocore reads the same body in the same way)
    except ElementTree.ParseError:
        return False
    return True
