"""May buckets be listed? For `finops doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from finops.checkup import Check, Verdict
from pipelines.errors import FinopsError

if TYPE_CHECKING:
    from pipelines.scw_profile import Credentials
    from pipelines.settings import Settings

_ATTEMPTS = 2


def storage_checks(credentials: Credentials, settings: Settings) -> Iterator[Check]:
    """One small question to each region; the first that says no tells why."""
    from pipelines.sources.objects.buckets import named
    from pipelines.sources.objects.client import ObjectStorage, S3Key
    from pipelines.sources.objects.refusals import PERMISSION_SET

    storage = settings.storage
    if not storage.enabled:
        yield Check("object storage", Verdict.good, "not read: storage.enabled is false")
        return
    key = S3Key(credentials.access_key, credentials.secret_key.reveal())
    timeout = (5, settings.scaleway.timeout_seconds)
    for region in storage.regions:
        try:
            named(ObjectStorage(key, region, storage.endpoint_url, timeout=timeout, attempts=_ATTEMPTS))
        except FinopsError as error:
            found, _, remedy = str(error).rpartition("; ")
            yield Check("object storage", Verdict.warning, found, remedy)
            return
    yield Check("object storage", Verdict.good, f"{PERMISSION_SET}, in {', '.join(storage.regions)}")
