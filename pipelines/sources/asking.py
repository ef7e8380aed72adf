"""How a server is asked: over one pooled session, with time-outs, at a bounded rate, and patiently.

A GET is asked again when the answer may be better the next time (429 with or without a body, 5xx, HTML, truncated
JSON, no answer at all), a bounded number of times with a growing, jittered wait. Redirects are not followed, so a
token reaches the configured host only. What an answer means is told by the `read` that the caller brings.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import urlencode

import requests
import stamina
import structlog
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import NewConnectionError, ReadTimeoutError

from pipelines.errors import SourceUnavailable
from pipelines.sources.answers import PAGING
from pipelines.sources.rate_limit import RateLimit
from pipelines.sources.received import Received, received
from pipelines.sources.refusals import PASSING, STATUS_PAGE

# a server that wants a longer pause than this is not waited for
LONGEST_PAUSE_SECONDS = 120.0
CONNECTIONS = 16
PROBES = 3
"""Attempts while the address is silent: it has given no answer since a call was given up."""

T = TypeVar("T")
log = structlog.get_logger()


@dataclass(frozen=True)
class Manners:
    """How often and how patiently to ask. `requests_per_second` holds per group, 0 is unlimited. `timeout` is for
    connecting and for reading; `backoff` is the first and the longest wait in seconds before asking again; after
    `patience` seconds no new attempt begins; `clock` dates the answers."""

    requests_per_second: float = 5.0
    timeout: tuple[float, float] = (5, 60)
    attempts: int = 12
    backoff: tuple[float, float] = (0.5, 20.0)
    patience: float = 240.0
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], object] = time.sleep


@dataclass
class Counters:
    """What was asked so far; readable at any time."""

    calls: int = 0
    retries: int = 0
    pages: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class Asked:
    """One GET: `spelled` is how messages name it, without secrets; `page` and `event` are for the log."""

    path: str
    parameters: Sequence[tuple[str, str]]
    group: str
    spelled: str
    event: str
    page: int = 1


class NoAnswer(Exception):
    """One attempt that came to nothing, and may fare better the next time."""

    def __init__(self, reason: str, remedy: str = f"check {STATUS_PAGE} or try later", pause: float = 0.0) -> None:
        super().__init__(reason)
        self.reason, self.remedy, self.pause = reason, remedy, pause


class PatientCaller:
    """Asks one address. Safe to share between threads. `setting` is what a person corrects when it is wrong."""

    def __init__(self, address: str, session: requests.Session, manners: Manners, setting: str) -> None:
        self.address = address
        self.counters = Counters()
        self._session = session
        self._manners = manners
        self._setting = setting
        self._lock = Lock()
        self._limits: dict[str, RateLimit] = {}
        self._heard = 0
        self._is_silent = False

    def get(self, asked: Asked, read: Callable[[Received, datetime], T]) -> T:
        """What `read` makes of the answer, after as many attempts as it takes and no more than allowed.

        `read` sees only what is neither a redirect nor worth asking again by its status; it may raise NoAnswer.
        """
        first, longest = self._manners.backoff
        heard_before = self._heard
        try:
            for attempt in stamina.retry_context(
                on=lambda error: self._may_retry(asked, error),
                attempts=min(PROBES, self._manners.attempts) if self._is_silent else self._manners.attempts,
                timeout=self._manners.patience,
                wait_initial=first,
                wait_max=longest,
                wait_jitter=first,
            ):
                made = attempt.num
                with attempt:
                    return self._attempt(asked, read, made)
        except NoAnswer as error:
            last = error
        with self._lock:
            self._is_silent = self._heard == heard_before
        tried = f"after {made} attempt{'s' if made > 1 else ''}"
        raise SourceUnavailable(f"{asked.spelled}: {last.reason} {tried}; {last.remedy}")

    def _attempt(self, asked: Asked, read: Callable[[Received, datetime], T], attempt: int) -> T:
        """One attempt: one line in the log, whatever comes of it."""
        self._limit(asked.group).wait()
        asked_at, started = self._manners.clock(), time.perf_counter()
        response = self._send(asked)
        body = b"" if isinstance(response, NoAnswer) else response.content
        self._count(calls=1, retries=int(attempt > 1), bytes=len(body))
        log.info(
            asked.event,
            method="GET",
            path=asked.path,
            query=urlencode([pair for pair in asked.parameters if pair[0] not in PAGING]),
            page=asked.page,
            **_outcome(response),
            attempt=attempt,
            duration_ms=round((time.perf_counter() - started) * 1000),
            bytes=len(body),
        )
        if isinstance(response, NoAnswer):
            raise response
        self._refuse_passing(asked, response)
        with self._lock:
            self._heard, self._is_silent = self._heard + 1, False
        answer = read(response, asked_at)
        self._count(pages=1)
        return answer

    def _send(self, asked: Asked) -> Received | NoAnswer:
        try:
            with self._session.get(
                self.address + asked.path,
                params=list(asked.parameters),
                timeout=self._manners.timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                return received(response, asked.spelled)
        except requests.RequestException as error:
            return _no_answer(error, self.address, self._manners.timeout, self._setting)

    def _refuse_passing(self, asked: Asked, response: Received) -> None:
        status = response.status_code
        if status in PASSING:
            raise NoAnswer(f"HTTP {status}", pause=self._pause(asked, response))
        if 300 <= status < 400:
            raise SourceUnavailable(
                f"{asked.spelled}: HTTP {status}, a redirect, which is not followed; check {self._setting}"
            )

    def _pause(self, asked: Asked, response: Received) -> float:
        """The seconds that Retry-After asks for; 0 when it does not."""
        wanted = response.headers.get("Retry-After", "").strip()
        if wanted.isdecimal():
            seconds = float(wanted)
        else:
            try:
                seconds = (parsedate_to_datetime(wanted) - self._manners.clock()).total_seconds()
            except (ValueError, TypeError):
                return 0.0
        if seconds > LONGEST_PAUSE_SECONDS:
            raise SourceUnavailable(
                f"{asked.spelled}: HTTP {response.status_code}, asks to wait {seconds:.0f} s; try later"
            )
        return max(seconds, 0.0)

    def _may_retry(self, asked: Asked, error: Exception) -> bool:
        """Whether to ask again, after a growing, jittered wait; the pause that a server asked for is kept by the
        rate limit, for the whole group."""
        if not isinstance(error, NoAnswer):
            return False
        if error.pause:
            self._limit(asked.group).pause(error.pause)
        return True

    def _limit(self, group: str) -> RateLimit:
        with self._lock:
            if group not in self._limits:
                self._limits[group] = RateLimit(self._manners.requests_per_second, self._manners.sleep)
            return self._limits[group]

    def _count(self, **added: int) -> None:
        with self._lock:
            for name, count in added.items():
                setattr(self.counters, name, getattr(self.counters, name) + count)


def pooled_session(auth: AuthBase, user_agent: str, is_loopback: bool) -> requests.Session:
    """A session that keeps connections, takes no cookies, and needs no proxy to reach this machine."""
    session = requests.Session()
    session.auth = auth
    session.headers.update({"Accept": "application/json", "User-Agent": user_agent})
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.trust_env = not is_loopback
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_connections=4, pool_maxsize=CONNECTIONS, max_retries=0))
    return session


def _outcome(response: Received | NoAnswer) -> dict[str, Any]:
    if isinstance(response, NoAnswer):
        return {"status": None, "failure": response.reason}
    return {"status": response.status_code}


def _no_answer(error: requests.RequestException, address: str, timeout: tuple[float, float], setting: str) -> NoAnswer:
    inner = error.args[0] if error.args else None
    cause = getattr(inner, "reason", inner)
    told = str(cause).rpartition(": ")[2] or type(error).__name__
    remedy = f"check {setting} and the network"
    if isinstance(error, requests.ReadTimeout) or isinstance(cause, ReadTimeoutError):
        return NoAnswer(f"no answer within {timeout[1]:g} s")
    if isinstance(error, requests.ConnectTimeout):
        return NoAnswer(f"{address} took no connection within {timeout[0]:g} s", remedy)
    if isinstance(error, requests.exceptions.SSLError):
        return NoAnswer(f"{address} failed the TLS check ({told})", f"check {setting} and the certificates")
    if isinstance(error, requests.exceptions.ProxyError):
        return NoAnswer(f"the proxy before {address} failed ({told})", "check HTTPS_PROXY")
    if isinstance(cause, NewConnectionError):
        return NoAnswer(f"{address} cannot be reached ({told})", remedy)
    return NoAnswer(f"the connection broke ({type(error).__name__})")
