"""Pages of what lies in a bucket: prefixes, delimiters and the markers that a next page goes on from."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from simulator.s3_errors import S3Error

Item = TypeVar("Item")


@dataclass(frozen=True)
class Question:
    """What a listing is asked for."""

    prefix: str
    delimiter: str
    most: int


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Items and common prefixes of a page, and what it ended with if more follows: an item or a prefix."""

    items: list[Item]
    prefixes: list[str]
    last: Item | str | None

    @property
    def count(self) -> int:
        return len(self.items) + len(self.prefixes)


def page_from(items: Sequence[Item], key_of: Callable[[Item], str], first: int, question: Question) -> Page[Item]:
    """The page that begins with the item at `first`; items are in the order of their keys."""
    found: list[Item] = []
    prefixes: list[str] = []
    last: Item | str | None = None
    for item, common in _rolled_up(items, key_of, max(first, _begin(items, key_of, question.prefix)), question):
        if len(found) + len(prefixes) == question.most:
            return Page(found, prefixes, last)
        if common:
            prefixes.append(common)
        else:
            found.append(item)
        last = common or item
    return Page(found, prefixes, None)


def after(items: Sequence[Item], key_of: Callable[[Item], str], marker: str, delimiter: str) -> int:
    """Where a listing goes on after a key, or after everything under a common prefix."""
    if delimiter and marker.endswith(delimiter):
        return _begin(items, key_of, _beyond(marker))
    first = _begin(items, key_of, marker)
    while first < len(items) and key_of(items[first]) == marker:
        first += 1
    return first


def after_one(
    items: Sequence[Item],
    key_of: Callable[[Item], str],
    id_of: Callable[[Item], str],
    marker: tuple[str, str],
    delimiter: str,
) -> int:
    """Where a listing goes on after one of several items of a key, told by key and identifier."""
    key, identifier = marker
    if not identifier:
        return after(items, key_of, key, delimiter) if key else 0
    first = _begin(items, key_of, key)
    while first < len(items) and key_of(items[first]) == key:
        first += 1
        if id_of(items[first - 1]) == identifier:
            return first
    raise S3Error("InvalidArgument")


def _rolled_up(
    items: Sequence[Item], key_of: Callable[[Item], str], first: int, question: Question
) -> Iterator[tuple[Item, str]]:
    """Each item with an empty text, or one item of each common prefix with that prefix."""
    index, begin = first, len(question.prefix)
    while index < len(items):
        item = items[index]
        key = key_of(item)
        if not key.startswith(question.prefix):
            return
        end = key.find(question.delimiter, begin) if question.delimiter else -1
        if end < 0:
            yield item, ""
            index += 1
        else:
            common = key[: end + len(question.delimiter)]
            yield item, common
            index = _begin(items, key_of, _beyond(common))


def _begin(items: Sequence[Item], key_of: Callable[[Item], str], key: str) -> int:
    return bisect_left(items, key, key=key_of)


def _beyond(prefix: str) -> str:
    """The first text that comes after everything with this prefix."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)
