"""Where buckets may be: every project of the organisation in every region, each asked for by itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from assets.bronze.known_projects import known_projects
from pipelines.lake.store import Lake
from pipelines.settings import Settings
from pipelines.sources.asking import Manners
from pipelines.sources.objects.client import ObjectStorage, S3Key
from pipelines.sources.transport import Scaleway


@dataclass(frozen=True)
class Place:
    """One project in one region; one listing of buckets."""

    project_id: str
    project_name: str
    region: str

    @property
    def name(self) -> str:
        """As measurements name it."""
        return f"{self.project_id}/{self.region}"

    def __str__(self) -> str:
        return f"{self.project_name} in {self.region}"


def storage_places(lake: Lake, scaleway: Scaleway, regions: Sequence[str]) -> list[Place]:
    """Region by region."""
    known = known_projects(lake, scaleway)
    return [Place(project_id, name, region) for region in regions for project_id, name in known.items()]


def storage_of(place: Place, settings: Settings, manners: Manners) -> ObjectStorage:
    """Object Storage of a place, asked with the key of the settings."""
    key = settings.credentials()
    return ObjectStorage(
        S3Key(key.access_key, key.secret_key.reveal(), place.project_id),
        place.region,
        settings.storage.endpoint_url,
        manners.requests_per_second,
        manners.timeout,
        manners.attempts,
        manners.sleep,
        manners.backoff,
        manners.patience,
    )


def storage_manners(settings: Settings) -> Manners:
    """How Object Storage is asked, as the settings have it."""
    return Manners(
        requests_per_second=settings.storage.requests_per_second,
        timeout=(5, settings.scaleway.timeout_seconds),
        attempts=settings.scaleway.attempts,
        patience=settings.scaleway.patience_seconds,
    )
