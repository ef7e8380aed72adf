"""From one call of the SDK to the complete listing, whatever the paging: numbered pages or a cursor.

A listing that changes while it is read, or a server that answers the same page again, must not cost or double an
item: it is read again, a few times, and then refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from pipelines.errors import SourceUnavailable
from pipelines.sources.answers import MAPS, PAGING, Item, Listing, Question, items_in
from pipelines.sources.endpoints import Endpoint, Request
from pipelines.sources.transport import Answer, Scaleway

# what page-numbered APIs accept; they clamp or refuse more
NUMBERED_PAGE_SIZE = 100
MOST_PAGES = 10_000
MOST_READINGS = 3

log = structlog.get_logger()


def listing(
    scaleway: Scaleway,
    endpoint: Endpoint,
    /,
    *,
    billing_month: str | None = None,
    page_size: int = NUMBERED_PAGE_SIZE,
    **arguments: Any,
) -> Listing:
    """All items of one call. Raises SourceUnavailable rather than return a part of them."""
    if endpoint.accepts("page_token"):
        return _by_cursor(scaleway, endpoint, billing_month, {**arguments, "page_size": page_size})
    size = "per_page" if endpoint.accepts("per_page") else "page_size"
    arguments[size] = min(page_size, NUMBERED_PAGE_SIZE)
    for _ in range(MOST_READINGS):
        try:
            return _by_number(scaleway, endpoint, billing_month, arguments)
        except _ChangedMeanwhile as change:
            last = change
            log.warning("listing_changed_while_read", source=endpoint.source, change=str(change))
    raise SourceUnavailable(f"{endpoint.source}: changed while being read, {MOST_READINGS} times ({last}); run again")


def question_of(endpoint: Endpoint, request: Request, billing_month: str | None = None) -> Question:
    """What a request asks, without its paging."""
    asked = tuple(pair for pair in request.parameters if pair[0] not in PAGING)
    return Question(endpoint.source, request.path, asked, billing_month)


class _ChangedMeanwhile(Exception):
    """The pages do not fit together."""


@dataclass
class _Reading:
    """The pages of one listing as they come in."""

    endpoint: Endpoint
    pages: list[bytes] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    extra: Mapping[str, Any] = field(default_factory=dict)
    question: Question | None = None
    asked_at: datetime | None = None
    total: int | None = None
    names: set[str] = field(default_factory=set)
    last_page: tuple[Item, ...] = ()

    def add(self, answer: Answer, question: Question) -> None:
        """Take one page in; the first one dates and names the listing."""
        if self.question is None:
            self.question, self.asked_at = question, answer.asked_at
        self.last_page, self.extra = items_in(self.endpoint.source, answer.document)
        self.pages.append(answer.body)
        self.items += self.last_page

    def listing(self) -> Listing:
        """Everything taken in."""
        assert self.question is not None
        assert self.asked_at is not None
        return Listing(self.question, tuple(self.pages), tuple(self.items), self.extra, self.asked_at)


def _by_cursor(
    scaleway: Scaleway, endpoint: Endpoint, billing_month: str | None, arguments: Mapping[str, Any]
) -> Listing:
    reading, token, seen = _Reading(endpoint), None, set[str]()
    for number in range(1, MOST_PAGES + 1):
        request = scaleway.request(endpoint, page_token=token, **arguments)
        answer = scaleway.send(request, page=number)
        reading.add(answer, question_of(endpoint, request, billing_month))
        token = answer.document.get("next_page_token")
        if not token:
            return reading.listing()
        if str(token) in seen:
            raise SourceUnavailable(
                f"{endpoint.source}: page {number} gave the page token '{token}' a second time, so the listing "
                "would never end; try later"
            )
        seen.add(str(token))
    raise _too_many(endpoint)


def _by_number(
    scaleway: Scaleway, endpoint: Endpoint, billing_month: str | None, arguments: Mapping[str, Any]
) -> Listing:
    reading = _Reading(endpoint)
    for number in range(1, MOST_PAGES + 1):
        request = scaleway.request(endpoint, page=number, **arguments)
        answer = scaleway.send(request, page=number)
        before, updated_at = reading.last_page, reading.extra.get("updated_at")
        reading.add(answer, question_of(endpoint, request, billing_month))
        _check_against(reading, before, updated_at, _total(endpoint, answer))
        if not reading.last_page or len(reading.items) == reading.total:
            return _whole(reading)
    raise _too_many(endpoint)


def _check_against(reading: _Reading, before: tuple[Item, ...], updated_at: object, total: int | None) -> None:
    """Compare the page just added with those before it."""
    number = len(reading.pages)
    if before and reading.last_page == before:
        raise SourceUnavailable(
            f"{reading.endpoint.source}: page {number} repeats page {number - 1}, the server ignores `page`; try later"
        )
    if number > 1 and total != reading.total:
        raise _ChangedMeanwhile(f"from {reading.total} to {total} items")
    if number > 1 and reading.last_page and updated_at != reading.extra.get("updated_at"):
        raise _ChangedMeanwhile(f"updated at {reading.extra.get('updated_at')}")
    reading.total = total
    name_field = MAPS.get(reading.endpoint.source, ("", "id"))[1]
    for item in reading.last_page:
        name = item.get(name_field)
        if name is None:
            continue
        if name in reading.names:
            raise _ChangedMeanwhile(f"'{name}' came twice")
        reading.names.add(name)


def _whole(reading: _Reading) -> Listing:
    total, received = reading.total, len(reading.items)
    if total is not None and received < total:
        raise _ChangedMeanwhile(f"{received} of {total} items came")
    if total is not None and received > total:
        log.warning("more_items_than_counted", source=reading.endpoint.source, counted=total, items=received)
    return reading.listing()


def _total(endpoint: Endpoint, answer: Answer) -> int | None:
    """The number of items in all pages, from the body or else from the header; both may hold it as a string."""
    told = answer.document.get("total_count")
    if told is None:
        told = answer.total_count
    try:
        return None if told is None else int(told)
    except (TypeError, ValueError):
        raise SourceUnavailable(f"{endpoint.source}: total_count '{told}' is not a number; try later") from None


def _too_many(endpoint: Endpoint) -> SourceUnavailable:
    return SourceUnavailable(f"{endpoint.source}: more than {MOST_PAGES} pages; ask for a shorter period")
