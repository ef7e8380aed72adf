"""Whether a month may be closed, and if not, why and what to do."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pipelines.errors import QualityGateError


@dataclass(frozen=True)
class MonthState:
    """How far a month is known. `failed_checks` are the blocking ones that do not hold, each in a few words."""

    month: str
    charges_until: date
    days_read: int
    is_complete: bool
    invoice_state: str | None
    is_final: bool
    failed_checks: Sequence[str] = ()


def refuse_unclosable(state: MonthState, *, preliminary: bool) -> None:
    """Raises QualityGateError with the reason and the remedy; a month without issued invoice closes as preliminary."""
    month = state.month
    length = monthrange(int(month[:4]), int(month[5:]))[1]
    if not state.is_complete:
        raise QualityGateError(
            f"{month} is not complete: charges are known until {state.charges_until}; close it when it is over and read"
        )
    if state.days_read < length:
        raise QualityGateError(
            f"{month} is not complete: {state.days_read} of its {length} days were read; "
            f"run `finops backfill --since {month}-01` first"
        )
    if state.failed_checks:
        more = f" and {len(state.failed_checks) - 1} more" if len(state.failed_checks) > 1 else ""
        raise QualityGateError(f"{month} is not closed: {state.failed_checks[0]}{more}; run `finops report quality`")
    if not state.is_final and not preliminary:
        raise QualityGateError(
            f"{month} is not closed: its invoice is {state.invoice_state or 'not issued yet'}; "
            "wait for it, or close with --preliminary"
        )
