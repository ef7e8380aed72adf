"""Figures of money that notebooks show beside those of the report: ranked bars, ranges, paths over days, points."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pipelines.reporting.figures import (
    CATEGORY_COLOURS,
    REST_COLOUR,
    ROW_HEIGHT,
    TEMPLATE,
    register_template,
    round_ticks,
)
from pipelines.reporting.folding import shortened
from pipelines.reporting.money import MoneyFormat, total

if TYPE_CHECKING:
    import plotly.graph_objects as go

HEIGHT = 300
LABEL_LENGTH = 22
BAND_COLOUR = "rgba(0,114,178,0.18)"
LIMIT_COLOUR = CATEGORY_COLOURS[1]
_ROOM = 104  # pixels beside the bars for their amounts


@dataclass(frozen=True)
class Span:
    """One row of a figure of ranges: a value between its bounds, and marks to compare it with."""

    name: str
    low: Decimal
    value: Decimal
    high: Decimal
    marks: tuple[tuple[str, Decimal], ...] = ()


@dataclass(frozen=True)
class Path:
    """A line over days; days without a value break it."""

    name: str
    days: Sequence[date]
    values: Sequence[Decimal | None]
    colour: str
    dash: str = "solid"


def ranked_figure(
    rows: Sequence[tuple[str, Sequence[Decimal]]], series: Sequence[tuple[str, str]], write: Callable[[Decimal], str]
) -> "go.Figure":
    """Horizontal bars, top to bottom as given; each row has one amount per (series, colour), stacked."""
    import plotly.graph_objects as go

    figure = blank_figure(ROW_HEIGHT * max(len(rows), 1) + 16)
    labels = [name for name, _ in rows]
    for at, (name, colour) in enumerate(series):
        figure.add_trace(
            go.Bar(
                orientation="h",
                name=name,
                y=list(range(len(rows))),
                x=[float(amounts[at]) for _, amounts in rows],
                marker={"color": colour},
                hovertext=[f"{plain(label)}<br>{name}: {write(amounts[at])}" for label, amounts in rows],
                hoverinfo="text",
                width=0.62,
            )
        )
    figure.update_layout(
        barmode="relative",
        margin={"r": _ROOM},
        xaxis={"showticklabels": False, "zeroline": True, "zerolinewidth": 1},
        annotations=[_beside(row, write(total(amounts))) for row, (_, amounts) in enumerate(rows)],
    )
    _name_rows(figure, labels)
    return figure


def span_figure(rows: Sequence[Span], colours: Sequence[tuple[str, str]], money: MoneyFormat) -> "go.Figure":
    """A dot with its bounds per row; the marks of all rows have the colours given by their names."""
    import plotly.graph_objects as go

    figure = blank_figure(44 * max(len(rows), 1) + 40)
    places = list(range(len(rows)))
    figure.add_trace(
        go.Scatter(
            x=[float(row.value) for row in rows],
            y=places,
            mode="markers",
            marker={"color": CATEGORY_COLOURS[0], "size": 11},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [float(row.high - row.value) for row in rows],
                "arrayminus": [float(row.value - row.low) for row in rows],
                "color": CATEGORY_COLOURS[0],
                "thickness": 2,
                "width": 6,
            },
            hovertext=[f"{plain(row.name)}<br>{money.exact(row.value)}" for row in rows],
            hoverinfo="text",
        )
    )
    for name, colour in colours:
        found = [(at, value) for at, row in enumerate(rows) for mark, value in row.marks if mark == name]
        figure.add_trace(
            go.Scatter(
                x=[float(value) for _, value in found],
                y=[at for at, _ in found],
                mode="markers",
                marker={"color": colour, "size": 12, "symbol": "line-ns-open", "line": {"width": 3}},
                hovertext=[f"{name}: {money.exact(value)}" for _, value in found],
                hoverinfo="text",
            )
        )
    _money_around(figure, [each for row in rows for each in (row.low, row.high, *(v for _, v in row.marks))], money)
    _name_rows(figure, [row.name for row in rows])
    return figure


def path_figure(
    paths: Sequence[Path],
    band: tuple[Sequence[date], Sequence[Decimal], Sequence[Decimal]] | None,
    money: MoneyFormat,
    limit: Decimal | None = None,
) -> "go.Figure":
    """Lines of money over days, with the band of what is expected and the amount that was agreed."""
    import plotly.graph_objects as go

    figure = blank_figure(HEIGHT)
    heights = [value for path in paths for value in path.values if value is not None] + [limit or Decimal(0)]
    if band is not None and band[0]:
        days, low, high = band
        shape: dict[str, Any] = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
        x = [day.isoformat() for day in days]
        figure.add_trace(go.Scatter(x=x, y=[float(each) for each in low], **shape))
        upper = [float(each) for each in high]
        figure.add_trace(go.Scatter(x=x, y=upper, fill="tonexty", fillcolor=BAND_COLOUR, **shape))
        heights += [*low, *high]
    for path in paths:
        figure.add_trace(_line(path, money))
    if limit is not None:
        figure.add_hline(y=float(limit), line={"color": LIMIT_COLOUR, "width": 2, "dash": "dash"})
    figure.update_layout(xaxis={"type": "date", "tickformat": "%-d %b", "nticks": 8})
    _money_on_y(figure, heights, money)
    return figure


def point_figure(
    points: Sequence[tuple[Decimal, Decimal]], line: Callable[[Decimal], Decimal], unit: str, money: MoneyFormat
) -> "go.Figure":
    """One point per (units, cost) of a day, and the straight line through them."""
    import plotly.graph_objects as go

    figure = blank_figure(HEIGHT)
    figure.add_trace(
        go.Scatter(
            x=[float(units) for units, _ in points],
            y=[float(cost) for _, cost in points],
            mode="markers",
            marker={"color": REST_COLOUR, "size": 7},
            hovertext=[f"{units:,.0f} × {plain(unit)}<br>{money.exact(cost)}" for units, cost in points],
            hoverinfo="text",
        )
    )
    ends = [Decimal(0), max(units for units, _ in points)]
    figure.add_trace(
        go.Scatter(
            x=[float(each) for each in ends],
            y=[float(line(each)) for each in ends],
            mode="lines",
            line={"color": CATEGORY_COLOURS[0], "width": 2},
            hoverinfo="skip",
        )
    )
    figure.update_layout(margin={"b": 44}, xaxis={"title": {"text": f"{plain(unit)} a day"}, "rangemode": "tozero"})
    _money_on_y(figure, [cost for _, cost in points], money)
    return figure


def plain(text: str) -> str:
    """Plotly reads a few HTML tags in labels; a name's own brackets must stay brackets."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _line(path: Path, money: MoneyFormat) -> "go.Scatter":
    import plotly.graph_objects as go

    return go.Scatter(
        x=[day.isoformat() for day in path.days],
        y=[None if value is None else float(value) for value in path.values],
        mode="lines",
        connectgaps=False,
        line={"color": path.colour, "width": 2, "dash": path.dash},
        hovertext=[
            f"{day.day} {day:%b}<br>{plain(path.name)}: {'' if value is None else money.exact(value)}"
            for day, value in zip(path.days, path.values, strict=True)
        ],
        hoverinfo="text",
    )


