"""The two programs that `benchmarks.ingest_charges` compares, each run in a process of its own."""

import json
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

COMPARED = (
    "charge_start",
    "organization_id",
    "project_id",
    "sku",
    "resource_id",
    "resource_name",
    "billed_cost",
    "updated_at",
)
"""Columns that both make, with the same names and types."""

KEY = ("SCW00000000000000000", "00000000-0000-4000-8000-000000000000", "0f0f0f0f-0000-4000-8000-000000000001")
"""An access key, a secret key and an organization that exist nowhere."""


def main(arguments: Sequence[str]) -> None:
    """Run one program; what its imports took goes to stdout."""
    part, *rest = arguments
    work = {"product": _product, "script": _script}[part](*rest)
    imports = time.process_time()
    work()
    sys.stdout.write(json.dumps({"imports": imports}))


def open_lake(folder: str) -> Any:
    """The product's lake in a folder."""
    from pipelines.lake.address import parse_address
    from pipelines.lake.store import Lake

    return Lake(parse_address(folder))


def _product(pages: str, folder: str) -> Any:
    """As a run does, without the scheduler around it; `pages` is a folder, or the address of a server."""
    import logging

    import structlog

    from assets.bronze.reading import read_charges
    from assets.tables import open_catalog
    from pipelines.lake.build import build
    from pipelines.sources.endpoints import Request
    from pipelines.sources.items import page_of
    from pipelines.sources.transport import Answer, Scaleway

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    now = datetime(2026, 11, 1, 6, tzinfo=UTC)

    class Received(Scaleway):
        """Bodies are at hand as they came; all that follows is the product's."""

        def send(self, request: Request, page: int = 1) -> Answer:
            asked = dict(request.parameters)
            number = int(asked.get("page_token", 0))
            body = Path(pages, asked["start_date_after"][:10], f"{number:04}.json").read_bytes()
            return Answer(body, page_of(body), None, now)

    def work() -> None:
        is_served = pages.startswith("http")
        kind, address = (Scaleway, pages) if is_served else (Received, "http://127.0.0.1")
        account = kind(*KEY, address, requests_per_second=0, clock=lambda: now)
        lake = open_lake(folder)
        read_charges(lake, account, ["2026-10"], now.date())
        catalog = open_catalog(lake)
        build(catalog, catalog.models.by_name["silver.costs"], ["2026-10"])

    return work


def _script(pages: str, target: str) -> Any:
    """What one would write to have the charges in a typed file once."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    utc, money = pa.timestamp("us", tz="UTC"), pa.decimal128(38, 12)

    def texts(rows: list[Any], name: str) -> pa.Array:
        return pa.array([row[name] for row in rows], pa.string())

    def cost(rows: list[Any]) -> pa.Array:
        prices = [row["price"] or {} for row in rows]
        units = pa.array([price.get("units") for price in prices], pa.int64()).cast(pa.decimal128(28, 9))
        nanos = pa.array([price.get("nanos") for price in prices], pa.int64()).cast(pa.decimal128(19, 0))
        billionth = pa.scalar("0.000000001").cast(pa.decimal128(9, 9))
        return pc.add(units, pc.multiply(nanos, billionth)).cast(money)

    def work() -> None:
        rows = [
            row for page in sorted(Path(pages).glob("*/*.json")) for row in json.loads(page.read_bytes())["charges"]
        ]
        columns = {
            "charge_start": texts(rows, "start_date").cast(utc),
            "inclusive_end": texts(rows, "end_date").cast(utc),
            **{
                name: texts(rows, name)
                for name in ("organization_id", "organization_name", "project_id", "project_name")
            },
            **{name: texts(rows, name) for name in ("sku", "resource_id", "resource_name", "invoice_id")},
            "billed_cost": cost(rows),
            "billing_currency": pa.array([(row["price"] or {}).get("currency_code") for row in rows], pa.string()),
            "updated_at": texts(rows, "updated_at").cast(utc),
        }
        pq.write_table(pa.table(columns), target)

    return work


if __name__ == "__main__":
    main(sys.argv[1:])
