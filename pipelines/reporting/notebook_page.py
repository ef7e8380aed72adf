"""What a cell of a notebook shows: the answer as a title, its chart, the evidence as tables, and where it comes from.

A finding brings its own style, so that it is legible in light, dark and narrow outputs; the charts' library is
brought once, by the view that a notebook's first cells show.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipelines.reporting.display import Chart, Table
from pipelines.reporting.figures import script_json
from pipelines.reporting.page import TEMPLATES

if TYPE_CHECKING:
    import plotly.graph_objects as go

FACTS = "application/vnd.finops.facts+json"
"""The type under which an output also carries the figures it shows, exact, for programs."""

Facts = Mapping[str, Decimal | str | int | None]


@dataclass(frozen=True)
class Finding:
    """One answer with its evidence. `facts` are the figures behind the title, exact."""

    title: str
    source: str
    facts: Facts
    chart: Chart | None = None
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    _identity: str = field(default_factory=lambda: f"finops-{uuid4().hex[:8]}", repr=False, compare=False)

    @property
    def figure(self) -> "go.Figure":
        """The chart as a Plotly figure, to be changed or saved; an empty one where there is none."""
        import plotly.graph_objects as go

        return go.Figure() if self.chart is None else go.Figure(json.loads(self.chart.figure_json))

    def __str__(self) -> str:
        return f"{self.title}\n{self.source}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {
            "text/html": _environment()
            .get_template("notebook.html")
            .render(finding=self, id=self._identity, style=style()),
            "text/plain": str(self),
            FACTS: exact(self.facts),
        }


def finding_of(chart: Chart, facts: Facts, *tables: Table, notes: tuple[str, ...] = ()) -> Finding:
    """A finding whose title and source are those of its chart; the chart's own table comes first."""
    return Finding(chart.title, chart.source, facts, chart, tuple(table for table in tables if table.lines), notes)


def chart_of(name: str, title: str, source: str, figure: "go.Figure", table: Table, *legend: tuple[str, str]) -> Chart:
    """A figure with its title, source, data and legend."""
    return Chart(name, title, source, script_json(figure), int(figure.layout.height), table, legend)


def exact(facts: Facts) -> dict[str, str | int | None]:
    """Amounts as text, so that no digit is lost on the way."""
    return {name: f"{value:f}" if isinstance(value, Decimal) else value for name, value in facts.items()}


def library() -> str:
    """The charts' library as a script element; charts wait for it."""
    from plotly.offline import get_plotlyjs

    packaged = str(get_plotlyjs()).replace("</script", "<\\/script")
    return f"<script>{packaged}</script>"


@cache
def style() -> str:
    """The look of findings, whatever page they stand in."""
    return (TEMPLATES / "notebook.css").read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
