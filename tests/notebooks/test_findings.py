"""Findings are worked out from the rows they are given, whatever those say, and stay legible everywhere."""

import re
from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from pipelines.errors import UsageError
from pipelines.reporting import (
    notebook_advice,
    notebook_anomalies,
    notebook_budgets,
    notebook_costs,
    notebook_outlook,
    notebook_tenants,
    notebook_units,
    notebook_usage,
)
from pipelines.reporting.notebook_view import view_of

MONTH = "2026-06"


@pytest.fixture(scope="module")
def lake(small):
    from finops import open_lake

    return open_lake(str(small.lake))


@pytest.fixture(scope="module")
def summary(lake):
    return lake.table("gold.monthly_summary")


def test_without_a_month_the_view_is_of_the_last_complete_one(summary):
    assert view_of(summary).month == MONTH
    assert view_of(summary, "2026-07").month == "2026-07"
    with pytest.raises(UsageError, match="month 2020-01 is not in the lake; it holds 2026-05 to 2026-07"):
        view_of(summary, "2020-01")
    with pytest.raises(UsageError, match="finops demo"):
        view_of(summary.clear())


def test_a_title_follows_the_data_and_the_locale(lake, summary):
    view = view_of(summary, MONTH)
    spenders = lake.table("gold.top_spenders", billing_month=MONTH, dimension="project")
    assert notebook_costs.by_whom(spenders, view).title.startswith("lab cost most: €620.67, 55.3%")
    without = spenders.filter(pl.col("item_name") != "lab")
    assert notebook_costs.by_whom(without, view).title.startswith("default cost most: €")
    french = notebook_costs.by_whom(spenders, view_of(summary, MONTH, locale="fr_FR"))
    assert "620,67\N{NO-BREAK SPACE}€" in french.title


def test_the_columns_of_spenders_add_up_to_the_month(lake, summary):
    view = view_of(summary, MONTH)
    finding = notebook_costs.by_whom(lake.table("gold.top_spenders", billing_month=MONTH), view, "service")
    [table] = finding.tables
    at = [column.label for column in table.columns].index("Cost")
    amounts = [Decimal(line.cells[at].text.replace("€", "").replace(",", "").replace("−", "-")) for line in table.lines]
    assert sum(amounts[:-1]) == amounts[-1] == Decimal("1121.62")


def test_a_charge_without_a_known_amount_is_told_and_not_counted_as_nothing(lake, summary):
    finding = notebook_costs.ranked(lake.costs(month=MONTH, group_by=["sku"]), view_of(summary, MONTH), "sku")
    assert finding.notes == ("1 rows have no known amount and are left out.",)


