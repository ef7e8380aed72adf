"""Charts as PNG for an e-mail: all of them in one browser session, and none where there is no browser."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pipelines.reporting.display import Chart

_WIDTH: Final = 568
_SCALE: Final = 2
_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_INK: Final = "#1a1a1a"


def browser() -> str | None:
    """The browser that draws, or None where there is none."""
    return next((found for found in map(shutil.which, _BROWSERS) if found), None)


def pictures(charts: Sequence[Chart]) -> dict[str, bytes]:
    """PNG files by the chart's name, on white so that a dark mail program does not swallow them.

    Empty without a browser, or where it does not draw: a letter is whole without its pictures.
    """
    if not charts or browser() is None:
        return {}
    import plotly.io as pio

    figures = [pio.from_json(chart.figure_json) for chart in charts]
    for figure, chart in zip(figures, charts, strict=True):
        figure.update_layout(
            paper_bgcolor="#ffffff",
            plot_bgcolor="#ffffff",
            font={"color": _INK, "family": "Arial, Helvetica, sans-serif", "size": 14},
            width=_WIDTH,
            height=chart.height,
            showlegend=bool(chart.legend),
            legend={"orientation": "h", "y": -0.15},
        )
    with TemporaryDirectory(prefix="finops-letter-") as folder:
        files = [Path(folder) / f"{number}.png" for number in range(len(figures))]
        try:
            pio.write_images(figures, files, scale=_SCALE)
        except (RuntimeError, OSError, ValueError):
            return {}
        return {chart.name: file.read_bytes() for chart, file in zip(charts, files, strict=True) if file.is_file()}
