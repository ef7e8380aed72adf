"""Look at everything people read, with a picture of each, and judge it by axe-core and by what is cut or overlaps.

`python -m benchmarks.readers_tour --lake DIR --state DIR --out DIR` works on copies, prints a table and ends with 1
where a page of ours has a serious or critical finding, is wider than its window, or has text cut or overlapping.
Dagster's own pages are looked at, not judged. Needs the development tools and a Chromium.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.reader_dagster import dagster_pages
from benchmarks.reader_made import environment, made_mails, made_notebook, made_pages
from benchmarks.reader_pages import Seen, open_browser, seen, table

WRONG = 1
_NAMED = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when a reader stumbles nowhere."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.readers_tour", description=__doc__)
    parser.add_argument("--lake", type=Path, required=True, help="a lake with a month; it is copied")
    parser.add_argument("--state", type=Path, help="Dagster's state folder, for a history; it is copied")
    parser.add_argument("--out", type=Path, required=True, help="folder of the pages and pictures")
    parser.add_argument("--no-dagster", action="store_true", help="leave Dagster's pages out")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="readers-tour-") as name:
        lake, state = Path(name) / "lake", Path(name) / "state"
        shutil.copytree(options.lake, lake)
        if options.state:
            shutil.copytree(options.state, state)
        looks = tour(lake, state, options.out, dagster=not options.no_dagster)
    sys.stdout.writelines(f"{line}\n" for line in (*table(looks), *_named(looks)))
    wrong = [each for each in looks if not each.is_good]
    sys.stdout.write(f"{len(looks) - len(wrong)} of {len(looks)} looks are good\n")
    return WRONG if wrong else 0


def tour(lake: Path, state: Path, out: Path, *, dagster: bool) -> list[Seen]:
    """Every look with its picture in `out`. Writes to the lake and the state it is given."""
    variables, pages = environment(lake, state), out.resolve() / "pages"
    shutil.rmtree(pages, ignore_errors=True)
    pages.mkdir()
    looks = [*made_pages(variables, pages), *made_mails(pages), *made_notebook(variables, pages)]
    with open_browser() as browser:
        found = [seen(browser, look, out / f"{look.name}.png") for look in looks]
        if dagster:
            with dagster_pages(variables, state, lake) as others:
                found += [seen(browser, look, out / f"{look.name}.png") for look in others]
    return found


def _named(looks: Sequence[Seen]) -> list[str]:
    lines = []
    for each in looks:
        if each.look.is_ours:
            for found in each.findings:
                kind = f"{found.impact} {found.rule}{'' if found.is_standard else ' (practice)'}"
                lines.append(f"{each.look.name}: {kind}, {found.count} times: {found.where}")
            lines += [f"{each.look.name}: cut: {text}" for text in each.cut[:_NAMED]]
            lines += [f"{each.look.name}: overlap: {text}" for text in each.over[:_NAMED]]
    return lines


if __name__ == "__main__":
    sys.exit(main())
