"""The rows a report shows: of a closed month those of its close, beside what became another figure since."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import duckdb

from assets.closed_lake import ClosedCatalog
from assets.closing import Close, closes, restated_rows
from pipelines.errors import FinopsError
from pipelines.lake.engine import Catalog
from pipelines.settings import load_settings

if TYPE_CHECKING:
    from pipelines.reporting.monthly_closing import ClosedMonth

Rows = Mapping[str, Any]


def closed_month(
    catalog: Catalog, month: str, read: Callable[[Catalog], Rows], now: datetime
) -> tuple[ClosedMonth | None, Rows]:
    """The close of a month, if it was closed, and the rows that `read` finds in the lake as it was then."""
    close = closes(catalog).get(month)
    if close is None:
        return None, read(catalog)
    rows = _rows_of(close, catalog, read)
    return _told(close, catalog, now, shows_closed=rows is not None), rows or read(catalog)


def _rows_of(close: Close, catalog: Catalog, read: Callable[[Catalog], Rows]) -> Rows | None:
    """None where the versions of then cannot be read any more: tidied away, or of other columns than today's."""
    try:
        return read(ClosedCatalog(catalog, close.manifest.versions))
    except (FinopsError, duckdb.Error):
        return None


def _told(close: Close, catalog: Catalog, now: datetime, *, shows_closed: bool) -> ClosedMonth:
    from pipelines.reporting.monthly_closing import ClosedMonth, RestatedRow
    from pipelines.reporting.monthly_input import typed

    rows = restated_rows(catalog, close, load_settings(), now)
    return ClosedMonth(
        close.closed_at,
        close.manifest.is_preliminary,
        close.manifest_hash,
        tuple(typed(RestatedRow, row) for row in rows),
        shows_closed,
    )
