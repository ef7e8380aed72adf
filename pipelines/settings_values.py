"""The kinds of values a setting can have: each checked, in one form, with an error that says what is expected."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

_UUID = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_CURRENCY = "[A-Z]{3}"


def _lake_address(value: str) -> str:
    """`file:///folder` or `s3://bucket/prefix`, without a slash at its end; a bare path is a folder."""
    if value.startswith("s3://"):
        parts = urlsplit(value)
        if "@" in parts.netloc:
            raise ValueError("expected s3://bucket/prefix without a key; keys come from the environment")
        if not parts.netloc or parts.query or parts.fragment:
            raise ValueError("expected s3://bucket/prefix")
        return value.rstrip("/")
    if value.startswith("file://"):
        parts = urlsplit(value)
        if parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
            raise ValueError("expected file:///folder")
        return _folder_uri(Path(unquote(parts.path)))
    if "://" in value or not value.strip():
        raise ValueError("expected a folder, file:///folder or s3://bucket/prefix")
    return _folder_uri(Path(value))


def _folder_uri(folder: Path) -> str:
    return _folder(folder).as_uri().rstrip("/")


def _folder(value: Path) -> Path:
    if "\0" in str(value):
        raise ValueError("expected a folder")
    try:
        return Path.cwd() / value.expanduser()
    except RuntimeError:
        raise ValueError("expected a folder; the home folder of ~ is not known") from None


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError("expected an IANA time zone such as Europe/Paris") from None
    return value


def _http_url(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/@?#]+(/[^\s@?#]*)?", value):
        raise ValueError("expected https://host[:port]")
    return value.rstrip("/")


def _locale(value: str) -> str:
    if not re.fullmatch(r"[a-z]{2,3}([_-][A-Za-z]{2,4})?", value):
        raise ValueError("expected a locale such as en or fr_FR")
    return value.replace("-", "_")


def _uuid(value: str) -> str:
    if not re.fullmatch(_UUID, value):
        raise ValueError("expected a UUID")
    return value.lower()


def _currency(value: str) -> str:
    if not re.fullmatch(_CURRENCY, value):
        raise ValueError("expected a currency code such as EUR")
    return value


LakeAddress = Annotated[str, AfterValidator(_lake_address)]
Folder = Annotated[Path, AfterValidator(_folder)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
Locale = Annotated[str, AfterValidator(_locale)]
Uuid = Annotated[str, AfterValidator(_uuid), Field(json_schema_extra={"pattern": f"^{_UUID}$"})]
Currency = Annotated[str, AfterValidator(_currency), Field(json_schema_extra={"pattern": f"^{_CURRENCY}$"})]
