"""Sections of the monthly page after the savings: each advice in one of them, sums that add up, why things are left."""

import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal as D
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.recommendations.rules import RULES
from pipelines.reporting.advice_areas import RULES_OF, advice_of_area, area_of, waiting_cost
from pipelines.reporting.money import MoneyFormat, total
from pipelines.reporting.monthly import render_monthly
from pipelines.reporting.monthly_ahead import ahead_block, told_block
from pipelines.reporting.monthly_areas import idle_section, other_section, rightsizing_section
from pipelines.reporting.monthly_input import read_advice
from pipelines.reporting.monthly_register import register_block, stages
from pipelines.reporting.monthly_sections import review_sections
from pipelines.reporting.monthly_storage import storage_section
from pipelines.reporting.monthly_telemetry import telemetry_section
from pipelines.reporting.storage_rows import plan_of

EUROS = MoneyFormat("EUR")
ADVICE = "gold.recommendations"
AREAS = (*RULES_OF, "other")


@pytest.fixture
def report(small_rows, advice_rows, build):
    """The month with advice and further tables."""

    def make(further=None, advice=(), without=(), **changed):
        tables = small_rows | advice_rows | (further or {})
        tables[ADVICE] = [*tables[ADVICE], *advice]
        return build({name: rows for name, rows in tables.items() if name not in without}, **changed)

    return make


def cents(text):
    digits = re.sub(r"[^\d.−]", "", text).replace("−", "-")
    return D(digits) if digits else D(0)


def labels(table):
    return [line.cells[0].text for line in table.lines]


def table_of(section, name):
    return next(table for table in section.tables if table.name == name)


def bucket(name, cost, **fields):
    return {
        "usage_month": "2026-11", "resource_id": name, "resource_name": name, "project_name": "web-shop",
        "owner": "team-shop", "monthly_cost": D(cost), "currency": "EUR", "as_of": date(2026, 11, 17),
        "bytes": 10**12, "is_sample": False, "left": None, "spared_by": None,
    } | fields  # fmt: skip


def stored(name, storage_class, gigabytes, old, **fields):
    return {
        "usage_month": "2026-11", "region_id": "fr-par", "project_id": "p", "bucket": name, "state": "current",
        "storage_class": storage_class, "as_of": date(2026, 11, 17), "objects": 9, "bytes": gigabytes * 10**9,
        "bytes_30_days_old": old * 10**9, "bytes_180_days_old": old * 10**9, "small_objects": 2,
    } | fields  # fmt: skip


def charged(sku, cost):
    return {
        "billing_month": "2026-10", "project_id": "p", "project_name": "web-shop", "sku": sku,
        "billing_currency": "EUR", "charged_cost": D(cost), "consumed_cost": D(cost), "residual": D(0),
        "explanation": None, "tolerance": D("0.01"), "is_alarm": False,
    }  # fmt: skip


def planned(first, identifier, name, saving, **fields):
    """A recommendation with a plan of three months, made from another one."""
    facts = {
        "listed_on": "2026-11-17", "size_gb": 900.4, "read_percent_a_month": 0.5, "monthly_cost_now": 20.10,
        "monthly_cost_then": 8.05, "net_saving_12_months": 140.33, "parts": [{"does": "expire-objects"}],
        "months": [{"month": at, "cost_now": 20.1 + at, "cost_then": 8.05} for at in (1, 2, 3)], "left": [],
    }  # fmt: skip
    return first | {
        "recommendation_id": identifier, "rule": "storage_lifecycle", "resource_id": name, "resource_name": name,
        "monthly_saving": D(saving), "is_counted": True, "status": "open", "conflicts_with": [],
        "evidence": json.dumps(facts), "action": f"Delete objects of {name} after 90 days",
    } | fields  # fmt: skip


