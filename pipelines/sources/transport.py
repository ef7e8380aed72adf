"""The one way to Scaleway: read only, patient, and silent about the secret key.

`Scaleway.request` lets the SDK build a request (see `endpoints`), `Scaleway.send` sends it with the patience of
`asking`, at a bounded rate per product, and with an error that says what to do when no answer helps. The body of
an answer is kept as received.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any
from urllib.parse import urlencode

from scaleway import Client

from pipelines.sources.asking import Asked, Counters, Manners, NoAnswer, PatientCaller, pooled_session
from pipelines.sources.credentials import Credentials
from pipelines.sources.endpoints import Endpoint, Request, build
from pipelines.sources.items import page_of
from pipelines.sources.received import Received
from pipelines.sources.refusals import refusal


@dataclass(frozen=True)
class Answer:
    """A 200 with a JSON object: the body as received and as parsed, and the count some APIs send as a header."""

    body: bytes
    document: Mapping[str, Any]
    total_count: str | None
    asked_at: datetime


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
        attempts: int = 12,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], object] = time.sleep,
        backoff: tuple[float, float] = (0.5, 20.0),
        patience: float = 240.0,
    ) -> None:
        self._credentials = Credentials(access_key, secret_key, organization_id, api_url)
        self.api_url = self._credentials.api_url
        self.organization_id = organization_id
        self.clock = clock
        # no default project, which would narrow every list to it; no key, which the SDK has no need to know
        self._client = Client(api_url=self.api_url, default_organization_id=organization_id)
        user_agent = f"scaleway-finops/{version('scaleway-finops')} {self._client.user_agent}"
        self._session = pooled_session(self._credentials, user_agent, self._credentials.is_loopback)
        manners = Manners(requests_per_second, timeout, attempts, backoff, patience, clock, sleep)
        self._caller = PatientCaller(self.api_url, self._session, manners, "SCW_API_URL")

    def __repr__(self) -> str:
        return f"Scaleway({self.api_url}, organization {self.organization_id})"

    @property
    def counters(self) -> Counters:
        """What was asked so far."""
        return self._caller.counters

    def request(self, endpoint: Endpoint, **arguments: Any) -> Request:
        """The request that the SDK builds for this call; nothing is sent."""
        return build(self._client, endpoint, **arguments)

    def send(self, request: Request, page: int = 1) -> Answer:
        """The answer, after as many attempts as it takes and no more than allowed. `page` is for the log."""
        query = urlencode(request.parameters)
        spelled = self._credentials.redacted(f"GET {request.path}{'?' if query else ''}{query}")
        asked = Asked(request.path, request.parameters, request.product, spelled, "scaleway_call", page)

        def read(response: Received, asked_at: datetime) -> Answer:
            document = self._document(request, spelled, response)
            return Answer(response.content, document, response.headers.get("X-Total-Count"), asked_at)

        return self._caller.get(asked, read)

    def _document(self, request: Request, spelled: str, response: Received) -> dict[str, Any]:
        status = response.status_code
        if status >= 400:
            error = refusal(request, spelled, status, response.content)
            raise type(error)(self._credentials.redacted(str(error)))
        try:
            return page_of(response.content)
        except ValueError:
            raise NoAnswer(f"HTTP {status} with a body that is not a JSON object") from None
