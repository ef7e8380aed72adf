"""The line of a unit cost over months, drawn as the report draws its other figures."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pipelines.reporting.figures import CATEGORY_COLOURS, REST_COLOUR, TEMPLATE, register_template, round_ticks
from pipelines.reporting.money import MoneyFormat

if TYPE_CHECKING:
    import plotly.graph_objects as go

HEIGHT = 300
FEW_MONTHS = 3
_MARK = 7
_NEWEST_MARK = 11


def unit_cost_figure(months: Sequence[tuple[str, Decimal | None, bool]], unit: str, money: MoneyFormat) -> "go.Figure":
    """One point per (month, cost of a unit, is complete), from nothing up; the newest is larger, an incomplete one
    hollow. Where the cost of a unit is not known the line breaks."""
    import plotly.graph_objects as go

    register_template()
    figure = go.Figure(layout={"template": TEMPLATE, "height": HEIGHT, "autosize": True})
    newest = len(months) - 1
    figure.add_trace(
        go.Scatter(
            x=[f"{month}-15" for month, _, _ in months],
            y=[None if value is None else float(value) for _, value, _ in months],
            mode="lines+markers",
            connectgaps=False,
            cliponaxis=False,
            line={"color": REST_COLOUR, "width": 2},
            marker={
                "color": [CATEGORY_COLOURS[0] if at == newest else REST_COLOUR for at in range(len(months))],
                "size": [_NEWEST_MARK if at == newest else _MARK for at in range(len(months))],
                "symbol": ["circle" if complete else "circle-open" for *_, complete in months],
                "line": {"width": 2},
                "opacity": 1,
            },
            hovertext=[
                f"{month}{'' if complete else ' (not complete)'}<br>"
                + ("not known" if value is None else money.unit_cost(value, unit))
                for month, value, complete in months
            ],
            hoverinfo="text",
        )
    )
    _axes(figure, months, unit, money)
    return figure


def _axes(
    figure: "go.Figure", months: Sequence[tuple[str, Decimal | None, bool]], unit: str, money: MoneyFormat
) -> None:
    """Months below, few round amounts beside, nothing at the foot."""
    ticks = round_ticks(Decimal(0), max((value for _, value, _ in months if value is not None), default=Decimal(1)))
    axis: dict[str, Any] = {"type": "date", "tickformat": "%b\n%Y", "ticklabelmode": "period"}
    axis |= {"range": [f"{months[0][0]}-01", f"{months[-1][0]}-28"]}
    figure.update_layout(xaxis=axis if len(months) > FEW_MONTHS else axis | {"dtick": "M1"})
    figure.update_yaxes(
        rangemode="tozero",
        tickvals=[float(tick) for tick in ticks],
        ticktext=[money.unit_cost(tick, unit).removesuffix(f" per {unit}") + "  " if tick else "0  " for tick in ticks],
    )
