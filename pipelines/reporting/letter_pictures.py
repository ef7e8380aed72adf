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
_NO_CALLS: Final = {"mathjax": False, "proxy_server": "127.0.0.1:9"}
"""A browser asks its maker for news, and the page it draws on a CDN for formulas. Behind a proxy that is not there
(port 9 throws away what it gets) both find nobody; the page itself is a file and needs none."""


def browser() -> str | None:
    """The browser that draws, or None where there is none."""
    return next((found for found in map(shutil.which, _BROWSERS) if found), None)


def pictures(charts: Sequence[Chart]) -> dict[str, bytes]:
    """PNG files by the chart's name, on white so that a dark mail program does not swallow them.

    Empty without a browser, or where it does not draw: a letter is whole without its pictures.
    """
    if not charts or browser() is None:
        return {}
    import kaleido
    import plotly.io as pio

    figures = [pio.from_json(chart.figure_json) for chart in charts]
    for figure, chart in zip(figures, charts, strict=True):
        figure.update_layout(
            paper_bgcolor="#ffffff",
            plot_bgcolor="#ffffff",
            font={"color": _INK, "family": "Arial, Helvetica, sans-serif", "size": 14},
            showlegend=bool(chart.legend),
            legend={"orientation": "h", "y": -0.15},
        )
    with TemporaryDirectory(prefix="finops-letter-") as folder:
        files = [Path(folder) / f"{number}.png" for number in range(len(figures))]
        wanted = [
            {
                "fig": figure.to_dict(),
                "path": file,
                "opts": {"format": "png", "width": _WIDTH, "height": chart.height, "scale": _SCALE},
            }
            for figure, file, chart in zip(figures, files, charts, strict=True)
        ]
        try:
            kaleido.write_fig_from_object_sync(wanted, kopts=dict(_NO_CALLS))
        except (RuntimeError, OSError, ValueError):
            return {}
        return {chart.name: file.read_bytes() for chart, file in zip(charts, files, strict=True) if file.is_file()}
