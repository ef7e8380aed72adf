"""How one data source is asked: a question that fails costs its own part, a server that is dead costs no more calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import TypeVar

from assets.bronze.telemetry_causes import cause_of
from assets.bronze.telemetry_places import NOT_OPENED, Place
from pipelines.errors import ConfigurationError, FinopsError, SourceUnavailable
from pipelines.sources.cockpit.api import NotServed

T = TypeVar("T")

MOST_SILENCES = 2
"""Questions in a row that may stay without answer before a server counts as dead."""

LONGEST_NOTE = 500


class _Dead(Exception):
    """There is no use in asking on."""


@dataclass
class Asking:
    """Questions to one place. Safe to share between threads."""

    place: Place
    dead: str = ""
    """Why nothing more can be asked here, if that is so."""

    failed: dict[str, str] = field(default_factory=dict)
    """Parts without an answer, and why."""

    is_unsettled: bool = False
    """Whether something was not answered that may be the next time."""

    _silences: int = 0
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        if self.place.token is None:
            self.dead = NOT_OPENED

    def all_of(self, questions: Callable[[], T]) -> T | None:
        """What several questions come to; None when the place turns out to be dead, or is known to be."""
        if self.dead:
            return None
        try:
            return questions()
        except _Dead:
            return None

    def whole(self, question: Callable[[], T]) -> T:
        """An answer that all others depend on: without it the place is dead. Only within `all_of`."""
        answer = self.opened(question)
        self.place.silence.end()
        return answer

    def opened(self, make: Callable[[], T]) -> T:
        """What is needed to ask, without which the place is dead. Only within `all_of`."""
        try:
            return make()
        except FinopsError as error:
            raise self._died(error) from error

    def part(self, name: str, question: Callable[[], T]) -> T | None:
        """One answer of many, or None and a line in `failed`. Only within `all_of`."""
        if self.dead:
            raise _Dead
        try:
            answer = question()
        except ConfigurationError as error:
            raise self._died(error) from error
        except FinopsError as error:
            self._failed(name, error)
            return None
        self._silences = 0
        self.place.silence.end()
        return answer

    @property
    def note(self) -> str:
        """What is missing of what was read, for whoever uses it later."""
        return "; ".join(f"{name}: {cause}" for name, cause in sorted(self.failed.items()))[:LONGEST_NOTE]

    def _failed(self, name: str, error: FinopsError) -> None:
        with self._lock:
            self.failed[name] = self._cause(error)
            if isinstance(error, SourceUnavailable):
                self.is_unsettled = True
                self._silences += 1
        if self._silences >= MOST_SILENCES:
            raise self._died(error) from error

    def _died(self, error: FinopsError) -> _Dead:
        cause = self._cause(error)
        if isinstance(error, SourceUnavailable) and not isinstance(error, NotServed):
            cause = self.place.silence.deepen(cause)
        self.dead = self.dead or cause[:LONGEST_NOTE]
        return _Dead()

    def _cause(self, error: FinopsError) -> str:
        url = self.place.source.url.rstrip("/")
        return cause_of(error, (url, f"{url}/prometheus"))
