"""How far the listing of a bucket is: a value that can be written down and read again."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, datetime

from pipelines.sources.objects.histogram import Entry, Histogram, Shape
from pipelines.sources.objects.pages import Marker, Newer

_FORMAT = 1


@dataclass
class Progress:
    """What was listed so far and what comes next.

    `parts` are the prefixes to list, one after the other; a whole bucket is the one part ''. `marker` asks for the
    next page of the part at hand.
    """

    today: date
    histogram: Histogram
    parts: list[str] = field(default_factory=lambda: [""])
    are_all_parts_known: bool = True
    part: int = 0
    marker: Marker = field(default_factory=dict)
    newer: Newer = None
    covers_versions: bool = False
    requests: int = 0
    pages: int = 0
    objects: int = 0
    bytes: int = 0
    last_key: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether every part was listed to its end."""
        return self.part >= len(self.parts)

    @property
    def is_in_key_order(self) -> bool:
        """Whether the bucket is listed as one part."""
        return self.parts == [""]

    def count(self, entries: list[Entry]) -> None:
        """Take in the entries of one page."""
        add = self.histogram.add
        for entry in entries:
            add(entry)
            self.bytes += entry.size
        self.objects += len(entries)
        self.pages += 1

    def turn(self, marker: Marker | None, last_key: str | None) -> None:
        """Go to the next page, or to the next part when this one is over."""
        self.last_key = last_key if last_key is not None else self.last_key
        if marker is None:
            self.histogram.fold(self.parts[self.part])
            self.part, self.marker, self.newer = self.part + 1, {}, None
            return
        self.marker = marker
        if last_key is not None:
            self.histogram.fold(last_key)


def dumped(progress: Progress, question: str) -> str:
    """The state as text; `question` says what was asked, so that no other listing goes on from here."""
    newer = progress.newer
    plain = {
        name: getattr(progress, name)
        for name in (
            "parts",
            "are_all_parts_known",
            "part",
            "marker",
            "covers_versions",
            "requests",
            "pages",
            "objects",
            "bytes",
            "last_key",
        )
    }
    return json.dumps(
        {
            "format": _FORMAT,
            "question": question,
            "today": progress.today.isoformat(),
            "histogram": progress.histogram.dump(),
            "newer": [newer[0], newer[1].isoformat()] if newer else None,
            "plain": plain,
        }
    )


def loaded(text: str | None, question: str, today: date, shape: Shape, most_days_old: int) -> Progress | None:
    """The state in `text`; None when there is none, when it cannot be read, when it answers another question or when
    it was begun too many days before today."""
    try:
        state = json.loads(text or "")
        if state["format"] != _FORMAT or state["question"] != question:
            return None
        begun = date.fromisoformat(state["today"])
        if not 0 <= (today - begun).days <= most_days_old:
            return None
        progress = Progress(begun, Histogram(begun, shape), **state["plain"])
        progress.histogram.load(state["histogram"])
        if state["newer"]:
            progress.newer = (state["newer"][0], datetime.fromisoformat(state["newer"][1]))
    except (ValueError, KeyError, TypeError, IndexError):
        return None
    return progress
