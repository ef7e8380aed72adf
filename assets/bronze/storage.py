"""Reads Object Storage: how buckets are set up every day, what lies in them when a listing is due.

Buckets of all places come first, so that they are known whatever becomes of the listings; those can take hours, are
stored as they end, and go on where they were when a killed run is started again.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import groupby

from assets.bronze.reading_measured import Measured
from assets.bronze.storage_known import BUCKETS, HISTOGRAMS, LISTINGS, UPLOADS
from assets.bronze.storage_ledger import Ledger, nothing_read
from assets.bronze.storage_places import Place, storage_of, storage_places
from pipelines.errors import NotOffered, PermissionDenied, SourceUnavailable
from pipelines.lake.store import Lake
from pipelines.settings import Settings
from pipelines.sources.objects.buckets import Bucket, buckets
from pipelines.sources.objects.checkpoints import FolderCheckpoints, Unstored
from pipelines.sources.objects.client import ObjectStorage
from pipelines.sources.objects.histogram import Shape
from pipelines.sources.objects.listing import ListingRules
from pipelines.sources.objects.refusals import Refused
from pipelines.sources.objects.rows import bucket_table, histogram_table, listing_table, upload_table
from pipelines.sources.objects.survey import BucketSurvey, Due, SurveyRules, survey
from pipelines.sources.transport import Scaleway


def read_storage(lake: Lake, scaleway: Scaleway, settings: Settings, now: datetime) -> Mapping[str, Measured]:
    """Buckets, listings, histograms and incomplete uploads."""
    if not settings.storage.enabled:
        return nothing_read()
    try:
        places = storage_places(lake, scaleway, settings.storage.regions)
    except (PermissionDenied, SourceUnavailable) as error:
        return nothing_read([f"Object Storage is left out, since the projects are not known: {error}"])
    run = _Run(lake, settings, now)
    found = [each for _, region in groupby(places, lambda place: place.region) for each in run.set_up(region)]
    run.ledger.store()
    for each in found:
        run.list_due(each)
    run.ledger.store()
    return run.ledger.told()


@dataclass(frozen=True)
class _Found:
    """A place that was read, with its buckets."""

    place: Place
    storage: ObjectStorage
    buckets: list[Bucket]


@dataclass
class _Run:
    """One day's reading."""

    lake: Lake
    settings: Settings
    now: datetime
    silent: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.today = self.now.date()
        self.checkpoints = Unstored(FolderCheckpoints(self.settings.state / "listings"))
        self.ledger = Ledger(self.lake, self.now, self.checkpoints)

    @cached_property
    def expected_objects(self) -> Mapping[str, int]:
        """Asked for once something is listed."""
        return self.ledger.known.expected_objects(self.today)

    def set_up(self, region: Iterable[Place]) -> Iterator[_Found]:
        """Buckets of each project in a region; of a region that did not answer twice in a row no more is asked."""
        failed, gap = 0, ""
        for place in region:
            if failed > 1:
                self.ledger.missing(BUCKETS, place, gap)
                continue
            storage = storage_of(place, self.settings)
            try:
                found = _Found(place, storage, buckets(storage))
            except (PermissionDenied, NotOffered, Refused, SourceUnavailable) as error:
                gap = f"buckets: {error}"
                failed = failed + 1 if isinstance(error, SourceUnavailable) else 0
                self.ledger.refused(BUCKETS, place, gap)
            else:
                failed = 0
                self._keep_buckets(found)
                yield found
            self.ledger.count(BUCKETS, storage.requests)

    def _keep_buckets(self, found: _Found) -> None:
        self.ledger.found(BUCKETS, found.place, self.today, bucket_table(found.buckets, self.today))
        for bucket in found.buckets:
            for gap in bucket.gaps:
                self.ledger.missing(BUCKETS, found.place, gap, bucket.name)

    def list_due(self, found: _Found) -> None:
        """List what was not listed for so many days; where the source breaks off, what remains is missing."""
        place, storage, rules = found.place, found.storage, self._rules()
        due = {each.bucket.name: each for each in self._due(found)}
        if not due:
            return
        if place.region in self.silent:
            self._leave_out(place, due.values(), self.silent[place.region])
            return
        surveyed = survey(storage, [*due.values()], self.today, rules, self.checkpoints, self.expected_objects)
        before = storage.requests
        try:
            for each in surveyed:
                del due[each.bucket.name]
                self._keep_listing(place, each, storage.requests - before)
                before = storage.requests
        except SourceUnavailable as error:
            self.silent[place.region] = str(error)
            self._leave_out(place, due.values(), str(error))

    def _rules(self) -> SurveyRules:
        storage = self.settings.storage
        return SurveyRules(ListingRules(Shape(storage.prefix_depth), storage.requests_per_bucket))

    def _due(self, found: _Found) -> Iterator[Due]:
        days = self.settings.storage.listing_days
        for bucket in found.buckets:
            objects, uploads = (
                self.ledger.known.is_due(
                    source, f"{found.place.name}/{bucket.name}", bucket.created_at, self.today, days
                )
                for source in (LISTINGS, UPLOADS)
            )
            if objects or uploads:
                yield Due(bucket, objects, uploads)

    def _keep_listing(self, place: Place, surveyed: BucketSurvey, requests: int) -> None:
        ledger, name = self.ledger, surveyed.bucket.name
        listing, uploads = surveyed.listing, surveyed.uploads
        if listing is not None:
            ledger.found(HISTOGRAMS, place, listing.today, histogram_table([listing]), name)
            ledger.found(LISTINGS, place, listing.today, listing_table([listing]), name)
        if uploads is not None:
            ledger.found(UPLOADS, place, self.today, upload_table([(surveyed.bucket, uploads)], self.today), name)
        for gap in surveyed.gaps:
            ledger.refused(LISTINGS if gap.startswith("objects: ") else UPLOADS, place, gap, name)
        of_uploads = uploads.requests if uploads else 0
        ledger.count(UPLOADS, of_uploads)
        ledger.count(LISTINGS, requests - of_uploads)

    def _leave_out(self, place: Place, due: Iterable[Due], cause: str) -> None:
        for each in due:
            if each.objects:
                self.ledger.missing(LISTINGS, place, f"objects: {cause}", each.bucket.name)
            if each.uploads:
                self.ledger.missing(UPLOADS, place, f"incomplete uploads: {cause}", each.bucket.name)
