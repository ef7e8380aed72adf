"""What every model promises: a header that is true, exact money, one row per grain, currencies apart."""

import random
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

import pyarrow as pa
import pytest

from assets.made_assets import MAKINGS
from assets.tables import TABLES
from pipelines.lake.sql_models import SQL_FOLDER, load_checks, load_models

MODELS = load_models()
NAMES = [model.table for model in MODELS]
TESTS = Path(__file__).parents[1]
READABLE = {"silver": {"bronze", "silver"}, "gold": {"silver", "gold"}}
EXCEPTIONS = {"gold.data_freshness": {"bronze"}}  # it tells when bronze last heard something
DECIMALS = dict.fromkeys(
    (
        *("silver.focus_costs", "silver.label_imported_costs"),
        *("gold.focus_allocated_costs", "gold.cost_per_request_costs"),
    ),
    18,
)  # other providers' bills carry more digits
MONEY_ENDINGS = ("_cost", "_effect", "amount", "tax", "discount", "residual", "tolerance", "_limit")
VOUCHER_MONEY = ("granted_value", "used_value", "remaining_value")  # a voucher names no currency
MONTHS = ("2026-09", "2026-10")


@cache
def _tests_beside() -> str:
    """What all other tests say."""
    return "\n".join(path.read_text() for path in sorted(TESTS.rglob("test_*.py")) if path != Path(__file__))


@cache
def has_a_test_of_its_own(table: str) -> bool:
    """Whether another test names the table, or one made of it: a random bill cannot have something of everything."""
    if f'"{table}"' in _tests_beside() or f"from {table}" in _tests_beside():
        return True
    return any(has_a_test_of_its_own(model.table) for model in MODELS if table in model.reads)


def is_money(column: str) -> bool:
    return column.endswith(MONEY_ENDINGS) or column in VOUCHER_MONEY


def is_ratio(column: str) -> bool:
    return column.endswith(("_ratio", "_share", "_coverage", "_per_day"))


@pytest.fixture(params=NAMES)
def model(request):
    return MODELS.by_name[request.param]


def test_its_header_says_what_it_means_in_a_sentence(model):
    assert model.description.endswith("."), model.table
    assert len(model.description) > 20
    assert model.partition_by in (None, "billing_month", "usage_month")


def test_it_reads_its_own_layer_or_the_one_before(model):
    layers = {table.partition(".")[0] for table in model.reads}
    assert layers <= READABLE[model.layer] | EXCEPTIONS.get(model.table, set())
    assert model.reads <= {*MODELS.by_name, *TABLES}
    assert set(model.months_back) <= {*model.reads, *(read for name in model.reads for read in reads_through(name))}


def reads_through(table: str) -> set[str]:
    found = MODELS.by_name.get(table)
    return set() if found is None else set(found.reads).union(*(reads_through(read) for read in found.reads))


def test_its_columns_hold_its_grain_and_its_partition(model, schemas):
    columns = set(schemas[model.table].names)
    assert set(model.grain) <= columns
    assert model.partition_by is None or model.partition_by in columns or not model.is_stored


def test_none_of_its_numbers_is_a_float_and_its_money_has_twelve_decimals(model, schemas):
    for column in schemas[model.table]:
        assert not pa.types.is_floating(column.type), column.name
        if is_money(column.name) or is_ratio(column.name):
            assert column.type == pa.decimal128(38, DECIMALS.get(model.table, 12)), column
        if column.name.endswith(("_price", "_quantity")):
            assert pa.types.is_decimal(column.type), column


def test_its_money_stands_beside_its_currency(model, schemas):
    columns = set(schemas[model.table].names)
    if any(is_money(column) and column not in VOUCHER_MONEY for column in columns):
        assert "billing_currency" in columns
        if model.layer == "gold":
            assert "billing_currency" in model.grain


def test_every_check_reads_tables_that_exist_and_says_what_it_finds():
    checks = load_checks()
    assert len(checks) == len(list((SQL_FOLDER / "checks").glob("*.sql"))) >= 6
    for check in checks:
        assert check.description.endswith(".")
        assert check.table in MODELS.by_name


