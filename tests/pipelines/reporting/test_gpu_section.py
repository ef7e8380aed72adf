"""GPU and AI on the monthly page: columns add up, both bases stand side by side, what is missing is said."""

import json
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.reporting.gpu_charts import curves, powers
from pipelines.reporting.gpu_rows import Gpu, MachineRow, ModelRow, PointRow, TrainingRow, WayRow, gpu_of
from pipelines.reporting.gpu_tables import machines_table, models_table, purposes_table, training_table
from pipelines.reporting.gpu_ways import ways_table
from pipelines.reporting.money import MoneyFormat
from pipelines.reporting.monthly_gpu import NO_GPU, NOTHING_FOUND, batch_words, cost_words, gpu_section, idle_title

D = Decimal
EUROS = MoneyFormat("EUR")
MONTH = "2026-10"
MACHINE = MachineRow(
    billing_month=MONTH, resource_id="r1", resource_name="chat", resource_type="instance_server", project_name="ml",
    environment="prod", owner="ml-team", commercial_type="L4-1-24G", billing_currency="EUR", allocation_cost=D(600),
    busy_cost=D(100), queue_idle_cost=D(20), warm_idle_cost=D(280), nobodys_cost=D(0), unsorted_idle_cost=D(0),
    unmeasured_cost=D(200), training_cost=None,
)  # fmt: skip
DARK = replace(
    MACHINE, resource_id="r2", resource_name=None, owner=None, allocation_cost=D(438), busy_cost=None,
    queue_idle_cost=None, warm_idle_cost=None, nobodys_cost=None, unsorted_idle_cost=None, unmeasured_cost=D(438),
)  # fmt: skip
MODEL = ModelRow(
    billing_month=MONTH, period="month", period_start=date(2026, 10, 1), is_sum=True, provider="self-hosted",
    resource_id="r1", resource_name="chat", project_id="p", project_name="ml", model="llama", version=None,
    billing_currency="EUR", completed_requests=D("621489"), failed_requests=None, allocation_cost=D(600),
    busy_cost=D(100), failed_cost=None, uncounted_cost=D(0), thousand_requests_cost=D("0.971"),
    busy_thousand_requests_cost=D("0.291"), million_input_tokens_cost=D("0.604"), busy_million_input_tokens_cost=None,
    million_output_tokens_cost=D("3.6"), busy_million_output_tokens_cost=D("1.56"), cached_saved_cost=None, reason=None,
)  # fmt: skip
RUNS = TrainingRow(
    billing_month=MONTH, scope="model", model="recommender", status="failed", project_id="p", project_name="ml",
    billing_currency="EUR", runs=2, epochs=18, run_hours=D("6.58"), allocation_cost=D("5.34"), waste_cost=D("5.34"),
    over_typical_cost=D(0), epoch_cost=D("0.297"), busy_epoch_cost=None,
)  # fmt: skip
WAY = WayRow(
    billing_month=MONTH, project_id="p", project_name="ml", owner=None, provider="self-hosted", model="llama",
    gpu_name="L4", option="as today", offer="L4-1-24G", billing_currency="EUR", monthly_cost=D(1184),
    million_tokens_cost=None, machines=2, requests_per_hour=D(1711), peak_requests_per_hour=D(3000),
    tokens_per_day=D(33_000_000), break_even_requests_per_hour=None, break_even_tokens_per_day=None,
    first_token_seconds=D("1.67"), known_by="measured", is_same_model=True, reason=None,
)  # fmt: skip
WAYS = (
    WAY,
    replace(WAY, option="API", offer="small", monthly_cost=D(197), machines=None, reason="llama is not on the list"),
    replace(WAY, option="API in batches", offer="", monthly_cost=None, reason="no batch price"),
    replace(WAY, option="always on", monthly_cost=D(592), machines=1, break_even_tokens_per_day=D(299_000_000)),
    replace(WAY, option="always on", offer="H100-1-80G", monthly_cost=D(2110), machines=1),
    replace(WAY, option="on a schedule", monthly_cost=D(592), machines=1),
    replace(WAY, option="dedicated", offer="L4", monthly_cost=D(679), machines=1),
)


