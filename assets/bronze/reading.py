"""Asks a source and records what is new: the two calls behind each bronze asset, without Dagster."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from itertools import chain

from assets.tables import open_catalog
from pipelines.billing.periods import closed_months, days_to_read, months_to_read
from pipelines.lake.answers import Recorded, questions_by_month, record
from pipelines.lake.store import Lake
from pipelines.sources import billing
from pipelines.sources.answers import Listing
from pipelines.sources.catalog import products
from pipelines.sources.inventory import INVENTORY_PRODUCTS, inventory, projects
from pipelines.sources.transport import Scaleway

READERS = 4
"""Calls under way at once; the rate limit holds for all of them together."""


@dataclass(frozen=True)
class Reading:
    """What was recorded, for which months, and one line for each part that could not be read."""

    recorded: Recorded
    months: Sequence[str] = ()
    missing: Sequence[str] = field(default_factory=tuple)


def final_months(lake: Lake, months: Sequence[str], today: date) -> set[str]:
    """Months that could change no more when the tables were last built."""
    catalog = open_catalog(lake)
    if catalog.state("silver.invoices").delta is None:
        return closed_months(months, (), today)
    rows = catalog.query(
        "select distinct billing_month from silver.invoices "
        "where invoice_type = 'periodic' and invoice_state in ('issued', 'paid')"
    )
    return closed_months(months, rows["billing_month"].to_pylist(), today)


def read_charges(lake: Lake, scaleway: Scaleway, months: Sequence[str], today: date, again: bool = False) -> Reading:
    """The charges of each complete day of the months that are new or can still change."""
    known = questions_by_month(lake, billing.CHARGES.source)
    wanted = months_to_read(months, today, known, final_months(lake, months, today), again)

    def listings() -> Iterator[Listing]:
        with ThreadPoolExecutor(READERS, thread_name_prefix="charges") as readers:
            days = chain.from_iterable(days_to_read(wanted, today).values())
            yield from _ahead(readers, lambda day: billing.charges(scaleway, day), days)

    return Reading(record(lake, "bronze.charges", listings()), wanted)


def _ahead(readers: ThreadPoolExecutor, read: Callable[[date], Listing], days: Iterable[date]) -> Iterator[Listing]:
    """The listing of each day in order; no more wait to be taken than there are readers, so that memory is bounded."""
    under_way: deque[Future[Listing]] = deque()
    for day in days:
        under_way.append(readers.submit(read, day))
        if len(under_way) > READERS:
            yield under_way.popleft().result()
    while under_way:
        yield under_way.popleft().result()


def read_consumptions(
    lake: Lake, scaleway: Scaleway, months: Sequence[str], today: date, again: bool = False
) -> Reading:
    """The bill's own lines of the months that are new or can still change."""
    wanted = _months_of_one_answer(lake, billing.CONSUMPTIONS.source, months, today, again)
    listings = [billing.consumptions(scaleway, month) for month in wanted]
    return Reading(record(lake, "bronze.consumptions", listings), wanted)


def read_taxes(lake: Lake, scaleway: Scaleway, months: Sequence[str], today: date, again: bool = False) -> Reading:
    """The taxes of the months that are new or can still change."""
    wanted = _months_of_one_answer(lake, billing.TAXES.source, months, today, again)
    listings = [billing.taxes(scaleway, month) for month in wanted]
    return Reading(record(lake, "bronze.taxes", listings), wanted)


def _months_of_one_answer(lake: Lake, source: str, months: Sequence[str], today: date, again: bool) -> list[str]:
    answered = questions_by_month(lake, source)
    final = {month for month in final_months(lake, months, today) if answered.get(month)}
    return months_to_read(months, today, dict.fromkeys(final, 31), final, again)


def read_invoices(lake: Lake, scaleway: Scaleway) -> Reading:
    """All invoices; read after the charges, see `pipelines.billing.periods`."""
    return Reading(record(lake, "bronze.invoices", [billing.invoices(scaleway)]))


def read_discounts(lake: Lake, scaleway: Scaleway) -> Reading:
    """Vouchers and contract discounts."""
    return Reading(record(lake, "bronze.discounts", [billing.discounts(scaleway)]))


def read_budgets(lake: Lake, scaleway: Scaleway) -> Reading:
    """Scaleway's own budgets."""
    return Reading(record(lake, "bronze.budgets", [billing.budgets(scaleway)]))


def read_products(lake: Lake, scaleway: Scaleway) -> Reading:
    """The price list of today."""
    return Reading(record(lake, "bronze.products", [products(scaleway)]))


def read_projects(lake: Lake, scaleway: Scaleway) -> Reading:
    """The organisation's projects."""
    return Reading(record(lake, "bronze.projects", [projects(scaleway)]))


def read_resources(lake: Lake, scaleway: Scaleway) -> Reading:
    """What exists now, per product and locality."""
    found = inventory(scaleway, products=[product for product in INVENTORY_PRODUCTS if product.resource_type])
    return Reading(record(lake, "bronze.resources", found.listings), missing=found.missing)


def read_server_types(lake: Lake, scaleway: Scaleway) -> Reading:
    """Instance types sold now, per zone."""
    found = inventory(scaleway, products=[product for product in INVENTORY_PRODUCTS if not product.resource_type])
    return Reading(record(lake, "bronze.server_types", found.listings), missing=found.missing)
