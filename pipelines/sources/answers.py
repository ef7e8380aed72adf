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
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from pipelines.errors import SourceUnavailable

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

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))

Item = Mapping[str, Any]


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
        return _sha256([json.dumps([self.source, self.path, asked])])

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
    items: tuple[Item, ...]
    extra: Mapping[str, Any]
    asked_at: datetime

    @cached_property
    def plain_texts(self) -> tuple[str | None, ...]:
        """Canonical JSON of each item, for the hash and for whoever keeps the item; None where it holds a Decimal."""
        return tuple(map(_plain, self.items))

    @cached_property
    def answer_hash(self) -> str:
        """Equal for the same content of the same question, however it was paged, ordered and spelled."""
        texts = zip(self.plain_texts, self.items, strict=True)
        items = sorted(_spelled(item) if text is None else text for text, item in texts)
        return _sha256([self.question.question_hash, canonical(self.extra), *items])


def document_of(body: bytes) -> dict[str, Any]:
    """The JSON object in a body. Raises ValueError for anything else, NaN and Infinity included."""
    try:
        document = json.loads(body, parse_float=Decimal, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None
    if not isinstance(document, dict):
        raise ValueError(f"the JSON is a {type(document).__name__}, not an object")
    return document


def items_of(source: str, body: bytes) -> tuple[tuple[Item, ...], Mapping[str, Any]]:
    """The items of one body, of a list or of a single object, and what else stood at its top."""
    try:
        document = document_of(body)
    except ValueError as error:
        raise SourceUnavailable(f"{source}: the answer cannot be read: {error}; ask again") from None
    if _layout(source)[0] not in document:
        if "id" in document:
            return (document,), {}
        wrapped = list(document.values())
        if len(wrapped) == 1 and isinstance(wrapped[0], dict):
            return (wrapped[0],), {}
    return items_in(source, document)


def items_in(source: str, document: Mapping[str, Any]) -> tuple[tuple[Item, ...], Mapping[str, Any]]:
    """The items of one page of a list, already parsed, and what else stood at its top.

    A page without its list is an error unless it counts zero: missing is not empty.
    """
    key, name_field = _layout(source)
    if key not in document and str(document.get("total_count")) != "0":
        raise SourceUnavailable(f"{source}: the answer holds no '{key}'; the API may have changed")
    extra = {name: value for name, value in document.items() if name != key and name not in PAGE_FIELDS}
    content = document.get(key)
    if content is None:
        content = []
    elif name_field and isinstance(content, dict):
        content = [_named(source, name_field, name, entry) for name, entry in content.items()]
    if not isinstance(content, list) or not all(isinstance(item, dict) for item in content):
        raise SourceUnavailable(f"{source}: '{key}' is not a list of objects; the API may have changed")
    return tuple(content), extra


def canonical(value: Any) -> str:
    """One spelling for one JSON value: sorted keys, no white space, 1.50 as 1.5, 2.0 as 2."""
    plain = _plain(value)
    return _spelled(value) if plain is None else plain


def _plain(value: Any) -> str | None:
    try:
        return _ENCODER.encode(value)
    except TypeError:  # a Decimal is in there, which json cannot write as a number
        return None


def _layout(source: str) -> tuple[str, str | None]:
    return MAPS.get(source) or (source.rpartition(".")[2], None)


def _named(source: str, name_field: str, name: str, entry: Any) -> Item:
    if not isinstance(entry, dict):
        raise SourceUnavailable(f"{source}: '{name}' is not an object; the API may have changed")
    return {name_field: name, **entry}


def _spelled(value: Any) -> str:
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, Mapping):
        fields = (f"{json.dumps(key)}:{_spelled(value[key])}" for key in sorted(value))
        return "{" + ",".join(fields) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_spelled(entry) for entry in value) + "]"
    return json.dumps(value)


def _number(value: Decimal) -> str:
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)  # NaN and Infinity are refused when parsing
    significant = "".join(map(str, digits)).rstrip("0")
    if not significant:
        return "0"
    exponent += len(digits) - len(significant)
    if 0 <= exponent <= 30:
        significant, exponent = significant + "0" * exponent, 0
    return f"{'-' * sign}{significant}{f'e{exponent}' if exponent else ''}"


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _sha256(parts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode())
        digest.update(b"\n")
    return digest.hexdigest()
