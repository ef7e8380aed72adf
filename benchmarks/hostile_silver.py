"""Hostile items on their way from bronze to silver: what a reader of the API let through is built by the real selects.

Tables lie in memory, since storing them would take longer than all else; gates and selects are the product's own.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa

from assets.gates import GATES, Gate
from assets.tables import TABLES
from benchmarks.hostile_case import Counts, Reader
from benchmarks.hostile_grammar import encoded, mutated, spelled
from benchmarks.hostile_seeds import page
from pipelines.errors import FinopsError, QualityGateError
from pipelines.lake.build import data_errors
from pipelines.lake.engine import connect
from pipelines.lake.sql_models import SqlModel, load_models
from pipelines.sources.answers import MAPS, items_in
from pipelines.sources.inventory_products import INVENTORY_PRODUCTS
from pipelines.sources.items import Items, page_of

_MONTH = "2026-06"
_AT = datetime(2026, 6, 3, 6, tzinfo=UTC)
_WINDOW = {"start_date_after": "2026-06-02T00:00:00Z", "end_date_before": "2026-06-03T00:00:00Z"}
_ASKED: Mapping[str, Mapping[str, str]] = {
    "billing.charges": _WINDOW,
    "environmental_footprint.projects": {"start_date": "2026-06-01T00:00:00Z", "end_date": "2026-07-01T00:00:00Z"},
}
_OF_RESOURCES = ("resources", "resource_history", "attachments", "metal_subscriptions", "gpu_machines", "job_runs")
_BUILT: Mapping[str, tuple[str, Sequence[str]]] = {
    "billing.charges": ("charges", ("costs",)),
    "billing.consumptions": ("consumptions", ("consumptions",)),
    "billing.invoices": ("invoices", ("invoices",)),
    "billing.taxes": ("taxes", ("taxes",)),
    "billing.discounts": ("discounts", ("discounts", "vouchers")),
    "billing.budgets": ("budgets", ("budgets",)),
    "catalog.products": ("products", ("prices", "offers", "network_offers", "model_prices", "gpu_offers")),
    "account.projects": ("projects", ("projects",)),
    "audit_trail.events": ("audit_events", ("audit_events", "deploys")),
    "environmental_footprint.projects": ("footprints", ("footprint_reported",)),
}
"""The bronze table of each source, and the silver tables that are made of it."""


class Silver:
    """Bronze in memory, and every silver table as a view of its own select."""

    def __init__(self) -> None:
        self.connection = connect()
        self._models = load_models()
        self._made: set[str] = set()
        for schema in ("bronze", "silver", "gold"):
            self.connection.execute(f"create schema {schema}")
        self.connection.execute(f"set variable built_months = ['{_MONTH}']")

    def give(self, table: str, rows: pa.Table) -> None:
        """Put these rows into a bronze table, in place of what it held."""
        self._made.add(table)
        self.connection.register("given", rows)
        self.connection.execute(f"create or replace table {table} as select * from given")

    def rows(self, table: str) -> int:
        """Build a silver table and count its rows."""
        self._make(table)
        with data_errors(table):
            found: pa.Table = self.connection.execute(f"select * from {table} order by all").to_arrow_table()
        return int(found.num_rows)

    def judge(self, gate: Gate) -> None:
        """Raise QualityGateError when a gate would stop a run."""
        self._make(gate.table)
        with data_errors(gate.table):
            rows = self.connection.execute(gate.sql).to_arrow_table()
        for name, arguments in gate.expectations:
            _expect(gate, name, arguments, rows)

    def _make(self, table: str) -> None:
        if table in self._made:
            return
        self._made.add(table)
        if table in TABLES:
            self.give(table, TABLES[table].schema.empty_table())
            return
        model: SqlModel = self._models.by_name[table]
        for read in sorted(model.reads):
            self._make(read)
        self.connection.execute(f"create view {table} as {model.sql}")


def _expect(gate: Gate, name: str, arguments: Mapping[str, Any], rows: pa.Table) -> None:
    """Of the expectations the ones that bound a column; Great Expectations itself takes seconds to begin."""
    if name != "ExpectColumnValuesToBeBetween" or not rows.num_rows:
        return
    low, high = arguments["min_value"], arguments["max_value"]
    for value in rows.column(arguments["column"]).to_pylist():
        if value is not None and ((low is not None and value < low) or (high is not None and value > high)):
            raise QualityGateError(f"{gate.name}: {arguments['column']} is {value}; look at {gate.table}")


@cache
def _silver() -> Silver:
    return Silver()


def _answers(source: str, extra: Mapping[str, Any]) -> pa.Table:
    row = {
        "answer_hash": "a",
        "question_hash": "q",
        "source": source,
        "path": "/",
        "parameters": json.dumps(_ASKED.get(source, {})),
        "page": 1,
        "status": 200,
        "asked_at": _AT,
        "extra": json.dumps(extra, default=str),
        "body": "",
        "billing_month": _MONTH,
    }
    return pa.Table.from_pylist([row], TABLES["bronze.answers"].schema)


def _items(source: str, texts: Sequence[bytes]) -> pa.Table:
    shared = {"answer_hash": "a", "source": source, "path": "/instance/v1/zones/fr-par-1/x", "billing_month": _MONTH}
    rows = [{**shared, "position": at, "item": text.decode()} for at, text in enumerate(texts)]
    return pa.Table.from_pylist(rows, TABLES["bronze.charges"].schema)


def _mutated_items(rng: Random, source: str) -> tuple[Items, Mapping[str, Any]]:
    """Items that the reader of answers takes; what it refuses is the business of the readers of the API."""
    key = MAPS.get(source, (source.rpartition(".")[2],))[0]
    while True:
        document = page(rng, source, key)
        listed = document.get(key)
        if listed:
            document[key] = mutated(rng, listed, 3)
        try:
            return items_in(source, page_of(encoded(spelled(document))))
        except (FinopsError, ValueError):  # another one is tried: this program looks at what was let through
            continue


def _reader(source: str, table: str, built: Sequence[str]) -> Reader:
    def read(rng: Random, _: Path) -> Counts:
        return _read(rng, source, table, built)

    return Reader(f"silver of {source}", read, weight=1)


def _read(rng: Random, source: str, table: str, built: Sequence[str]) -> Counts:
    items, extra = _mutated_items(rng, source)
    silver = _silver()
    silver.give("bronze.answers", _answers(source, extra))
    silver.give(f"bronze.{table}", _items(source, items.texts))
    try:
        for gate in GATES:
            if gate.table == f"bronze.{table}" and len(items):
                silver.judge(gate)
        rows = {name: silver.rows(f"silver.{name}") for name in built}
        for gate in GATES:
            if gate.table.removeprefix("silver.") in built and len(items):
                silver.judge(gate)
    finally:
        silver.give(f"bronze.{table}", TABLES[f"bronze.{table}"].schema.empty_table())
    # a charge is a row, whatever it says; elsewhere a row is a thing of which several items may speak
    return Counts(len(items), rows["costs"] if "costs" in rows else len(items))


def _resources(rng: Random, _: Path) -> Counts:
    products = [product for product in INVENTORY_PRODUCTS if product.resource_type]
    return _read(rng, rng.choice(products).source, "resources", _OF_RESOURCES)


def _server_types(rng: Random, _: Path) -> Counts:
    return _read(rng, "instance.server_types", "server_types", ("offers",))


def silver_readers() -> list[Reader]:
    """One for each kind of item that silver is made of."""
    made: list[Callable[[Random, Path], Counts]] = [_resources, _server_types]
    named = [
        Reader(f"silver of {name}", read, weight=1)
        for name, read in zip(("resources", "server types"), made, strict=True)
    ]
    return [*(_reader(source, *told) for source, told in _BUILT.items()), *named]
