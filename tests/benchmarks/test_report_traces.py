"""The program that traces the report reads figures as they are shown, and finds what does not add up."""

from decimal import Decimal

from assets.trace import made_tables
from benchmarks.report_figures import adds_up, cents_of, reads_as
from pipelines.lake.sql_models import load_models
from pipelines.lake.trace_behind import path_to_charges
from pipelines.reporting.display import Cell, Column, Line, Table
from pipelines.reporting.money import MoneyFormat

MONEY = MoneyFormat("EUR", "en")


class Models:
    models = load_models()


def table_of(*amounts, total):
    lines = [Line((Cell("part"), Cell(amount))) for amount in amounts]
    return Table(
        "any", "", (Column("What"), Column("Cost")), (*lines, Line((Cell("Total"), Cell(total)), kind="total"))
    )


def test_an_amount_is_equal_when_a_column_of_its_rows_reads_so():
    rows = [{"billed_cost": Decimal("1234.564")}, {"billed_cost": Decimal("0.01")}]
    assert reads_as("€1,234.57", rows, MONEY)
    assert not reads_as("€1,234.77", rows, MONEY)
    assert cents_of("−€1,234.56") == Decimal("-1234.56")
    assert cents_of("12.50%") is None


def test_a_total_that_its_rows_miss_by_a_cent_does_not_add_up():
    assert adds_up(table_of("€1.10", "€2.20", total="€3.30"))
    assert not adds_up(table_of("€1.10", "€2.20", total="€3.31"))


def test_each_table_of_the_report_that_is_no_sum_is_made_from_charges():
    reads = {name: each.reads for name, each in made_tables().items()}
    for table in ("gold.kpis", "gold.recommendations", "gold.gpu_break_even", "gold.budgets", "gold.storage_egress"):
        assert path_to_charges(Models, table, reads)[-1] in ("silver.labelled_costs", "silver.costs"), table
