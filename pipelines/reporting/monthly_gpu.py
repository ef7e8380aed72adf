"""GPU and AI as a section of the review: what GPUs cost and did, what a request costs, where to ask instead."""

from collections.abc import Sequence
from decimal import Decimal

from pipelines.reporting.advice_areas import GPU, AreaAdvice, advice_of_area
from pipelines.reporting.display import Chart, Column, Line, Table, amount, name, trace
from pipelines.reporting.figures import CATEGORY_COLOURS, REST_COLOUR, script_json
from pipelines.reporting.folding import largest
from pipelines.reporting.gpu_charts import curves
from pipelines.reporting.gpu_rows import BATCH, Gpu, MachineRow
from pipelines.reporting.gpu_tables import machines_table, models_table, purposes_table, training_table
from pipelines.reporting.gpu_ways import ways_table
from pipelines.reporting.money import MoneyFormat, divided, percent, total
from pipelines.reporting.monthly_areas import area_lead, findings_table, notes_of
from pipelines.reporting.monthly_rows import MonthlyInput
from pipelines.reporting.notebook_charts import ranked_figure
from pipelines.reporting.review_section import Folded, ReviewSection
from pipelines.reporting.sentence import month_name

TITLE = "GPU and AI"
NOTHING_FOUND = "Nothing is advised for GPUs and models, as far as what was measured tells."
NO_GPU = "No GPU and no model was charged in this month."
MOST_BARS = 8
SERIES = (
    ("worked", CATEGORY_COLOURS[0]),
    ("requests waited", CATEGORY_COLOURS[3]),
    ("model in memory", CATEGORY_COLOURS[1]),
    ("nobody's", CATEGORY_COLOURS[2]),
    ("not measured", REST_COLOUR),
)
_ZERO = Decimal(0)
_NOTE = (
    "As billed counts every hour a machine was on, volumes and addresses included, and is what to set against an API; "
    "for the hours GPUs worked it is what would remain without idle hours. Machines of other ways are as many as hold "
    "the busiest of a hundred hours, without a spare one, at the live price list; no carbon is published for GPUs."
)


def gpu_section(report: MonthlyInput, money: MoneyFormat) -> ReviewSection:
    """The section; where nothing was charged or found it says so."""
    gpu = report.gpu
    found = AreaAdvice(()) if report.advice is None else advice_of_area(report.advice, GPU)
    if gpu is None and not found.rows:
        return ReviewSection(GPU, TITLE, nothing=NO_GPU)
    gpu = gpu or Gpu()
    tables = (
        findings_table(found.saving, money, report.as_of.date(), GPU, "What to do with GPUs"),
        machines_table(gpu.machines, report.month, money),
        purposes_table(gpu, money),
        models_table(gpu.models, report.month, money),
        training_table(gpu.training, report.month, money),
    )
    ways = ways_table(gpu, money)
    idle = idle_chart(gpu, report.month, money)
    return ReviewSection(
        name=GPU,
        title=TITLE,
        lead=area_lead(found, money) if found.saving else "",
        cost=cost_words(gpu, report.month, money),
        nothing="" if found.saving else NOTHING_FOUND,
        tables=tuple(table for table in tables if table.lines),
        charts=tuple(chart for chart in (idle, *curves(gpu, money)) if chart is not None),
        folded=(
            Folded("Each model answered in other ways, and from how many tokens a day on that beats the API", ways),
        )
        if ways.lines
        else (),
        notes=tuple(
            each for each in (*notes_of(found, money), batch_words(gpu), _NOTE if gpu.machines else "") if each
        ),
    )


def cost_words(gpu: Gpu, month: str, money: MoneyFormat) -> str:
    """What machines cost and worked for, and what Generative APIs cost."""
    told = []
    if gpu.machines:
        known = [row for row in gpu.machines if row.busy_cost is not None]
        busy, idle = total(row.busy_cost or _ZERO for row in known), total(row.idle_cost for row in known)
        told.append(f"Machines with GPUs cost {money.headline(gpu.machine_cost)} in {month_name(month)}")
        if busy + idle > 0:
            share = percent(divided(busy, busy + idle), money.locale, decimals=0)
            told[0] += f"; GPUs worked for {share} of the {money.headline(busy + idle)} whose hours were measured"
    if gpu.api_cost:
        told.append(f"Generative APIs cost {money.headline(gpu.api_cost)}")
    return f"{'. '.join(told)}." if told else ""


def idle_chart(gpu: Gpu, month: str, money: MoneyFormat) -> Chart | None:
    """The dearest machines by what their GPUs did; None where nothing was measured."""
    known = [row for row in gpu.machines if row.busy_cost is not None]
    if not known:
        return None
    shown = largest(known, lambda row: row.allocation_cost, MOST_BARS).shown
    bars = [(row.label, parts_of(row)) for row in shown]
    figure = ranked_figure(bars, SERIES, money.exact)
    title = idle_title(known, money)
    lines = [
        Line((name(row.label), *(amount(part or None, money) for part in parts_of(row))), trace(row)) for row in shown
    ]
    columns = (Column("Machine", numeric=False), *(Column(label.capitalize()) for label, _ in SERIES))
    data = Table("idle-data", f"Cost in {month_name(month)}", columns, tuple(lines))
    source = f"Source: {MachineRow.TABLE} · {money.currency} · {month_name(month)}, UTC"
    return Chart("idle", title, source, script_json(figure), int(figure.layout.height), data, SERIES)


def idle_title(rows: Sequence[MachineRow], money: MoneyFormat) -> str:
    """What kept idle GPUs, in euros, the largest first."""
    kept = (
        ("warm_idle_cost", "held a model that nobody asked"),
        ("nobodys_cost", "held nothing"),
        ("queue_idle_cost", "passed while requests waited"),
    )
    sums = [(total(getattr(row, part) or _ZERO for row in rows), words) for part, words in kept]
    told = [f"{money.headline(cost)} {words}" for cost, words in sorted(sums, reverse=True) if money.rounded(cost)]
    if not told:
        return "GPUs worked all the hours that were measured"
    return f"Of GPUs' idle hours {', '.join(told[:-1])}{' and ' if told[:-1] else ''}{told[-1]}"


def batch_words(gpu: Gpu) -> str:
    """That no model that answers has a batch price; nothing where one has."""
    asked = [row for row in gpu.ways if row.option == BATCH]
    if not asked or any(row.monthly_cost for row in asked):
        return ""
    return "The price list has no batch price of a model that answers."


def parts_of(row: MachineRow) -> tuple[Decimal, ...]:
    """Its cost by what its GPUs did; together what was billed."""
    parts = (row.busy_cost, row.queue_idle_cost, row.warm_idle_cost, row.nobodys_cost)
    unknown = row.unmeasured_cost + (row.unsorted_idle_cost or _ZERO)
    return (*(part or _ZERO for part in parts), unknown)
