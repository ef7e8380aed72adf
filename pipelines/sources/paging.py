"""From one call of the SDK to the complete listing, whatever the paging: numbered pages or a cursor.

A listing that changes while it is read, or a server that answers the wrong page, must not cost or double an item: a
page that does not fit those before it is asked for again, then the listing is read again, a few times, and refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from pipelines.errors import SourceUnavailable
from pipelines.sources.answers import MAPS, PAGING, Items, Listing, Question, items_in
from pipelines.sources.endpoints import Endpoint, Request
from pipelines.sources.transport import Answer, Scaleway

# what page-numbered APIs accept; they clamp or refuse more
NUMBERED_PAGE_SIZE = 100
MOST_PAGES = 10_000
_LONGEST_TOLD = 100
MOST_READINGS = 3
MOST_ASKINGS = 6
"""Times one page is asked for before it counts as what the server means."""

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


REPEATED = "it repeats the page before it"


@dataclass
class _Reading:
    """The pages of one listing as they come in. What stands beside the list is taken from the first page."""

    endpoint: Endpoint
    question: Question
    asked_at: datetime
    extra: Mapping[str, Any]
    total: int | None
    pages: list[bytes] = field(default_factory=list)
    items: Items = field(default_factory=Items)
    names: set[str] = field(default_factory=set)
    last_page: Items = field(default_factory=Items)

    def listing(self) -> Listing:
        """Everything taken in."""
        return Listing(self.question, tuple(self.pages), self.items, self.extra, self.asked_at)

    def add(self, answer: Answer) -> None:
        """Take one more page of a cursor in."""
        self.last_page, _ = items_in(self.endpoint.source, answer.document)
        self.pages.append(answer.body)
        self.items.extend(self.last_page)

    def add_numbered(self, answer: Answer) -> None:
        """Take one more numbered page in, if the listing is still the one that was begun."""
        self.add(answer)
        total, updated_at = _total(self.endpoint, answer), answer.document.get("updated_at")
        if total != self.total:
            raise _ChangedMeanwhile(f"from {_short(self.total)} to {_short(total)} items")
        if self.last_page and updated_at != self.extra.get("updated_at"):
            raise _ChangedMeanwhile(f"updated at {_short(updated_at)}")
        for name in self._names(self.last_page):
            if name in self.names:
                raise _ChangedMeanwhile(f"'{_short(name)}' came twice")
            self.names.add(name)

    def misfit(self, answer: Answer) -> str | None:
        """Why a page looks like another than the one asked for, or None."""
        items, _ = items_in(self.endpoint.source, answer.document)
        if items and items == self.last_page:
            return REPEATED
        if items and self.last_page and items[0] == self.last_page[-1]:
            return "it begins with the last item of the page before it"
        twice = self.names.intersection(self._names(items))
        return f"'{_short(min(twice))}' came twice" if twice else None

    def _names(self, items: Items) -> list[str]:
        name_field = MAPS.get(self.endpoint.source, ("", "id"))[1]
        return [str(item[name_field]) for item in items if item.get(name_field) is not None]

    @property
    def is_over(self) -> bool:
        """Whether no page can follow. Raises _ChangedMeanwhile if items were announced that never came."""
        received = len(self.items)
        if self.last_page and received != self.total:
            return False
        if self.total is not None and received < self.total:
            raise _ChangedMeanwhile(f"{received} of {_short(self.total)} items came")
        if self.total is not None and received > self.total:
            source = self.endpoint.source
            log.warning("more_items_than_counted", source=source, counted=self.total, items=received)
        return True


def _begun(endpoint: Endpoint, request: Request, answer: Answer, billing_month: str | None) -> _Reading:
    question = question_of(endpoint, request, billing_month)
    _, extra = items_in(endpoint.source, answer.document)
    return _Reading(endpoint, question, answer.asked_at, extra, _total(endpoint, answer))


def _by_cursor(
    scaleway: Scaleway, endpoint: Endpoint, billing_month: str | None, arguments: Mapping[str, Any]
) -> Listing:
    reading, token, seen = None, None, set[str]()

    def misfit(answer: Answer) -> str | None:
        return "loop" if str(answer.document.get("next_page_token")) in seen else None

    for number in range(1, MOST_PAGES + 1):
        request = scaleway.request(endpoint, page_token=token, **arguments)
        answer, problem = _fitting(scaleway, request, number, misfit)
        reading = reading or _begun(endpoint, request, answer, billing_month)
        token = answer.document.get("next_page_token")
        if problem:
            raise SourceUnavailable(
                f"{endpoint.source}: page {number} gave the page token '{_short(token)}' a second time, so the listing "
                "would never end; try later"
            )
        reading.add(answer)
        if not token:
            return reading.listing()
        seen.add(str(token))
    raise _too_many(endpoint)


def _by_number(
    scaleway: Scaleway, endpoint: Endpoint, billing_month: str | None, arguments: Mapping[str, Any]
) -> Listing:
    reading = None
    for number in range(1, MOST_PAGES + 1):
        request = scaleway.request(endpoint, page=number, **arguments)
        answer, problem = _fitting(scaleway, request, number, reading.misfit if reading else _anything)
        if problem == REPEATED:
            raise SourceUnavailable(
                f"{endpoint.source}: page {number} repeats the one before it, the server ignores `page`; try later"
            )
        if problem:
            raise _ChangedMeanwhile(problem)
        reading = reading or _begun(endpoint, request, answer, billing_month)
        reading.add_numbered(answer)
        if reading.is_over:
            return reading.listing()
    raise _too_many(endpoint)


def _fitting(
    scaleway: Scaleway, request: Request, number: int, misfit: Callable[[Answer], str | None]
) -> tuple[Answer, str | None]:
    """The page, asked for again while it does not fit; with what is wrong with it, if that remains."""
    for _ in range(MOST_ASKINGS):
        answer = scaleway.send(request, page=number)
        problem = misfit(answer)
        if problem is None:
            break
        log.warning("page_does_not_fit", path=request.path, page=number, problem=problem)
    return answer, problem


def _anything(_: Answer) -> None:
    """The first page fits."""


def _total(endpoint: Endpoint, answer: Answer) -> int | None:
    """The number of items in all pages, from the body or else from the header; both may hold it as a string."""
    told = answer.document.get("total_count")
    if told is None:
        told = answer.total_count
    try:
        return None if told is None else int(told)
    except (TypeError, ValueError):
        raise SourceUnavailable(f"{endpoint.source}: total_count '{_short(told)}' is not a number; try later") from None


def _short(told: object) -> str:
    """What a server says, as a message may hold it: of one line, and no longer than anybody reads."""
    words = " ".join(str(told).split())
    return words if len(words) <= _LONGEST_TOLD else f"{words[: _LONGEST_TOLD - 1]}…"


def _too_many(endpoint: Endpoint) -> SourceUnavailable:
    return SourceUnavailable(f"{endpoint.source}: more than {MOST_PAGES} pages; ask for a shorter period")
