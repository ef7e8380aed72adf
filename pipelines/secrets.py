"""Values that must never be shown, and the masking of any text that may hold one.

A secret registers itself when it is made, so that whoever prints or logs can mask every secret this process
has ever held, wherever an error message or a library picked it up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NoReturn

MASK: Final = "********"

_SHORTEST = 8
"""Shorter values are not masked: they would blank out ordinary words."""

_held: set[str] = set()


class Secret:
    """A value that shows itself only to `reveal()`: not in repr, str, format, pickle or JSON."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        if len(value) >= _SHORTEST:
            _held.add(value)

    def reveal(self) -> str:
        """The value itself, for the one call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is never written to disk or sent to another process")


def secret_of(environment: Mapping[str, str], name: str) -> Secret | None:
    """The secret a variable holds; None where it is not set or empty."""
    value = environment.get(name)
    return Secret(value) if value else None


def masked(text: str) -> str:
    """The text with every secret this process holds replaced by asterisks."""
    for value in sorted(_held, key=len, reverse=True):
        if value in text:
            text = text.replace(value, MASK)
    return text
