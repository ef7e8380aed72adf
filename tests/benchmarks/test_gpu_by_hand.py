"""The hand-written query that the speed of GPU tables is compared with works out as much as the table does."""

import duckdb
import pyarrow.parquet as pq
import pytest

from benchmarks.gpu_by_hand import differing, priced, write

LINES = """
    select
        'inferences' as kind, date '2026-09-01' as day, 'mixtral' as model, cast(null as varchar) as version,
        'gpu-1' as deployment, cast(null as varchar) as resource_id, 'acme' as tenant, 1 as requests, failed,
        100 as input_tokens, 20 as cached_tokens, 8 as output_tokens
    from (values (0), (1), (0), (0)) as told (failed)
"""
COSTS = """
    select
        date '2026-09-01' as charge_date, 'gpu-1' as resource_id, 'EUR' as billing_currency,
        cast(12 as decimal(38, 12)) as allocation_cost, cast(3 as decimal(38, 12)) as busy_cost
"""


@pytest.fixture
def file(tmp_path):
    with duckdb.connect() as connection:
        connection.execute("create schema bronze; create schema gold")
        connection.execute(f"create table bronze.business_numbers as {LINES}")
        connection.execute(f"create table gold.gpu_days as {COSTS}")
        write(connection, tmp_path / "by_hand.parquet")
    return tmp_path / "by_hand.parquet"


def test_four_requests_cost_what_their_machine_does_a_day_and_a_prompt_less_than_an_answer(file):
    rows = pq.read_table(file).to_pylist()
    assert {(row["period"], row["is_sum"], row["tenant"]) for row in rows} == {
        (period, is_sum, None if is_sum else "acme") for period in ("day", "month") for is_sum in (True, False)
    }
    for row in rows:
        # 80 computed tokens of a prompt against 8 x 2.5 of an answer
        assert (row["allocation_cost"], row["idle_cost"], row["completed_requests"]) == (12, 9, 3)
        assert (row["input_cost"], row["output_cost"]) == pytest.approx((9.6, 2.4))
        assert row["thousand_requests_cost"] == pytest.approx(4000)
    assert priced(file) == 4


def test_a_figure_that_differs_one_that_is_lacking_and_a_row_that_one_side_alone_has_are_counted(file):
    table = pq.read_table(file)
    assert differing(table, file) == 0
    assert differing(table.slice(1), file) == 1
    at = table.schema.get_field_index("output_cost")
    dearer = [2.5, None, 2.4, 2.4]
    changed = table.set_column(at, "output_cost", [dearer])
    assert differing(changed, file) == 2
