"""Asks the Audit Trail for the days that are not known yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta

from assets.bronze.reading import Reading
from assets.tables import open_catalog
from pipelines.errors import FinopsError, NotOffered, WriteRefused
from pipelines.lake.answers import record
from pipelines.lake.store import Lake
from pipelines.sources import audit
from pipelines.sources.answers import Listing
from pipelines.sources.transport import Scaleway


@dataclass(frozen=True)
class _Region:
    """What one region answered, oldest day first, and why it stopped answering."""

    name: str
    listings: Sequence[Listing]
    failure: FinopsError | None = None


def read_audit_events(lake: Lake, scaleway: Scaleway) -> Reading:
    """The events of each complete day that was not read yet, as far back as Scaleway keeps them."""
    today = scaleway.clock().date()
    known = _known_days(lake, today)
    with ThreadPoolExecutor(len(audit.REGIONS), thread_name_prefix="audit") as readers:
        regions = list(readers.map(lambda region: _read(scaleway, region, today, known[region]), audit.REGIONS))
    listings = [listing for region in regions for listing in region.listings]
    months = sorted({listing.question.billing_month or "" for listing in listings})
    return Reading(record(lake, "bronze.audit_events", listings), months, _missing(regions))


def _known_days(lake: Lake, today: date) -> dict[str, set[date]]:
    """Days that were answered, by region."""
    first = today - timedelta(days=audit.HISTORY_DAYS)
    rows = open_catalog(lake).query(
        "select distinct regexp_extract(path, '/regions/([^/]+)/', 1) as region, "
        "cast(left(json_extract_string(parameters, '$.recorded_after'), 10) as date) as day "
        f"from bronze.answers where source = '{audit.EVENTS.source}' and billing_month >= '{first:%Y-%m}'"
    )
    known: dict[str, set[date]] = defaultdict(set)
    for row in rows.to_pylist():
        known[row["region"]].add(row["day"])
    return known


def _read(scaleway: Scaleway, region: str, today: date, known: set[date]) -> _Region:
    """A day is whole or not there; after one that fails, the next run goes on."""
    listings: list[Listing] = []
    for back in range(audit.HISTORY_DAYS - 1, 0, -1):  # the day before is not kept whole any more
        day = today - timedelta(days=back)
        if day in known:
            continue
        try:
            listings.append(audit.events(scaleway, region, day))
        except WriteRefused:
            raise
        except FinopsError as error:
            return _Region(region, listings, error)
    return _Region(region, listings)


def _missing(regions: Sequence[_Region]) -> list[str]:
    """One line for each sort of failure, with the regions it struck. A region without the product has no events."""
    struck: dict[type[FinopsError], list[_Region]] = {}
    for region in regions:
        if region.failure is not None:
            struck.setdefault(type(region.failure), []).append(region)
    if len(struck.get(NotOffered, [])) < len(regions):
        struck.pop(NotOffered, None)
    return [
        f"{audit.EVENTS.source} is left out in {', '.join(each.name for each in same)}: {same[0].failure}"
        for same in struck.values()
    ]
