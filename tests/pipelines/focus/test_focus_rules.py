"""Our 1.4 rule table: a good month breaks none, and each broken promise is found under its name."""

from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.csv
import pytest

from pipelines.focus.checking import check_1_4
from pipelines.focus.columns import columns_of
from pipelines.focus.export import export_focus
from pipelines.focus.rules_1_4 import RULES


@pytest.fixture(scope="module")
def exported(scaleway_rows, tmp_path_factory):
    import pyarrow.parquet as pq

    out = tmp_path_factory.mktemp("focus") / "out"
    created = datetime(2026, 11, 18, tzinfo=UTC)
    done = export_focus(scaleway_rows.to_batches, version="1.4", out=out, file_format="parquet", created_at=created)
    return pq.read_table(done.files[0], partitioning=None)


def broken(table):
    return {violation.rule for violation in check_1_4(table)}


def changed(table, row=0, **values):
    """The table with some cells of one row replaced."""
    rows = table.to_pylist()
    rows[row] |= values
    return pa.Table.from_pylist(rows, schema=table.schema)


def test_a_good_month_breaks_no_rule(exported):
    assert check_1_4(exported) == []


USAGE, FREE, UNPRICED, PLAN, CREDIT = range(5)


@pytest.mark.parametrize(
    ("row", "values", "rule"),
    [
        (USAGE, {"BilledCost": None}, "BilledCost-not-null"),
        (USAGE, {"ServiceProviderName": None}, "ServiceProviderName-not-null"),
        (USAGE, {"ChargeCategory": "usage"}, "ChargeCategory-allowed-value"),
        (USAGE, {"ServiceCategory": "Cloud"}, "ServiceCategory-allowed-value"),
        (USAGE, {"ServiceSubcategory": "Object Storage"}, "ServiceSubcategory-parent"),
        (USAGE, {"BillingCurrency": "EURO"}, "BillingCurrency-iso-4217"),
        (USAGE, {"PricingUnit": "€/hour"}, "PricingUnit-unit-format"),
        (USAGE, {"ListUnitPrice": Decimal(-1)}, "ListUnitPrice-non-negative"),
        (USAGE, {"ListCost": Decimal("0.48")}, "ListCost-product"),
        (USAGE, {"PricingQuantity": None}, "PricingQuantity-given-when-priced"),
        (USAGE, {"PricingUnit": None}, "PricingUnit-given-with-PricingQuantity"),
        (USAGE, {"ConsumedQuantity": None}, "ConsumedQuantity-given-for-usage"),
        (USAGE, {"ConsumedUnit": None}, "ConsumedUnit-given-with-ConsumedQuantity"),
        (USAGE, {"SkuPriceId": None}, "SkuPriceId-given-when-priced"),
        (USAGE, {"SkuPriceId": None}, "ListUnitPrice-null-without-SkuPriceId"),
        (USAGE, {"SkuId": "another"}, "SkuPriceId-one-SkuId"),
        (USAGE, {"ServiceCategory": "Storage"}, "ServiceName-one-ServiceCategory"),
        (USAGE, {"ResourceType": None}, "ResourceType-given-with-ResourceId"),
        (USAGE, {"SubAccountName": None}, "SubAccountName-given-with-SubAccountId"),
        (USAGE, {"RegionId": None}, "RegionName-null-without-RegionId"),
        (USAGE, {"ChargePeriodEnd": datetime(2026, 9, 1, tzinfo=UTC)}, "ChargePeriodEnd-after-start"),
        (USAGE, {"ChargeCategory": "Tax"}, "SkuId-null-for-tax"),
        (PLAN, {"ChargeFrequency": "Usage-Based"}, "ChargeFrequency-purchase"),
        (PLAN, {"ConsumedQuantity": Decimal(1)}, "ConsumedQuantity-usage-only"),
        (CREDIT, {"BilledCost": Decimal(1)}, "BilledCost-credit-sign"),
        (CREDIT, {"ListCost": Decimal(-2)}, "ListCost-credit"),
    ],
)
def test_each_broken_promise_is_found(exported, row, values, rule):
    assert rule in broken(changed(exported, row, **values))


def test_a_missing_or_foreign_column_is_found(exported):
    assert "ListCost-present" in broken(exported.drop_columns("ListCost"))
    assert "custom-column-prefix" in broken(exported.append_column("ProviderName", exported["ServiceName"]))


@pytest.mark.parametrize(
    ("column", "text", "rule"),
    [
        ("BilledCost", "1,5", "BilledCost-type"),
        ("BilledCost", "+1.5", "BilledCost-format"),
        ("ChargePeriodStart", "2026-09-01 00:00:00", "ChargePeriodStart-format"),
        ("Tags", "env=prod", "Tags-json"),
        ("ServiceName", "  ", "ServiceName-format"),
    ],
)
def test_text_that_is_not_in_the_published_format_is_found(exported, column, text, rule):
    from pipelines.focus.csv_text import as_csv

    texts = pa.csv.read_csv(
        pa.BufferReader(as_csv(exported, header=True)),
        convert_options=pa.csv.ConvertOptions(column_types=dict.fromkeys(exported.column_names, pa.string())),
    )
    assert check_1_4(texts) == []
    assert rule in broken(changed(texts, 0, **{column: text}))


def test_corrections_may_differ_from_their_price(exported):
    assert broken(changed(exported, 0, ChargeClass="Correction", ListCost=Decimal(9))) == set()


def test_every_rule_has_a_name_of_its_own_and_every_mandatory_column_has_one():
    names = [rule.name for rule in RULES]
    assert len(names) == len(set(names))
    never_null = {column.name for column in columns_of("1.4") if not column.nullable}
    assert {f"{name}-not-null" for name in never_null} <= set(names)
