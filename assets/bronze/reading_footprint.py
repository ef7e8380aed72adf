"""Asks for the environmental footprint: a month that is over as a whole, the running one day by day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from assets.bronze.reading import Reading, final_months
from assets.tables import open_catalog
from pipelines.billing.periods import Period, month_start, months_to_read, next_month
from pipelines.errors import FinopsError, WriteRefused
from pipelines.lake.answers import record
from pipelines.lake.store import Lake
from pipelines.sources import footprint
from pipelines.sources.answers import Listing
from pipelines.sources.transport import Scaleway


def read_footprints(lake: Lake, scaleway: Scaleway, months: Sequence[str], today: date, again: bool = False) -> Reading:
    """The footprint of the months that are new or can still change; where it cannot be had, the estimates stand."""
    wanted = _months(lake, months, today, again)
    failures: list[FinopsError] = []

    def listings() -> Iterator[Listing]:
        for period in [period for month in wanted for period in windows(month, today)]:
            try:
                yield footprint.impact(scaleway, period.since, period.until)
            except WriteRefused:
                raise
            except FinopsError as error:
                failures.append(error)  # what follows would be refused for the same reason
                return

    recorded = record(lake, "bronze.footprints", listings())
    missing = [f"{footprint.IMPACT.source} is left out, the footprint is estimated: {error}" for error in failures]
    return Reading(recorded, wanted, missing)


def windows(month: str, today: date) -> list[Period]:
    """What is asked of a month: all of it at once when it is over, else each complete day."""
    start = month_start(month)
    end = next_month(start)
    if end <= today:
        return [Period(start, end)]
    days = [start + timedelta(days=offset) for offset in range(max((today - start).days, 0))]
    return [Period(day, day + timedelta(days=1)) for day in days]


def _months(lake: Lake, months: Sequence[str], today: date, again: bool) -> list[str]:
    """Months that can still change, or were not asked for as a whole since they are over."""
    settled = final_months(lake, months, today) & _asked_whole(lake)
    return months_to_read(months, today, dict.fromkeys(settled, 31), settled, again)


def _asked_whole(lake: Lake) -> set[str]:
    rows = open_catalog(lake).query(
        "select distinct billing_month from bronze.answers "
        f"where source = '{footprint.IMPACT.source}' "
        "and left(json_extract_string(parameters, '$.end_date'), 10) "
        "= cast(cast(cast(billing_month || '-01' as date) + interval 1 month as date) as varchar) "
        "and left(json_extract_string(parameters, '$.start_date'), 10) = billing_month || '-01'"
    )
    return set(rows["billing_month"].to_pylist())