def stream(service, level, gigabytes, **fields):
    return {
        "usage_month": "2026-11", "known_from": date(2026, 10, 20), "known_until": date(2026, 11, 17),
        "data_source_id": "logs", "source_name": "cockpit-logs", "owner": "platform", "signal": "logs",
        "service_name": service, "level": level, "metric_name": None, "samples": None, "bytes": gigabytes * 10**9,
        "source_samples": None, "source_bytes": 300 * 10**9, "active_series": None, "retention_days": 30,
        "charged_cost": D("100"), "currency": "EUR", "log_class": level, "is_protected": level == "error",
        "queries_per_month": None,
    } | fields  # fmt: skip


def lifecycle(first):
    """Three buckets and two streams with what they cost."""
    return {
        "gold.storage_outlook": [
            bucket("media", "20.1"),
            bucket("journal", "9", spared_by="legal-hold=2031", left="its plan is told by another rule"),
            bucket("dumps", "3", left="moving more to Glacier would save nothing", owner=None),
        ],
        "gold.storage_by_bucket": [
            stored("media", "STANDARD", 800, 600), stored("dumps", "STANDARD", 200, 0),
            stored("old", "GLACIER", 50, 50),
        ],
        "gold.storage_egress": [
            {"billing_month": "2026-11", "resource_id": "media", "billing_currency": "EUR", "owner": None,
             "usual_daily_cost": D("0.5"), "recent_cost": D("28"), "recent_days": 28,
             "rising_since": date(2026, 10, 3), "known_from": date(2026, 10, 20), "known_until": date(2026, 11, 17)},
        ],
        "gold.telemetry_streams": [stream("api", "info", 200), stream("api", "error", 100)],
    }  # fmt: skip


def skus():
    return [
        charged("/storage/obj/storage/standard/fr-par", "14.604"),
        charged("/storage/obj/storage/standard/fr-par", "2.004"),
        charged("/storage/obj/bandwidth/to-external/fr-par", "1.003"),
        charged("/observability/cockpit/custom-log/fr-par", "105.1"),
        charged("/observability/cockpit/custom-trace/fr-par", "3"),
    ]


@pytest.fixture
def lived(report, advice_rows):
    """The month with buckets and telemetry."""
    first = advice_rows[ADVICE][0]
    further = lifecycle(first) | {"gold.reconciliation": skus()}
    return report(further, [planned(first, "p1", "media", "12.05")])


# --- each advice in one section


def test_every_rule_has_a_section_of_its_own_and_no_rule_two():
    placed = [rule for rules in RULES_OF.values() for rule in rules]
    assert sorted(placed) == sorted(set(placed))
    assert {rule.name for rule in RULES} <= set(placed)


def test_the_sections_together_come_to_what_the_savings_block_says(report):
    advice = report().advice
    parts = [advice_of_area(advice, area) for area in AREAS]
    assert total(part.counted_saving for part in parts) == advice.counted_saving > 0
    assert sum(len(part.rows) for part in parts) == len(advice.to_do)


def test_a_rule_nobody_placed_is_shown_all_the_same(report, advice_rows):
    assert other_section(report(), EUROS) is None
    own = advice_rows[ADVICE][2] | {"recommendation_id": "z1", "rule": "house_rule", "title": "Of our own"}
    section = other_section(report(advice=[own]), EUROS)
    assert area_of("house_rule") == "other"
    assert labels(table_of(section, "rules")) == ["Of our own"]


def test_a_section_has_euros_and_owner_and_says_who_has_none(report):
    section = idle_section(report(), EUROS)
    assert section.lead == "1 finding is worth €84.33 a month; it has no owner."
    [line] = table_of(section, "idle-findings").lines
    assert [cell.text for cell in line.cells[:4]] == [
        "Delete ci-runner-9, which nobody uses", "€120.50", "€84.33", "€22.18",
    ]  # fmt: skip
    assert (line.cells[5].text, line.cells[5].tone) == ("no owner", "finding")
    assert line.cells[0].code == "finops plan a1"


