"""What is promised of every notebook: it runs, shows what gold says, holds no logic and no outputs."""

import ast
from decimal import Decimal
from html import unescape
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(path.name for path in FOLDER.glob("*.ipynb"))
FACTS = "application/vnd.finops.facts+json"
COSTS, OUTLOOK, UNITS = "01_cost_explorer.ipynb", "04_forecast_and_budget.ipynb", "07_unit_economics.ipynb"
TOUR, REVIEW, QUALITY = "00_tour.ipynb", "02_month_review.ipynb", "08_data_quality.ipynb"
OWN = "99_write_your_own.ipynb"
STORAGE, TELEMETRY = "05_object_storage.ipynb", "10_telemetry.ipynb"
ANOMALIES, ADVICE = "03_anomalies.ipynb", "06_recommendations.ipynb"
MONTH = "2026-06"  # the last complete month of the small organisation
ALLOWED_IMPORTS = ("finops", "pipelines.reporting")
LOGIC = (
    ast.BinOp,
    ast.AugAssign,
    ast.For,
    ast.While,
    ast.If,
    ast.FunctionDef,
    ast.ClassDef,
    ast.comprehension,
    ast.Lambda,
)


def read(name):
    return nbformat.read(FOLDER / name, as_version=4)


def code(name):
    return [cell for cell in read(name).cells if cell.cell_type == "code"]


# --- as committed


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_is_committed_without_outputs_for_any_kernel(name):
    notebook = read(name)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert [cell.outputs for cell in code(name) if cell.outputs] == []
    assert {cell.execution_count for cell in code(name)} == {None}
    assert {key for cell in notebook.cells for key in cell.metadata} <= {"tags"}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_first_code_is_the_parameters_and_names_lake_month_and_locale(name):
    first, *others = code(name)
    assert first.metadata.tags == ["parameters"]
    assert not any("parameters" in cell.metadata.get("tags", []) for cell in others)
    set_there = {target.id for each in ast.parse(first.source).body for target in each.targets}
    assert {"LAKE", "MONTH", "LOCALE"} <= set_there


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_cells_are_short_and_hold_calls_only(name):
    for cell in code(name):
        assert len(cell.source.splitlines()) <= 15
        for node in ast.walk(ast.parse(cell.source)):
            assert not isinstance(node, LOGIC), f"logic in a cell: {ast.unparse(node)}"
            if isinstance(node, ast.ImportFrom):
                assert node.module.startswith(ALLOWED_IMPORTS)
            assert not isinstance(node, ast.Import)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_begins_with_what_one_learns_and_each_question_ends_with_what_next(name):
    first, *others = [cell.source for cell in read(name).cells if cell.cell_type == "markdown"]
    assert all(words in first for words in ("What you will learn", "Needs", "Run time"))
    questions = sum(text.count("\n## ") + text.startswith("## ") for text in others)
    assert questions >= 5
    assert sum("**What next**" in text for text in others) == questions
    assert "**What next**" in others[-1]


def test_links_between_notebooks_lead_somewhere():
    for name in NOTEBOOKS:
        for cell in read(name).cells:
            for part in cell.source.split("](")[1:]:
                assert (FOLDER / part.partition(")")[0]).is_file()


# --- as run


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_from_top_to_bottom(ran, name):
    assert ran[name].errors == []
    for cell in ran[name].cells[2:]:
        assert cell.outputs, f"a cell shows nothing: {cell.source}"
        assert not [output for output in cell.outputs if output.output_type == "stream"], cell.source


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_finding_says_where_it_comes_from_and_until_when(ran, name):
    findings = [output.data for cell in ran[name].cells for output in cell.outputs if FACTS in output.get("data", {})]
    assert len(findings) >= 7
    for data in findings:
        title, source = data["text/plain"].splitlines()
        assert title
        assert source.startswith("Source: ")
        assert " · EUR · data until " in source
        assert title in unescape(data["text/html"])


def test_the_cost_explorer_shows_the_totals_of_gold(small, ran):
    [month] = small.rows(f"select * from gold.monthly_summary where billing_month = '{MONTH}'")
    shown = ran[COSTS].facts
    assert shown("costs.spent")["month"] == MONTH
    for call in ("costs.spent", "costs.by_day", "costs.by_whom", "costs.borne", "costs.ranked"):
        assert Decimal(shown(call)["billed_cost"]) == month["billed_cost"], call
    assert Decimal(shown("costs.changed")["delta_cost"]) == month["delta_cost"]
    assert Decimal(shown("costs.why")["delta_cost"]) == month["delta_cost"]
    [owner] = small.rows(f"select * from gold.tag_coverage where billing_month = '{MONTH}' and label = 'owner'")
    assert Decimal(shown("costs.labelled")["labelled_cost"]) == owner["labelled_cost"]
    [rest] = small.rows(f"select sum(billed_cost) as cost from gold.owner_suggestions where billing_month = '{MONTH}'")
    assert Decimal(shown("costs.suggested")["without_owner_cost"]) == rest["cost"]


