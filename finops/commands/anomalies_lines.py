"""A file of text as rows of cells: packed or not, in any usual encoding, with any usual delimiter and a preamble."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from finops.commands.anomalies_cells import plain_seconds
from pipelines.errors import UsageError

LARGEST: Final = 256 * 1024**2  # bytes, unpacked: some millions of points
LOOKED_AT: Final = 200  # lines, to find out how a file is written
_DELIMITERS: Final = "\t;|,"  # of two that fit equally well the first: a comma may be a decimal one
_WANTED: Final = "give a csv with a time and a value on each line"
_BINARY: Final = 0.05  # share of control characters that no text has


@dataclass
class Lines:
    """The rows that are not blank with their line numbers, the header first if there is one, and what was left out."""

    rows: list[tuple[int, list[str]]]
    delimiter: str
    notes: list[str] = field(default_factory=list)


def read_lines(path: Path) -> Lines:
    """The rows of a file. Raises UsageError for what is no text of rows."""
    text = _text(path)
    sample = [line for line in text[:100_000].splitlines() if line.strip()][:LOOKED_AT]
    if not sample:
        raise UsageError(f"{path}: is empty; {_WANTED}")
    if sample[0].lstrip()[:1] in ("{", "["):
        raise UsageError(f"{path}: is JSON; {_WANTED}")
    delimiter = _delimiter(sample)
    is_quoted = text.count('"') % 2 == 0
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if is_quoted else csv.QUOTE_NONE,
        skipinitialspace=delimiter == " ",
    )
    rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    lines = _without_preamble(Lines(rows, delimiter))
    if not is_quoted:
        lines.rows = [(number, [cell.strip().strip('"') for cell in row]) for number, row in lines.rows]
        lines.notes.append("a quote is never closed: quotes are read as if they were not there")
    return lines


def _text(path: Path) -> str:
    import zlib

    from pipelines.files.small import read_small, unpacked

    try:
        content = read_small(path, LARGEST)
        if content[:2] == b"\x1f\x8b":
            content = unpacked(content, LARGEST)
    except (EOFError, zlib.error) as error:
        raise UsageError(f"{path}: is a damaged gzip file ({error}); fetch it again") from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); name a csv file") from error
    if content[:4] == b"PK\x03\x04":
        raise UsageError(f"{path}: is a workbook or zip file; save it as csv")
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", errors="replace")
    head = content[:4096].decode("latin-1")
    controls = sum(not letter.isprintable() and not letter.isspace() for letter in head if letter < "\x80")
    if b"\0" in content[:4096] or controls > len(head) * _BINARY:
        raise UsageError(f"{path}: is no text; {_WANTED}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    return text.replace("\0", "")


def _delimiter(sample: list[str]) -> str:
    """What cuts the most lines into equally many cells."""

    def lines_alike(delimiter: str) -> int:
        counts = Counter(line.count(delimiter) for line in sample)
        counts.pop(0, None)
        return max(counts.values(), default=0)

    best = max(_DELIMITERS, key=lines_alike)
    if lines_alike(best):
        return best
    are_pairs = all(len(line.split()) == 2 for line in sample)
    return " " if are_pairs else ","


def _without_preamble(lines: Lines) -> Lines:
    """Leave out titles and comments above the table; a commented header is one."""
    width, _ = Counter(len(row) for _, row in lines.rows[:LOOKED_AT]).most_common(1)[0]
    start = next((at for at, (_, row) in enumerate(lines.rows) if len(row) >= width and not _is_comment(row)), 0)
    first = lines.rows[start][1]
    above = start
    if any(plain_seconds(cell) is not None for cell in first):  # it is data: its header may stand above
        above = next((at for at in range(start - 1, -1, -1) if _cells(lines.rows[at][1]) > 1), start)
    number, header = lines.rows[above]
    rows = [(number, [header[0].lstrip("# "), *header[1:]]), *lines.rows[above + 1 :]]
    notes = [f"{above} line{'' if above == 1 else 's'} above the table left out"] if above else []
    return Lines(rows, lines.delimiter, notes)


def _is_comment(row: list[str]) -> bool:
    return row[0].lstrip().startswith("#")


def _cells(row: list[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)
