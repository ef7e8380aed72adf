"""What does a session cost on each day, by the daily bill of another provider and a count of sessions?

`python -m benchmarks.cost_per_session DIR [--product NAME] [--provider NAME]` takes any folder with two csv files (also
compressed): a bill with the columns date, dimension, name and cost_<currency>, of which the lines whose dimension is
`project_id` are read (others are views of the same money), and a count with date and sessions. The bill becomes lines
of FOCUS 1.2, one for each project and day, tagged with the product; both are imported as `finops import` does, and the
table is gold.cost_per_request: production cost by day over sessions, null with the reason where none were counted.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from assets.allocation_tables import rows_of
from assets.allocations import build_allocated_imports
from assets.focus_files import import_focus
from assets.import_metrics import import_metrics
from assets.settings_tables import store
from assets.tables import open_catalog
from pipelines.errors import FinopsError, UsageError
from pipelines.focus.columns import columns_of
from pipelines.imports.kinds import kind_named
from pipelines.imports.read import Request
from pipelines.lake.address import parse_address
from pipelines.lake.build import build
from pipelines.lake.engine import Catalog
from pipelines.lake.sql_models import Layered
from pipelines.lake.store import Lake
from pipelines.settings_allocation import Allocation

FIGURE = "gold.cost_per_request"
_BY_PROJECT = "project_id"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table of a folder."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cost_per_session", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--product", default="sessions", help="what the bill's product is called")
    parser.add_argument("--provider", default="Google Cloud", help="whose bill it is")
    options = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="cost-per-session-") as place:
            rows = figures(options.folder, Path(place), options.product, options.provider)
    except FinopsError as error:
        sys.stderr.write(f"cost_per_session: {error}\n")
        return 2
    _print(rows)
    return 0


def figures(folder: Path, place: Path, product: str, provider: str) -> list[dict[str, Any]]:
    """Rows of the figure in production, days and months, of a lake that is made in `place`."""
    lake = Lake(parse_address(str(place / "lake")))
    bill, counts = place / "bill.csv", place / "sessions.csv"
    _write(bill, focus_lines(folder, product, provider))
    _write(counts, ({"day": row["date"], "service": product, "requests": row["sessions"]} for row in _sessions(folder)))
    import_focus(lake, bill)
    import_metrics(lake, [counts], Request(kind_named("requests"), "sessions"), datetime.now(UTC))
    store(lake, rows_of(Allocation()))
    catalog = open_catalog(lake)
    built(catalog, FIGURE)
    rows: list[dict[str, Any]] = catalog.query(
        f"select * from {FIGURE} where product is not null and environment = 'prod' order by period, period_start"
    ).to_pylist()
    return rows


def built(catalog: Catalog, *wanted: str) -> None:
    """Bring tables, and all they are made from, up to date for every month that imports speak of."""
    build_allocated_imports(catalog, [])
    found = catalog.query("select distinct strftime(charge_period_start, '%Y-%m') as month from bronze.focus_lines")
    months = sorted(row["month"] for row in found.to_pylist())
    needed = set().union(*(_needed(catalog.models, table) for table in wanted))
    for model in catalog.models:
        if model.table in needed:
            build(catalog, model, months)


def _needed(models: Layered, table: str) -> set[str]:
    model = models.by_name.get(table)
    return {table}.union(*(_needed(models, read) for read in (model.reads if model else ())))


def focus_lines(folder: Path, product: str, provider: str) -> Iterator[dict[str, str]]:
    """The bill as FOCUS 1.2: a line for each project and day, in the columns it can fill.

    The project is the sub account, and its name says its environment; the product is a tag. A daily bill has no list
    prices and no discounts, so that all four costs are what was billed.
    """
    empty = dict.fromkeys((column.name for column in columns_of("1.2")), "")
    for row in _rows(folder, "a bill", {"date", "dimension", "name"}):
        (column,) = (name for name in row if name.startswith("cost_"))
        if row["dimension"] != _BY_PROJECT:
            continue
        day, cost = date.fromisoformat(row["date"]), f"{Decimal(row[column]):f}"
        first = day.replace(day=1)
        yield empty | {
            **dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), cost),
            **dict.fromkeys(("ProviderName", "PublisherName", "InvoiceIssuerName", "BillingAccountId"), provider),
            **dict.fromkeys(("SubAccountId", "SubAccountName"), row["name"]),
            "BillingAccountName": provider,
            "BillingAccountType": "Billing account",
            "BillingCurrency": column.removeprefix("cost_").upper(),
            "BillingPeriodStart": _instant(first),
            "BillingPeriodEnd": _instant((first + timedelta(days=32)).replace(day=1)),
            "ChargeCategory": "Usage",
            "ChargeDescription": f"{row['name']} on {row['date']}",
            "ChargeFrequency": "Usage-Based",
            "ChargePeriodStart": _instant(day),
            "ChargePeriodEnd": _instant(day + timedelta(days=1)),
            "ServiceCategory": "Other",
            "ServiceSubcategory": "Other (Other)",
            "ServiceName": provider,
            "SubAccountType": "Project",
            "Tags": json.dumps({"product": product}),
        }


def _sessions(folder: Path) -> Iterator[dict[str, str]]:
    return _rows(folder, "a count of sessions", {"date", "sessions"})


def _rows(folder: Path, what: str, columns: set[str]) -> Iterator[dict[str, str]]:
    """The lines of the one file of a folder that has these columns."""
    found = [path for path in sorted(folder.glob("*.csv*")) if columns <= set(_header(path))]
    if len(found) != 1:
        raise UsageError(f"{folder}: {len(found)} files are {what}; name a folder with one that has {sorted(columns)}")
    with _opened(found[0]) as lines:
        yield from csv.DictReader(lines)


def _header(path: Path) -> list[str]:
    with _opened(path) as lines:
        return next(csv.reader(lines), [])


def _opened(path: Path) -> Any:
    return gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="")


def _instant(day: date) -> str:
    return f"{day}T00:00:00Z"


def _write(path: Path, rows: Iterator[Mapping[str, str]]) -> None:
    first = next(rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(first))
        writer.writeheader()
        writer.writerow(first)
        writer.writerows(rows)


def _print(rows: Sequence[Mapping[str, Any]]) -> None:
    told = sys.stdout.write
    told(
        "| Period | Start | Cost | Sessions | Cost of a session | Counted days | Reason |\n"
        "|---|---|---|---|---|---|---|\n"
    )
    for row in rows:
        sessions = "" if row["units"] is None else f"{row['units'] * 1000:,.0f}"
        each = "" if row["unit_cost"] is None else f"{row['unit_cost'] / 1000:.6f}"
        told(
            f"| {row['period']} | {row['period_start']} | {row['direct_cost']:,.2f} {row['billing_currency']} "
            f"| {sessions} | {each} | {row['counted_days']} of {row['days']} | {row['reason'] or ''} |\n"
        )


if __name__ == "__main__":
    sys.exit(main())