def test_what_overlaps_stands_beside_the_sum_and_what_costs_more_is_said(report):
    section = rightsizing_section(report(), EUROS)
    *rules, whole = table_of(section, "rules").lines
    assert sum(cents(line.cells[2].text) for line in rules) == cents(whole.cells[2].text) == D("64.91")
    assert whole.cells[3].text == "€60.10"
    assert section.notes == (
        "1 more finding asks for €30.00 a month more, so that nothing breaks; it stands under “What to do” above.",
    )


def test_a_section_without_findings_says_so_and_before_any_rule_there_is_none(report, advice_rows):
    only_idle = [row for row in advice_rows[ADVICE] if row["rule"] == "idle_instance"]
    section = rightsizing_section(report({ADVICE: only_idle}), EUROS)
    assert section.nothing == "Nothing that is measured would do with less."
    assert (section.tables, section.lead) == ((), "")
    assert rightsizing_section(report(without=(ADVICE,)), EUROS) is None


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_whatever_is_advised_each_table_adds_up_to_its_section(data):
    savings = data.draw(st.lists(st.decimals("0.001", "5000", places=3), min_size=1, max_size=30))
    rules = data.draw(st.lists(st.sampled_from(RULES_OF["idle"]), min_size=len(savings), max_size=len(savings)))
    section = idle_section(advised(list(zip(rules, savings, strict=True))), EUROS)
    for name in ("rules", "idle-findings"):
        lines = table_of(section, name).lines
        parts = [cents(line.cells[2].text) for line in lines if line.kind != "total"]
        assert sum(parts) == EUROS.rounded(total(savings)), name


def advised(pairs):
    """What a section reads of a report with so many recommendations, each of a rule and a saving."""
    rows = [_advice(at, rule, saving) for at, (rule, saving) in enumerate(pairs)]
    advice = read_advice({ADVICE: rows}, "EUR", is_first=True)
    return SimpleNamespace(advice=advice, as_of=datetime(2026, 11, 18, tzinfo=UTC))


def _advice(at, rule, saving):
    nothing = dict.fromkeys(
        ("project_id", "project_name", "team", "owner", "environment", "evidence", "evaluation_start", "evaluation_end",
         "monthly_cost", "confidence", "rollback", "kg_co2e_saving", "status_reason", "status_since", "status_owner",
         "returned_on", "resource_name", "resource_type")
    )  # fmt: skip
    return nothing | {
        "currency": "EUR", "recommendation_id": f"r{at}", "rule": rule, "title": rule, "resource_id": f"i{at}",
        "target": "", "action": f"Delete {at}", "reason": "", "monthly_saving": saving, "basis": "charged",
        "one_off_cost": D(0), "risk": "low", "effort": "low", "restart_needed": False, "conflicts_with": [],
        "is_counted": True, "status": "open", "first_seen": date(2026, 11, 1), "judged_on": date(2026, 11, 18),
        "judgement": "advised",
    }  # fmt: skip


# --- storage


def test_storage_costs_stand_by_class_with_what_lies_there_and_lead_to_charges(lived):
    section = storage_section(lived, EUROS)
    table = table_of(section, "storage-classes")
    assert labels(table) == ["Standard, fr-par", "Traffic out of fr-par", "Total"]
    assert [cell.text for cell in table.lines[0].cells[1:6]] == ["€16.61", "94.3%", "1,000", "60%", "60%"]
    assert sum(cents(line.cells[1].text) for line in table.lines[:2]) == cents(table.lines[2].cells[1].text)
    assert table.lines[0].trace.command == (
        "finops trace gold.reconciliation billing_month=2026-10 "
        "sku=/storage/obj/storage/standard/fr-par billing_currency=EUR"
    )
    assert section.cost.startswith("Object Storage cost €17.61 in October 2026, ")
    assert "60% (600 GB) is older than half a year, as listed on 17 Nov 2026." in section.cost


