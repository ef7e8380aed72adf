"""Listing the objects of a bucket into a histogram: resumable, within a budget, and exact about what it saw."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

import structlog

from pipelines.errors import NotOffered, PermissionDenied, SourceUnavailable
from pipelines.sources.objects.buckets import Bucket
from pipelines.sources.objects.checkpoints import Checkpoints, NoCheckpoints
from pipelines.sources.objects.client import Budget, BudgetSpent, ObjectStorage
from pipelines.sources.objects.histogram import Entry, Histogram, Row, Shape
from pipelines.sources.objects.pages import Marker, following_marker, object_entries, version_entries
from pipelines.sources.objects.progress import Progress, dumped, loaded
from pipelines.sources.objects.refusals import Refused
from pipelines.sources.objects.turning import LastNames, fitting, last_names

WHOLE = "all keys"
FIRST_KEYS = "first keys"
WHOLE_PREFIXES = "whole prefixes"

_MOST_PARTS = 10_000
_MOST_DESCENTS = 5

log = structlog.get_logger()


@dataclass(frozen=True)
class ListingRules:
    """How a bucket is listed. `most_requests` is per bucket, retries included; None is without end. A checkpoint
    that was begun more than `most_checkpoint_days` before today is too old to go on from."""

    shape: Shape = field(default_factory=Shape)
    most_requests: int | None = None
    page_size: int = 1000
    pages_between_checkpoints: int = 100
    most_checkpoint_days: int = 2


@dataclass(frozen=True)
class BucketListing:
    """What a listing saw of one bucket. `method` says which part that is, `statement` says it in words.

    `today` is the day ages count to: that of the beginning, when a listing was resumed later. `parts_listed` of
    `parts_found` prefixes were listed to their end (None: there are more than were found). `covers_versions` is
    False when only current objects could be listed although the bucket may hold more, which are then unknown.
    """

    bucket: Bucket
    today: date
    method: str
    statement: str
    is_sample: bool
    covers_versions: bool
    requests: int
    objects: int
    bytes: int
    parts_listed: int
    parts_found: int | None
    last_key: str | None
    expected_objects: int | None
    rows: tuple[Row, ...]


def list_objects(
    storage: ObjectStorage,
    bucket: Bucket,
    today: date,
    rules: ListingRules = ListingRules(),
    checkpoints: Checkpoints | None = None,
    expected_objects: int | None = None,
) -> BucketListing:
    """List a bucket. When `expected_objects` (by metrics, say) cannot be listed within the budget, whole prefixes in
    an order of chance are listed instead of the first keys.

    Raises PermissionDenied when objects may not be listed, SourceUnavailable when the source fails.
    """
    return _Listing(storage, bucket, today, rules, checkpoints or NoCheckpoints(), expected_objects).run()


class _Listing:
    """One run of a listing."""

    def __init__(
        self,
        storage: ObjectStorage,
        bucket: Bucket,
        today: date,
        rules: ListingRules,
        checkpoints: Checkpoints,
        expected_objects: int | None,
    ) -> None:
        self._storage, self._bucket, self._today, self._rules = storage, bucket, today, rules
        self._checkpoints, self._expected = checkpoints, expected_objects
        pages = -(-(expected_objects or 0) // rules.page_size)
        self._by_prefix = rules.most_requests is not None and pages > rules.most_requests
        self._name = f"{storage.endpoint_url}/{bucket.project_id or ''}/{bucket.name}"
        self._question = json.dumps(
            [
                self._name,
                str(bucket.created_at),
                bucket.versioning,
                asdict(rules.shape),
                rules.page_size,
                self._by_prefix,
            ]
        )
        self._progress = self._begin()
        self._budget = Budget(rules.most_requests)

    def run(self) -> BucketListing:
        """Go on from the checkpoint, or from the beginning when there is none that the server still understands."""
        kept = self._checkpoints.load(self._name)
        rules = self._rules
        resumed = loaded(kept, self._question, self._today, rules.shape, rules.most_checkpoint_days)
        if resumed is not None:
            self._resume(resumed)
            log.info("listing_resumed", bucket=self._bucket.name, objects=resumed.objects, since=str(resumed.today))
            try:
                return self._to_the_end()
            except Refused as error:
                log.warning("listing_begun_again", bucket=self._bucket.name, reason=str(error))
        self._resume(self._begin())
        return self._to_the_end()

    def _begin(self) -> Progress:
        progress = Progress(self._today, Histogram(self._today, self._rules.shape))
        progress.covers_versions = self._bucket.may_hold_versions
        return progress

    def _resume(self, progress: Progress) -> None:
        self._progress = progress
        self._budget = Budget(self._rules.most_requests, progress.requests)

    def _to_the_end(self) -> BucketListing:
        try:
            if self._by_prefix and self._progress.pages == 0:
                self._find_parts()
            while not self._progress.is_over:
                self._page()
                if self._progress.pages % self._rules.pages_between_checkpoints == 0:
                    self._keep()
        except BudgetSpent:
            self._progress.requests = self._budget.used
        except SourceUnavailable:
            self._keep()
            raise
        self._checkpoints.discard(self._name)
        return self._told()

    def _keep(self) -> None:
        """Write down how far it is, once it is known what to list."""
        if not self._progress.is_over:
            self._checkpoints.save(self._name, dumped(self._progress, self._question))

    def _page(self) -> None:
        """The next page of the part at hand."""
        progress = self._progress
        part, last = progress.parts[progress.part], progress.last_key
        answer = self._ask(part, progress.marker, {"Contents": last} if last and last.startswith(part) else {})
        entries = self._entries(answer)
        marker = following_marker(answer)
        last_key = answer.get("NextKeyMarker") or (entries[-1].key if entries else None)
        progress.count(entries)
        progress.turn(marker, last_key)

    def _entries(self, answer: dict[str, Any]) -> list[Entry]:
        if not self._progress.covers_versions:
            return list(object_entries(answer))
        entries, self._progress.newer = version_entries(answer, self._progress.newer)
        return entries

    def _ask(self, prefix: str, marker: Marker, after: LastNames, **more: str) -> dict[str, Any]:
        progress = self._progress
        asked = {
            "Bucket": self._bucket.name,
            "Prefix": prefix,
            "MaxKeys": self._rules.page_size,
            **marker,
            **more,
        }

        def page() -> dict[str, Any]:
            operation = "ListObjectVersions" if progress.covers_versions else "ListObjectsV2"
            return self._storage.call(operation, self._budget, **asked)

        where = f"{self._bucket.name} {self._bucket.region}"
        try:
            return fitting(page, marker, after, where)
        except (PermissionDenied, NotOffered) as error:
            if not progress.covers_versions or progress.pages:
                raise
            log.warning("versions_not_listed", bucket=self._bucket.name, reason=str(error))
            progress.covers_versions = False
            return fitting(page, marker, after, where)
        finally:
            progress.requests = self._budget.used

    def _find_parts(self) -> None:
        """Choose the prefixes of the first level that has several, in an order of chance that is always the same. What
        lies beside them is counted on the way."""
        progress, base = self._progress, ""
        progress.parts = []
        for _ in range(_MOST_DESCENTS):
            progress.are_all_parts_known = False
            found, before = [], progress.objects
            for prefixes in self._level(base):
                found += prefixes
            if len(found) != 1 or progress.objects > before or not progress.are_all_parts_known:
                break
            base = found[0]
        progress.newer = None
        if not found and not progress.are_all_parts_known:
            # nothing to choose from: the first keys it is, with what is left of the budget
            self._progress = self._begin()
            self._progress.covers_versions = progress.covers_versions
            return
        progress.parts = sorted(
            found, key=lambda prefix: hashlib.sha256(f"{self._bucket.name}/{prefix}".encode()).digest()
        )

    def _level(self, base: str) -> Iterator[list[str]]:
        """Prefixes right under `base`, page by page, for at most a tenth of the budget."""
        progress, marker, prefixes, last = self._progress, Marker(), 0, dict[str, str]()
        most_pages = max(1, (self._rules.most_requests or 0) // 10)
        for _ in range(most_pages):
            answer = self._ask(base, marker, last, Delimiter="/")
            progress.count(self._entries(answer))
            found = [each["Prefix"] for each in answer.get("CommonPrefixes", ())]
            prefixes += len(found)
            yield found
            following, last = following_marker(answer), last_names(answer, last)
            if following is None:
                progress.are_all_parts_known = True
                return
            if prefixes >= _MOST_PARTS:
                return
            marker = following

    def _told(self) -> BucketListing:
        progress = self._progress
        rows = tuple(progress.histogram.rows())
        is_sample = not (progress.is_over and progress.are_all_parts_known)
        return BucketListing(
            bucket=self._bucket,
            today=progress.today,
            method=(FIRST_KEYS if progress.is_in_key_order else WHOLE_PREFIXES) if is_sample else WHOLE,
            statement=self._statement(is_sample),
            is_sample=is_sample,
            covers_versions=progress.covers_versions or not self._bucket.may_hold_versions,
            requests=progress.requests,
            objects=progress.objects,
            bytes=progress.bytes,
            parts_listed=progress.part,
            parts_found=len(progress.parts) if progress.are_all_parts_known else None,
            last_key=progress.last_key,
            expected_objects=self._expected,
            rows=rows,
        )

    def _statement(self, is_sample: bool) -> str:
        """Which share was seen; nothing in it is estimated."""
        progress = self._progress
        seen = f"{progress.objects:,} objects"
        if self._bucket.may_hold_versions and not progress.covers_versions:
            seen = f"{progress.objects:,} current objects, versions unknown"
        if not is_sample:
            return f"all {seen}"
        expected = f" of {self._expected:,} expected" if self._expected is not None else ""
        ended = f"after {progress.requests} of {self._rules.most_requests} requests"
        if progress.is_in_key_order:
            return f"the first {seen}{expected} in key order, up to {progress.last_key!r}, {ended}; the rest is unknown"
        found = f"{len(progress.parts):,}" + ("" if progress.are_all_parts_known else " or more")
        partly = f" and one up to {progress.last_key!r}" if progress.marker else ""
        return f"{progress.part:,} of {found} prefixes{partly}: {seen}{expected}, {ended}; the rest is unknown"
