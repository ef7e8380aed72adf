"""The one way to Object Storage: read only by construction, patient, and silent about the secret key.

A region is asked through botocore, with path style addresses, time-outs and a bounded number of attempts. Only the
calls named in `READING` leave this process: a hook refuses every other one before a socket opens. Nothing of the
environment or of an AWS configuration file of this machine is used. Redirects are not followed.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import botocore.session  # type: ignore[import-untyped]
import stamina
import structlog
from botocore import xform_name
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError  # type: ignore[import-untyped]
from botocore.parsers import ResponseParserError  # type: ignore[import-untyped]
from botocore.utils import parse_timestamp  # type: ignore[import-untyped]

from pipelines.errors import ConfigurationError, SourceUnavailable, WriteRefused
from pipelines.sources.objects.bodies import BoundedSession, NoAnswer, refuse_other_bodies, refuse_other_values
from pipelines.sources.objects.refusals import READING, may_pass, refusal
from pipelines.sources.rate_limit import RateLimit

LONGEST_PAUSE_SECONDS = 120.0
PROBES = 3
"""Attempts while the region is silent: it has given no answer since a call was given up."""

_UNREADABLE = (ValueError, TypeError, OverflowError, RuntimeError)
"""What botocore's parser raises over a number or a time that is none, and over elements nested too deeply."""

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

log = structlog.get_logger()


@dataclass(frozen=True)
class S3Key:
    """An API key. Its preferred project decides which buckets are listed; `project_id` asks for another project's,
    by the access key id `ACCESS_KEY@PROJECT_ID`."""

    access_key: str
    secret_key: str = field(repr=False)
    project_id: str | None = None

    @property
    def access_key_id(self) -> str:
        """The access key as S3 is told it."""
        return f"{self.access_key}@{self.project_id}" if self.project_id else self.access_key


@dataclass
class Budget:
    """A number of requests, retries included; None is without end."""

    most: int | None = None
    used: int = 0

    @property
    def left(self) -> float:
        """Requests that may still be sent."""
        return float("inf") if self.most is None else self.most - self.used

    def take(self) -> None:
        """Count one request, or raise BudgetSpent instead."""
        if self.left < 1:
            raise BudgetSpent
        self.used += 1


class BudgetSpent(Exception):
    """The request that would have come next was not sent."""


