"""A lake that holds just what forecasts and budgets read, as silver and gold would have it."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from assets.tables import TABLES
from pipelines.lake.address import parse_address
from pipelines.lake.engine import Catalog
from pipelines.lake.sql_models import Layered
from pipelines.lake.store import Lake, PartitionState
from pipelines.lake.tables import PythonTable

TEXT, MONEY, DAY = pa.string(), pa.decimal128(38, 12), pa.date32()
GIVEN = {
    "silver.latest_answers": (("source", TEXT), ("parameters", TEXT)),
    "gold.daily_series": (
        *(("charge_date", DAY), ("project_id", TEXT), ("project_name", TEXT), ("service_name", TEXT)),
        *(("behaviour", TEXT), ("billing_currency", TEXT), ("billed_cost", MONEY)),
    ),
    "gold.daily_series_drivers": (
        *(("usage_date", DAY), ("project_id", TEXT), ("service_name", TEXT), ("driver", TEXT), ("source", TEXT)),
        ("behaviour", TEXT), ("units", MONEY),
    ),
    "gold.voucher_costs": (
        ("charge_date", DAY), ("vouchers", TEXT), ("billing_currency", TEXT), ("billed_cost", MONEY),
    ),
    "silver.labelled_costs": (
        *(("charge_date", DAY), ("tags_json", TEXT), ("billing_currency", TEXT), ("billed_cost", MONEY)),
        *(("project_id", TEXT), ("project_name", TEXT), ("service_name", TEXT), ("sku", TEXT)),
    ),
    "silver.billing_behaviours": (("sku", TEXT), ("behaviour", TEXT)),
    "silver.prices": (
        ("sku", TEXT), ("valid_from", DAY), ("list_unit_price", MONEY), ("billing_currency", TEXT),
    ),
    "silver.budgets": (
        ("budget_id", TEXT), ("is_enabled", pa.bool_()), ("taxed_limit", MONEY), ("billing_currency", TEXT),
        ("alert_thresholds", TEXT),
    ),
    "silver.vouchers": (
        *(("discount_id", TEXT), ("coupon", TEXT), ("description", TEXT), ("is_voucher", pa.bool_())),
        *(("is_current", pa.bool_()), ("granted_value", MONEY), ("remaining_value", MONEY)),
        *(("starts_at", DAY), ("ends_at", DAY), ("valid_from", DAY)),
    ),
    "silver.invoices": (
        ("billing_month", TEXT), ("invoice_type", TEXT), ("invoice_state", TEXT), ("discount", MONEY),
        ("billing_currency", TEXT),
    ),
    "silver.taxes": (("billing_month", TEXT), ("billing_currency", TEXT), ("tax_rate", MONEY)),
    "silver.calendar": (
        *(("resource_id", TEXT), ("resource_name", TEXT), ("project_id", TEXT), ("date_kind", TEXT)),
        *(("subject", TEXT), ("ends_at", DAY), ("note", TEXT)),
    ),
    "gold.kpis": (
        *(("kpi", TEXT), ("period", TEXT), ("period_start", DAY), ("scope", TEXT), ("billing_currency", TEXT)),
        *(("numerator", MONEY), ("denominator", MONEY), ("value", MONEY), ("is_complete", pa.bool_())),
        ("reason", TEXT),
    ),
}  # fmt: skip
DECLARED = {name: PythonTable(name, "", pa.schema(list(columns)), None) for name, columns in GIVEN.items()}


class Held:
    """The lake and what was written to it."""

    def __init__(self, folder: Any) -> None:
        self.address = str(folder)
        self.lake = Lake(parse_address(self.address))

    @property
    def catalog(self) -> Catalog:
        return Catalog(self.lake, Layered({}), {**TABLES, **DECLARED})

    def give(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Replace a table of silver or gold."""
        exact = {column for column, kind in GIVEN[table] if kind == MONEY}
        typed = [{k: Decimal(str(v)) if k in exact and v is not None else v for k, v in row.items()} for row in rows]
        content = pa.Table.from_pylist(typed, schema=DECLARED[table].schema)
        self.lake.replace(table, content, {"": PartitionState(str(hash(str(typed))))}, None)

    def costs(self, first: date, until: date, cost: Any, unread: Sequence[date] = ()) -> None:
        """Charges from `first` to before `until`: `cost(day)` gives {(project, service, behaviour): amount}."""
        days = [first + timedelta(days=number) for number in range((until - first).days)]
        answers = [day for day in days if day not in unread]
        self.give(
            "silver.latest_answers",
            [
                {"source": "billing.charges", "parameters": json.dumps({"start_date_after": f"{day}T00:00:00Z"})}
                for day in answers
            ],
        )
        rows = [
            {
                "charge_date": day, "project_id": f"id-{project}", "project_name": project, "service_name": service,
                "behaviour": behaviour, "billing_currency": "EUR", "billed_cost": amount,
            }
            for day in answers
            for (project, service, behaviour), amount in cost(day).items()
        ]  # fmt: skip
        self.give("gold.daily_series", rows)
        by_day: dict[date, Decimal] = {}
        for row in rows:
            by_day[row["charge_date"]] = by_day.get(row["charge_date"], Decimal(0)) + Decimal(str(row["billed_cost"]))
        self.give(
            "gold.voucher_costs",
            [
                {"charge_date": day, "vouchers": "v1", "billing_currency": "EUR", "billed_cost": amount}
                for day, amount in by_day.items()
            ],
        )

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return self.catalog.query(sql).to_pylist()

    def versions(self, *tables: Any) -> dict[str, int]:
        return {made.name: self.catalog.state(made.name).version for made in tables}


@pytest.fixture
def held(tmp_path) -> Held:
    """An empty lake that takes rows of the tables that forecasts and budgets read."""
    return Held(tmp_path / "lake")