def test_a_plan_shows_its_euros_its_twelve_months_and_that_it_deletes(lived):
    section = storage_section(lived, EUROS)
    [line] = table_of(section, "storage-plans").lines
    assert [cell.text for cell in line.cells[:6]] == ["media", "€20.10", "€12.05", "€140.33", "900", "0.5%"]
    assert line.cells[6].note == "deletes for good"
    [months] = [part.table for part in section.folded]
    assert [cell.text for cell in months.lines[0].cells] == ["media", "€21.10", "€22.10", "€23.10"]
    assert [cell.text for cell in months.lines[1].cells] == ["media", "€8.05", "€8.05", "€8.05"]
    [chart] = section.charts
    assert chart.title.endswith("cost €66.30 as they are, and €24.15 with their plans: €42.15 less")


def test_what_is_left_alone_says_why_a_tag_before_what_a_rule_answered(lived):
    left = table_of(storage_section(lived, EUROS), "storage-left")
    assert [(line.cells[0].text, line.cells[2].text) for line in left.lines] == [
        ("journal", "protected by its tag legal-hold=2031"),
        ("dumps", "moving more to Glacier would save nothing"),
    ]
    assert left.lines[1].cells[3].text == "no owner"


def test_traffic_beyond_the_usual_names_its_first_day(lived):
    [line] = table_of(storage_section(lived, EUROS), "storage-egress").lines
    assert [cell.text for cell in line.cells] == ["media", "€28.00", "€1.00", "€0.50", "3 Oct 2026", "no owner"]


def test_advice_without_months_is_no_plan_and_without_storage_there_is_no_section(report, lived):
    with_plan = [row.recommendation_id for row in lived.advice.rows if plan_of(row)]
    assert with_plan == ["p1"]
    assert storage_section(report({"gold.reconciliation": []}), EUROS) is None
    costs_alone = storage_section(report({"gold.reconciliation": skus()}), EUROS)
    assert costs_alone.nothing.startswith("Buckets were not listed")


# --- telemetry


def test_telemetry_stands_by_kind_and_streams_share_what_their_source_costs(lived):
    section = telemetry_section(lived, EUROS)
    assert labels(table_of(section, "telemetry-signals")) == [
        "Logs you send, fr-par",
        "Traces you send, fr-par",
        "Total",
    ]
    info, error, whole = table_of(section, "telemetry-streams").lines
    assert [cell.text for cell in info.cells[:4]] == ["api, info", "€66.67", "66.7%", "200 GB"]
    assert cents(info.cells[1].text) + cents(error.cells[1].text) == cents(whole.cells[1].text) == D(100)
    assert (error.cells[5].text, error.cells[5].note) == ("stays whole", "error is protected")
    assert "100 GB, €33.33 a month" in section.notes[0]


def test_a_protected_stream_stays_whole_whatever_a_plan_says(report, advice_rows):
    first = advice_rows[ADVICE][0]
    steps = [{"service": "api", "class": each, "does": "drop"} for each in ("info", "error")]
    plan = planned(first, "t1", "logs", "9", rule="telemetry_budget", evidence=json.dumps({"steps": steps}))
    further = {
        "gold.telemetry_streams": [stream("api", "info", 200, queries_per_month=120), stream("api", "error", 100)]
    }
    info, error, _ = table_of(telemetry_section(report(further, [plan]), EUROS), "telemetry-streams").lines
    assert (info.cells[4].text, info.cells[5].text) == ("1.8", "drop")
    assert error.cells[5].text == "stays whole"


# --- the register, and what is ahead