def point(option, offer, tokens, cost, **fields):
    return PointRow(
        billing_month=MONTH, project_id="p", provider="self-hosted", model="llama", gpu_name="L4", option=option,
        offer=offer, billing_currency="EUR", tokens_per_day=D(tokens), requests_per_hour=None, monthly_cost=D(cost),
        **{"is_today": False, **fields},
    )  # fmt: skip


POINTS = tuple(
    point(option, offer, tokens, cost)
    for option, offer, costs in (("API", "small", (20, 200, 2000)), ("always on", "L4-1-24G", (592, 592, 1184)))
    for tokens, cost in zip((3_300_000, 33_000_000, 330_000_000), costs, strict=True)
)
GPU = Gpu((MACHINE, DARK), (MODEL,), (RUNS,), WAYS, POINTS)


def texts(table):
    return [[cell.text for cell in line.cells] for line in table.lines]


def cents(text):
    digits = re.sub(r"[^\d.−]", "", text).replace("−", "-")
    return D(digits) if digits else D(0)


def test_a_machine_says_what_kept_it_idle_and_one_nobody_measured_that_it_was_not():
    first, second, whole = texts(machines_table(GPU.machines, MONTH, EUROS))
    assert first == ["chat", "€600.00", "€100.00", "€20.00", "€280.00", "—", "€200.00", "ml-team"]
    assert second == ["r2", "€438.00", "not measured", "—", "—", "—", "€438.00", "no owner"]
    assert whole == ["Total", "€1,038.00", "€100.00", "€20.00", "€280.00", "€0.00", "€638.00", ""]
    note = machines_table(GPU.machines, MONTH, EUROS).lines[0].cells[2].note
    assert note == "25% of the hours seen"


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(*[st.decimals(0, 1000, places=5)] * 5),
        min_size=1,
        max_size=15,
    )
)
def test_columns_of_machines_add_up_to_what_was_billed_to_the_cent(parts):
    rows = [
        replace(
            MACHINE, resource_id=f"r{at}", allocation_cost=sum(each), busy_cost=each[0], queue_idle_cost=each[1],
            warm_idle_cost=each[2], nobodys_cost=each[3], unmeasured_cost=each[4],
        )
        for at, each in enumerate(parts)
    ]  # fmt: skip
    table = machines_table(rows, MONTH, EUROS)
    last = table.lines[-1] if len(rows) > 1 else None
    assert len(table.lines) <= 13
    if last is not None:
        for column in range(1, 7):
            shown = [cents(line.cells[column].text) for line in table.lines[:-1]]
            assert sum(shown) == cents(last.cells[column].text)
        assert cents(last.cells[1].text) == EUROS.rounded(sum(row.allocation_cost for row in rows))


def test_a_unit_stands_at_both_bases_and_what_was_not_counted_is_said():
    (line,) = models_table([MODEL], MONTH, EUROS).lines
    assert [(cell.text, cell.note) for cell in line.cells[3:6]] == [
        ("€0.971", "€0.291 busy"),
        ("€0.604", ""),
        ("€3.60", "€1.56 busy"),
    ]
    assert line.cells[6].text == "not counted"
    failed = replace(MODEL, failed_requests=D(37), failed_cost=D("1.5"))
    cell = models_table([failed], MONTH, EUROS).lines[0].cells[6]
    assert (cell.text, cell.note, cell.tone) == ("37", "€1.50", "finding")


def test_training_inference_and_neither_add_up_to_what_was_billed():
    trains = replace(MACHINE, resource_id="r3", allocation_cost=D(825), training_cost=D("290.902"))
    api = replace(MODEL, provider="generative-apis", resource_id=None, allocation_cost=D("105.21"))
    table = purposes_table(Gpu((MACHINE, trains), (MODEL, api), (RUNS,)), EUROS)
    assert [row[:2] for row in texts(table)] == [
        ["Inference on machines of one's own", "€600.00"],
        ["Training", "€290.90"],
        ["Neither", "€534.10"],
        ["Generative APIs", "€105.21"],
        ["Total", "€1,530.21"],
        ["Of it runs that did not complete", "€5.34"],
    ]
    assert training_table([RUNS], MONTH, EUROS).lines[0].cells[5].tone == "finding"


