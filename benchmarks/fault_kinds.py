"""The ways an answer can go wrong, by who gives it: Scaleway's API, a server of telemetry, or Object Storage."""

import json
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit
from xml.sax.saxutils import escape, unescape

API, TELEMETRY, STORAGE = "Scaleway's API", "Cockpit", "Object Storage"

SLOWNESS_SECONDS = 0.6
"""A timeout is a silence longer than the client waits. No answer follows: on a busy machine a client may look so late
that it would find one."""

_ANYWHERE = (
    *("429", "429 with Retry-After", "500", "502 in HTML", "503", "504"),
    *("reset", "reset in the body", "timeout"),
)
_PLAIN = {
    API: (*_ANYWHERE, "truncated JSON", "invalid JSON"),
    TELEMETRY: (*_ANYWHERE, "503 with a reason", "truncated JSON", "invalid JSON"),
    STORAGE: (*_ANYWHERE, "503 SlowDown", "truncated XML", "invalid XML"),
}
_OF_PAGES = ("duplicate page", "shifted page")
_OF_TOKENS = ("token loop",)
_MARKERS = ("continuation-token", "key-marker", "part-number-marker")

STATUS: Mapping[str, tuple[int, bytes, Mapping[str, str]]] = {
    "429": (429, b"", {"X-Envoy-Ratelimited": "true"}),
    "429 with Retry-After": (429, b"", {"Retry-After": "1"}),
    "500": (500, b'{"message": "internal error"}', {}),
    "502 in HTML": (502, b"<html><body>Bad Gateway</body></html>", {"Content-Type": "text/html"}),
    "503": (503, b'{"message": "no healthy upstream"}', {}),
    "503 with a reason": (503, b'{"status": "error", "errorType": "timeout", "error": "query timed out"}', {}),
    "503 SlowDown": (503, b"<Error><Code>SlowDown</Code><Message>Please reduce your rate.</Message></Error>", {}),
    "504": (504, b"", {}),
}
"""Answers that do not depend on what was asked."""

_LISTED = {
    b"ListAllMyBucketsResult": b"Bucket",
    b"ListBucketResult": b"Contents|CommonPrefixes",
    b"ListVersionsResult": b"Version|DeleteMarker",
    b"ListMultipartUploadsResult": b"Upload",
    b"ListPartsResult": b"Part",
}
_ROOT = re.compile(rb"<(List\w+Result)\b")
_NEXT = {
    "NextContinuationToken": "continuation-token",
    "NextKeyMarker": "key-marker",
    "NextVersionIdMarker": "version-id-marker",
    "NextUploadIdMarker": "upload-id-marker",
    "NextPartNumberMarker": "part-number-marker",
}


def reader_of(target: str) -> str:
    """Who is asked."""
    if target.startswith("/s3/"):
        return STORAGE
    return TELEMETRY if re.match(r"/(cockpit/[0-9a-f-]{36}|opencost)/", target) else API


def kinds(target: str) -> tuple[str, ...]:
    """What can go wrong with the answer to a question: pages can be mixed up from the second one on."""
    asked, plain = _asked(target), _PLAIN[reader_of(target)]
    if any(name in asked for name in _MARKERS):
        return (*plain, *_OF_PAGES, *_OF_TOKENS)
    if asked.get("page", "1") != "1":
        return (*plain, *_OF_PAGES)
    return (*plain, *_OF_TOKENS) if "page_token" in asked else plain


def is_of_pages(kind: str) -> bool:
    """Whether it takes the page before."""
    return kind in _OF_PAGES


def clamped(target: str, largest: int) -> str:
    """The same question with pages so small that a small world has several."""
    parts, asked = urlsplit(target), _asked(target)
    if reader_of(target) == STORAGE:
        return parts._replace(query=urlencode(asked | _few(parts.path, asked))).geturl()
    if "data-sources" in parts.path:
        largest = 2
    paging = [name for name in ("page_size", "per_page") if name in asked]
    sizes: dict[str, str] = {name: str(min(int(asked[name]), largest)) for name in paging}
    # names may come several times, so that a mapping of them would lose some
    pairs = [(name, sizes.get(name) or value) for name, value in parse_qsl(parts.query, keep_blank_values=True)]
    return parts._replace(query=urlencode(pairs)).geturl() if sizes else target


def _few(path: str, asked: dict[str, str]) -> dict[str, str]:
    """How many of each S3 lists at once: buckets, parts, uploads, keys."""
    if path.strip("/").count("/") == 1:
        return {"max-buckets": "2"}
    if "uploadId" in asked:
        return {"max-parts": "2"}
    return {name: most for name, most in (("max-uploads", "3"), ("max-keys", "7")) if name in asked}


