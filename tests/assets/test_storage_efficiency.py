"""How near buckets are to their best plan, kept month by month in the lake."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from assets.made_tables import content_of
from assets.storage_efficiency import update_storage_efficiency
from pipelines.lake.store import PartitionState
from pipelines.settings import load_settings

from .recommendation_lake import DAY, MONEY, TEXT, RecommendationLake, cost

OUTLOOK = pa.schema(
    [
        *((name, TEXT) for name in ("usage_month", "resource_id", "region_id", "tags", "versioning")),
        *((name, TEXT) for name in ("lifecycle_rules", "billing_currency")),
        *((name, pa.date32()) for name in ("as_of",)),
        *((name, pa.timestamp("us", tz="UTC")) for name in ("created_at", "last_written_at")),
        ("is_sample", pa.bool_()),
        ("egress_days", pa.int64()),
        *((name, MONEY) for name in ("egress_bytes", "standard_price", "onezone_price", "glacier_price")),
        *((name, MONEY) for name in ("restore_price", "charged_share")),
    ]
)
CELLS = pa.schema(
    [
        *((name, TEXT) for name in ("usage_month", "resource_id", "prefix", "storage_class", "state")),
        *((name, pa.int64()) for name in ("age_days_from", "age_days_to", "objects", "bytes")),
        ("is_small", pa.bool_()),
    ]
)
TOLD = {
    "region_id": "fr-par", "tags": "{}", "versioning": "never", "lifecycle_rules": "[]", "billing_currency": "EUR",
    "created_at": datetime(2020, 1, 1, tzinfo=UTC), "is_sample": False, "egress_days": 28, "egress_bytes": Decimal(0),
    "standard_price": Decimal("0.0146"), "glacier_price": Decimal("0.0025"), "restore_price": Decimal("0.009"),
    "charged_share": Decimal(1),
}  # fmt: skip


@pytest.fixture
def held(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return RecommendationLake(tmp_path / "lake")


def put(held, month, as_of, buckets):
    """Buckets by name with the terabytes of cold objects in each."""
    outlook = [{**dict.fromkeys(OUTLOOK.names), **TOLD, "usage_month": month, "resource_id": name, "as_of": as_of}
               for name in buckets]  # fmt: skip
    cells = [{"usage_month": month, "resource_id": name, "prefix": "", "storage_class": "STANDARD", "state": "current",
              "age_days_from": 730, "age_days_to": None, "objects": 9, "bytes": size * 10**12, "is_small": False}
             for name, size in buckets.items()]  # fmt: skip
    for name, rows, schema in (("storage_outlook", outlook, OUTLOOK), ("storage_cells", cells, CELLS)):
        table = pa.Table.from_pylist(rows, schema=schema)
        state = {month: PartitionState(content_of(table))}
        held.catalog.lake.replace(f"gold.{name}", table, state, "usage_month")
        held.catalog.forget(f"gold.{name}")


def bucket(name, size, **more):
    money = Decimal(size) * Decimal("14.6")
    return cost(name, money, resource_type="object_storage_bucket", sku="/storage/obj/storage/standard/fr-par", **more)


def test_each_month_keeps_what_its_newest_listing_said_and_equal_rows_make_no_commit(held):
    held.costs(bucket("cold", 10), bucket("law", 10, tags=["legal-hold=2031"]))
    put(held, "2026-10", date(2026, 10, 28), {"cold": 5})
    settings = load_settings()
    assert update_storage_efficiency(held.catalog, settings, DAY).rows == 1
    put(held, "2026-11", DAY, {"cold": 10, "law": 10})
    judged = update_storage_efficiency(held.catalog, settings, DAY)
    assert (judged.rows, judged.buckets, judged.unplanned) == (2, 2, 0)
    assert update_storage_efficiency(held.catalog, settings, DAY).rows == 0
    rows = held.rows("from gold.storage_efficiency order by usage_month, resource_id")
    assert [(row["usage_month"], row["resource_id"]) for row in rows] == [
        ("2026-10", "cold"), ("2026-11", "cold"), ("2026-11", "law")]  # fmt: skip
    assert [(row["monthly_cost"], row["best_monthly_cost"]) for row in rows] == [
        (73, Decimal("12.5")), (146, 25), (146, 146)]  # fmt: skip
    assert rows[2]["reason"] == "protected by its tag legal-hold=2031"


def test_the_settings_of_the_rule_hold_here_too(held):
    settings = load_settings()
    held.costs(bucket("cold", 10))
    put(held, "2026-11", DAY, {"cold": 10})
    careful = replace_rules(settings, {"storage_lifecycle": {"least_saving": "1000"}})
    update_storage_efficiency(held.catalog, careful, DAY)
    (row,) = held.rows("from gold.storage_efficiency")
    assert row["lifecycle_efficiency"] == 1


def replace_rules(settings, rules):
    return settings.model_copy(update={"recommendations": settings.recommendations.model_copy(update={"rules": rules})})