def test_nothing_known_is_said_with_what_to_do_and_no_chart(lake, summary):
    view = view_of(summary, MONTH)

    def none(name):
        return lake.table(name).clear()

    findings = {
        "finops run": notebook_outlook.expected(none("gold.forecasts"), none("gold.budgets"), view),
        "No day to come": notebook_outlook.day_by_day(none("gold.forecast_days"), lake.costs(group_by=["sku"]), view),
        "No forecast has an outcome": notebook_outlook.accurate(
            none("gold.forecast_accuracy"), lake.table("gold.forecasts"), view
        ),
        "[[budgets]]": notebook_budgets.agreed(none("gold.budgets"), view),
        "No budget counts": notebook_budgets.burning(none("gold.budget_burn_down"), none("gold.budgets"), view),
        "No voucher": notebook_budgets.vouchers(none("gold.voucher_burn_down"), view),
        "Nothing is known to end": notebook_budgets.ending(none("gold.commitment_calendar"), view),
        "No key figure": notebook_units.units(none("gold.kpis"), view),
        "no such figure": notebook_units.over_time(none("gold.kpis"), view),
        "cannot be told": notebook_units.fixed_and_marginal(none("gold.unit_cost_drivers"), none("gold.kpis"), view),
        "cannot be split": notebook_units.why_changed(none("gold.kpi_bridge"), none("gold.kpis"), view),
        "No tenant is known": notebook_tenants.margins(none("gold.tenant_margins"), view),
        "OpenCost": notebook_tenants.namespaces(none("silver.cluster_allocations"), view),
        "footprint": notebook_tenants.emitted(none("gold.footprint"), none("gold.kpis"), view),
        "has no cost by project": notebook_costs.by_whom(none("gold.top_spenders"), view),
        "has an owner": notebook_costs.suggested(none("gold.owner_suggestions"), view),
        "about labels": notebook_costs.labelled(none("gold.tag_coverage"), view),
        "Nothing unusual was found": notebook_anomalies.happened(none("gold.anomalies"), view),
        "No anomaly of cost": notebook_anomalies.by_project(none("gold.anomalies"), view),
        "No anomaly has been found": notebook_anomalies.one(none("gold.anomalies"), none("gold.anomaly_days"), view),
        "No anomaly has the id": notebook_anomalies.caused(
            none("gold.anomalies"), none("gold.anomaly_causes"), view, "abc"
        ),
        "has been found": notebook_anomalies.changed(none("gold.anomalies"), none("gold.anomaly_changes"), view),
        "no alarm": notebook_anomalies.right(none("gold.anomalies"), view),
        "waits for an answer": notebook_anomalies.answered(none("gold.anomalies"), view),
        "advises to save anything": notebook_advice.to_do(none("gold.recommendations"), view),
        "to spend more": notebook_advice.spending(none("gold.recommendations"), view),
        "No two recommendations": notebook_advice.overlapping(none("gold.recommendations"), view),
        "No rule advises anything": notebook_advice.one(none("gold.recommendations"), view),
        "No recommendation has the id": notebook_advice.one(none("gold.recommendations"), view, "abc"),
        "advises anything": notebook_usage.load(none("gold.recommendations"), none("silver.usage_hourly"), view),
        "No schedule": notebook_usage.week(none("gold.recommendations"), view),
        "meant to be off": notebook_usage.nights(none("gold.schedule_nights"), view),
        "left unjudged": notebook_advice.unjudged(none("gold.recommendations"), none("gold.unjudged"), view),
        "No action was marked": notebook_advice.saved(none("gold.recommendations"), none("gold.savings"), view),
        "No prediction": notebook_advice.accurate(none("gold.recommendations"), none("gold.rule_accuracy"), view),
        "no month before": notebook_costs.why(none("gold.total_bridge"), view),
    }
    for words, finding in findings.items():
        assert words in finding.title
        assert finding.chart is None
        assert finding.source.startswith("Source: ")
        assert "<script" not in finding._repr_mimebundle_()["text/html"]


def test_namespaces_show_what_nobody_asked_for_apart(lake, summary):
    rows = lake.table("silver.cluster_allocations")
    day = {"cluster_id": "c", "usage_date": summary["charges_until"][0], "billing_currency": "EUR", "is_idle": False}
    given = [
        {**day, "namespace": "shop", "estimated_cost": Decimal(30)},
        {**day, "namespace": "shop", "estimated_cost": Decimal(15)},
        {**day, "namespace": "mail", "estimated_cost": Decimal(5)},
        {**day, "namespace": None, "is_idle": True, "estimated_cost": Decimal(50)},
    ]
    frame = pl.DataFrame(given, schema={name: rows.schema[name] for name in given[0]})
    finding = notebook_tenants.namespaces(frame, view_of(summary, MONTH))
    assert finding.title == (
        "50.0% of what clusters cost was asked for by no workload; namespace shop cost most: €45.00 in a day"
    )
    assert finding.facts["idle_cost"] == 50
    assert [len(trace.y) for trace in finding.figure.data] == [3, 3]


