"""What lies in buckets, one after the other; what may not be read is named and skipped."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from pipelines.errors import NotOffered, PermissionDenied, SourceUnavailable
from pipelines.sources.objects.buckets import Bucket
from pipelines.sources.objects.checkpoints import Checkpoints
from pipelines.sources.objects.client import ObjectStorage
from pipelines.sources.objects.listing import BucketListing, ListingRules, list_objects
from pipelines.sources.objects.refusals import Absent, Refused
from pipelines.sources.objects.uploads import Uploads, incomplete_uploads

_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Due:
    """What is to be listed of a bucket."""

    bucket: Bucket
    objects: bool = True
    uploads: bool = True


@dataclass(frozen=True)
class BucketSurvey:
    """One bucket. What was due and could not be had is None, and a gap ('objects: ...', 'incomplete uploads: ...') says
    why."""

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
    due: Iterable[Due],
    today: date,
    rules: SurveyRules = SurveyRules(),
    checkpoints: Checkpoints | None = None,
    expected_objects: Mapping[str, int] | None = None,
) -> Iterator[BucketSurvey]:
    """Each bucket that is due, as soon as it is listed.

    `expected_objects` holds what metrics say, by bucket. A bucket that cannot be read is yielded with its gaps; two in
    a row mean that the source is down, and raise SourceUnavailable. What was yielded before is good, and checkpoints
    hold the listings that broke off.
    """
    failed = 0
    for each in due:
        reading = _Reading(storage, today, rules, checkpoints)
        yield reading.of(each, (expected_objects or {}).get(each.bucket.name))
        failed = failed + 1 if reading.failure else 0
        if reading.failure and failed > 1:
            raise reading.failure


@dataclass
class _Reading:
    """One bucket as it is read: what may not be read becomes a gap."""

    storage: ObjectStorage
    today: date
    rules: SurveyRules
    checkpoints: Checkpoints | None
    gaps: list[str] = field(default_factory=list)
    failure: SourceUnavailable | None = None

    def of(self, due: Due, expected: int | None) -> BucketSurvey:
        """What is due of the bucket."""
        storage, bucket, rules = self.storage, due.bucket, self.rules
        listing = uploads = None
        if due.objects:
            listing = self._attempt(
                "objects", lambda: list_objects(storage, bucket, self.today, rules.listing, self.checkpoints, expected)
            )
        if due.uploads:
            uploads = self._attempt(
                "incomplete uploads",
                lambda: incomplete_uploads(storage, bucket.name, self.today, rules.most_upload_requests),
            )
        return BucketSurvey(bucket, listing, uploads, tuple(self.gaps))

    def _attempt(self, what: str, read: Callable[[], _Found]) -> _Found | None:
        try:
            return read()
        except (PermissionDenied, NotOffered, Absent, Refused) as error:
            self.gaps.append(f"{what}: {error}")
        except SourceUnavailable as error:
            self.gaps.append(f"{what}: {error}")
            self.failure = error
        return None
