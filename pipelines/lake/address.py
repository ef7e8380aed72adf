"""Where a lake lives: a folder or an S3 prefix, and how to sign in to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pipelines.errors import ConfigurationError


@dataclass(frozen=True)
class S3Access:
    """Endpoint and key of an S3 service; the secret shows in no repr."""

    access_key: str
    secret_key: str = field(repr=False)
    endpoint_url: str = "https://s3.fr-par.scw.cloud"
    region: str = "fr-par"

    @property
    def host(self) -> str:
        """Endpoint without scheme, as DuckDB wants it."""
        return urlsplit(self.endpoint_url).netloc

    @property
    def uses_tls(self) -> bool:
        """False only for a server on this machine."""
        return self.endpoint_url.startswith("https://")

    @property
    def delta_options(self) -> dict[str, str]:
        """Options of delta-rs; conditional PUT makes commits safe without a lock server."""
        options = {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": self.region,
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_CONDITIONAL_PUT": "etag",
        }
        return options if self.uses_tls else options | {"AWS_ALLOW_HTTP": "true"}


@dataclass(frozen=True)
class Address:
    """A lake's root, `file:///folder` or `s3://bucket/prefix`, never with a slash at its end."""

    root: str
    s3: S3Access | None = None

    @property
    def is_s3(self) -> bool:
        """True when tables lie in a bucket."""
        return self.root.startswith("s3://")

    @property
    def folder(self) -> Path:
        """The local folder; ask only when `is_s3` is false."""
        return Path(unquote(urlsplit(self.root).path))

    @property
    def readable(self) -> str:
        """The prefix DuckDB may read: an s3 address, or a plain path."""
        return self.root if self.is_s3 else str(self.folder)


def parse_address(lake: str, s3: S3Access | None = None) -> Address:
    """The address written in the settings, checked. A bare path means a folder."""
    if lake.startswith("s3://"):
        if not urlsplit(lake).netloc:
            raise ConfigurationError(f"lake = {lake!r} names no bucket; write s3://bucket/prefix")
        if s3 is None:
            raise ConfigurationError(
                f"lake = {lake!r} needs a key: set SCW_ACCESS_KEY and SCW_SECRET_KEY, or choose an scw profile"
            )
        return Address(lake.rstrip("/"), s3)
    if "://" in lake and not lake.startswith("file://"):
        raise ConfigurationError(f"lake = {lake!r} is not understood; write a folder, file:///… or s3://bucket/prefix")
    folder = Path(unquote(urlsplit(lake).path)) if lake.startswith("file://") else Path(lake)
    return Address(folder.expanduser().resolve().as_uri().rstrip("/"))
