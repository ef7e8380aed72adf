"""The figure of one anomaly: what came, beside the band of what was expected, with the unusual days marked."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pipelines.reporting.anomaly_rows import AnomalyDayRow
from pipelines.reporting.figures import CATEGORY_COLOURS, REST_COLOUR, round_ticks
from pipelines.reporting.notebook_charts import BAND_COLOUR, blank_figure

if TYPE_CHECKING:
    import plotly.graph_objects as go

HEIGHT = 260
ACTUAL, EXPECTED, UNUSUAL = CATEGORY_COLOURS[0], REST_COLOUR, CATEGORY_COLOURS[1]
LEGEND = (("actual", ACTUAL), ("expected, with its band", EXPECTED), ("unusual", UNUSUAL))
_MARK = 9


def band_figure(
    days: Sequence[AnomalyDayRow], write: Callable[[Decimal], str], tick: Callable[[Decimal], str]
) -> "go.Figure":
    """One line of what came and one of what was expected. `write` says an amount in full, `tick` on the axis.

    A day without an amount breaks its line.
    """
    import plotly.graph_objects as go

    figure = blank_figure(HEIGHT)
    _band(figure, [row for row in days if row.low is not None and row.high is not None])
    figure.add_trace(_line(days, [row.expected for row in days], EXPECTED, "dot", [""] * len(days)))
    figure.add_trace(_line(days, [row.actual for row in days], ACTUAL, "solid", [_told(row, write) for row in days]))
    marked = [row for row in days if row.is_unusual]
    figure.add_trace(
        go.Scatter(
            x=[row.day.isoformat() for row in marked],
            y=[float(row.actual if row.actual is not None else row.expected or 0) for row in marked],
            mode="markers",
            cliponaxis=False,
            marker={
                "color": UNUSUAL,
                "size": _MARK,
                "symbol": ["circle" if row.actual is not None else "x" for row in marked],
            },
            hovertext=[_told(row, write) for row in marked],
            hoverinfo="text",
        )
    )
    figure.update_layout(xaxis={"type": "date", "tickformat": "%-d %b", "nticks": 6})
    _axis(figure, days, tick)
    return figure


def _told(row: AnomalyDayRow, write: Callable[[Decimal], str]) -> str:
    actual = "nothing came" if row.actual is None else write(row.actual)
    expected = "" if row.expected is None else f"<br>expected {write(row.expected)}"
    return f"{row.day:%a} {row.day.day} {row.day:%b}<br>{actual}{expected}"


def _line(
    days: Sequence[AnomalyDayRow], values: Sequence[Decimal | None], colour: str, dash: str, told: Sequence[str]
) -> "go.Scatter":
    import plotly.graph_objects as go

    return go.Scatter(
        x=[row.day.isoformat() for row in days],
        y=[None if value is None else float(value) for value in values],
        mode="lines",
        connectgaps=False,
        line={"color": colour, "width": 2, "dash": dash},
        hovertext=list(told),
        hoverinfo="text" if any(told) else "skip",
    )


def _band(figure: "go.Figure", days: Sequence[AnomalyDayRow]) -> None:
    import plotly.graph_objects as go

    if not days:
        return
    shape: dict[str, Any] = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    x = [row.day.isoformat() for row in days]
    figure.add_trace(go.Scatter(x=x, y=[float(row.low or 0) for row in days], **shape))
    upper = [float(row.high or 0) for row in days]
    figure.add_trace(go.Scatter(x=x, y=upper, fill="tonexty", fillcolor=BAND_COLOUR, **shape))


def _axis(figure: "go.Figure", days: Sequence[AnomalyDayRow], tick: Callable[[Decimal], str]) -> None:
    amounts = [value for row in days for value in (row.actual, row.expected, row.low, row.high) if value is not None]
    ticks = round_ticks(min([Decimal(0), *amounts]), max([Decimal(0), *amounts]), 3)
    figure.update_yaxes(
        rangemode="tozero",
        tickvals=[float(each) for each in ticks],
        ticktext=[tick(each) + "  " for each in ticks],
    )
