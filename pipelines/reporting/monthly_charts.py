"""The charts of the monthly report. Each title states the finding; each chart brings its data as a table."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from pipelines.reporting.display import Chart, Column, Line, Table, Trace, change, name, sentence_case, text, trace
from pipelines.reporting.figures import (
    CATEGORY_COLOURS,
    REST_COLOUR,
    bridge_figure,
    daily_figure,
    history_figure,
    script_json,
    waterfall_figure,
)
from pipelines.reporting.folding import largest_both_ways, remainder
from pipelines.reporting.money import MoneyFormat, total
from pipelines.reporting.monthly_evidence import waterfall_table
from pipelines.reporting.monthly_facts import data_until
from pipelines.reporting.monthly_rows import MonthlyInput, SummaryRow
from pipelines.reporting.monthly_tables import daily_series, daily_table, history_table
from pipelines.reporting.sentence import Contribution, compared_with, in_text, month_name, project_contributions

if TYPE_CHECKING:
    import plotly.graph_objects as go

BRIDGE_EACH_WAY = 5


def is_comparable(report: MonthlyInput) -> bool:
    """Whether totals of this month and the one before may be set against each other."""
    return report.is_like_for_like and bool(report.movers)


def daily_chart(report: MonthlyInput, money: MoneyFormat) -> Chart | None:
    """Cost per day, stacked by the largest services."""
    days, series = daily_series(report)
    if not days:
        return None
    heights = [total(values[i] for _, values in series) for i in range(len(days))]
    low, high = heights.index(min(heights)), heights.index(max(heights))
    title = (
        f"A day cost between {money.headline(heights[low])} ({days[low].day} {days[low]:%b}) "
        f"and {money.headline(heights[high])} ({days[high].day} {days[high]:%b}); "
        f"{in_text(series[0][0])} cost most"
    )
    if len(days) == 1:
        title = f"The only day with charges cost {money.headline(heights[0])}"
    figure = daily_figure(days, series, money)
    colours = (*CATEGORY_COLOURS[: len(series)], REST_COLOUR)
    legend = tuple((name, colour) for (name, _), colour in zip(series, colours, strict=False))
    return _chart("daily", title, "gold.daily_costs", figure, daily_table(report, money), report, legend)


def bridge_chart(report: MonthlyInput, money: MoneyFormat) -> Chart | None:
    """How the change came about, project by project; the last bar is the whole of it."""
    if not is_comparable(report):
        return None
    whole = report.summary.delta_cost
    assert whole is not None
    folded = largest_both_ways(
        project_contributions(report.movers), lambda part: money.rounded(part.amount), BRIDGE_EACH_WAY
    )
    bars = [(part.name, part.amount) for part in folded.shown]
    rest = whole - total(amount for _, amount in bars)
    if rest:
        bars.append((f"{len(folded.folded)} others" if len(folded.folded) > 1 else "Other", rest))
    title = _bridge_title(bars, whole, report, money)
    table = _bridge_table(folded.shown, rest, whole, report, money)
    figure = bridge_figure(bars, ("Total change", whole), money)
    return _chart("bridge", title, "gold.total_bridge", figure, table, report)


def _bridge_table(
    shown: Sequence[Contribution], rest: Decimal, whole: Decimal, report: MonthlyInput, money: MoneyFormat
) -> Table:
    month = (("billing_month", report.month),)
    currency = (("billing_currency", report.currency),)
    lines = []
    for part in shown:
        project = (("project_id", part.project_id),) if part.project_id else ()
        source = Trace("gold.total_bridge", month + project + currency)
        lines.append(Line((name(part.name), change(part.amount, money)), source))
    cents = remainder(whole, [part.amount for part in shown], money)
    if rest or cents:
        label = text("… other projects" if rest else "… rounding")
        lines.append(Line((label, change(cents, money)), Trace("gold.total_bridge", month + currency), kind="fold"))
    lines.append(Line((text("Total change"), change(whole, money)), trace(report.summary), kind="total"))
    columns = (Column("Project", numeric=False), Column("Change", lead=True))
    return Table("bridge", "Change by project", columns, tuple(lines))


def _bridge_title(bars: Sequence[tuple[str, Decimal]], whole: Decimal, report: MonthlyInput, money: MoneyFormat) -> str:
    rising = [bar for bar in bars if bar[1] > 0]
    falling = [bar for bar in bars if bar[1] < 0]
    month, before = month_name(report.month, beside=report.month), compared_with(report)
    month += "" if report.summary.is_complete else " so far"
    if money.rounded(whole) == 0:
        return f"{month} cost as much as {before}"
    title = f"{month} cost {money.headline(abs(whole))} {'more' if whole > 0 else 'less'} than {before}"
    leading = (rising or falling) if whole > 0 else (falling or rising)
    opposed = falling if whole > 0 else rising
    if leading:
        title += f": {in_text(leading[0][0])} {'rose' if leading[0][1] > 0 else 'fell'} most"
    if leading and opposed and opposed is not leading:
        title += f", {in_text(opposed[0][0])} {'rose' if opposed[0][1] > 0 else 'fell'}"
    return title


def history_chart(report: MonthlyInput, money: MoneyFormat) -> Chart | None:
    """Up to thirteen months, the newest marked."""
    points = [(row.billing_month, row.billed_cost, row.is_complete) for row in report.history]
    if not points:
        return None
    figure = history_figure(points, money)
    title = _history_title(report, money)
    return _chart("history", title, "gold.monthly_summary", figure, history_table(report, money), report)


def _history_title(report: MonthlyInput, money: MoneyFormat) -> str:
    summary = report.summary
    month = month_name(report.month, beside=report.month)
    complete = [row for row in report.history if row.is_complete]
    if len(report.history) == 1:
        return f"{month_name(report.month)} is the first month with charges"
    if not summary.is_complete:
        dearest = max(complete, key=lambda row: row.billed_cost, default=summary)
        return (
            f"{month} is open; the dearest complete month was {month_name(dearest.billing_month)} "
            f"({money.headline(dearest.billed_cost)})"
        )
    place = _place(summary.billed_cost, [row.billed_cost for row in complete])
    per_day = _place(summary.cost_per_day, _daily(complete))
    if place == per_day:
        return f"{month} is the {place} of {len(complete)} months, in total and per day"
    return f"{month} is the {place} of {len(complete)} months in total, the {per_day} per day"


def _daily(rows: Sequence[SummaryRow]) -> list[Decimal]:
    return [row.cost_per_day for row in rows if row.cost_per_day is not None]


def _place(value: Decimal | None, values: Sequence[Decimal]) -> str:
    """`dearest`, `second dearest`, … `cheapest`."""
    above = sum(other > value for other in values) if value is not None else 0
    words = ("dearest", "second dearest", "third dearest")
    if above < len(words):
        return words[above]
    return "cheapest" if above == len(values) - 1 else f"{above + 1}th dearest"


def waterfall_chart(report: MonthlyInput, money: MoneyFormat) -> Chart | None:
    """From list price to the invoice; steps whose amount is unknown are left to the table."""
    steps = [
        (sentence_case(row.step), row.amount, row.is_subtotal) for row in report.waterfall if row.amount is not None
    ]
    if not steps:
        return None
    first, last = steps[0], steps[-1]
    title = f"{first[0]} {money.headline(first[1])} becomes {last[0].lower()} {money.headline(last[1])}"
    figure = waterfall_figure(steps, money)
    return _chart("invoice", title, "gold.invoice_waterfall", figure, waterfall_table(report, money), report)


def _chart(
    identifier: str,
    title: str,
    table: str,
    figure: "go.Figure",
    data: Table,
    report: MonthlyInput,
    legend: tuple[tuple[str, str], ...] = (),
) -> Chart:
    source = f"Source: {table} · {report.currency} · data until {data_until(report)}, UTC"
    return Chart(identifier, title, source, script_json(figure), int(figure.layout.height), data, legend)
