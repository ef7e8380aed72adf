"""Reads Object Storage: how buckets are set up every day, what lies in them when a listing is due.

Buckets of all places come first, so that they are known whatever becomes of the listings; those can take hours, are
stored as they end, and go on where they were when a killed run is started again.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from itertools import groupby

from assets.bronze.reading_measured import Measured
from assets.bronze.storage_known import BUCKETS, HISTOGRAMS, LISTINGS, UPLOADS
from assets.bronze.storage_ledger import Ledger, nothing_read
from assets.bronze.storage_places import Place, storage_manners, storage_of, storage_places
from pipelines.errors import NotOffered, PermissionDenied, SourceUnavailable
from pipelines.lake.store import Lake
from pipelines.settings import Settings
from pipelines.sources.asking import PROBES, Manners
from pipelines.sources.objects.buckets import Bucket, buckets
from pipelines.sources.objects.checkpoints import FolderCheckpoints, Unstored
from pipelines.sources.objects.client import ObjectStorage
from pipelines.sources.objects.histogram import Shape
from pipelines.sources.objects.listing import ListingRules
from pipelines.sources.objects.refusals import Refused
from pipelines.sources.objects.rows import bucket_table, histogram_table, listing_table, upload_table
from pipelines.sources.objects.survey import BucketSurvey, Due, SurveyRules, survey
from pipelines.sources.transport import Scaleway


def read_storage(
    lake: Lake, scaleway: Scaleway, settings: Settings, now: datetime, manners: Manners | None = None
) -> Mapping[str, Measured]:
    """Buckets, listings, histograms and incomplete uploads. Where no place answers at all nothing is stored: that says
    something of the service or the way there, and of no bucket."""
    if not settings.storage.enabled:
        return nothing_read()
    try:
        places = storage_places(lake, scaleway, settings.storage.regions)
    except (PermissionDenied, SourceUnavailable) as error:
        return nothing_read([f"Object Storage is left out, since the projects are not known: {error}"])
    run = _Run(lake, settings, now, manners or storage_manners(settings))
    found = [each for _, region in groupby(places, lambda place: place.region) for each in run.set_up(region)]
    run.tell_silences()
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


@dataclass(frozen=True)
class _Silence:
    """A place whose buckets are not known, since it did not answer or those before it did not."""

    place: Place
    gap: str
    was_asked: bool


@dataclass
class _Run:
    """One day's reading."""

    lake: Lake
    settings: Settings
    now: datetime
    manners: Manners
    silent: dict[str, str] = field(default_factory=dict)
    unheard: list[_Silence] = field(default_factory=list)
    has_heard: bool = False

    def __post_init__(self) -> None:
        self.today = self.now.date()
        self.checkpoints = Unstored(FolderCheckpoints(self.settings.state / "listings"))
        self.ledger = Ledger(self.lake, self.now, self.checkpoints)

    @cached_property
    def expected_objects(self) -> Mapping[str, int]:
        """Asked for once something is listed."""
        return self.ledger.known.expected_objects(self.today)

    def set_up(self, region: Iterable[Place]) -> Iterator[_Found]:
        """Buckets of each project in a region; of a region that did not answer twice in a row no more is asked, nor
        after the first time where no other has answered."""
        failed, gap = int(bool(self.unheard) and not self.has_heard), ""
        for place in region:
            if failed > 1:
                self.unheard.append(_Silence(place, gap, False))
                continue
            storage = storage_of(place, self.settings, self._patient(not failed))
            try:
                found = _Found(place, storage, buckets(storage))
            except SourceUnavailable as error:
                failed, gap = failed + 1, f"buckets: {error}"
                self.unheard.append(_Silence(place, gap, True))
            except (PermissionDenied, NotOffered, Refused) as error:
                failed, self.has_heard = 0, True
                self.ledger.refused(BUCKETS, place, f"buckets: {error}")
            else:
                failed, self.has_heard = 0, True
                self._keep_buckets(found)
                yield found
            self.ledger.count(BUCKETS, storage.requests)

    def tell_silences(self) -> None:
        """Places that did not answer have a gap; where none has answered at all, it is one trouble and no gap."""
        first = self.unheard[0] if self.unheard else None
        for each in self.unheard:
            if first is not None and not self.has_heard:
                self.ledger.missing(BUCKETS, each.place, first.gap.replace(first.place.region, each.place.region))
            elif each.was_asked:
                self.ledger.refused(BUCKETS, each.place, each.gap)
            else:
                self.ledger.missing(BUCKETS, each.place, each.gap)

    def _patient(self, is_patient: bool) -> Manners:
        """A region that was silent a moment ago is only probed."""
        manners = self.manners
        return manners if is_patient else replace(manners, attempts=min(PROBES, manners.attempts))

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
