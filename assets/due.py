"""Which months a run without a period of its own looks at: a run must not cost more with every month it has behind it.

A month is due when it was never read to its end, when it can still change, or when a table of it is not what its
inputs would make it now: its settings, its prices or its past were corrected. What a run itself learns of older months
is due in the next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from assets.bronze.reading import final_months
from assets.made_assets import MAKINGS
from assets.made_tables import stale_months_of
from assets.settings_tables import outdated
from pipelines.billing.periods import months_to_read
from pipelines.lake.answers import questions_by_month
from pipelines.lake.build import stale_months
from pipelines.lake.engine import Catalog
from pipelines.settings import Settings
from pipelines.sources import billing


def due_months(catalog: Catalog, months: Sequence[str], today: date, settings: Settings) -> list[str]:
    """Of `months`, without a gap, from the first that is due; the newest always is. One run reads them all."""
    lake = catalog.lake
    read = questions_by_month(lake, billing.CHARGES.source)
    open_ = set(months_to_read(months, today, read, final_months(lake, months, today)))
    closed = [month for month in months if month not in open_ and read.get(month)]
    due = min([*open_, *_made_anew(catalog, closed, settings), months[-1]])
    return [month for month in months if month >= due]


def _made_anew(catalog: Catalog, months: Sequence[str], settings: Settings) -> list[str]:
    """Of months that are read, those whose tables would be others now; all of them after settings were changed."""
    if outdated(catalog.lake, settings):
        return list(months)
    stale = set(stale_months(catalog, months))
    made = [each.made for each in MAKINGS if each.asks_for_months]
    return sorted(stale.union(*(stale_months_of(catalog, each, months) for each in made)))