@pytest.fixture
def unusual(lake):
    """Rows of the anomalies' tables: a burst of this month with its days, its cause and a change; a drop of May."""

    def frame(table, *rows):
        schema = lake.table(table).schema
        return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)

    burst = {
        "anomaly_id": "b1", "first_day": date(2026, 6, 10), "last_day": date(2026, 6, 11), "duration_days": 2,
        "is_ongoing": False, "kind": "burst", "subject": "cost", "level": "resource", "project_name": "lab",
        "resource_name": "gpu-1", "unit": "EUR", "actual": Decimal(90), "expected": Decimal(0), "impact": Decimal(90),
        "confidence": 0.9, "severity": "urgent", "state": "open", "is_actionable": True, "root_cause": "lab › gpu-1",
    }  # fmt: skip
    drop = burst | {"anomaly_id": "d2", "first_day": date(2026, 5, 3), "last_day": date(2026, 5, 3), "kind": "drop"}
    drop |= {"actual": Decimal(2), "expected": Decimal(6), "impact": Decimal(-4), "confidence": 0.8, "duration_days": 1}
    drop |= {"state": "explained", "is_actionable": False, "severity": "low", "explanation": "explained by requests"}
    part = {name: burst[name] for name in ("anomaly_id", "level", "project_name", "resource_name", "unit")}
    amounts = {name: burst[name] for name in ("actual", "expected", "impact")}
    days = [
        {"anomaly_id": "b1", "day": date(2026, 6, day), "actual": Decimal(45 if day in (10, 11) else 0),
         "expected": Decimal(0), "low": Decimal(0), "high": Decimal(0), "is_unusual": day in (10, 11)}
        for day in range(1, 20)
    ]  # fmt: skip
    change = {"anomaly_id": "b1", "number": 1, "changed_on": date(2026, 6, 10), "change": "new_resource"}
    return {
        "found": frame("gold.anomalies", burst, drop),
        "days": frame("gold.anomaly_days", *days),
        "causes": frame("gold.anomaly_causes", part | amounts | {"rank": 1, "share_percent": Decimal(100)}),
        "changes": frame("gold.anomaly_changes", change | {"what": "H100", "resource_name": "gpu-1"}),
    }


def test_an_anomaly_is_told_with_its_days_its_cause_and_what_changed(summary, unusual):
    view, found = view_of(summary, MONTH), unusual["found"]
    listed = notebook_anomalies.happened(found, view)
    assert listed.title == "1 anomaly of June 2026 asks for action: €90.00 more than expected. It has ended"
    assert (listed.facts["rows"], listed.facts["to_act"]) == (2, 1)
    one = notebook_anomalies.one(found, unusual["days"], view)
    assert one.title == "lab › gpu-1: €90.00 from 10 to 11 Jun, where €0.00 was expected"
    assert len(one.figure.data[-1].x) == 2
    assert notebook_anomalies.caused(found, unusual["causes"], view).title == "Root cause: lab › gpu-1"
    changed = notebook_anomalies.changed(found, unusual["changes"], view)
    assert changed.title == "1 thing changed when it began: new resource"
    assert notebook_anomalies.by_project(found, view).facts["impact"] == 86
    assert notebook_anomalies.answered(found, view).title == "2 anomalies: 1 open, 1 explained"


def test_the_precision_of_each_kind_is_the_one_that_was_measured(summary, unusual):
    shown = notebook_anomalies.right(unusual["found"], view_of(summary, MONTH))
    assert shown.title.endswith("80% to 90% of such alarms were right")
    [table] = shown.tables
    assert [[cell.text for cell in line.cells] for line in table.lines] == [["Burst", "90%", "1"], ["Drop", "80%", "1"]]


def test_another_anomaly_can_be_chosen_and_an_unknown_one_is_said_to_be_so(summary, unusual):
    view, found = view_of(summary, MONTH), unusual["found"]
    drop = notebook_anomalies.one(found, unusual["days"], view, "d2")
    assert drop.chart is None
    assert drop.title == "lab › gpu-1: €2.00 on 3 May, where €6.00 was expected"
    assert notebook_anomalies.caused(found, unusual["causes"], view, "d2").title.startswith("It has no part")
    assert notebook_anomalies.one(found, unusual["days"], view, "nothing").title == "No anomaly has the id nothing"


