"""The Audit Trail: who created, changed, started, stopped and deleted what.

An event holds the address and the client of whoever acted: personal data, kept because a leaked key shows there first.
Bodies of requests and details of resources may hold anything a person typed, a password among it; of them only what
tells of starts, sizes and versions is kept.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from pipelines.sources.answers import Listing, canonical, document_of
from pipelines.sources.endpoints import Endpoint
from pipelines.sources.inventory import WITHHELD
from pipelines.sources.paging import listing
from pipelines.sources.transport import Scaleway

EVENTS = Endpoint(
    "audit_trail.events",
    "scaleway.audit_trail.v1alpha1.AuditTrailV1Alpha1API",
    "list_events",
    "AuditTrailReadOnly",
    {"order_by": "recorded_at_asc"},
)
REGIONS = ("fr-par", "nl-ams")
"""Where events are kept; those of global products lie in Paris."""

HISTORY_DAYS = 90
"""Scaleway keeps events for 90 days; an older day would be answered with nothing, which would pass for quiet."""

KEPT_OF_A_BODY = frozenset(
    {
        *("action", "image", "registry_image", "image_uri", "version", "model_id", "model_name"),
        *("commercial_type", "node_type", "node_type_name", "offer_id", "size", "min_size", "max_size"),
        *("min_scale", "max_scale", "autoscaling"),
    }
)
_ALLOWED = (str, int, bool)


def events(scaleway: Scaleway, region: str, day: date) -> Listing:
    """The events of one UTC day in a region, bodies held back."""
    found = listing(
        scaleway,
        EVENTS,
        billing_month=f"{day:%Y-%m}",
        region=region,
        recorded_after=f"{day:%Y-%m-%d}T00:00:00Z",
        recorded_before=f"{day + timedelta(days=1):%Y-%m-%d}T00:00:00Z",
    )
    pages = tuple(canonical(_page(document_of(page))).encode() for page in found.pages)
    return replace(found, pages=pages, items=tuple(_event(item) for item in found.items))


def _page(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: [_event(item) for item in held] if name == "events" else held for name, held in document.items()}


def _event(event: Mapping[str, Any]) -> dict[str, Any]:
    """The same event with its body reduced, and its resources without the details of their product."""
    reduced = dict(event)
    if isinstance(body := event.get("request_body"), Mapping):
        reduced["request_body"] = {
            name: held if name in KEPT_OF_A_BODY and isinstance(held, _ALLOWED) else WITHHELD
            for name, held in body.items()
        }
    elif body:
        reduced["request_body"] = WITHHELD
    resources = event.get("resources")
    if isinstance(resources, list):
        reduced["resources"] = [_resource(each) for each in resources if isinstance(each, Mapping)]
    return reduced


def _resource(resource: Mapping[str, Any]) -> dict[str, Any]:
    return {name: WITHHELD if isinstance(held, Mapping | list) and held else held for name, held in resource.items()}
