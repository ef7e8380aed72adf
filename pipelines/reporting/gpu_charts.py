"""Self-hosted or by the token as a curve: what ways cost at other traffic, with what is paid today marked."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from pipelines.reporting.display import Chart, Column, Line, Table, Trace, amount, text, trace
from pipelines.reporting.figures import CATEGORY_COLOURS, REST_COLOUR, script_json
from pipelines.reporting.folding import shortened
from pipelines.reporting.gpu_rows import ALWAYS, BATCH, REALTIME, TODAY, Gpu, PointRow, WayRow
from pipelines.reporting.gpu_ways import WORDS, short_tokens
from pipelines.reporting.money import MoneyFormat
from pipelines.reporting.notebook_charts import HEIGHT, blank_figure, plain

if TYPE_CHECKING:
    import plotly.graph_objects as go

MOST_CURVES = 2
_COLOURS = {
    REALTIME: CATEGORY_COLOURS[1],
    BATCH: CATEGORY_COLOURS[1],
    ALWAYS: CATEGORY_COLOURS[0],
    "scaled by the hour": CATEGORY_COLOURS[2],
    "dedicated": CATEGORY_COLOURS[3],
}


def curves(gpu: Gpu, money: MoneyFormat) -> tuple[Chart, ...]:
    """A curve of the dearest workload of each model that has machines to be set against the API."""
    found: list[Chart] = []
    shown: set[str] = set()
    for at, (key, rows) in enumerate(gpu.workloads.items()):
        points = [point for point in gpu.points if point.workload == key]
        is_new = rows[0].model not in shown and len(found) < MOST_CURVES
        if is_new and len({(point.option, point.offer) for point in points}) > 1:
            shown.add(rows[0].model)
            found.append(_curve(f"break-even-{at}", rows, points, money))
    return tuple(found)


def _curve(identity: str, rows: Sequence[WayRow], points: Sequence[PointRow], money: MoneyFormat) -> Chart:
    lines: dict[tuple[str, str], list[PointRow]] = {}
    for point in sorted(points, key=lambda point: point.tokens_per_day):
        lines.setdefault((point.option, point.offer), []).append(point)
    today = next(row for row in rows if row.option == TODAY)
    figure = curve_figure(lines, today, money)
    data = _curve_table(lines, money)
    legend = tuple(
        (
            f"{WORDS.get(option, option)} ({shortened(offer, 30)}{', dotted' if option == BATCH else ''})",
            _colour(option, at),
        )
        for at, (option, offer) in enumerate(lines)
    )
    legend = (*legend, ("Paid today (diamond)", REST_COLOUR))
    source = f"Source: {PointRow.TABLE} · {money.currency} a month of 730 hours · live price list"
    title = curve_title(rows, today, money)
    return Chart(identity, title, source, script_json(figure), int(figure.layout.height), data, legend)


def curve_title(rows: Sequence[WayRow], today: WayRow, money: MoneyFormat) -> str:
    """Where the organisation stands: the traffic of today against the one from which machines cost less."""
    own = [row for row in rows if row.option == ALWAYS and row.monthly_cost is not None]
    best = min(own, key=lambda row: row.monthly_cost or 0, default=None)
    asked = short_tokens(today.tokens_per_day, money) if today.tokens_per_day else "no"
    where = f"{shortened(today.model, 40)} in {today.project_name or 'its project'} is asked {asked} tokens a day"
    if best is None or best.break_even_tokens_per_day is None:
        return f"{where}; no machine of one's own costs less than the API at any traffic"
    level = short_tokens(best.break_even_tokens_per_day, money)
    side = "below" if (today.tokens_per_day or 0) < best.break_even_tokens_per_day else "above"
    return f"{where}, {side} the {level} from which {best.offer} costs less than the API"


def curve_figure(lines: dict[tuple[str, str], list[PointRow]], today: WayRow, money: MoneyFormat) -> "go.Figure":
    """Cost by the month over tokens a day, both on scales on which ten times as much is one step; today is dashed."""
    import plotly.graph_objects as go

    figure = blank_figure(HEIGHT + 40)
    for at, ((option, offer), points) in enumerate(lines.items()):
        words = WORDS.get(option, option)
        figure.add_trace(
            go.Scatter(
                x=[float(point.tokens_per_day) for point in points],
                y=[float(point.monthly_cost) for point in points],
                mode="lines",
                line={"color": _colour(option, at), "width": 2, "dash": "dot" if option == BATCH else "solid"},
                hovertext=[
                    f"{plain(words)} ({plain(offer)})<br>{short_tokens(point.tokens_per_day, money)} tokens a day<br>"
                    f"{money.headline(point.monthly_cost)} a month"
                    for point in points
                ],
                hoverinfo="text",
            )
        )
    _axes(figure, [point for points in lines.values() for point in points], money)
    if today.tokens_per_day and today.monthly_cost:
        paid = money.headline(today.monthly_cost)
        figure.add_trace(
            go.Scatter(
                x=[float(today.tokens_per_day)],
                y=[float(today.monthly_cost)],
                mode="markers",
                marker={"color": REST_COLOUR, "size": 13, "symbol": "diamond"},
                hovertext=[f"Paid today: {paid} a month<br>{short_tokens(today.tokens_per_day, money)} tokens a day"],
                hoverinfo="text",
            )
        )
        figure.add_vline(x=float(today.tokens_per_day), line={"color": REST_COLOUR, "width": 2, "dash": "dash"})
        label = {"text": "today", "showarrow": False, "xanchor": "left", "yanchor": "top", "yref": "paper", "y": 1}
        figure.add_annotation(x=float(today.tokens_per_day.log10()), xshift=4, **label)
    return figure


def _axes(figure: "go.Figure", points: Sequence[PointRow], money: MoneyFormat) -> None:
    """Powers of ten, written as the rest of the page writes tokens and money."""
    tokens = _ticks([point.tokens_per_day for point in points])
    costs = _ticks([point.monthly_cost for point in points if point.monthly_cost > 0])
    figure.update_xaxes(
        type="log", tickvals=[float(tick) for tick in tokens], ticktext=[short_tokens(tick, money) for tick in tokens]
    )
    figure.update_yaxes(
        type="log", tickvals=[float(tick) for tick in costs], ticktext=[money.whole(tick) + "  " for tick in costs]
    )
    figure.update_layout(margin={"b": 44}, xaxis={"title": {"text": "tokens a day"}})


def _ticks(values: Sequence[Decimal]) -> list[Decimal]:
    return powers(min(values), max(values)) if values else []


def powers(low: Decimal, high: Decimal) -> list[Decimal]:
    """Powers of ten from the one below the least to the one above the largest that lie between them."""
    found = [Decimal(10) ** exponent for exponent in range(low.adjusted(), high.adjusted() + 2)]
    return [each for each in found if low <= each <= high]


def _colour(option: str, at: int) -> str:
    return _COLOURS.get(option, CATEGORY_COLOURS[at % len(CATEGORY_COLOURS)])


def _curve_table(lines: dict[tuple[str, str], list[PointRow]], money: MoneyFormat) -> Table:
    levels = sorted({point.tokens_per_day for points in lines.values() for point in points})
    shown = levels[:: max(1, len(levels) // 10)]
    held = {key: {point.tokens_per_day: point.monthly_cost for point in points} for key, points in lines.items()}
    rows = [
        Line(
            (text(short_tokens(level, money)), *(amount(costs.get(level), money) for costs in held.values())),
            _traced(next(iter(lines.values()))[0], level),
        )
        for level in shown
    ]
    columns = [Column(f"{WORDS.get(option, option)} ({shortened(offer, 24)})") for option, offer in lines]
    return Table("curve-data", "Cost a month", (Column("Tokens a day", numeric=False), *columns), tuple(rows))


def _traced(point: PointRow, level: Decimal) -> Trace:
    """All ways of a workload at one level of traffic."""
    shared = tuple(each for each in trace(point).keys if each[0] not in ("option", "offer"))
    return Trace(PointRow.TABLE, (*shared, ("tokens_per_day", f"{level:f}")))
