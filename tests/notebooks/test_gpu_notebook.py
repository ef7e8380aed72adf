"""The notebook about GPUs shows what gold says of them."""

from decimal import Decimal

MONTH = "2026-06"  # the last complete month of the small organisation
GPU = "09_gpu_and_ai.ipynb"


def total(small, column, table, where):
    [row] = small.rows(f"select coalesce(sum({column}), 0) as whole from {table} where {where}")
    return row["whole"]


def test_what_gpus_cost_and_worked_for_is_that_of_gold(small, ran):
    month = f"billing_month = '{MONTH}'"
    whole = total(small, "allocation_cost", "gold.gpu_days", month)
    assert whole > 0
    assert Decimal(ran[GPU].facts("gpu.fleet")["allocation_cost"]) == whole
    assert Decimal(ran[GPU].facts("gpu.by_day")["allocation_cost"]) == whole
    shown = ran[GPU].facts("gpu.idle")
    for part in ("busy_cost", "warm_idle_cost", "nobodys_cost"):
        assert Decimal(shown[part]) == total(small, part, "gold.gpu_days", month), part


def test_what_models_and_runs_cost_is_that_of_gold(small, ran):
    month = f"billing_month = '{MONTH}'"
    asked = f"{month} and period = 'month' and is_sum"
    shown = ran[GPU].facts("gpu.units")
    for column in ("allocation_cost", "uncounted_cost"):
        assert Decimal(shown[column]) == total(small, column, "gold.cost_per_inference", asked), column
    runs = f"{month} and scope = 'model'"
    assert Decimal(ran[GPU].facts("gpu.trained")["waste_cost"]) == total(
        small, "waste_cost", "gold.cost_per_training", runs
    )


def test_the_ways_shown_are_those_of_gold(small, ran):
    today = f"billing_month = '{MONTH}' and option = 'as today'"
    whole = total(small, "monthly_cost", "gold.gpu_break_even", today)
    assert Decimal(ran[GPU].facts("gpu.ways")["monthly_cost"]) == whole
    [points] = small.rows(f"select count(*) as n from gold.gpu_break_even_curve where billing_month = '{MONTH}'")
    assert ran[GPU].facts("gpu.curve")["points"] == points["n"]
