"""What a tag protects from being advised away: standby copies, legal holds, restore drills, whatever people name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

_NO = frozenset({"false", "no", "0", "off"})


def protecting_tag(tags: Iterable[str], patterns: Sequence[str]) -> str | None:
    """The first of a resource's tags that one of the patterns means, None where none does.

    Tags are `key=value`, `key:value` or bare, and so are patterns, in which * stands for any letters; upper and lower
    case are the same. A pattern without value means the key with any value but false, no, 0 and off.
    """
    wanted = [_plain(pattern) for pattern in patterns]
    for tag in tags:
        if any(fnmatchcase(form, pattern) for form in _forms(tag) for pattern in wanted):
            return tag
    return None


def _forms(tag: str) -> Iterable[str]:
    """The tag as it is, and its key where the value does not take it back."""
    key, sign, value = tag.partition("=")
    if not sign:
        key, sign, value = tag.rpartition(":")
    yield _plain(tag)
    if sign and value.strip().casefold() not in _NO:
        yield _plain(key)


def _plain(text: str) -> str:
    return "=".join(part.strip() for part in text.casefold().replace(":", "=").split("="))