SKUS = ["/compute/dev1_s/run_par1", "/compute/l4/run_fr-par-2", "/storage/obj/x/nl-ams", "/offer/free", "/odd/thing"]
CATEGORIES = dict(zip(SKUS, ["Compute", "Compute", "Storage", None, "Contracts"], strict=True))


class RandomBill:
    """Two months of random answers with every sort of row, in one currency or in two."""

    def __init__(self, lake, seed: int, euros, charge) -> None:
        self.lake, self.seed, self.euros, self.charge = lake, seed, euros, charge

    def fill(self, *currencies: str) -> None:
        for day in (1, 2, 15):
            for month in MONTHS:
                items = [item for currency in currencies for item in self.charges(f"{month}-{day:02d}", currency)]
                self.lake.charges(f"{month}-{day:02d}", *items)
        for month in MONTHS:
            lines = [line for currency in currencies for line in self.lines(month, currency)]
            asked = {"month": month, "parameters": {"billing_period": month}}
            self.lake.answer("bronze.consumptions", "billing.consumptions", lines, **asked)
            taxes = [
                {"description": "VAT", "currency": currency, "rate": "0.2", "total_tax_value": "1.5"}
                for currency in currencies
            ]
            self.lake.answer("bronze.taxes", "billing.taxes", taxes, **asked)
        invoices = [self.invoice(month, currency) for month in MONTHS for currency in currencies]
        self.lake.answer("bronze.invoices", "billing.invoices", invoices)
        self.inventory()
        for day, price in ((1, "0.01"), (20, "0.02")):
            listed = [
                {
                    "sku": sku,
                    "price": {"retail_price": self.euros(price)},
                    "unit_of_measure": {"unit": "hour", "size": 1},
                }
                for sku in SKUS[:3]
            ]
            at = datetime(2026, 9, day, tzinfo=UTC)
            self.lake.answer("bronze.products", "catalog.products", listed, at=at)
        budget = {"id": "b", "enabled": True, "consumption_limit": self.euros("100", ""), "alerts": [{"threshold": 80}]}
        self.lake.answer("bronze.budgets", "billing.budgets", [budget])
        voucher = {"id": "v", "value": "10", "value_used": "1", "value_remaining": "9"}
        self.lake.answer("bronze.discounts", "billing.discounts", [voucher])

    def drawn(self, *of: str) -> random.Random:
        return random.Random(f"{self.seed} {of}")

    def charges(self, day: str, currency: str) -> list[dict]:
        draw = self.drawn(day, currency)
        times = {"start_date": f"{day}T00:00:00Z", "end_date": f"{day}T23:59:59.999999Z"}
        made = [
            self.charge(
                self.euros(f"{draw.randint(-(10**9), 10**11)}e-9", currency),
                sku=draw.choice(SKUS),
                project_id=draw.choice(["p1", "p2"]),
                resource_id=draw.choice(["r1", "r2", "r3", None]),
                organization_id=f"organization of {currency}",
                **times,
            )
            for _ in range(12)
        ]
        return [*made, made[0], {**made[1], "price": None}]

    def lines(self, month: str, currency: str) -> list[dict]:
        draw = self.drawn(month, currency)
        return [
            {
                "project_id": draw.choice(["p1", "p2"]),
                "sku": sku,
                "category_name": CATEGORIES.get(sku),
                "product_name": "A",
                "resource_name": draw.choice(["x", "y"]),
                "unit": "minute",
                "billed_quantity": str(draw.randint(0, 99)),
                "value": self.euros(f"{draw.randint(-999, 9999)}e-2", currency),
            }
            for sku in draw.choices([*SKUS, "/billing/plan"], k=10)
        ]

    def invoice(self, month: str, currency: str) -> dict:
        totals = zip(
            ("undiscount", "discount", "untaxed", "tax", "taxed"), ("10", "-2", "8", "1.6", "9.6"), strict=True
        )
        return {
            **{f"total_{name}": self.euros(value, currency) for name, value in totals},
            "id": f"{month}{currency}",
            "organization_id": f"organization of {currency}",
            "organization_name": currency,
            "type": "periodic",
            "state": "issued",
            "billing_period": f"{month}-01T00:00:00Z",
            "issued_date": "2026-11-03T00:00:00Z",
        }

    def inventory(self) -> None:
        for day, tags in ((1, ["env=dev", "owner=a"]), (10, ["env:prod", "team-b", "owner=a"])):
            servers = [{"id": name, "name": name, "project": "p1", "tags": tags} for name in ("r1", "r2")]
            path = "/instance/v1/zones/fr-par-1/servers"
            at = datetime(2026, 9, day, tzinfo=UTC)
            self.lake.answer("bronze.resources", "instance.servers", servers, at=at, path=path)
            bound = [
                {"id": "b1", "srn": "srn::instance/server/r1", "key": {"name": "team"}, "value": {"name": f"t{day}"}}
            ]
            self.lake.answer("bronze.resources", "annotations.bindings", bound, at=at)
            projects = [{"id": "p1", "name": f"shop-{day}", "organization_id": "o"}]
            self.lake.answer("bronze.projects", "account.projects", projects, at=at)


