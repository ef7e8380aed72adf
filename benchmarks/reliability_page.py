"""docs/reliability.md: one section for each program that tries to break the lake, written by that program."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"
ORDER = (
    "Killed runs",
    "The same again",
    "Several writers at once",
    "Faults of the storage",
    "Flipped bits and lost files",
)
_HEAD = "# Reliability\n"
_PROTECTION = """
A write is one commit of a Delta table, so that a reader sees what was there before it or what is there after. What is
made from a version is refused where another writer changed it since, and a commit whose answer got lost is known again
by its name. Beside each commit lie the checksums of all that came with it (`sha256sum -c` reads them from the table's
folder): `finops lake check` holds every file against them, and `finops lake restore` goes back to a version that is
whole.
"""
_BEGIN, _END = "<!-- begin the lake -->\n", "<!-- end the lake -->\n"


@dataclass(frozen=True)
class Section:
    """What a program found, and the command that repeats it."""

    title: str
    command: str
    lines: Sequence[str]

    @property
    def text(self) -> str:
        """As it stands on the page."""
        body = "\n".join(self.lines).strip()
        return f"## {self.title}\n\n<!-- Written by `{self.command} --write`. -->\n\n{body}\n"


def add_option(parser: argparse.ArgumentParser) -> None:
    """`--write`, as each of the programs has it."""
    parser.add_argument("--write", nargs="?", type=Path, const=PAGE, help=f"also write the section to {PAGE.name}")


def report(options: argparse.Namespace, section: Section) -> None:
    """Print a section, and write it where that is asked for."""
    sys.stdout.write(f"{section.text}\n")
    if options.write:
        known = options.write.read_text(encoding="utf-8") if options.write.exists() else ""
        options.write.write_text(with_section(known, section), encoding="utf-8")


def with_section(page: str, section: Section) -> str:
    """The page with this section in its place; all others stay as they are. ValueError for a title of no place."""
    before, _, rest = (page or _HEAD).partition(_BEGIN)
    ours, _, after = rest.partition(_END)
    held = {part.partition("\n")[0]: f"## {part.rstrip()}\n" for part in ours.split("\n## ")[1:]}
    held[section.title] = section.text
    sections = "\n".join(held[title] for title in sorted(held, key=ORDER.index))
    return f"{before.rstrip()}\n\n{_BEGIN}{_PROTECTION}\n{sections}{_END}{after}"
