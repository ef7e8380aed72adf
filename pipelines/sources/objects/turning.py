"""From page to page: one that does not fit those before it is asked for again, and none is counted twice or left out.

Names rise through a listing in the order of their UTF-8 bytes, so a page that begins at or before the place it was
asked to go on from is another than the one asked for: the one before it, or one that was cut elsewhere.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import structlog

from pipelines.errors import SourceUnavailable
from pipelines.sources.objects.pages import Answer, Marker, following_marker

MOST_ASKINGS = 6
"""Times one page is asked for before it counts as what the server means."""

_NAMED = {"Contents": "Key", "CommonPrefixes": "Prefix", "Buckets": "Name"}
_IDENTIFIED = {"Versions": "VersionId", "DeleteMarkers": "VersionId", "Uploads": "UploadId"}

LastNames = Mapping[str, str]
"""By the kind of what a page holds: `Contents`, `CommonPrefixes` or `Buckets`."""

log = structlog.get_logger()


def fitting(ask: Callable[[], dict[str, Any]], marker: Marker, after: LastNames, asked: str) -> dict[str, Any]:
    """The page that `marker` asks for. `after` are the last names before it, which an opaque marker does not tell.

    Raises SourceUnavailable when it does not fit, however often it is asked for.
    """
    for _ in range(MOST_ASKINGS):
        answer = ask()
        problem = _misfit(answer, marker, after)
        if problem is None:
            return answer
        log.warning("page_does_not_fit", asked=asked, problem=problem)
    raise SourceUnavailable(f"{asked}: {problem}, {MOST_ASKINGS} times; try later")


def last_names(answer: Answer, before: LastNames) -> dict[str, str]:
    """The last names of a page, or those of the page before where this one holds none of their kind."""
    return {**before, **{kind: answer[kind][-1][name] for kind, name in _NAMED.items() if answer.get(kind)}}


def _misfit(answer: Answer, marker: Marker, after: LastNames) -> str | None:
    """Why a page looks like another than the one asked for, or None."""
    following = following_marker(answer)
    if following is not None and (not following or following == marker):
        return "announces another page and does not say how to ask for it"
    if not marker:
        return None
    came = next((name for name in _not_beyond(answer, marker, after)), None)
    return None if came is None else f"'{came}' came a second time"


def _not_beyond(answer: Answer, marker: Marker, after: LastNames) -> Iterator[str]:
    """Names that lie before the page or where it was to go on from."""
    for kind, last_one in after.items():
        names = (each[_NAMED[kind]] for each in answer.get(kind) or ())
        yield from (name for name in names if name <= last_one)
    if "KeyMarker" in marker:
        for kind, identity in _IDENTIFIED.items():
            yield from (each["Key"] for each in answer.get(kind) or () if _is_before(each, identity, marker))
    if "PartNumberMarker" in marker:
        last = int(marker["PartNumberMarker"])
        yield from (f"part {each['PartNumber']}" for each in answer.get("Parts") or () if each["PartNumber"] <= last)


def _is_before(each: Mapping[str, Any], identity: str, marker: Marker) -> bool:
    """Whether a version or an upload comes before what the marker names, or is that; of one key there can be more
    behind it where the marker tells which one of them was the last."""
    if each["Key"] != marker["KeyMarker"]:
        return bool(each["Key"] < marker["KeyMarker"])
    one = marker.get(f"{identity}Marker")
    return one is None or each.get(identity) == one
