"""Everything about a region's buckets, one bucket after the other; what may not be read is named and skipped."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar

from pipelines.errors import NotOffered, PermissionDenied, SourceUnavailable
from pipelines.sources.objects.buckets import Bucket, described, named
from pipelines.sources.objects.checkpoints import Checkpoints
from pipelines.sources.objects.client import ObjectStorage
from pipelines.sources.objects.listing import BucketListing, ListingRules, list_objects
from pipelines.sources.objects.refusals import Absent, Refused
from pipelines.sources.objects.uploads import Uploads, incomplete_uploads

_Found = TypeVar("_Found")


@dataclass(frozen=True)
class BucketSurvey:
    """One bucket. A listing or uploads that could not be had are None, and `gaps` says why."""

    bucket: Bucket
    listing: BucketListing | None
    uploads: Uploads | None
    gaps: tuple[str, ...]


@dataclass(frozen=True)
class SurveyRules:
    """How much a survey may ask per bucket; the listing's own limit is in `listing`."""

    listing: ListingRules = field(default_factory=ListingRules)
    most_upload_requests: int | None = 1000


def survey(
    storage: ObjectStorage,
    today: date,
    rules: SurveyRules | None = None,
    checkpoints: Checkpoints | None = None,
    expected_objects: Mapping[str, int] | None = None,
) -> Iterator[BucketSurvey]:
    """Each bucket of the key's project in this region, as soon as it is listed.

    `expected_objects` holds what metrics say, by bucket. A bucket that cannot be read is yielded with its gaps; two in
    a row mean that the source is down, and raise SourceUnavailable. What was yielded before is good, and checkpoints
    hold the listings that broke off. Raises PermissionDenied when not even the buckets' names may be read.
    """
    chosen, failed = rules or SurveyRules(), 0
    for name, created_at in named(storage):
        found = _Reading(storage, today, chosen, checkpoints)
        yield found.of(name, created_at, (expected_objects or {}).get(name))
        failed = failed + 1 if found.failure else 0
        if found.failure and failed > 1:
            raise found.failure


class _Reading:
    """One bucket as it is read: what may not be read becomes a gap."""

    def __init__(
        self, storage: ObjectStorage, today: date, rules: SurveyRules, checkpoints: Checkpoints | None
    ) -> None:
        self._storage, self._today, self._rules, self._checkpoints = storage, today, rules, checkpoints
        self._gaps: list[str] = []
        self.failure: SourceUnavailable | None = None

    def of(self, name: str, created_at: datetime | None, expected: int | None) -> BucketSurvey:
        """Everything about the bucket."""
        storage, today, rules = self._storage, self._today, self._rules
        bucket = self._attempt("configuration", lambda: described(storage, name, created_at))
        if bucket is None:
            unknown = Bucket(storage.region, storage.project_id, name, created_at, None, None, None, (*self._gaps,))
            return BucketSurvey(unknown, None, None, unknown.gaps)
        self._gaps += bucket.gaps
        listing = self._attempt(
            "objects", lambda: list_objects(storage, bucket, today, rules.listing, self._checkpoints, expected)
        )
        uploads = self._attempt(
            "incomplete uploads", lambda: incomplete_uploads(storage, name, today, rules.most_upload_requests)
        )
        return BucketSurvey(bucket, listing, uploads, tuple(self._gaps))

    def _attempt(self, what: str, read: Callable[[], _Found]) -> _Found | None:
        try:
            return read()
        except (PermissionDenied, NotOffered, Absent, Refused) as error:
            self._gaps.append(f"{what}: {error}")
        except SourceUnavailable as error:
            self._gaps.append(f"{what}: {error}")
            self.failure = error
        return None
