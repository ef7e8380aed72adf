"""One server of telemetry over HTTP (Prometheus, Mimir, Loki, OpenCost): asked with GET only, with its own token.

The token is sent to the address it was given for and to no other, and over TLS unless the server is this machine.
"""

import gc
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import orjson
import requests
import structlog
from requests.auth import AuthBase

from pipelines.errors import ConfigurationError, FinopsError, PermissionDenied, SourceUnavailable
from pipelines.secrets import MASK, Secret
from pipelines.sources.asking import Asked, Counters, Manners, NoAnswer, PatientCaller, pooled_session
from pipelines.sources.received import Received

# a longer request line is refused by common servers and proxies
LONGEST_QUERY = 7_000
LONGEST_TOLD = 300
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

Parameters = Sequence[tuple[str, str]]
T = TypeVar("T")
log = structlog.get_logger()


@contextmanager
def no_collection() -> Iterator[None]:
    """Hundreds of thousands of lists that are all in use are no garbage; to look for some among them time and again
    would take several times as long as the work."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class NotServed(SourceUnavailable):
    """This server has no such endpoint (404)."""


class QueryRefused(FinopsError):
    """The server understood the question and will not answer it (400, 422): wrong, or more than it allows."""


class Token(AuthBase):
    """Adds a token to requests for one address and to no other. `header` is X-Token, or Authorization, which then
    says Bearer."""

    def __init__(self, address: str, token: Secret | str | None, header: str = "X-Token") -> None:
        self._origin = urlsplit(address)[:2]
        self._token = Secret(token) if isinstance(token, str) else token
        self._header = header
        if self._token is not None and self._origin[0] != "https" and not self.is_loopback:
            raise ConfigurationError(f"{address} would receive a token without encryption; use https, or no token")

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None and urlsplit(prepared.url or "")[:2] == self._origin:
            value = self._token.reveal()
            prepared.headers[self._header] = f"Bearer {value}" if self._header == "Authorization" else value
        return prepared

    def __repr__(self) -> str:
        return f"Token(for {'://'.join(self._origin)})"

    @property
    def is_loopback(self) -> bool:
        """Whether the address is this machine, which no proxy should stand before."""
        return urlsplit("//" + self._origin[1]).hostname in _LOOPBACK

    @property
    def is_given(self) -> bool:
        """Whether there is a token at all."""
        return self._token is not None

    def redacted(self, text: str) -> str:
        """The text without the token, should a server have echoed it."""
        return text if self._token is None else text.replace(self._token.reveal(), MASK)


class TelemetryApi:
    """Answers of one server as parsed JSON. `scope` is what a Cockpit token needs to be let in."""

    def __init__(
        self,
        url: str,
        token: Secret | str | None = None,
        *,
        header: str = "X-Token",
        scope: str = "read_only_metrics",
        manners: Manners | None = None,
    ) -> None:
        self.url = _checked(url)
        self._scope = scope
        self._token = Token(self.url, token, header)
        self._session = pooled_session(
            self._token, f"scaleway-finops/{version('scaleway-finops')}", self._token.is_loopback
        )
        self._caller = PatientCaller(self.url, self._session, manners or Manners(), f"the address {self.url}")

    def __repr__(self) -> str:
        return f"TelemetryApi({self.url})"

    @property
    def counters(self) -> Counters:
        """What was asked so far."""
        return self._caller.counters

    def get(
        self, path: str, parameters: Parameters = (), parse: Callable[[bytes], Any] = orjson.loads
    ) -> dict[str, Any]:
        """The JSON object of one answer, which is parsed by `parse`.

        Raises PermissionDenied (401, 403), NotServed (404), QueryRefused (400, 422) and SourceUnavailable.
        """
        query = urlencode(parameters)
        if len(query) > LONGEST_QUERY:
            raise QueryRefused(
                f"GET {self.url}{path}: a query of {len(query)} characters is too long for a GET; split it"
            )
        spelled = self._token.redacted(f"GET {self.url}{path}{'?' if query else ''}{query[:LONGEST_TOLD]}")
        asked = Asked(path, parameters, self.url, spelled, "telemetry_call")

        def read(response: Received, _: datetime) -> dict[str, Any]:
            if response.status_code >= 400:
                _refuse_a_part(response)
                raise self._refusal(spelled, response)
            return _document(response, parse)

        return self._caller.get(asked, read)

    def data(self, path: str, parameters: Parameters = (), parse: Callable[[Any], T] | None = None) -> Any | T:
        """`data` of an answer in the manner of Prometheus, which must say that it succeeded; `parse` makes of it what
        the caller wants, while what was received is still at hand."""

        def read(body: bytes) -> Any:
            with no_collection():
                document = orjson.loads(body)
                if parse is not None and isinstance(document, dict) and document.get("status") == "success":
                    document["data"] = parse(document.get("data"))
                return document

        document = self.get(path, parameters, read)
        if document.get("status") != "success" or "data" not in document:
            status = " ".join(str(document.get("status")).split())[:LONGEST_TOLD]
            told = _told(document) or f"status '{status}'"
            raise SourceUnavailable(
                self._token.redacted(f"GET {self.url}{path}: the server answered {told}; try later")
            )
        warnings = document.get("warnings")
        for warning in warnings if isinstance(warnings, list) else ():
            log.warning("telemetry_warning", path=path, warning=str(warning)[:LONGEST_TOLD])
        return document["data"]

    def _refusal(self, spelled: str, response: Received) -> FinopsError:
        status, said = response.status_code, _said(response.content)
        told = self._token.redacted(f"{spelled}: HTTP {status}: {said or 'no reason given'}")
        if status in (401, 403):
            return PermissionDenied(f"{told}; {self._remedy()}")
        if status in (404, 405, 501):
            return NotServed(f"{told}; no such API at this address, check the URL of the data source")
        if status in (400, 413, 414, 422):
            return QueryRefused(told)
        return SourceUnavailable(f"{told}; try later")

    def _remedy(self) -> str:
        wrong = "the Cockpit token was refused" if self._token.is_given else "no Cockpit token was given"
        return (
            f"{wrong}: make one of the same project and region with "
            f"`scw cockpit token create token-scopes.0={self._scope}`"
        )


def _document(response: Received, parse: Callable[[bytes], Any]) -> dict[str, Any]:
    try:
        document = parse(response.content)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise NoAnswer(f"HTTP {response.status_code} with a body that is not a JSON object")
    return document


def _refuse_a_part(response: Received) -> None:
    """The reason decides what becomes of a refused question, so one that was cut off is asked for again."""
    if response.content.startswith(b"{"):
        _document(response, orjson.loads)


def _said(body: bytes) -> str:
    """What a refusal says, in one line: Prometheus tells it in JSON, Loki in plain text."""
    try:
        told = orjson.loads(body)
    except (ValueError, RecursionError):
        text = body.decode(errors="replace")
        return "" if text.lstrip().startswith("<") else " ".join(text.split())[:LONGEST_TOLD]
    return _told(told) if isinstance(told, dict) else ""


def _told(document: dict[str, Any]) -> str:
    parts = [document.get("errorType"), document.get("error") or document.get("message")]
    return ": ".join(" ".join(str(part).split())[:LONGEST_TOLD] for part in parts if part)


def _checked(url: str) -> str:
    if not re.fullmatch(r"https?://[^\s/@?#]+(/[^\s@?#]*)?", url):
        raise ConfigurationError("the URL of a data source is not an address like https://host; correct it")
    try:
        return (requests.Request("GET", url).prepare().url or url).rstrip("/")
    except requests.RequestException:
        raise ConfigurationError(f"the URL {url} is not an address like https://host; correct it") from None
