"""The one way to Scaleway: read only, patient, and silent about the secret key.

`Scaleway.request` lets the SDK build a request (see `endpoints`), `Scaleway.send` sends it: over one pooled session,
with time-outs, at a bounded rate per product, asking again when the answer may be better the next time (429 with
or without a body, 5xx, HTML, truncated JSON, no answer at all), and with an error that says what to do when it is
not. Redirects are not followed, so the token reaches the configured host only. The body of an answer is kept as
received.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import version
from threading import Lock
from typing import Any
from urllib.parse import urlencode

import requests
import stamina
import structlog
from requests.adapters import HTTPAdapter
from scaleway import Client
from urllib3.exceptions import NewConnectionError, ReadTimeoutError

from pipelines.errors import SourceUnavailable
from pipelines.sources.answers import PAGING, document_of
from pipelines.sources.credentials import Credentials
from pipelines.sources.endpoints import Endpoint, Request, build
from pipelines.sources.rate_limit import RateLimit
from pipelines.sources.refusals import PASSING, STATUS_PAGE, refusal

# a server that wants a longer pause than this is not waited for
LONGEST_PAUSE_SECONDS = 120.0
CONNECTIONS = 16

log = structlog.get_logger()


@dataclass(frozen=True)
class Answer:
    """A 200 with a JSON object: the body as received and as parsed, and the count some APIs send as a header."""

    body: bytes
    document: Mapping[str, Any]
    total_count: str | None
    asked_at: datetime


@dataclass
class Counters:
    """What was asked so far; readable at any time."""

    calls: int = 0
    retries: int = 0
    pages: int = 0
    bytes: int = 0


class Scaleway:
    """An organization at Scaleway, to be asked. Safe to share between threads.

    `requests_per_second` holds per product, 0 is unlimited. `backoff` is the first and the longest wait in seconds
    before asking again. `clock` dates the answers.
    """

    def __init__(
        self,
        access_key: str,
        secret_key: str,
        organization_id: str,
        api_url: str = "https://api.scaleway.com",
        requests_per_second: float = 5.0,
        timeout: tuple[float, float] = (5, 60),
        attempts: int = 6,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], object] = time.sleep,
        backoff: tuple[float, float] = (0.5, 20.0),
    ) -> None:
        self._credentials = Credentials(access_key, secret_key, organization_id, api_url)
        self.api_url = self._credentials.api_url
        self.organization_id = organization_id
        self.counters = Counters()
        self._requests_per_second = requests_per_second
        self._timeout = timeout
        self._attempts = attempts
        self.clock = clock
        self._sleep = sleep
        self._backoff = backoff
        self._lock = Lock()
        self._limits: dict[str, RateLimit] = {}
        # no default project, which would narrow every list to it; no key, which the SDK has no need to know
        self._client = Client(api_url=self.api_url, default_organization_id=organization_id)
        self._session = _session(self._credentials, f"scaleway-finops/{_version()} {self._client.user_agent}")

    def __repr__(self) -> str:
        return f"Scaleway({self.api_url}, organization {self.organization_id})"

    def request(self, endpoint: Endpoint, **arguments: Any) -> Request:
        """The request that the SDK builds for this call; nothing is sent."""
        return build(self._client, endpoint, **arguments)

    def send(self, request: Request, page: int = 1) -> Answer:
        """The answer, after as many attempts as it takes and no more than allowed. `page` is for the log."""
        first, longest = self._backoff
        try:
            for attempt in stamina.retry_context(
                on=lambda error: self._may_retry(request, error),
                attempts=self._attempts,
                timeout=None,
                wait_initial=first,
                wait_max=longest,
                wait_jitter=first,
            ):
                made = attempt.num
                with attempt:
                    return self._ask(request, page, made)
        except _NoAnswer as error:
            last = error
        tried = f"after {made} attempt{'s' if made > 1 else ''}"
        raise SourceUnavailable(f"{self._spelled(request)}: {last.reason} {tried}; {last.remedy}")

    def _ask(self, request: Request, page: int, attempt: int) -> Answer:
        """One attempt: one line in the log, whatever comes of it."""
        self._limit(request.product).wait()
        asked_at, started = self.clock(), time.perf_counter()
        response = self._get(request)
        body = b"" if isinstance(response, _NoAnswer) else response.content
        self._count(calls=1, retries=int(attempt > 1), bytes=len(body))
        log.info(
            "scaleway_call",
            method="GET",
            path=request.path,
            query=urlencode([pair for pair in request.parameters if pair[0] not in PAGING]),
            page=page,
            **_outcome(response),
            attempt=attempt,
            duration_ms=round((time.perf_counter() - started) * 1000),
            bytes=len(body),
        )
        if isinstance(response, _NoAnswer):
            raise response
        document = self._document(request, response)
        self._count(pages=1)
        return Answer(body, document, response.headers.get("X-Total-Count"), asked_at)

    def _get(self, request: Request) -> "requests.Response | _NoAnswer":
        try:
            return self._session.get(
                self.api_url + request.path,
                params=request.parameters,
                timeout=self._timeout,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            return _no_answer(error, self.api_url, self._timeout)

    def _document(self, request: Request, response: requests.Response) -> dict[str, Any]:
        status = response.status_code
        if status in PASSING:
            raise _NoAnswer(f"HTTP {status}", pause=self._pause(request, response))
        if 300 <= status < 400:
            raise SourceUnavailable(
                f"{self._spelled(request)}: HTTP {status}, a redirect, which is not followed; check SCW_API_URL"
            )
        if status >= 400:
            asked = self._spelled(request)
            error = refusal(request, asked, status, response.content)
            raise type(error)(self._credentials.redacted(str(error)))
        try:
            return document_of(response.content)
        except ValueError:
            raise _NoAnswer(f"HTTP {status} with a body that is not a JSON object") from None

    def _pause(self, request: Request, response: requests.Response) -> float:
        """The seconds that Retry-After asks for; 0 when it does not."""
        asked = response.headers.get("Retry-After", "").strip()
        if asked.isdecimal():
            seconds = float(asked)
        else:
            try:
                seconds = (parsedate_to_datetime(asked) - self.clock()).total_seconds()
            except (ValueError, TypeError):
                return 0.0
        if seconds > LONGEST_PAUSE_SECONDS:
            raise SourceUnavailable(
                f"{self._spelled(request)}: HTTP {response.status_code}, asks to wait {seconds:.0f} s; try later"
            )
        return max(seconds, 0.0)

    def _may_retry(self, request: Request, error: Exception) -> bool:
        """Whether to ask again, after a growing, jittered wait; the pause that a server asked for is kept by the
        rate limit, for the whole product."""
        if not isinstance(error, _NoAnswer):
            return False
        if error.pause:
            self._limit(request.product).pause(error.pause)
        return True

    def _limit(self, product: str) -> RateLimit:
        with self._lock:
            if product not in self._limits:
                self._limits[product] = RateLimit(self._requests_per_second, self._sleep)
            return self._limits[product]

    def _count(self, **added: int) -> None:
        with self._lock:
            for name, count in added.items():
                setattr(self.counters, name, getattr(self.counters, name) + count)

    def _spelled(self, request: Request) -> str:
        query = urlencode(request.parameters)
        return self._credentials.redacted(f"GET {request.path}{'?' if query else ''}{query}")


class _NoAnswer(Exception):
    """One attempt that came to nothing, and may fare better the next time."""

    def __init__(self, reason: str, remedy: str = f"check {STATUS_PAGE} or try later", pause: float = 0.0) -> None:
        super().__init__(reason)
        self.reason, self.remedy, self.pause = reason, remedy, pause


def _outcome(response: requests.Response | _NoAnswer) -> dict[str, Any]:
    if isinstance(response, _NoAnswer):
        return {"status": None, "failure": response.reason}
    return {"status": response.status_code}


def _no_answer(error: requests.RequestException, api_url: str, timeout: tuple[float, float]) -> _NoAnswer:
    inner = error.args[0] if error.args else None
    cause = getattr(inner, "reason", inner)
    told = str(cause).rpartition(": ")[2] or type(error).__name__
    remedy = "check SCW_API_URL and the network"
    if isinstance(error, requests.ReadTimeout) or isinstance(cause, ReadTimeoutError):
        return _NoAnswer(f"no answer within {timeout[1]:g} s")
    if isinstance(error, requests.ConnectTimeout):
        return _NoAnswer(f"{api_url} took no connection within {timeout[0]:g} s", remedy)
    if isinstance(error, requests.exceptions.SSLError):
        return _NoAnswer(f"{api_url} failed the TLS check ({told})", "check SCW_API_URL and the certificates")
    if isinstance(error, requests.exceptions.ProxyError):
        return _NoAnswer(f"the proxy before {api_url} failed ({told})", "check HTTPS_PROXY")
    if isinstance(cause, NewConnectionError):
        return _NoAnswer(f"{api_url} cannot be reached ({told})", remedy)
    return _NoAnswer(f"the connection broke ({type(error).__name__})")


def _session(credentials: Credentials, user_agent: str) -> requests.Session:
    session = requests.Session()
    session.auth = credentials
    session.headers.update({"Accept": "application/json", "User-Agent": user_agent})
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.trust_env = not credentials.is_loopback
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_connections=4, pool_maxsize=CONNECTIONS, max_retries=0))
    return session


def _version() -> str:
    return version("scaleway-finops")
