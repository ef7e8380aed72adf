"""Plotly figures from plain rows, for the report and for notebooks.

Figures carry shapes, values and category colours. Text, grid and axis colours are left to the page's
stylesheet, so that one figure is legible in light, dark and print. Titles and captions are HTML.
"""

import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pipelines.reporting.folding import shortened
from pipelines.reporting.money import HEADLINE_FROM, MoneyFormat, arrow, total

if TYPE_CHECKING:
    import plotly.graph_objects as go

TEMPLATE = "finops"
# Okabe-Ito hues with at least 3:1 against both a white and a near-black page
CATEGORY_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
REST_COLOUR = "#808890"
MORE_COLOUR, LESS_COLOUR = "#D55E00", "#0072B2"  # blue-orange diverging: cost up, cost down
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
LABEL_LENGTH = 19  # fits beside the bars on a phone; the full name is in the table and the hover text
ROW_HEIGHT = 30

Bar = tuple[str, Decimal]


def register_template(name: str = TEMPLATE) -> None:
    """Make the report's look available to any Plotly figure of this process."""
    import plotly.graph_objects as go
    import plotly.io as pio

    axis = {"automargin": True, "zeroline": False, "ticks": "", "fixedrange": True, "title": {"text": ""}}
    pio.templates[name] = go.layout.Template(
        layout={
            "font": {"family": FONT, "size": 12, "color": "#4d5661"},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "colorway": [*CATEGORY_COLOURS, REST_COLOUR],
            "margin": {"l": 0, "r": 0, "t": 8, "b": 0},
            "showlegend": False,
            "bargap": 0.22,
            "dragmode": False,
            "hoverlabel": {"bgcolor": "#1c2127", "bordercolor": "#1c2127", "font": {"color": "#ffffff"}},
            "xaxis": {**axis, "showgrid": False},
            "yaxis": {**axis, "gridcolor": "#e3e6ea", "gridwidth": 1},
        }
    )


def daily_figure(
    days: Sequence[date], series: Sequence[tuple[str, Sequence[Decimal]]], money: MoneyFormat
) -> "go.Figure":
    """Stacked bars of one amount per day and series; the last series of the palette is the folded rest."""
    import plotly.graph_objects as go

    figure = _figure(height=300)
    colours = _series_colours(len(series))
    for (name, amounts), colour in zip(series, colours, strict=True):
        figure.add_trace(
            go.Bar(
                name=_plain(name),
                x=[day.isoformat() for day in days],
                y=[float(amount) for amount in amounts],
                marker={"color": colour},
                hovertext=[
                    f"{day:%a} {day.day} {day:%b}<br>{_plain(name)}: {money.exact(amount)}"
                    for day, amount in zip(days, amounts, strict=True)
                ],
                hoverinfo="text",
            )
        )
    heights = [total(amounts) for amounts in zip(*(amounts for _, amounts in series), strict=True)]
    figure.update_layout(barmode="relative", xaxis={"type": "date", "tickformat": "%-d %b"})
    _money_axis(figure, heights, money)
    return figure


def history_figure(months: Sequence[tuple[str, Decimal, bool]], money: MoneyFormat) -> "go.Figure":
    """One bar per (month, cost, is complete); the newest stands out, an open month is hatched."""
    import plotly.graph_objects as go

    figure = _figure(height=300)
    newest = len(months) - 1
    figure.add_trace(
        go.Bar(
            x=[f"{month}-01" for month, _, _ in months],
            y=[float(cost) for _, cost, _ in months],
            xperiod="M1",
            marker={
                "color": [CATEGORY_COLOURS[0] if i == newest else REST_COLOUR for i in range(len(months))],
                "pattern": {"shape": ["" if complete else "/" for *_, complete in months], "fgcolor": "#ffffff"},
            },
            hovertext=[
                f"{month}{'' if complete else ' (open)'}<br>{money.exact(cost)}" for month, cost, complete in months
            ],
            hoverinfo="text",
        )
    )
    axis = {"type": "date", "tickformat": "%b\n%Y", "ticklabelmode": "period"}
    if len(months) < 4:
        axis |= {"dtick": "M1"}
    figure.update_layout(xaxis=axis, bargap=0.22 if len(months) > 5 else 0.7)
    _money_axis(figure, [cost for _, cost, _ in months], money)
    return figure


def bridge_figure(contributions: Sequence[Bar], whole: Bar, money: MoneyFormat) -> "go.Figure":
    """From nothing to the total change: each contribution starts where the one above it ended."""
    bars = [(name, amount, "relative") for name, amount in contributions]
    return _steps_figure([*bars, (*whole, "total")], money, signed=True)


