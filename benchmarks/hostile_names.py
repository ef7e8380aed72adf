"""Give things hostile names, and look whether any of them becomes more than a name.

`python -m benchmarks.hostile_names --names 500 --seed 1` makes names of HTML, scripts, formulas, SQL, templates,
Markdown, header lines, paths, terminal codes and changes of writing direction, and uses them as names of resources,
projects, tags, buckets, models and tenants: in the monthly and weekly page, the mail and the alert (opened in
Chromium), in workbooks, CSV, OpenMetrics and Markdown, in selects, on the terminal, in mail headers and in plans. What
a name did is printed, and the program ends with 1. `--lake FOLDER` takes a lake that is there, else the small one of
the simulator is made. `--write PAGE` puts the figures into a page.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from benchmarks.hostile_browser import Opened, opened, problems, shown
from benchmarks.hostile_lake import HostileCatalog, known_names
from benchmarks.hostile_payloads import hostile_names
from benchmarks.hostile_sinks import CHECKS, alert_pages, queries
from benchmarks.pages import table, write_section
from benchmarks.reader_pages import open_browser
from pipelines.lake.engine import Catalog

_HEADER = ("Where", "Names", "Executed or broken")
_SHOWN = 25
_ALERTS_A_PAGE = 25


@dataclass
class Told:
    """What was found in one place: how many names stood there, and what they did."""

    names: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    refused: int = 0


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when no name did anything."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hostile_names", description=__doc__)
    parser.add_argument("--names", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--worlds", type=int, default=8, help="times the lake's names are replaced by other ones")
    parser.add_argument("--lake", type=Path, help="a lake that is there; it is only read")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the figures into this page")
    options = parser.parse_args(arguments)
    names = hostile_names(options.names, options.seed)
    with tempfile.TemporaryDirectory(prefix="hostile-names-") as folder:
        lake = options.lake or _small_lake(Path(folder))
        told = run(lake, names, Path(folder), options.worlds)
    for place, found in told.items():
        for problem in found.problems[:_SHOWN]:
            sys.stderr.write(f"FAILED {place}: {problem[:400]}\n")
    asked = f"--names {len(names)} --seed {options.seed} --worlds {options.worlds}"
    text = report(told, asked + (" --lake LAKE" if options.lake else ""))
    sys.stdout.write(text)
    if options.write:
        write_section(options.write, "Security", "hostile names", text)
    return 1 if any(found.problems for found in told.values()) else 0


def _small_lake(folder: Path) -> Path:
    from finops.cli import main as finops

    lake = folder / "lake"
    if code := finops(["demo", "--scenario", "small", "--lake", str(lake), "--out", str(folder / "reports")]):
        raise SystemExit(f"the small organisation could not be made: exit code {code}")
    return lake


def run(lake: Path, names: Sequence[str], folder: Path, worlds: int) -> Mapping[str, Told]:
    """What the names did, place by place."""
    from assets.tables import open_catalog
    from pipelines.lake.address import parse_address
    from pipelines.lake.store import Lake

    catalog = open_catalog(Lake(parse_address(str(lake))))
    told = {place: Told(set(names), list(check(names, folder))) for place, check in CHECKS.items()}
    told["selects (DuckDB)"] = Told(set(names), list(queries(catalog, names)))
    told |= in_browser(catalog, names, folder, worlds)
    return told


def in_browser(catalog: Catalog, names: Sequence[str], folder: Path, worlds: int) -> Mapping[str, Told]:
    """What the names did in the pages: each world gives the lake's names others of them."""
    told: dict[str, Told] = {}
    known = known_names(catalog)
    with open_browser() as browser:
        plain = {place: opened(browser, file) for place, file in _pages(catalog, folder / "plain")}
        for world in range(worlds):
            renamed = renaming(known, names, world)
            for place, file in _pages(HostileCatalog(catalog, renamed), folder / f"world-{world}"):
                _add(told.setdefault(place, Told()), names, plain[place], opened(browser, file))
                file.unlink()
        for page in _alert_files(names, folder):
            found = opened(browser, page)
            _add(told.setdefault("alert", Told()), names, _without_names(found), found)
    return told


def renaming(known: Mapping[str, Sequence[str]], names: Sequence[str], world: int) -> dict[str, str]:
    """Other hostile names for the lake's own in each world; within a kind they are all different."""
    renamed: dict[str, str] = {}
    for kind, own in enumerate(known.values()):
        start = (world * max(len(own), 1) + kind * len(names) // 6) % len(names)
        renamed |= dict(zip(own, islice(cycle(names), start, start + len(own)), strict=True))
    return renamed


def _pages(catalog: Catalog, folder: Path) -> Iterator[tuple[str, Path]]:
    """The monthly and the weekly page and the mails of both, as files."""
    from assets.report_mails import monthly_mail, weekly_mail
    from assets.report_weekly import charges_until, chosen_week, weekly_inputs, write_weekly_page
    from assets.reports import monthly_inputs, write_monthly_page
    from finops.commands.report import last_complete_month
    from pipelines.settings import load_settings

    now, settings = datetime.now(UTC), load_settings({"mail.pictures": False})
    month = last_complete_month(catalog)
    inputs: Any = monthly_inputs(catalog, month, now)
    yield "monthly page", write_monthly_page(inputs, month, folder, "en")
    yield "monthly mail", _mail(folder / "monthly-mail.html", monthly_mail(inputs, settings, "en").html)
    week = chosen_week(None, charges_until(catalog))
    weekly = weekly_inputs(catalog, week, now)
    yield "weekly page", write_weekly_page(weekly, week, folder, "en")
    yield "weekly mail", _mail(folder / "weekly-mail.html", weekly_mail(weekly, settings, "en").html)


def _mail(file: Path, html: str) -> Path:
    file.write_text(html, encoding="utf-8")
    return file


def _alert_files(names: Sequence[str], folder: Path) -> Iterator[Path]:
    pages = list(alert_pages(names))
    for start in range(0, len(pages), _ALERTS_A_PAGE):
        file = folder / f"alerts-{start}.html"
        file.write_text("\n".join(pages[start : start + _ALERTS_A_PAGE]), encoding="utf-8")
        yield file


def _without_names(found: Opened) -> Opened:
    """What a page of alerts may have: what its template has, which holds no script and no frame."""
    tags = {tag: count if tag in ("meta", "style") else 0 for tag, count in found.tags.items()}
    return Opened(tags=tags)


def _add(told: Told, names: Sequence[str], plain: Opened, found: Opened) -> None:
    told.names |= shown(names, found.text)
    told.problems += problems(plain, found)
    told.refused += found.refused


def report(told: Mapping[str, Told], asked: str) -> str:
    """The figures in Markdown."""
    rows = [(place, len(found.names), len(found.problems)) for place, found in told.items()]
    refused = sum(found.refused for found in told.values())
    return f"""
## Hostile names

`python -m benchmarks.hostile_names {asked}` gives resources, projects, tags, buckets,
models and tenants names of HTML, scripts, spreadsheet formulas, SQL, templates, Markdown, header lines, paths, terminal
codes and changes of writing direction. Pages and mails are opened in Chromium: a script of a name that runs, a dialog,
a request, a page that is left, or an element or handler that the same page without such names does not have, counts as
executed. The pages' own policy had to refuse {refused} times. In pages stand as many of the names as the lake has
things to show.

{table(_HEADER, rows)}

**{sum(len(found.problems) for found in told.values())} executed or broken.**
"""


if __name__ == "__main__":
    raise SystemExit(main())
