"""Figures of use: the share of a machine's processors by day, and the hours of a week."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from pipelines.reporting.figures import CATEGORY_COLOURS
from pipelines.reporting.money import percent
from pipelines.reporting.notebook_charts import HEIGHT, blank_figure

if TYPE_CHECKING:
    import plotly.graph_objects as go

_USED = ((0, "rgba(0,114,178,0.06)"), (1, "#0072B2"))


def load_figure(days: Sequence[date], peaks: Sequence[Decimal], means: Sequence[Decimal], locale: str) -> "go.Figure":
    """Two lines of shares over days, from nothing to all of the processors."""
    import plotly.graph_objects as go

    figure = blank_figure(HEIGHT)
    for label, shares, colour in (
        ("busiest hour", peaks, CATEGORY_COLOURS[1]),
        ("mean of the hours", means, CATEGORY_COLOURS[0]),
    ):
        figure.add_trace(
            go.Scatter(
                x=[day.isoformat() for day in days],
                y=[float(share) for share in shares],
                mode="lines",
                line={"color": colour, "width": 2},
                hovertext=[
                    f"{day.day} {day:%b}<br>{label}: {percent(share, locale)}"
                    for day, share in zip(days, shares, strict=True)
                ],
                hoverinfo="text",
            )
        )
    figure.update_layout(xaxis={"type": "date", "tickformat": "%-d %b", "nticks": 8})
    ticks = [Decimal(each) / 4 for each in range(5)]
    figure.update_yaxes(
        range=[0, 1.02],
        tickvals=[float(each) for each in ticks],
        ticktext=[percent(each, locale, decimals=0) + "  " for each in ticks],
    )
    return figure


def week_figure(days: Sequence[str], chances: Sequence[Sequence[float]], locale: str) -> "go.Figure":
    """A square an hour, a row a day: the darker, the likelier it is used."""
    import plotly.graph_objects as go

    figure = blank_figure(HEIGHT - 40)
    told = [
        [
            f"{day} {hour:02d}:00<br>{percent(Decimal(repr(chance)), locale, decimals=0)}"
            for hour, chance in enumerate(row)
        ]
        for day, row in zip(days, chances, strict=True)
    ]
    figure.add_trace(
        go.Heatmap(
            x=list(range(24)),
            y=list(range(len(days))),
            z=[[float(chance) for chance in row] for row in chances],
            zmin=0,
            zmax=1,
            colorscale=[list(each) for each in _USED],
            showscale=False,
            xgap=2,
            ygap=2,
            hovertext=told,
            hoverinfo="text",
        )
    )
    figure.update_xaxes(tickvals=list(range(0, 24, 4)), ticktext=[f"{hour:02d}:00" for hour in range(0, 24, 4)])
    figure.update_yaxes(
        autorange="reversed",
        showgrid=False,
        tickvals=list(range(len(days))),
        ticktext=[f"{day[:3]}  " for day in days],
    )
    return figure