def waterfall_figure(steps: Sequence[tuple[str, Decimal, bool]], money: MoneyFormat) -> "go.Figure":
    """Steps of (name, amount, is subtotal), top to bottom; a subtotal stands on the axis."""
    return _steps_figure(
        [(name, amount, "total" if subtotal else "relative") for name, amount, subtotal in steps], money
    )


def script_json(figure: "go.Figure") -> str:
    """The figure as JSON that may stand inside a script element: no `<`, `>` or `&` of a name survives."""
    text = json.dumps(json.loads(figure.to_json()), separators=(",", ":"), ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _steps_figure(bars: Sequence[tuple[str, Decimal, str]], money: MoneyFormat, *, signed: bool = False) -> "go.Figure":
    import plotly.graph_objects as go

    figure = _figure(height=ROW_HEIGHT * max(len(bars), 1) + 16)
    starts, widths = _positions(bars)
    figure.add_trace(
        go.Bar(
            orientation="h",
            y=list(range(len(bars))),
            base=[float(start) for start in starts],
            x=[float(width) for width in widths],
            marker={"color": [_step_colour(amount, measure) for _, amount, measure in bars]},
            hovertext=[
                f"{_plain(name)}: {money.signed(amount) if signed else money.exact(amount)}" for name, amount, _ in bars
            ],
            hoverinfo="text",
            width=0.62,
        )
    )
    figure.update_layout(
        margin={"r": 96},
        xaxis={"showticklabels": False, "zeroline": True, "zerolinewidth": 1},
        yaxis={
            "autorange": "reversed",
            "showgrid": False,
            "tickvals": list(range(len(bars))),
            "ticktext": [_plain(shortened(name, LABEL_LENGTH)) + "  " for name, _, _ in bars],
        },
        annotations=_amount_labels(bars, money, signed=signed),
    )
    return figure


def _amount_labels(
    bars: Sequence[tuple[str, Decimal, str]], money: MoneyFormat, *, signed: bool
) -> list[dict[str, Any]]:
    """Amounts stand in a right-aligned column of their own, with the direction as a shape.

    All of them drop their cents where the largest does.
    """
    large = any(abs(amount) >= HEADLINE_FROM for _, amount, _ in bars)
    labels = []
    for row, (_, amount, measure) in enumerate(bars):
        change = f"{money.signed_whole(amount) if large else money.signed(amount)} {arrow(amount)}"
        text = money.headline(amount) if measure == "total" and not signed else change
        labels.append(
            {
                "text": f"<b>{text}</b>" if measure == "total" else text,
                "xref": "paper",
                "x": 1,
                "xshift": 96,
                "xanchor": "right",
                "yref": "y",
                "y": row,
                "yanchor": "middle",
                "showarrow": False,
            }
        )
    return labels


def _positions(bars: Sequence[tuple[str, Decimal, str]]) -> tuple[list[Decimal], list[Decimal]]:
    starts, widths, level = [], [], Decimal(0)
    for _, amount, measure in bars:
        start = Decimal(0) if measure == "total" else level
        level = start + amount
        starts.append(start)
        widths.append(amount)
    return starts, widths


def _step_colour(amount: Decimal, measure: str) -> str:
    if measure == "total":
        return REST_COLOUR
    return MORE_COLOUR if amount > 0 else LESS_COLOUR


def _series_colours(number: int) -> list[str]:
    named = number if number <= len(CATEGORY_COLOURS) else len(CATEGORY_COLOURS)
    return [*CATEGORY_COLOURS[:named], *[REST_COLOUR] * (number - named)]


def _figure(*, height: int) -> "go.Figure":
    import plotly.graph_objects as go

    register_template()
    return go.Figure(layout={"template": TEMPLATE, "height": height, "autosize": True})


def _money_axis(figure: "go.Figure", amounts: Sequence[Decimal], money: MoneyFormat) -> None:
    """Few round ticks, written as the rest of the report writes money."""
    ticks = round_ticks(min([Decimal(0), *amounts]), max([Decimal(0), *amounts]))
    figure.update_yaxes(tickvals=[float(tick) for tick in ticks], ticktext=[money.whole(tick) + "  " for tick in ticks])


def round_ticks(low: Decimal, high: Decimal, about: int = 4) -> list[Decimal]:
    """Multiples of 1, 2, 2.5 or 5 times a power of ten that lie within the range, zero among them."""
    span = high - low
    if span <= 0:
        return [Decimal(0)]
    power = Decimal(1).scaleb((span / about).adjusted())
    step = next(power * n for n in map(Decimal, ("1", "2", "2.5", "5", "10")) if power * n * about >= span)
    return [step * n for n in range(int(low / step), int(high / step) + 1)]


def _plain(text: str) -> str:
    """Plotly reads a few HTML tags in labels; a name's own brackets must stay brackets."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
