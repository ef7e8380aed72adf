"""The Audit Trail API: who called what, behind a cursor, by default of the last hour."""

import base64
import binascii
from bisect import bisect_left, bisect_right
from itertools import islice
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.answers import answer, invalid, not_found, whole_number
from simulator.audit_events import Event, Trail
from simulator.gate import Gate
from simulator.instants import HOUR, parse_rfc3339, zulu
from simulator.world import Clock, World

REGIONS = ("fr-par", "nl-ams")
PAGE = 50
LARGEST_PAGE = 100
_DONE = 200


def audit_routes(world: World, clock: Clock) -> list[Route]:
    return [Route("/audit-trail/v1alpha1/regions/{region}/events", AuditApi(world, clock).events)]


class AuditApi:
    """Answers /audit-trail/v1alpha1/regions/{region}/events."""

    def __init__(self, world: World, clock: Clock) -> None:
        self._world = world
        self._clock = clock
        self._gate = Gate(world)
        self._recorded: dict[str, list[Event]] = {}

    async def events(self, request: Request) -> Response:
        self._gate.check(request)
        region, query = request.path_params["region"], request.query_params
        if region not in REGIONS:
            raise not_found("locality", region)
        if not query.get("organization_id"):
            raise invalid("organization_id", "required", "organization_id is required")
        size = min(whole_number(query, "page_size", PAGE), LARGEST_PAGE)
        recorded = self._of_region(region)
        found = list(islice((i for i in self._indices(recorded, query) if self._fits(recorded[i], query)), size + 1))
        more = {"next_page_token": _token(found[size - 1])} if len(found) > size else {}
        return answer({"events": [self._shape(recorded[index]) for index in found[:size]], **more})

    def _of_region(self, region: str) -> list[Event]:
        """A region's events, oldest first; what happens where there is no Audit Trail is recorded in the first."""
        if not self._recorded:
            self._recorded = {name: [] for name in REGIONS}
            for event in Trail(self._world).events:
                place = event.locality[:6]
                self._recorded[place if place in REGIONS else REGIONS[0]].append(event)
        return self._recorded[region]

    def _indices(self, recorded: list[Event], query: QueryParams) -> range:
        """The events of the time asked for, in the order asked for, that come after the page before."""
        now = self._clock.instant
        before = min(_instant(query, "recorded_before", now), now)
        first = bisect_left(recorded, _instant(query, "recorded_after", now - HOUR), key=_moment)
        end = bisect_right(recorded, before, key=_moment)
        token = query.get("page_token", "")
        is_rising = query.get("order_by") == "recorded_at_asc"
        if token:
            last = _opened(token)
            if not first <= last < end:
                raise invalid("page_token", "format", "the token does not belong to this request")
            first, end = (last + 1, end) if is_rising else (first, last)
        return range(first, end) if is_rising else range(end - 1, first - 1, -1)

    def _fits(self, event: Event, query: QueryParams) -> bool:
        """Whether an event passes every filter."""
        told = {
            "project_id": self._world.project_id(event.project),
            "method_name": event.method,
            "product_name": event.methods.product,
            "service_name": event.methods.service,
            "principal_id": self._principal(event),
            "source_ip": event.actor.address,
            "status": str(_DONE),
            "resource_id": event.touched.id,
        }
        kind = query.get("resource_type", "")
        return kind in ("", "unknown_type", event.methods.kind) and all(
            query.get(name, "") in ("", value) for name, value in told.items()
        )

    def _principal(self, event: Event) -> str:
        return self._world.identity.uuid("principal", event.actor.name)

    def _shape(self, event: Event) -> dict[str, Any]:
        name = (event.at, event.method, event.touched.id, *event.body.values())
        identity = self._world.identity
        return {
            "id": identity.uuid("audit", *name),
            "recorded_at": f"{zulu(event.at)[:-1]}.{identity.millionths('nanos', *name):06}252Z",
            "locality": event.locality,
            "principal": {"id": self._principal(event)},
            "organization_id": self._world.scenario.organization.id,
            "project_id": self._world.project_id(event.project),
            "source_ip": event.actor.address,
            "user_agent": event.actor.agent,
            "product_name": event.methods.product,
            "service_name": event.methods.service,
            "method_name": event.method,
            "request_id": identity.uuid("request", *name),
            "request_body": event.body,
            "status_code": _DONE,
            "resources": [self._touched(event)],
        }

    def _touched(self, event: Event) -> dict[str, Any]:
        touched, kind = event.touched, event.methods.kind
        return {
            "id": touched.id,
            "type": kind,
            "created_at": zulu(touched.created),
            "updated_at": zulu(event.at),
            "deleted_at": zulu(touched.deleted) if touched.deleted else None,
            "name": touched.name,
            f"{kind}_info": {"id": touched.id, "name": touched.name} if kind == "kube_pool" else {"name": touched.name},
        }


def _moment(event: Event) -> int:
    return event.at


def _instant(query: QueryParams, name: str, default: int) -> float:
    text = query.get(name, "")
    try:
        return parse_rfc3339(text) if text else default
    except ValueError:
        raise invalid(name, "format", f"{text} is not an RFC 3339 time") from None


def _token(index: int) -> str:
    return base64.urlsafe_b64encode(f"after {index}".encode()).decode()


def _opened(token: str) -> int:
    """The event a token ends with; one that is no token ends with none."""
    try:
        return int(base64.urlsafe_b64decode(token.encode()).decode().removeprefix("after "))
    except (binascii.Error, ValueError):
        return -1
