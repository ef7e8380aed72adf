"""Answers as Scaleway would give them, recorded and read through the real models."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from pipelines.lake.address import parse_address
from pipelines.lake.answers import record
from pipelines.lake.build import build as build_model
from pipelines.lake.engine import Catalog
from pipelines.lake.store import Lake

ORGANIZATION = "0a0a0a0a-0000-4000-8000-000000000001"
PROJECT = "0b0b0b0b-0000-4000-8000-000000000001"


def money(value: str, currency: str = "EUR") -> dict[str, Any]:
    """Money as the API writes it: units and nanos, both with the sign."""
    nanos = int(Decimal(value) * 10**9)
    sign = -1 if nanos < 0 else 1
    return {"currency_code": currency, "units": sign * (abs(nanos) // 10**9), "nanos": sign * (abs(nanos) % 10**9)}


class AnsweredLake:
    """A lake that is filled by answers and built as a run would."""

    def __init__(self, folder, models, answered) -> None:
        self.lake = Lake(parse_address(str(folder)))
        self.models = models
        self._answered = answered

    def answer(self, table: str, source: str, items: Sequence[dict], **how: Any) -> None:
        """One listing, recorded; see `answered` for `how`."""
        record(self.lake, table, [self._answered(source, items, **how)])

    def charges(self, day: str, *items: dict, at: datetime | None = None) -> None:
        """The charges of a UTC day, as one clamped answer."""
        start = date.fromisoformat(day)
        self.answer(
            "bronze.charges",
            "billing.charges",
            items,
            at=at or datetime(start.year, start.month, start.day, 6, tzinfo=UTC) + timedelta(days=1),
            month=day[:7],
            parameters={
                "start_date_after": f"{day}T00:00:00Z",
                "end_date_before": f"{start + timedelta(days=1)}T00:00:00Z",
            },
        )

    def build(self, *tables: str, months: Sequence[str] = ()) -> None:
        """Bring these tables, and all they are made from, up to date."""
        wanted: set[str] = set()
        for table in tables:
            self._add(table, wanted)
        catalog = self.catalog()
        for model in self.models:
            if model.table in wanted:
                build_model(catalog, model, months)

    def _add(self, table: str, wanted: set[str]) -> None:
        wanted.add(table)
        model = self.models.by_name.get(table)
        for read in model.reads if model else ():
            self._add(read, wanted)

    def catalog(self) -> Catalog:
        return Catalog(self.lake, self.models)

    def read(self, sql: str) -> list[dict[str, Any]]:
        """Rows of a select, or of a table by its name."""
        text = sql if " " in sql else f"select * from {sql}"
        return self.catalog().query(text).to_pylist()

    def built(self, table: str, *months: str) -> list[dict[str, Any]]:
        self.build(table, months=months)
        return self.read(table)


@pytest.fixture
def answers(tmp_path, models, answered) -> AnsweredLake:
    """An empty lake that takes answers."""
    return AnsweredLake(tmp_path / "lake", models, answered)


@pytest.fixture(scope="session")
def euros():
    return money


@pytest.fixture(scope="session")
def charge():
    """A charge of October 1 as the API gives it; keyword arguments replace or (with ...) remove fields."""

    def make(price: str | dict | None = "1.25", **fields: Any) -> dict[str, Any]:
        whole = {
            "organization_id": ORGANIZATION,
            "project_id": PROJECT,
            "sku": "/compute/dev1_s/run_par1",
            "invoice_id": "",
            "resource_id": "11111111-0000-4000-8000-000000000001",
            "resource_name": "web-1",
            "price": money(price) if isinstance(price, str) else price,
            "start_date": "2026-10-01T00:00:00Z",
            "end_date": "2026-10-01T23:59:59.999999Z",
            "updated_at": "2026-10-02T01:00:00Z",
        }
        return {name: value for name, value in {**whole, **fields}.items() if value is not ...}

    return make