def test_the_funnel_narrows_and_waiting_costs_by_the_day(report, advice_rows):
    done = advice_rows[ADVICE][2] | {"recommendation_id": "d1", "status": "done", "is_counted": False}
    found = report(advice=[done])
    names = [(step.name, step.actions) for step in stages(found.advice)]
    assert names == [("Found", 6), ("Accepted", 2), ("Done", 1), ("Verified on the bill", 1)]
    block = register_block(found, EUROS)
    assert [line.cells[0].text for line in block.funnel.lines][4:] == ["Declined or put aside"]
    assert block.funnel.lines[3].cells[2].text == "€47.20"
    assert block.delay.startswith("Each day that nothing is done costs €4.91. Since ")
    [line] = block.accepted.lines
    assert line.cells[4].text == "ada"


def test_what_was_accepted_long_ago_and_not_done_is_late(report, advice_rows):
    late = advice_rows[ADVICE][2] | {"status_since": date(2026, 9, 1)}
    [line] = register_block(report({ADVICE: [late]}), EUROS).accepted.lines
    assert line.cells[2].note == "78 days, late"
    assert waiting_cost(report({ADVICE: [late]}).advice.rows[0], late["first_seen"]) == 0


def ending(subject, due_on, **fields):
    return {
        "due_on": due_on, "days_left": 13, "kind": "voucher_end", "subject": subject, "resource_id": subject,
        "amount": D("645.77"), "billing_currency": "EUR", "expected_shortfall": None, "note": "expires unused",
    } | fields  # fmt: skip


def told(made_on, expected, **fields):
    return {
        "made_on": made_on, "billing_currency": "EUR", "period": "next_month", "period_start": date(2026, 10, 1),
        "period_end": date(2026, 11, 1), "known_until": made_on, "expected_cost": D(expected), "low_cost": None,
        "high_cost": None, "interval_percent": 80,
    } | fields  # fmt: skip


def test_what_ends_stands_soonest_first_and_nothing_is_said_to_end_without_any(report):
    ends = [ending("GP1-S", None, kind="end_of_life", amount=None, note=None, billing_currency=None),
            ending("LAUNCH", date(2026, 12, 1))]  # fmt: skip
    block = ahead_block(report({"gold.commitment_calendar": ends}), EUROS)
    assert block.lead == "Next to end is LAUNCH, on 1 Dec 2026 (13 days)."
    assert labels(block.calendar) == ["LAUNCH", "GP1-S"]
    assert ahead_block(report(), EUROS).calendar is None


def test_what_was_forecast_of_the_month_is_held_against_what_it_cost(report):
    cost = report().summary.billed_cost
    rows = [told(date(2026, 9, 20), "10000"), told(date(2026, 9, 25), "10100"), told(date(2026, 10, 16), cost + 5)]
    block = told_block(report({"gold.forecasts of the month": rows}), EUROS)
    assert block.lead.startswith("On 20 Sep 2026 €10,000 was expected of October 2026; it cost ")
    assert [line.cells[0].note for line in block.table.lines] == [
        "before it began", "before it began", "15 days of it were known",
    ]  # fmt: skip
    assert [cents(line.cells[4].text) for line in block.table.lines][-1] == D("-5.00")
    assert told_block(report(), EUROS).missing.startswith("No forecast of October 2026 was made before it was over")


# --- the page


def test_the_blocks_stand_in_the_order_of_a_review(lived):
    html = render_monthly(lived)
    heads = re.findall(r"<h2>(.*?)</h2>", html)
    wanted = [
        "What moved", "Over time", "Who spends most", "What to do", "Idle resources", "Rightsizing", "GPU and AI",
        "Storage lifecycle", "Telemetry", "Action register: what was done, and what it saved",
        "From list price to the invoice", "What is ahead", "Method and notes",
    ]  # fmt: skip
    assert [head for head in heads if head in wanted] == wanted
    identities = re.findall(r'\bid="([^"]+)"', html)
    assert len(identities) == len(set(identities))
    assert [section.name for section in review_sections(lived, EUROS)] == [
        "idle", "rightsizing", "gpu", "storage", "telemetry", "rates",
    ]  # fmt: skip