def test_ways_begin_with_today_and_a_schedule_that_is_never_off_is_none():
    rows = texts(ways_table(GPU, EUROS))
    assert [row[0] for row in rows] == [
        "llama",
        "Generative APIs",
        "Own machines, always on",
        "Dedicated deployment",
    ]
    assert rows[0][1:5] == ["€1,184.00", "2", "1.67 s", "33M"]
    assert rows[2][5] == "299M"
    assert rows[3][5] == "never"


def test_the_curve_says_where_the_organisation_stands_and_marks_what_it_pays():
    (chart,) = curves(GPU, EUROS)
    assert chart.title == (
        "llama in ml is asked 33M tokens a day, below the 299M from which L4-1-24G costs less than the API"
    )
    drawn = json.loads(chart.figure_json)
    assert len(drawn["data"]) == 3
    assert (drawn["data"][2]["x"], drawn["data"][2]["y"]) == ([33_000_000], [1184])
    assert drawn["layout"]["shapes"][0]["x0"] == 33_000_000
    assert [len(line.cells) for line in chart.table.lines] == [3, 3, 3]
    assert powers(D(20), D(2000)) == [100, 1000]


def test_a_model_that_is_asked_by_the_token_alone_has_no_curve():
    assert curves(replace(GPU, points=POINTS[:3]), EUROS) == ()


def test_titles_name_what_there_is_alone():
    assert idle_title([MACHINE], EUROS) == (
        "Of GPUs' idle hours €280.00 held a model that nobody asked and €20.00 passed while requests waited"
    )
    assert idle_title([replace(MACHINE, queue_idle_cost=D(0), warm_idle_cost=D(0))], EUROS).startswith(
        "GPUs worked all"
    )
    assert cost_words(GPU, MONTH, EUROS) == (
        "Machines with GPUs cost €1,038 in October 2026; GPUs worked for 25% of the €400.00 whose hours were measured."
    )
    assert batch_words(GPU).startswith("The price list has no batch price")
    priced = replace(WAYS[2], monthly_cost=D(5))
    assert batch_words(replace(GPU, ways=(priced,))) == ""


@pytest.fixture
def report(small_rows, advice_rows, build):
    return build(small_rows | advice_rows)


def test_a_section_without_findings_says_so_and_one_without_gpus_too(report):
    bare = gpu_section(replace(report, gpu=None, advice=None), EUROS)
    assert (bare.nothing, bare.tables) == (NO_GPU, ())
    quiet = gpu_section(replace(report, gpu=GPU, advice=None), EUROS)
    assert (quiet.nothing, quiet.lead) == (NOTHING_FOUND, "")
    assert [table.name for table in quiet.tables] == ["machines", "purposes", "models", "training"]
    assert [chart.name for chart in quiet.charts] == ["idle", "break-even-0"]
    assert [part.table.name for part in quiet.folded] == ["ways"]


def test_advice_on_gpus_stands_with_its_owner(report):
    (first, *_) = report.advice.rows
    row = replace(first, rule="gpu_to_api", monthly_saving=D("574.81"), status="open", is_counted=True, owner="ml-team")
    advised = gpu_section(replace(report, gpu=GPU, advice=replace(report.advice, rows=(row,))), EUROS)
    assert advised.lead == "1 finding is worth €574.81 a month, each with an owner."
    assert advised.tables[0].lines[0].cells[-1].text == "ml-team"


def test_rows_of_days_tenants_and_single_runs_are_not_added_to_those_of_the_month():
    told = {
        MachineRow: (MACHINE,),
        ModelRow: (MODEL, replace(MODEL, period="day"), replace(MODEL, is_sum=False)),
        TrainingRow: (RUNS, replace(RUNS, scope="run")),
    }
    found = gpu_of(lambda kind: told.get(kind, ()))
    assert (len(found.models), len(found.training)) == (1, 1)
    assert gpu_of(lambda kind: ()) is None
