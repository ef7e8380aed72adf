"""A page of figures that several programs write, each its own section: what stands between its two marks."""

import re
from collections.abc import Sequence
from pathlib import Path


def write_section(page: Path, title: str, section: str, text: str) -> None:
    """Put `text` (Markdown, with its heading) between the marks of `section`, in place of what was there.

    A page that does not exist begins with its title; a section that is new goes to the end. The rest of the page stays
    as it is, so that programs and people write side by side.
    """
    begin, end = f"<!-- begin {section} -->", f"<!-- end {section} -->"
    written = f"{begin}\n{text.strip()}\n{end}"
    before = page.read_text(encoding="utf-8") if page.is_file() else f"# {title}\n"
    found = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if found.search(before):
        after = found.sub(lambda _: written, before, count=1)
    else:
        after = f"{before.rstrip()}\n\n{written}\n"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(after, encoding="utf-8")


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table: the first column is text, the others are numbers, right aligned."""
    lines = [header, ["---", *("---:" for _ in header[1:])], *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
