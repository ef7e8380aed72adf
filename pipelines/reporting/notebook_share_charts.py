"""Figures of shares: lines by month, and bars side by side."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pipelines.reporting.figures import round_ticks
from pipelines.reporting.money import percent
from pipelines.reporting.notebook_charts import HEIGHT, blank_figure

if TYPE_CHECKING:
    import plotly.graph_objects as go


def share_figure(
    months: Sequence[str], series: Sequence[tuple[str, Sequence[Decimal | None], str]], locale: str
) -> "go.Figure":
    """Lines of shares by month, from nothing to all; series of (name, shares, colour)."""
    import plotly.graph_objects as go

    figure = blank_figure(HEIGHT)
    for name, shares, colour in series:
        figure.add_trace(
            go.Scatter(
                x=[f"{month}-15" for month in months],
                y=[None if share is None else float(share) for share in shares],
                mode="lines+markers",
                cliponaxis=False,
                line={"color": colour, "width": 2},
                marker={"size": 7},
                hovertext=[
                    f"{month}<br>{name}: {percent(share, locale)}" for month, share in zip(months, shares, strict=True)
                ],
                hoverinfo="text",
            )
        )
    axis: dict[str, Any] = {"type": "date", "tickformat": "%b\n%Y", "ticklabelmode": "period"}
    figure.update_layout(xaxis=axis | ({} if len(months) > 3 else {"dtick": "M1"}))
    ticks = [Decimal(each) / 4 for each in range(5)]
    figure.update_yaxes(
        range=[0, 1.02],
        tickvals=[float(each) for each in ticks],
        ticktext=[percent(each, locale, decimals=0) + "  " for each in ticks],
    )
    return figure


def grouped_figure(
    labels: Sequence[str], series: Sequence[tuple[str, Sequence[Decimal | None], str]], locale: str
) -> "go.Figure":
    """Upright bars of shares side by side; series of (name, shares, colour)."""
    import plotly.graph_objects as go

    figure = blank_figure(HEIGHT)
    for name, shares, colour in series:
        figure.add_trace(
            go.Bar(
                x=list(labels),
                y=[None if share is None else float(share) for share in shares],
                marker={"color": colour},
                hovertext=[f"{name}: {percent(share, locale)}" for share in shares],
                hoverinfo="text",
            )
        )
    ticks = round_ticks(
        Decimal(0), max((each for _, shares, _ in series for each in shares if each), default=Decimal(1))
    )
    figure.update_layout(barmode="group", xaxis={"type": "category"})
    figure.update_yaxes(
        tickvals=[float(each) for each in ticks], ticktext=[percent(each, locale) + "  " for each in ticks]
    )
    return figure