def test_a_name_cannot_become_markup_or_script(lake, summary):
    spenders = lake.table("gold.top_spenders", billing_month=MONTH, dimension="project")
    evil = spenders.with_columns(pl.lit("</script><b>x</b>").alias("item_name"))
    html = notebook_costs.by_whom(evil, view_of(summary, MONTH))._repr_mimebundle_()["text/html"]
    assert "<b>x" not in html
    assert html.count("</script>") == 2


def test_the_charts_library_comes_with_the_view_only_and_findings_have_their_own_style(lake, summary):
    view = view_of(summary, MONTH)
    shown = view._repr_mimebundle_()["text/html"]
    assert len(shown) > 1_000_000
    assert shown.count("</script>") == 1
    html = notebook_costs.spent(view)._repr_mimebundle_()["text/html"]
    assert len(html) < 60_000
    assert not re.search(r"(src|href)=.https?:", html)
    assert all(words in html for words in ('data-jp-theme-light="false"', "@container", "vscode-dark"))


def recommended(identifier, saving, **fields):
    """A row of gold.recommendations about one machine; what is not named has its least value."""
    row = {
        "recommendation_id": identifier, "rule": "oversized_instance", "title": "Too large", "resource_id": "r1",
        "resource_name": "web-1", "target": "small", "action": f"Do {identifier}", "reason": "It is idle. Mostly.",
        "evidence": "{}", "evaluation_start": date(2026, 6, 1), "evaluation_end": date(2026, 6, 29),
        "monthly_cost": Decimal(100), "monthly_saving": Decimal(saving), "currency": "EUR", "basis": "charged",
        "one_off_cost": Decimal(0), "risk": "low", "effort": "low", "restart_needed": False, "conflicts_with": [],
        "is_counted": True, "status": "open", "first_seen": date(2026, 6, 29), "judged_on": date(2026, 6, 29),
        "judgement": "advised",
    }  # fmt: skip
    return row | fields


@pytest.fixture
def frame(lake):
    """Rows of a table as a frame of its columns."""

    def make(table, *rows):
        schema = lake.table(table).schema
        return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)

    return make


def test_the_findings_about_advice_count_nothing_twice_and_choose_the_rightsizing(summary, frame):
    found = frame(
        "gold.recommendations",
        recommended("a", 60, rule="idle_instance", conflicts_with=["b"]),
        recommended("b", 50, is_counted=False, conflicts_with=["a"]),
        recommended("c", 20, evidence='{"days": 28, "memory_gib": null, "query": "select 1", "parts": [1.25, 2]}'),
        recommended("d", -30, rule="undersized_instance"),
    )
    view = view_of(summary, MONTH)
    listed = notebook_advice.to_do(found, view)
    assert listed.title == "2 actions would save €80.00 a month"
    assert listed.facts == {"actions": 2, "counted_saving": 80}
    apart = notebook_advice.overlapping(found, view)
    assert apart.title == "1 recommendation overlaps with what is counted: €80.00 can be saved, not €130.00"
    assert [cell.text for cell in apart.tables[0].lines[0].cells] == ["Do b", "€50.00", "Do a"]
    assert notebook_advice.spending(found, view).title.startswith("1 thing would cost €30.00 more a month")
    one = notebook_advice.one(found, view)
    assert one.title == "Do c: saves €20.00 a month"
    assert [[cell.text for cell in line.cells] for line in one.tables[1].lines] == [
        ["days", "28"],
        ["memory gib", "not known"],
        ["parts", "1.25, 2"],
    ]
    assert one.notes == ("It is idle. Mostly.", "The main number again: select 1")
    assert notebook_advice.one(found, view, "d").title == "Do d: costs €30.00 a month"
    assert notebook_advice.resource_of(found, view) == "r1"


