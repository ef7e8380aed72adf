"""Settings become a lake and an account; no Dagster here, so that a question to the lake starts at once."""

from collections.abc import Callable
from datetime import datetime

from pipelines.lake.address import S3Access, parse_address
from pipelines.lake.store import Lake
from pipelines.settings import Settings
from pipelines.sources.transport import Scaleway


def open_lake_of(settings: Settings) -> Lake:
    """The lake these settings name, with its key when it is a bucket."""
    if not settings.lake.startswith("s3://"):
        return Lake(parse_address(settings.lake))
    key = settings.lake_key()
    access = S3Access(key.access_key, key.secret_key.reveal(), settings.lake_s3.endpoint_url, settings.lake_s3.region)
    return Lake(parse_address(settings.lake, access))


def open_scaleway(settings: Settings, clock: Callable[[], datetime]) -> Scaleway:
    """The account these settings name, read only."""
    key = settings.credentials()
    return Scaleway(
        key.access_key,
        key.secret_key.reveal(),
        key.organization_id,
        api_url=key.api_url,
        requests_per_second=settings.scaleway.requests_per_second,
        timeout=(5, settings.scaleway.timeout_seconds),
        attempts=settings.scaleway.attempts,
        patience=settings.scaleway.patience_seconds,
        clock=clock,
    )