def test_the_forecast_shown_is_the_newest_of_gold(small, ran):
    [row] = small.rows(
        "select * from gold.forecasts where level = 'organization' and period = 'month_end' "
        "and made_on = (select max(made_on) from gold.forecasts)"
    )
    shown = ran[OUTLOOK].facts("outlook.expected")
    for column in ("known_cost", "expected_cost", "low_cost", "high_cost"):
        assert shown[column] == (None if row[column] is None else f"{row[column]:f}"), column
    assert row["expected_cost"] > 0
    [error] = small.rows("select * from gold.forecast_accuracy where level = 'organization' and target = 'month_end'")
    assert float(ran[OUTLOOK].facts("outlook.accurate")["wape"]) == error["wape"]


def test_the_budgets_shown_are_those_of_gold(small, ran):
    rows = small.rows(
        "select * from gold.budgets where billing_month = (select max(billing_month) from gold.budgets) "
        "qualify as_of = max(as_of) over ()"
    )
    shown = ran[OUTLOOK].facts("budgets.agreed")
    assert shown["budgets"] == len(rows)
    assert shown["in_danger"] == sum(row["state"] in ("over", "expected over", "at risk") for row in rows)
    assert shown["in_danger"] > 0
    burning = ran[OUTLOOK].facts("budgets.burning")
    [row] = [row for row in rows if row["budget_name"] == burning["budget"]]
    assert Decimal(burning["expected_cost"]) == row["expected_cost"] > row["amount_as_cost"]
    assert ran[OUTLOOK].facts("budgets.ending")["rows"] == len(small.rows("select * from gold.commitment_calendar"))


def test_unit_costs_and_margins_shown_are_those_of_gold(small, ran):
    shown = ran[UNITS].facts("units.over_time(kpis, view, KPI")
    [row] = small.rows(
        f"select * from gold.kpis where kpi = 'cost_per_request' and period = 'month' and billing_month = '{MONTH}' "
        f"and scope = '{shown['scope']}'"
    )
    assert [Decimal(shown[each]) for each in ("value", "numerator", "denominator")] == [
        row["value"],
        row["numerator"],
        row["denominator"],
    ]
    [margin] = small.rows(
        f"select sum(margin_amount) as whole from gold.tenant_margins where billing_month = '{MONTH}'"
    )
    assert Decimal(ran[UNITS].facts("tenants.margins")["margin_amount"]) == margin["whole"]
    [carbon] = small.rows(
        f"select sum(kg_co2e) as whole from gold.footprint where period = 'month' and billing_month = '{MONTH}'"
    )
    assert Decimal(ran[UNITS].facts("tenants.emitted")["kg_co2e"]) == carbon["whole"]
    unknown = small.rows(
        f"select kpi from gold.kpis where period = 'month' and billing_month = '{MONTH}' and value is null"
    )
    assert ran[UNITS].facts("units.unknown")["unknown"] == len(unknown) > 0


def test_the_anomalies_shown_are_those_of_gold(small, ran):
    rows = small.rows("select * from gold.anomalies")
    shown = ran[ANOMALIES].facts("anomalies.happened")
    assert (shown["rows"], shown["to_act"]) == (len(rows), sum(row["is_actionable"] for row in rows))
    assert ran[ANOMALIES].facts("anomalies.answered")["open"] == shown["to_act"]
    for call, table in (("anomalies.caused", "gold.anomaly_causes"), ("anomalies.changed", "gold.anomaly_changes")):
        found = ran[ANOMALIES].facts(call)
        if found:
            which = f"anomaly_id = '{found['anomaly_id']}'"
            [number] = small.rows(f"select count(*) as rows from {table} where {which}")
            assert number["rows"] in found.values(), call


def test_the_savings_shown_are_those_of_gold(small, ran):
    rows = small.rows("select * from gold.recommendations where status in ('open', 'accepted')")
    saving = [row["monthly_saving"] for row in rows if row["monthly_saving"] > 0 and row["is_counted"]]
    shown = ran[ADVICE].facts("advice.to_do")
    assert (shown["actions"], Decimal(shown["counted_saving"])) == (len(saving), sum(saving))
    assert ran[ADVICE].facts("advice.spending")["actions"] == sum(row["monthly_saving"] <= 0 for row in rows)
    whole = sum(row["monthly_saving"] for row in rows if row["monthly_saving"] > 0)
    assert Decimal(ran[ADVICE].facts("advice.overlapping")["naive_saving"]) == whole >= sum(saving)
    unjudged = small.rows("select count(*) as rows, count(distinct resource_id) as resources from gold.unjudged")[0]
    assert ran[ADVICE].facts("advice.unjudged") == unjudged
    [proved] = small.rows("select count(*) as actions, coalesce(sum(counted_saving), 0) as saved from gold.savings")
    shown = ran[ADVICE].facts("advice.saved")
    assert (shown["actions"], Decimal(shown["counted_saving"])) == (proved["actions"], proved["saved"])
    [nights] = small.rows("select count(*) as nights from gold.schedule_nights")
    assert ran[ADVICE].facts("usage.nights")["nights"] == nights["nights"]


