"""The e-mail of a review: a file beside the report, and with --send one to each recipient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from finops.streams import write_hint, write_line
from pipelines.errors import PartialResult


@dataclass(frozen=True)
class Review:
    """A review that was written: its page, what its e-mail says, who gets it, and the months it speaks of."""

    page: Path
    content: Any
    recipients: Sequence[str]
    months: Sequence[str]


def deliver_review(catalog: Any, settings: Any, review: Review, now: datetime, *, send: bool) -> None:
    """Write the e-mail beside the page; send it where that is asked for.

    QualityGateError where the months were not built to their end, PartialResult where somebody did not get it.
    """
    from datetime import UTC

    from assets.report_mails import refuse_unfinished, send_review, write_draft
    from assets.reports import organization_id

    organization = organization_id(catalog)
    write_line(str(review.page))
    write_line(str(write_draft(review.content, settings, review.page.with_suffix(".eml"), organization, now)))
    if not send:
        return
    refuse_unfinished(catalog, review.months)
    sent = send_review(catalog, settings, review.content, review.recipients, organization, lambda: datetime.now(UTC))
    if sent.known:
        write_hint(f"{sent.known} of {len({*review.recipients})} had it already; nobody gets a period's review twice.")
    write_hint(f"Sent to {sent.taken}.")
    if sent.failures:
        raise PartialResult("; ".join(sent.failures))
