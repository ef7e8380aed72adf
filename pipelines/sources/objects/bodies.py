"""Whether what came is an answer at all: a page of a proxy, an empty body or one that was cut off is none."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

from botocore.exceptions import ConnectionClosedError  # type: ignore[import-untyped]
from botocore.exceptions import ReadTimeoutError as BrokenOff
from urllib3.exceptions import HTTPError, ReadTimeoutError

from pipelines.sources.received import whole
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


_WRITTEN = (("Key", str), ("LastModified", datetime))
_MEMBERS: Mapping[str, Sequence[tuple[str, type]]] = {
    "Buckets": (("Name", str),),
    "TagSet": (("Key", str), ("Value", str)),
    "Contents": (*_WRITTEN, ("Size", int)),
    "CommonPrefixes": (("Prefix", str),),
    "Versions": (*_WRITTEN, ("Size", int)),
    "DeleteMarkers": _WRITTEN,
    "Uploads": (("Key", str), ("UploadId", str), ("Initiated", datetime)),
    "Parts": (("PartNumber", int), ("Size", int)),
}
"""What each entry of an answer must have to be counted."""


_LARGEST = 1 << 50
"""Bytes; an object has at most some TiB."""


class NoAnswer(Exception):
    """One attempt that came to nothing, and may fare better the next time."""

    def __init__(self, reason: str, remedy: str = f"check {STATUS_PAGE} or try later") -> None:
        super().__init__(reason)
        self.reason, self.remedy = reason, remedy


class BoundedSession:
    """A session of botocore that reads each body itself, with a bound; else it is the session it was given."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def send(self, request: Any) -> Any:
        """The answer with its whole body. Raises TooLarge, and botocore's errors when the connection breaks."""
        request.stream_output = True  # botocore would else read to the end, however far that is
        response = self._session.send(request)
        asked = f"GET {urlsplit(request.url).path}"
        try:
            response.raw = _Whole(whole(response.raw, asked, unpacked=False))
        except ReadTimeoutError as error:
            raise BrokenOff(error=error, endpoint_url=request.url) from None
        except HTTPError as error:
            raise ConnectionClosedError(error=error, request=request, endpoint_url=request.url) from None
        return response


@dataclass(frozen=True)
class _Whole:
    """A body that was read."""

    content: bytes

    def stream(self) -> Iterator[bytes]:
        yield self.content


def refuse_other_bodies(operation_model: Any, response_dict: Any, **_: Any) -> None:
    """An empty body or a page of a proxy would else pass for a listing of nothing, and a refusal that was cut off for
    one without a reason."""
    status, body = response_dict["status_code"], response_dict["body"]
    root = _ROOT.search(body[:2000])
    if 200 < status < 300:
        raise NoAnswer(f"HTTP {status}, which is no whole answer to {operation_model.name}")
    if status == 200 and (root is None or not root[1].decode().startswith(_ROOTS[operation_model.name])):
        raise NoAnswer(f"HTTP 200 with a body that is not an answer to {operation_model.name}")
    if status >= 400 and root is not None and root[1] == b"Error" and not _is_whole(body):
        raise NoAnswer(f"HTTP {status} with broken XML")


def refuse_other_values(operation: str, answer: Mapping[str, Any]) -> None:
    """An entry without its name, size or time can be neither counted nor left out."""
    for kind, members in _MEMBERS.items():
        for each in answer.get(kind) or ():
            for name, type_ in members:
                if type(each.get(name)) is not type_:
                    raise NoAnswer(f"HTTP 200 with an entry of {kind} whose {name} is missing or not as documented")
            if not 0 <= each.get("Size", 0) <= _LARGEST:
                raise NoAnswer(f"HTTP 200 with an entry of {kind} of {each['Size']} bytes")
            if "StorageClass" in each and type(each["StorageClass"]) is not str:
                raise NoAnswer(f"HTTP 200 with an entry of {kind} of several storage classes")
    owner = answer.get("Owner")
    if owner is not None and type(owner.get("ID", "")) is not str:
        raise NoAnswer(f"HTTP 200 with several owners in the answer to {operation}")


def _is_whole(body: bytes) -> bool:
    try:
        ElementTree.fromstring(body)  # noqa: S314 (botocore reads the same body in the same way)
    except ElementTree.ParseError:
        return False
    return True
