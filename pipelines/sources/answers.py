"""What a source was asked and what it said, as values: nothing here opens a socket or a file.

A `Question` is a path with its parameters, a `Listing` all items of the answer with the pages as received.
Both carry a hash that is equal exactly when the content is: the question's knows nothing of hosts, ports and
pages; the answer's nothing of page boundaries, tokens, JSON white space, key order or the order of the items
(servers do not promise one). Fields are neither renamed nor interpreted, and a number with a fraction is a
`Decimal`, so that no digit is lost.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from pipelines.errors import SourceUnavailable
from pipelines.sources.items import Item, Items, canonical, document_of, page_of

__all__ = ["MAPS", "PAGING", "Item", "Items", "Listing", "Question", "canonical", "document_of", "items_in", "items_of"]

# which page was asked, not what was asked
PAGING = frozenset({"page", "per_page", "page_size", "page_token"})
ORDERING = frozenset({"order_by"})
# about the page, not about what was asked
PAGE_FIELDS = frozenset({"total_count", "next_page_token"})

# A source is named `<api>.<list key>`, so most list keys need no entry. These bodies have another key, and may hold
# a map: the key in the body, and the field that names an item (it receives the item's own key in a map).
MAPS: Mapping[str, tuple[str, str]] = {
    "instance.server_types": ("servers", "commercial_type"),
    "autoscaling.groups": ("group_summaries", "id"),
}

_LOCALITY = re.compile(r"/(?:zones|regions)/([^/]+)")


@dataclass(frozen=True)
class Question:
    """What was asked of which source. `billing_month` ('YYYY-MM') is None for what belongs to no month."""

    source: str
    path: str
    parameters: tuple[tuple[str, str], ...]
    billing_month: str | None = None

    @cached_property
    def question_hash(self) -> str:
        """Equal for the same question, whoever answers it and in pages of whatever size."""
        asked = sorted(pair for pair in self.parameters if pair[0] not in PAGING | ORDERING)
        return _sha256([json.dumps([self.source, self.path, asked]).encode()])

    @property
    def locality(self) -> str | None:
        """The zone or region in the path; None for a global question."""
        found = _LOCALITY.search(self.path)
        return found[1] if found else None


@dataclass(frozen=True)
class Listing:
    """One complete answer: every page as received, the items they held, and what stood beside the list.

    No pages and no items when the product is not offered in the locality asked.
    """

    question: Question
    pages: tuple[bytes, ...]
    items: Sequence[Item]
    extra: Mapping[str, Any]
    asked_at: datetime

    @property
    def texts(self) -> Sequence[bytes]:
        """Each item as JSON with sorted keys, to be kept; a number with a fraction is a string, so that no digit is
        lost."""
        return self._items.texts

    @cached_property
    def answer_hash(self) -> str:
        """Equal for the same content of the same question, however it was paged, ordered and spelled."""
        asked = (self.question.question_hash.encode(), canonical(self.extra).encode())
        return _sha256([*asked, *sorted(self._items.spellings)])

    @cached_property
    def _items(self) -> Items:
        return Items.of(self.items)


def items_of(source: str, body: bytes) -> tuple[Items, Mapping[str, Any]]:
    """The items of one body, of a list or of a single object, and what else stood at its top."""
    try:
        document = page_of(body)
    except ValueError as error:
        raise SourceUnavailable(f"{source}: the answer cannot be read: {error}; ask again") from None
    if _layout(source)[0] not in document:
        single = document_of(body)
        if "id" in single:
            return Items.of([single]), {}
        wrapped = list(single.values())
        if len(wrapped) == 1 and isinstance(wrapped[0], dict):
            return Items.of([wrapped[0]]), {}
    return items_in(source, document)


def items_in(source: str, document: Mapping[str, Any]) -> tuple[Items, Mapping[str, Any]]:
    """The items of one page of a list, already parsed, and what else stood at its top.

    A page without its list is an error unless it counts zero: missing is not empty.
    """
    key, name_field = _layout(source)
    if key not in document and str(document.get("total_count")) != "0":
        raise SourceUnavailable(f"{source}: the answer holds no '{key}'; the API may have changed")
    extra = {
        name: list(value) if isinstance(value, Items) else value
        for name, value in document.items()
        if name != key and name not in PAGE_FIELDS
    }
    content = document.get(key)
    if content is None:
        content = []
    elif name_field and isinstance(content, dict):
        content = [_named(source, name_field, name, entry) for name, entry in content.items()]
    if isinstance(content, Items):
        return content, extra
    if not isinstance(content, list) or not all(isinstance(item, dict) for item in content):
        raise SourceUnavailable(f"{source}: '{key}' is not a list of objects; the API may have changed")
    return Items.of(content), extra


def _layout(source: str) -> tuple[str, str | None]:
    return MAPS.get(source) or (source.rpartition(".")[2], None)


def _named(source: str, name_field: str, name: str, entry: Any) -> Item:
    if not isinstance(entry, dict):
        raise SourceUnavailable(f"{source}: '{name}' is not an object; the API may have changed")
    return {name_field: name, **entry}


def _sha256(parts: Iterable[bytes]) -> str:
    return hashlib.sha256(b"\n".join([*parts, b""])).hexdigest()