def test_the_load_shown_is_that_of_the_days_of_the_evidence(summary, frame):
    found = frame("gold.recommendations", recommended("c", 20))
    hours = frame(
        "silver.usage_hourly",
        *(
            {"metric": metric, "usage_date": day, "p95_value": Decimal(share)}
            for metric, day, share in (
                ("node_cpu_ratio", date(2026, 6, 1), "0.25"),
                ("node_cpu_ratio", date(2026, 6, 1), "0.15"),
                ("node_cpu_ratio", date(2026, 6, 29), "0.9"),
                ("node_memory_used_ratio", date(2026, 6, 2), "0.8"),
            )
        ),
    )
    finding = notebook_usage.load(found, hours, view_of(summary, MONTH))
    assert finding.title == "web-1 never used more than 25% of its processors in 1 day, for 95 % of any hour"
    assert [list(trace.y) for trace in finding.figure.data] == [[0.25], [0.2]]
    unmeasured = notebook_usage.load(found, hours.clear(), view_of(summary, MONTH))
    assert unmeasured.title == "The processors of web-1 were not measured"


def test_the_week_shown_is_what_the_schedule_was_judged_by(summary, frame):
    chances = [0.9 if hour < 12 else 0.02 for hour in range(168)]
    evidence = f'{{"plan": "on Mon 00:00-12:00 UTC", "chance_of_use_by_hour_of_week": {chances}}}'
    found = frame(
        "gold.recommendations",
        recommended("a", 60),
        recommended("s", 40, rule="off_hours_schedule", evidence=evidence),
    )
    finding = notebook_usage.week(found, view_of(summary, MONTH))
    assert finding.title == (
        "web-1 is used in 12 of the 168 hours of a week; a schedule (on Mon 00:00-12:00 UTC) would save €40.00 a month"
    )
    assert [len(row) for row in finding.figure.data[0].z] == [24] * 7


def test_nights_are_counted_by_what_became_of_them_and_misses_cost(summary, frame):
    night = {"resource_name": "web-1", "night_kind": "night", "billing_currency": "EUR", "night_of": date(2026, 6, 1)}
    miss = {"night_class": "missed", "missed_cost": Decimal("1.25"), "reason": "stopped in place"}
    rows = [night | {"night_class": "stopped"}, night | miss, night | miss | {"missed_cost": Decimal(2)}]
    finding = notebook_usage.nights(frame("gold.schedule_nights", *rows), view_of(summary, MONTH))
    assert finding.title == "Of 3 nights and weekends 1 was kept; 2 missed cost €3.25"
    assert [line.cells[2].text for line in finding.tables[0].lines] == ["€2.00", "€1.25"]
    assert [name for name, _ in finding.chart.legend] == ["stopped", "missed"]


def test_savings_shown_are_proved_ones_and_predictions_are_set_against_them(summary, frame):
    found = frame("gold.recommendations")
    saved = {"recommendation_id": "a", "rule": "r", "currency": "EUR", "done_on": date(2026, 5, 1), "days_judged": 30}
    amounts = {"predicted_saving": 30, "monthly_saving": 25, "low": 20, "high": 31, "counted_saving": 25}
    row = saved | {name: Decimal(value) for name, value in amounts.items()} | {"state": "verified", "is_harmed": False}
    view = view_of(summary, MONTH)
    finding = notebook_advice.saved(found, frame("gold.savings", row), view)
    assert finding.title == "1 action was done: €25.00 a month is proved of the €30.00 predicted"
    assert finding.notes == ("The prediction lies within the 90 % interval of what was measured.",)
    sums = {"rule": "r", "currency": "EUR", "actions": 1, "factor": Decimal("0.97")}
    told = sums | {"predicted_saving": Decimal(30), "realised_saving": Decimal(25)}
    accuracy = notebook_advice.accurate(found, frame("gold.rule_accuracy", told), view)
    assert accuracy.title == "Of €30.00 predicted a month €25.00 came true"