class ObjectStorage:
    """Object Storage of one region, to be asked. Safe to share between threads.

    `{region}` in `endpoint_url` is replaced; the address may have a path, and is without TLS on this machine only.
    `backoff` is the first and the longest wait in seconds before asking again; after `patience` seconds no new attempt
    begins. `requests` counts what was sent so far.
    """

    def __init__(
        self,
        key: S3Key,
        region: str,
        endpoint_url: str = "https://s3.{region}.scw.cloud",
        requests_per_second: float = 20.0,
        timeout: tuple[float, float] = (5, 60),
        attempts: int = 6,
        sleep: Callable[[float], object] = time.sleep,
        backoff: tuple[float, float] = (0.5, 20.0),
        patience: float = 240.0,
    ) -> None:
        self.region, self.project_id = region, key.project_id
        self.endpoint_url = _checked(endpoint_url.replace("{region}", region))
        self.requests, self._lock = 0, Lock()
        self._secret_key = key.secret_key
        self._attempts, self._backoff, self._patience = attempts, backoff, patience
        self._heard, self._is_silent = 0, False
        self._limit = RateLimit(requests_per_second, sleep)
        self._client = _client(key, region, self.endpoint_url, timeout)
        endpoint = self._client._endpoint
        endpoint.http_session = BoundedSession(endpoint.http_session)
        events = self._client.meta.events
        events.register_first("before-call.s3", _refuse_writing)
        events.register_first("before-send.s3", self._before_send)
        events.register_first("needs-retry.s3", self._refuse_redirect)
        events.register("before-parse.s3", refuse_other_bodies)

    def __repr__(self) -> str:
        return f"ObjectStorage({self.endpoint_url}, region {self.region})"

    def call(self, operation: str, budget: Budget | None = None, **parameters: Any) -> dict[str, Any]:
        """The parsed answer of one S3 call, after as many attempts as it takes, and no more than allowed."""
        first, longest = self._backoff
        heard_before = self._heard
        asked = " ".join([operation, *(parameters[name] for name in ("Bucket",) if name in parameters), self.region])
        try:
            for attempt in stamina.retry_context(
                on=NoAnswer,
                attempts=min(PROBES, self._attempts) if self._is_silent else self._attempts,
                timeout=self._patience,
                wait_initial=first,
                wait_max=longest,
                wait_jitter=first,
            ):
                made = attempt.num
                with attempt:
                    return self._ask(asked, operation, budget or Budget(), parameters, made)
        except NoAnswer as error:
            last = error
        with self._lock:
            self._is_silent = self._heard == heard_before
        tried = f"after {made} attempt{'s' if made > 1 else ''}"
        raise SourceUnavailable(f"{asked}: {self._redacted(last.reason)} {tried}; {last.remedy}")

    def _ask(
        self, asked: str, operation: str, budget: Budget, parameters: dict[str, Any], attempt: int
    ) -> dict[str, Any]:
        """One attempt: one line in the log, whatever comes of it."""
        budget.take()
        self._limit.wait()
        started, outcome = time.perf_counter(), "200"
        try:
            answer: dict[str, Any] = getattr(self._client, xform_name(operation))(**parameters)
            refuse_other_values(operation, answer)
            self._hear()
            return answer
        except ClientError as error:
            outcome = str(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode"))
            raise self._error_answer(asked, operation, error) from None
        except ParamValidationError as error:
            raise ConfigurationError(f"{asked}: {' '.join(str(error).split())}") from None
        except (BotoCoreError, ResponseParserError) as error:
            outcome = type(error).__name__
            raise NoAnswer(_broken(error), "check the endpoint and the network, or try later") from None
        except _UNREADABLE as error:
            outcome = type(error).__name__
            raise NoAnswer(f"HTTP 200 with a value that cannot be read ({_broken(error)[:100]})") from None
        except NoAnswer as error:
            outcome = error.reason
            raise
        finally:
            log.info(
                "s3_call",
                operation=operation,
                bucket=parameters.get("Bucket"),
                region=self.region,
                outcome=outcome,
                attempt=attempt,
                duration_ms=round((time.perf_counter() - started) * 1000),
            )

    def _error_answer(self, asked: str, operation: str, error: ClientError) -> Exception:
        told = error.response.get("Error", {})
        metadata = error.response.get("ResponseMetadata", {})
        status, code = int(metadata.get("HTTPStatusCode") or 0), str(told.get("Code") or "")
        said = self._redacted(" ".join(str(told.get("Message") or "").split())[:300])
        if not may_pass(status, code):
            self._hear()
            return refusal(asked, operation, status, code, said)
        wished = str(metadata.get("HTTPHeaders", {}).get("retry-after", "")).strip()
        pause = float(wished) if wished.isdecimal() else 0.0
        if pause > LONGEST_PAUSE_SECONDS:
            return SourceUnavailable(f"{asked}: HTTP {status} {code}, asks to wait {pause:.0f} s; try later")
        self._limit.pause(pause)
        return NoAnswer(f"HTTP {status} {code}")

    def _hear(self) -> None:
        """The region gave an answer."""
        with self._lock:
            self._heard, self._is_silent = self._heard + 1, False

    def _before_send(self, request: Any, **_: Any) -> None:
        """The last look at a request: the method reads and the host is ours."""
        if request.method not in ("GET", "HEAD"):
            raise WriteRefused(f"{request.method} was not sent: only reading calls are")
        if urlsplit(request.url).netloc != urlsplit(self.endpoint_url).netloc:
            raise WriteRefused(f"a request to {urlsplit(request.url).netloc} was not sent: it is not the endpoint")
        with self._lock:
            self.requests += 1

    def _refuse_redirect(self, response: Any, operation: Any, **_: Any) -> None:
        """Do not look for the bucket in another region, as botocore would."""
        if response is None:
            return
        status, code = response[0].status_code, response[1].get("Error", {}).get("Code")
        if 300 <= status < 400 or code in (
            "AuthorizationHeaderMalformed",
            "IllegalLocationConstraintException",
        ):
            raise SourceUnavailable(
                f"{operation.name} {self.region}: HTTP {status} {code or ''}, a redirect, which is not followed; "
                "check the region and the endpoint"
            )

    def _redacted(self, text: str) -> str:
        return text.replace(self._secret_key, "***") if self._secret_key else text


def _refuse_writing(model: Any, **_: Any) -> None:
    if model.name not in READING:
        raise WriteRefused(f"{model.name} was not sent: only reading calls are, {', '.join(READING)}")


def _broken(error: Exception) -> str:
    if isinstance(error, ResponseParserError):
        return "HTTP 200 with broken XML"
    return " ".join(str(error).split())[:300]


def _checked(endpoint_url: str) -> str:
    parts = urlsplit(endpoint_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or parts.query:
        raise ConfigurationError(
            f"the Object Storage endpoint '{parts.hostname or ''}' is not an address like https://s3.fr-par.scw.cloud"
        )
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise ConfigurationError(
            f"the Object Storage endpoint {endpoint_url!r} is not encrypted; use https, http is for this machine only"
        )
    return endpoint_url.rstrip("/")


@cache
def _session() -> Any:
    """Knows the protocol and no key; reading the protocol takes 20 times as long as making a client."""
    variables = {name: (None, None, told[2], told[3]) for name, told in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()}
    variables["config_file"] = variables["credentials_file"] = (None, None, os.devnull, None)
    variables["ca_bundle"] = BOTOCORE_DEFAUT_SESSION_VARIABLES["ca_bundle"]  # a company's own authority still counts
    session = botocore.session.Session(session_vars=variables)
    # botocore's own reading of dates takes four fifths of the time of a listing
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_instant)
    return session


def _client(key: S3Key, region: str, endpoint_url: str, timeout: tuple[float, float]) -> Any:
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        connect_timeout=timeout[0],
        read_timeout=timeout[1],
        retries={"mode": "standard", "total_max_attempts": 1},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        proxies={} if urlsplit(endpoint_url).hostname in _LOOPBACK else None,
        user_agent_extra="scaleway-finops",
    )
    return _session().create_client(
        "s3",
        region_name=region,
        endpoint_url=endpoint_url,
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret_key,
        config=config,
    )


def _instant(text: Any) -> datetime:
    """An S3 date, in UTC."""
    try:
        instant = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        instant = parse_timestamp(text)  # dates in headers are written otherwise
    return instant if instant.tzinfo is UTC else instant.astimezone(UTC)