def test_what_storage_and_telemetry_cost_is_what_was_charged(small, ran):
    for name, call, start in (
        (STORAGE, "storage.cost", "/storage/obj/"),
        (TELEMETRY, "telemetry.cost", "/observability/cockpit/"),
    ):
        [bill] = small.rows(
            f"select coalesce(sum(charged_cost), 0) as cost from gold.reconciliation "
            f"where billing_month = '{MONTH}' and starts_with(sku, '{start}')"
        )
        assert Decimal(ran[name].facts(call)["billed_cost"]) == bill["cost"], name
    assert Decimal(ran[STORAGE].facts("storage.cost")["billed_cost"]) > 0


def test_plans_for_buckets_and_streams_shown_are_those_of_gold(small, ran):
    [held] = small.rows(
        "select sum(bytes) as bytes, sum(bytes_180_days_old) as bytes_180_days_old from gold.storage_by_bucket "
        "where usage_month = (select max(usage_month) from gold.storage_by_bucket)"
    )
    assert ran[STORAGE].facts("storage.cold") == {name: int(value or 0) for name, value in held.items()}
    plans = small.rows(
        "select monthly_saving from gold.recommendations where status in ('open', 'accepted') and is_counted "
        "and json_extract_string(evidence, '$.listed_on') is not null "
        "and json_extract(evidence, '$.months') is not null"
    )
    shown = ran[STORAGE].facts("storage.planned")
    assert shown["plans"] == len(plans)
    assert Decimal(shown["monthly_saving"]) == sum(row["monthly_saving"] for row in plans)
    [listed] = small.rows("select count(distinct bucket) as buckets from gold.storage_by_bucket")
    advised = small.rows(
        "select distinct resource_id from gold.recommendations "
        "where resource_type = 'object_storage_bucket' and status in ('open', 'accepted')"
    )
    assert ran[STORAGE].facts("storage.left")["buckets"] == listed["buckets"] - len(advised)
    changed = small.rows(
        "select monthly_saving from gold.recommendations where is_counted and status in ('open', 'accepted') "
        "and rule in ('custom_metrics', 'debug_logs', 'telemetry_retention', 'telemetry_budget')"
    )
    assert Decimal(ran[TELEMETRY].facts("telemetry.changes")["monthly_saving"]) == sum(
        row["monthly_saving"] for row in changed if row["monthly_saving"] > 0
    )


def test_the_review_and_the_quality_shown_are_those_of_gold(small, ran):
    [whole] = small.rows(
        "select sum(monthly_saving) as saving from gold.recommendations "
        "where status in ('open', 'accepted') and is_counted and monthly_saving > 0"
    )
    assert Decimal(ran[REVIEW].facts("review.areas")["counted_saving"]) == whole["saving"] > 0
    [proved] = small.rows("select coalesce(sum(counted_saving), 0) as saved from gold.savings")
    assert Decimal(ran[REVIEW].facts("review.register")["proved_saving"]) == proved["saved"]
    [last] = small.rows(
        f"select arg_max(amount, step_number) as amount, count(amount) as steps from gold.invoice_waterfall "
        f"where billing_month = '{MONTH}'"
    )
    shown = ran[REVIEW].facts("review.paid")
    assert (shown["steps"], Decimal(shown["last_amount"])) == (last["steps"], last["amount"])
    invoices = small.rows("select * from gold.invoice_reconciliation")
    assert ran[TOUR].facts("review.invoiced") == {
        "months": len(invoices),
        "invoiced": sum(row["consumption_residual"] is not None for row in invoices),
        "equal": sum(row["consumption_residual"] == 0 for row in invoices),
        "alarms": sum(row["alarms"] for row in invoices),
    }
    [sources] = small.rows("select count(*) as sources, sum(answers) as answers from gold.data_freshness")
    assert ran[QUALITY].facts("quality.fresh") == {name: int(value) for name, value in sources.items()}
    [labels] = small.rows(
        f"select sum(total_items) as total_items, sum(compliant_items) as compliant_items "
        f"from gold.tag_compliance where billing_month = '{MONTH}'"
    )
    assert ran[QUALITY].facts("quality.complied") == {name: int(value) for name, value in labels.items()}


def test_what_is_written_by_oneself_adds_up_to_the_month(small, ran):
    [month] = small.rows(f"select * from gold.monthly_summary where billing_month = '{MONTH}'")
    for group in ("by_region, view", "by_sku, view", "by_owner, view", "by_team, view", "by_product, view"):
        assert Decimal(ran[OWN].facts(f"costs.ranked({group}")["billed_cost"]) == month["billed_cost"], group


def test_no_tenant_is_named_in_a_notebook(small, ran):
    names = [row["tenant"] for row in small.rows("select distinct tenant from gold.tenant_margins")]
    assert names
    shown = "".join(str(output) for each in ran.values() for cell in each.cells for output in cell.outputs)
    assert [name for name in names if name in shown] == []
    assert "tenant-" in shown
