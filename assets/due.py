"""Which months a run without a period of its own looks at: a run must not cost more with every month it has behind it.

A month is due when it was never read to its end, when it can still change, or when a table of it is not what its
inputs would make it now: its rules, its prices or its past were corrected. What a run itself learns of older months is
due in the next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from assets.bronze.reading import final_months
from pipelines.billing.periods import months_to_read
from pipelines.lake.answers import questions_by_month
from pipelines.lake.build import stale_months
from pipelines.lake.engine import Catalog
from pipelines.sources import billing


def due_months(catalog: Catalog, months: Sequence[str], today: date) -> list[str]:
    """Of `months`, without a gap, from the first that is due; the newest always is. One run reads them all."""
    lake = catalog.lake
    read = questions_by_month(lake, billing.CHARGES.source)
    open_ = set(months_to_read(months, today, read, final_months(lake, months, today)))
    closed = [month for month in months if month not in open_ and read.get(month)]
    due = min([*open_, *stale_months(catalog, closed), months[-1]])
    return [month for month in months if month >= due]