@pytest.fixture(scope="module")
def filled(models, answered, euros, charge, tmp_path_factory, answered_lake):
    """Lakes of one currency and of two, built as a whole; each once."""
    lakes = {}

    def lake_of(*currencies: str):
        if currencies not in lakes:
            lake = answered_lake(tmp_path_factory.mktemp("bill") / "lake")
            RandomBill(lake, 7, euros, charge).fill(*currencies)
            for making in MAKINGS:
                lake.build(*making.made.reads, months=MONTHS)
                making.build(lake.catalog(), MONTHS)
            lake.build(*NAMES, months=MONTHS)
            lakes[currencies] = lake
        return lakes[currencies]

    return lake_of


def test_it_has_one_row_per_grain(model, filled):
    grain = ", ".join(f'"{column}"' for column in model.grain)
    (counted,) = filled("EUR", "USD").read(
        f"select count(*) as rows, count(distinct ({grain})) as grains from {model.table}"
    )
    assert counted["rows"] == counted["grains"], model.table
    named = has_a_test_of_its_own(model.table)
    assert counted["rows"] > 0 or named, f"give RandomBill something for {model.table}, or test it by name"


GOLD_MONEY = [
    table for table in NAMES if table.startswith("gold.") and "billing_currency" in MODELS.by_name[table].grain
]


@pytest.mark.parametrize("table", GOLD_MONEY)
def test_another_currency_changes_no_figure_of_the_first(table, filled):
    order = ", ".join(MODELS.by_name[table].grain)
    alone = filled("EUR").read(f"select * from {table} order by {order}")
    beside = filled("EUR", "USD").read(f"select * from {table} where billing_currency = 'EUR' order by {order}")
    assert alone == beside
    dollars = filled("EUR", "USD").read(f"select count(*) as rows from {table} where billing_currency = 'USD'")
    assert dollars[0]["rows"] > 0 or has_a_test_of_its_own(table)


def test_no_check_finds_fault_with_random_bills(filled):
    lake = filled("EUR", "USD")
    for check in load_checks():
        if check.is_blocking:
            assert lake.read(check.sql) == [], check.name


def test_every_charge_is_in_the_daily_costs_and_every_line_in_the_reconciliation(filled):
    lake = filled("EUR", "USD")
    asked = "select sum({}) as total, sum({}) filter (where billing_currency = 'USD') as dollars from {}"
    assert lake.read(asked.format(*["billed_cost"] * 2, "silver.costs")) == lake.read(
        asked.format(*["billed_cost"] * 2, "gold.daily_costs")
    )
    for gold, column, silver in (
        ("charged_cost", "billed_cost", "costs"),
        ("consumed_cost", "consumed_cost", "consumptions"),
    ):
        assert lake.read(asked.format(gold, gold, "gold.reconciliation")) == lake.read(
            asked.format(column, column, f"silver.{silver}")
        )
    (total,) = lake.read("select sum(billed_cost) as total from silver.costs")
    assert isinstance(total["total"], Decimal)
