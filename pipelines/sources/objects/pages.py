"""From one page of a listing to its entries, and to the question for the next page."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pipelines.sources.objects.histogram import (
    CURRENT,
    DELETE_MARKER,
    NONCURRENT,
    NONCURRENT_DELETE_MARKER,
    Entry,
)

Answer = Mapping[str, Any]
Marker = dict[str, str]
"""The parameters that ask for the page after this one."""

Newer = tuple[str, datetime] | None
"""The last key of a page with the time of its last version there: the next page may go on with older ones."""


_MARKERS = {
    "NextKeyMarker": "KeyMarker",
    "NextVersionIdMarker": "VersionIdMarker",
    "NextUploadIdMarker": "UploadIdMarker",
    "NextPartNumberMarker": "PartNumberMarker",
}


def following_marker(answer: Answer) -> Marker | None:
    """How to ask for the next page, None after the last; empty where one is announced and the answer does not say."""
    if "Buckets" in answer and answer.get("ContinuationToken"):
        return {"ContinuationToken": answer["ContinuationToken"]}
    if not answer.get("IsTruncated"):
        return None
    if answer.get("NextContinuationToken"):
        return {"ContinuationToken": answer["NextContinuationToken"]}
    return {mine: answer[theirs] for theirs, mine in _MARKERS.items() if answer.get(theirs)}


def object_entries(answer: Answer) -> Iterator[Entry]:
    """The objects of a page of ListObjectsV2."""
    for each in answer.get("Contents", ()):
        yield Entry(each["Key"], each["Size"], each["LastModified"], each.get("StorageClass") or "STANDARD", CURRENT)


def version_entries(answer: Answer, newer: Newer) -> tuple[list[Entry], Newer]:
    """Versions and delete markers of a page of ListObjectVersions, and what the next page needs to know.

    A version's age counts from when a newer one of its key took its place: the one listed before it, on this page or
    on the page before.
    """
    ages, entries = dict([newer] if newer else []), []
    for key, is_marker, each in _newest_first(answer):
        written = each["LastModified"]
        if each.get("IsLatest"):
            since, state = written, DELETE_MARKER if is_marker else CURRENT
        else:
            since, state = ages.get(key, written), NONCURRENT_DELETE_MARKER if is_marker else NONCURRENT
        ages[key] = written
        storage_class = None if is_marker else each.get("StorageClass") or "STANDARD"
        entries.append(Entry(key, 0 if is_marker else each["Size"], since, storage_class, state))
    last = answer.get("NextKeyMarker")
    return entries, (last, ages[last]) if last in ages else None


def _newest_first(answer: Answer) -> list[tuple[str, bool, Any]]:
    """All of a page, each key from its newest version on: the parsed answer holds delete markers apart."""
    versions = [(each["Key"], False, each) for each in answer.get("Versions", ())]
    markers = [(each["Key"], True, each) for each in answer.get("DeleteMarkers", ())]
    if not markers:
        return versions
    by_key: dict[str, list[tuple[str, bool, Any]]] = {}
    for each in [*versions, *markers]:
        by_key.setdefault(each[0], []).append(each)
    for several in by_key.values():
        # written within one tick of the clock: the marker is taken for the newer one, as a deletion follows a write
        several.sort(key=lambda each: (not each[2].get("IsLatest"), -each[2]["LastModified"].timestamp(), not each[1]))
    return [each for several in by_key.values() for each in several]
