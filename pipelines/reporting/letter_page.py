"""A letter as the two parts of an e-mail: HTML that old mail programs show too, and plain text of the same words."""

import json
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipelines.reporting.display import Chart
from pipelines.reporting.figures import LESS_COLOUR, MORE_COLOUR, REST_COLOUR
from pipelines.reporting.letter import Letter, Part, Section

LARGEST_HTML = 80_000
"""Bytes of the HTML part: some mail programs cut a message a little above that."""
_WIDTH = 72
_AMOUNT = 20
_MOST_BARS = 14


@dataclass(frozen=True)
class BarLine:
    """One bar of a chart drawn as cells: empty, filled and empty again, in whole percent that come to a hundred."""

    name: str
    amount: str
    before: int
    size: int
    colour: str


def letter_html(letter: Letter, sources: Mapping[str, str], report_url: str = "") -> str:
    """The HTML part. `sources` are the addresses of pictures by chart; a chart without one is drawn as bars.

    A picture's alternative text names its bars, for programs that refuse pictures and for readers who do not see them.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    bars = {chart.name: bar_lines(chart) for chart in letter.pictures}
    template = environment.get_template("letter.html")
    return template.render(letter=letter, sources=sources, bars=bars, report_url=report_url)


def letter_text(letter: Letter, report_url: str = "") -> str:
    """The plain part: the same words, columns aligned for a fixed width."""
    lines = [letter.heading, letter.organization_name, ""]
    if letter.is_delayed:
        lines += list(_delayed(letter))
    for part in letter.parts:
        lines += list(_part(part, several=len(letter.parts) > 1))
    if letter.trust:
        lines += ["How far to trust it", *_facts(letter.trust), ""]
    lines += [f"Whole report: {report_url or letter.file_name}", f"Made by: {letter.command}"]
    lines.append(f"scaleway-finops {letter.product_version}, {letter.as_of:%Y-%m-%d %H:%M} UTC")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def bar_lines(chart: Chart) -> tuple[BarLine, ...]:
    """A chart of horizontal bars as lines; none for other kinds, or where there are too many."""
    data = json.loads(chart.figure_json)["data"]
    bars: dict[str, Any] = data[0] if len(data) == 1 and data[0].get("orientation") == "h" else {}
    rows = [line.cells for line in chart.table.lines]
    if not bars or len(rows) > _MOST_BARS or len(bars["x"]) != len(rows):
        return ()
    ends = [
        (min(base, base + width), max(base, base + width)) for base, width in zip(bars["base"], bars["x"], strict=True)
    ]
    low, high = min(0.0, *(end[0] for end in ends)), max(0.0, *(end[1] for end in ends))
    scale = 100 / ((high - low) or 1.0)
    last = len(rows) - 1
    return tuple(
        BarLine(
            cells[0].text,
            " ".join(part for part in (cells[1].text, cells[1].arrow) if part),
            before := round((start - low) * scale),
            min(max(1, round((end - start) * scale)), 100 - min(before, 99)),
            REST_COLOUR if index == last else _colour(width),
        )
        for index, (cells, (start, end), width) in enumerate(zip(rows, ends, bars["x"], strict=True))
    )


def _colour(width: float | Decimal) -> str:
    return MORE_COLOUR if width > 0 else LESS_COLOUR


def _delayed(letter: Letter) -> Iterator[str]:
    yield "No figures are sent, since these checks refused the data:"
    for check in letter.checks:
        yield from textwrap.wrap(f"- {check.check_name} on {check.table_name}: {check.message}", _WIDTH)
    yield from textwrap.wrap("Look at `finops report quality`, correct the cause, run `finops run`, then:", _WIDTH)
    yield f"  {letter.command} --send"
    yield ""


def _part(part: Part, *, several: bool) -> Iterator[str]:
    if several:
        yield from (part.currency, "-" * len(part.currency))
    yield from textwrap.wrap(f"{part.status}. {part.status_note}", _WIDTH)
    yield ""
    yield from textwrap.wrap(part.sentence, _WIDTH)
    yield ""
    for figure in part.figures:
        yield f"{figure.label:<{_WIDTH - _AMOUNT}}{figure.value:>{_AMOUNT}}"
        yield f"  {figure.detail}; {figure.period}"
    yield ""
    for section in part.sections:
        yield from _section(section)


def _section(section: Section) -> Iterator[str]:
    yield section.title
    for item in section.items:
        room = _WIDTH - len(item.amount) - 3
        first, *others = textwrap.wrap(item.what, room) or [""]
        yield f"- {first:<{room}} {item.amount}"
        yield from (f"  {line}" for line in (*others, *textwrap.wrap(item.note, _WIDTH - 2)))
    yield from textwrap.wrap(section.empty, _WIDTH)
    if section.more:
        yield section.more
    yield ""


def _facts(facts: tuple[tuple[str, str], ...]) -> Iterator[str]:
    for label, value in facts:
        yield from textwrap.wrap(f"{label}: {value}", _WIDTH, initial_indent="- ", subsequent_indent="  ")
