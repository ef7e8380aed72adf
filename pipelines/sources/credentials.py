"""An API key that opens one host and never shows itself."""

import re
from urllib.parse import urlsplit
from uuid import UUID

import requests
from requests.auth import AuthBase

from pipelines.errors import ConfigurationError

_ACCESS_KEY = re.compile(r"SCW[A-Z0-9]{17}")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Credentials(AuthBase):
    """Adds the token to requests for the host of `api_url`, and to no other.

    A malformed value is a ConfigurationError that shows neither key, for they are easily swapped.
    """

    def __init__(self, access_key: str, secret_key: str, organization_id: str, api_url: str) -> None:
        if not _ACCESS_KEY.fullmatch(access_key):
            raise ConfigurationError(
                "the access key is not SCW and 17 capitals or digits; check SCW_ACCESS_KEY or the scw profile"
            )
        if not _is_uuid(secret_key):
            raise ConfigurationError(
                "the secret key is not a UUID; check SCW_SECRET_KEY or the secret_key of the scw profile"
            )
        if not _is_uuid(organization_id):
            raise ConfigurationError(
                f"the organization id '{self._hidden(organization_id, secret_key)}' is not a UUID; "
                "check SCW_DEFAULT_ORGANIZATION_ID or the scw profile"
            )
        self._secret_key = secret_key
        self.api_url = _checked(api_url)
        self._origin = urlsplit(self.api_url)[:2]

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        if urlsplit(prepared.url or "")[:2] == self._origin:
            prepared.headers["X-Auth-Token"] = self._secret_key
        return prepared

    def __repr__(self) -> str:
        return f"Credentials(for {self.api_url})"

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine, which no proxy should stand before."""
        return urlsplit(self.api_url).hostname in _LOOPBACK

    def redacted(self, text: str) -> str:
        """The text without the secret key, should a server have echoed it."""
        return self._hidden(text, self._secret_key)

    @staticmethod
    def _hidden(text: str, secret: str) -> str:
        return re.sub(re.escape(secret), "***", text, flags=re.IGNORECASE) if secret else text


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


def _checked(api_url: str) -> str:
    """Scheme and host, with a path at most; without a trailing slash, and as `requests` will spell it."""
    try:
        parts = urlsplit(api_url.rstrip("/"))
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        prepared = requests.Request("GET", parts.geturl() + "/").prepare().url if usable else None
    except (ValueError, requests.RequestException):
        prepared = None
    if prepared is None or "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigurationError("SCW_API_URL is not an address like https://api.scaleway.com; correct it")
    return prepared.rstrip("/")
