"""Columns are explained where their tables have them, and the month's summary whole."""

from sqlglot import parse_one

from assets.column_words import EVERYWHERE, OF_TABLES, meaning
from pipelines.lake.sql_models import load_models

MODELS = load_models()


def columns_of(table: str) -> set[str]:
    return {*parse_one(MODELS.by_name[table].sql, dialect="duckdb").named_selects}


def test_every_column_of_the_month_s_summary_says_what_it_means():
    columns = columns_of("gold.monthly_summary")
    assert all(meaning("gold.monthly_summary", column) for column in columns)
    assert meaning("gold.monthly_summary", "colour") is None


def test_no_word_is_of_a_column_that_is_gone():
    for table, words in OF_TABLES.items():
        assert {*words} <= columns_of(table)
    assert {*EVERYWHERE} <= columns_of("gold.daily_costs") | columns_of("gold.top_spenders") | columns_of(
        "silver.costs"
    )
