"""The column model agrees with the published versions, and with itself."""

import pyarrow as pa
import pytest

from pipelines.focus.columns import (
    ALL_COLUMNS,
    FOCUS_LINES_SCHEMA,
    columns_of,
    detect_version,
    mandatory_of,
    snake_case,
)
from pipelines.focus.vocabulary import SERVICE_CATEGORIES, SERVICE_SUBCATEGORIES, currency_codes


@pytest.mark.parametrize(
    ("version", "columns", "mandatory"),
    [("1.0", 43, 21), ("1.1", 50, 21), ("1.2", 57, 21), ("1.3", 65, 23), ("1.4", 65, 21)],
)
def test_each_version_has_as_many_columns_as_its_specification(version, columns, mandatory):
    names = [column.name for column in columns_of(version)]
    assert len(names) == columns
    assert names == sorted(names)
    assert len(mandatory_of(version)) == mandatory


def test_the_provider_columns_change_hands_between_1_2_and_1_4():
    providers = {"ProviderName", "PublisherName", "ServiceProviderName", "HostProviderName"}
    named = {version: providers & {c.name for c in columns_of(version)} for version in ("1.2", "1.3", "1.4")}
    assert named["1.2"] == {"ProviderName", "PublisherName"}
    assert named["1.3"] == providers
    assert named["1.4"] == {"ServiceProviderName", "HostProviderName"}


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "1.3", "1.4"])
def test_a_file_with_all_columns_of_a_version_is_recognised_as_that_version(version):
    assert detect_version({column.name for column in columns_of(version)}) == version


def test_a_file_with_only_mandatory_columns_of_1_4_is_not_taken_for_an_older_one():
    assert detect_version(set(mandatory_of("1.4"))) == "1.4"
    assert detect_version(set(mandatory_of("1.2"))) == "1.0"  # nothing in it is newer than 1.0


def test_names_are_snake_case_and_money_has_18_decimals():
    assert snake_case("PricingCurrencyListUnitPrice") == "pricing_currency_list_unit_price"
    assert snake_case("SkuId") == "sku_id"
    assert len({column.snake for column in ALL_COLUMNS}) == 67
    assert FOCUS_LINES_SCHEMA.field("billed_cost").type == pa.decimal128(38, 18)
    assert FOCUS_LINES_SCHEMA.field("charge_period_start").type == pa.timestamp("us", "UTC")


def test_every_subcategory_belongs_to_one_category_and_every_category_has_an_other():
    assert len(SERVICE_CATEGORIES) == 19
    assert len(SERVICE_SUBCATEGORIES) == 82
    assert set(SERVICE_SUBCATEGORIES.values()) == set(SERVICE_CATEGORIES)
    assert {f"Other ({category})" for category in SERVICE_CATEGORIES} <= set(SERVICE_SUBCATEGORIES)


def test_currencies_are_the_iso_codes_in_use():
    assert {"EUR", "USD", "CHF", "JPY", "PLN"} <= currency_codes()
    assert not {"DEM", "FRF", "XXX", "ABC"} & currency_codes()