def next_page(target: str, body: bytes) -> str | None:
    """The place of the page after this one, as `place` tells it of the question for that; None after the last."""
    if reader_of(target) != STORAGE:
        return None
    found = {mine: _text(body, theirs) for theirs, mine in _NEXT.items()}
    if b"<ListAllMyBucketsResult" in body:
        found = {"continuation-token": _text(body, "ContinuationToken")}
    elif b"<EncodingType>url" in body:
        found = {name: value and unquote(value) for name, value in found.items()}
    asked = {name: value for name, value in found.items() if value}
    return _place(target, asked) if asked and (b"<IsTruncated>true" in body or len(found) == 1) else None


def place(target: str) -> str | None:
    """Which page of which listing of S3 is asked for, however the question is spelled; None of a first page."""
    asked = {name: value for name, value in _asked(target).items() if name in _NEXT.values() and value}
    return _place(target, asked) if asked else None


def page_before(target: str) -> str:
    """The question for the page before a numbered one."""
    asked = _asked(target)
    return urlsplit(target)._replace(query=urlencode(asked | {"page": str(int(asked["page"]) - 1)})).geturl()


def truncated(body: bytes) -> bytes:
    """Without its end."""
    return body[: len(body) * 2 // 3]


def broken(body: bytes) -> bytes:
    """As long as before, and of no form."""
    if body.lstrip().startswith(b"<"):
        return body.replace(b"</", b"<", 3)
    return body.replace(b":", b"=", 3) if b":" in body else b"{"


def shifted(before: bytes, body: bytes) -> bytes:
    """The page as it is when an item came in front: the last one of the page before slips in, the last one out. A map
    has no order to shift, so its page before comes again."""
    if body.lstrip().startswith(b"<"):
        return _shifted_xml(before, body)
    document, earlier = json.loads(body), json.loads(before)
    moved = {
        name: [earlier[name][-1], *items[:-1]]
        for name, items in document.items()
        if isinstance(items, list) and items and isinstance(earlier.get(name), list) and earlier[name]
    }
    return json.dumps({**document, **moved}).encode() if moved else before


def looped(target: str, body: bytes) -> bytes:
    """The page, saying that the one after it is itself."""
    asked = _asked(target)
    if body.lstrip().startswith(b"<"):
        return _looped_xml(asked, body)
    document = json.loads(body)
    document["next_page_token"] = asked["page_token"]
    return json.dumps(document).encode()


def _shifted_xml(before: bytes, body: bytes) -> bytes:
    root = _ROOT.search(body)
    assert root is not None
    item = re.compile(rb"<(%s)>.*?</\1>" % _LISTED[root[1]], re.DOTALL)
    earlier, later = list(item.finditer(before)), list(item.finditer(body))
    if not earlier or not later:
        return before
    kept = body[: later[-1].start()] + body[later[-1].end() :]
    first = later[0].start()
    return kept[:first] + earlier[-1][0] + kept[first:]


def _looped_xml(asked: dict[str, str], body: bytes) -> bytes:
    root = _ROOT.search(body)
    assert root is not None
    markers = {theirs: asked[mine] for theirs, mine in _NEXT.items() if mine in asked}
    if root[1] == b"ListAllMyBucketsResult":
        markers = {"ContinuationToken": asked["continuation-token"]}
    for name in (*markers, "IsTruncated"):
        body = re.sub(rb"<%b>.*?</%b>|<%b ?/>" % ((name.encode(),) * 3), b"", body)
    told = "<IsTruncated>true</IsTruncated>" + "".join(
        f"<{name}>{escape(value)}</{name}>" for name, value in markers.items()
    )
    end = body.rindex(b"</" + root[1])
    return body[:end] + told.encode() + body[end:]


def _place(target: str, markers: dict[str, str]) -> str:
    parts, asked = urlsplit(target), _asked(target)
    listing = {
        name: asked[name] for name in ("prefix", "delimiter", "versions", "uploads", "uploadId") if name in asked
    }
    return json.dumps([parts.path, sorted(listing.items()), sorted(markers.items())])


def _text(body: bytes, name: str) -> str:
    found = re.search(rb"<%b>(.*?)</%b>" % (name.encode(), name.encode()), body)
    return unescape(found[1].decode()) if found else ""


def _asked(target: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(target).query, keep_blank_values=True))