def blank_figure(height: int) -> "go.Figure":
    """A figure in the report's look, as wide as its place."""
    import plotly.graph_objects as go

    register_template()
    return go.Figure(layout={"template": TEMPLATE, "height": height, "autosize": True})


def _beside(row: int, text: str) -> dict[str, Any]:
    place = {"xref": "paper", "x": 1, "xshift": _ROOM, "xanchor": "right", "yref": "y", "y": row, "yanchor": "middle"}
    return {"text": text, "showarrow": False, **place}


def _name_rows(figure: "go.Figure", names: Sequence[str]) -> None:
    figure.update_yaxes(
        autorange="reversed",
        showgrid=False,
        tickvals=list(range(len(names))),
        ticktext=[plain(shortened(name, LABEL_LENGTH)) + "  " for name in names],
    )


def _money_around(figure: "go.Figure", amounts: Sequence[Decimal], money: MoneyFormat) -> None:
    """An axis that need not begin at nothing: points have a place, not a length."""
    low, high = min(amounts), max(amounts)
    margin = (high - low) / 10 or abs(high) / 10 or Decimal(1)
    ticks = round_ticks(low, high, 3)
    figure.update_xaxes(
        showgrid=True,
        gridcolor="#e3e6ea",
        range=[float(low - margin), float(high + margin)],
        tickvals=[float(tick) for tick in ticks],
        ticktext=[money.whole(tick) for tick in ticks],
    )


def _money_on_y(figure: "go.Figure", amounts: Sequence[Decimal], money: MoneyFormat) -> None:
    ticks = round_ticks(min([Decimal(0), *amounts]), max([Decimal(0), *amounts]))
    figure.update_yaxes(
        rangemode="tozero",
        tickvals=[float(tick) for tick in ticks],
        ticktext=[money.whole(tick) + "  " for tick in ticks],
    )
