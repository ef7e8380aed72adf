"""Days as people write them."""

from __future__ import annotations

from datetime import date

from pipelines.errors import UsageError


def day_of(text: str | None, option: str) -> date | None:
    """The day an option names, none where it was not given; UsageError for anything but YYYY-MM-DD."""
    try:
        return date.fromisoformat(text) if text is not None else None
    except ValueError:
        raise UsageError(f"{option} {text!r} is not a day; write YYYY-MM-DD, such as 2026-10-01") from None
