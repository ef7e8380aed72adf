"""Can the lake be written and read, and how new is what it holds? For `finops doctor`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from pipelines.errors import LakeUnavailable

if TYPE_CHECKING:
    from pipelines.settings import Settings


def probe_lake(settings: Settings) -> None:
    """Write, read and delete one small object beside the tables. Raises LakeUnavailable or ConfigurationError."""
    import s3fs
    from botocore.exceptions import BotoCoreError  # type: ignore[import-untyped]

    key = settings.lake_key()
    files = s3fs.S3FileSystem(
        key=key.access_key,
        secret=key.secret_key.reveal(),
        endpoint_url=settings.lake_s3.endpoint_url,
        client_kwargs={"region_name": settings.lake_s3.region},
        config_kwargs={"connect_timeout": 5, "read_timeout": 10, "retries": {"max_attempts": 1}},
        use_listings_cache=False,
        skip_instance_cache=True,
    )
    name = f"{settings.lake.removeprefix('s3://')}/.finops-doctor-{uuid4().hex}"
    content = name.encode()
    try:
        files.pipe_file(name, content)
        answered = files.cat_file(name)
        files.rm_file(name)
    except (OSError, BotoCoreError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise LakeUnavailable(
            f"{settings.lake} at {settings.lake_s3.endpoint_url}: {reason[:200]}; "
            "check the bucket's name, the endpoint, and that the key may read, write and delete objects"
        ) from None
    if answered != content:
        raise LakeUnavailable(f"{settings.lake}: an object reads differently than written; check the S3 service")


def newest_answer(settings: Settings) -> datetime | None:
    """When the newest answer in the lake was received; None before the first run."""
    from finops import catalog_of

    catalog = catalog_of(settings.lake)
    if catalog.state("bronze.answers").delta is None:
        return None
    [row] = catalog.query("select max(last_answer_at) as newest from gold.data_freshness").to_pylist()
    newest: datetime | None = row["newest"]
    return newest
