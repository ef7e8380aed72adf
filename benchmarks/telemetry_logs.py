"""What kinds of lines do logs hold, what would the policy do with them, and is a protected line ever lost?

`python -m benchmarks.telemetry_logs FILE…` reads Parquet and CSV tables with a level (or status) column, and lines of
JSON, logfmt, syslog, log4j and its likes, and web servers (all also as .gz). It prints the shares of each class, what
could not be classified, what web servers sent by kind of file, the plan, and its effect line by line. It ends with 1
when the plan loses a protected line, and with 2 when a file cannot be read.
"""

from __future__ import annotations

import csv
import gzip
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import TextIO

import pyarrow.parquet as parquet

from pipelines.telemetry.classes import LogClass, is_protected
from pipelines.telemetry.entries import UNREAD, Entry
from pipelines.telemetry.lines import classified, read_lines, read_row
from pipelines.telemetry.plan import Step, Stream, step_of
from pipelines.telemetry.policy import Policy
from pipelines.telemetry.prices import GB, LIST

_BAD = ("ERR", "FATAL", "CRIT", "SEVERE", "ALERT", "EMERG", "PANIC", "AUDIT", "SECURITY")
_SHOWN = 10


@dataclass
class Seen:
    """Counts over the lines of a file."""

    lines: Counter[LogClass] = field(default_factory=Counter)
    volume: Counter[LogClass] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    sent: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    lost_lines: int = 0
    lost_volume: int = 0
    lost_protected: int = 0

    @property
    def bytes(self) -> int:
        """All of them."""
        return sum(self.volume.values())


def main(names: Sequence[str]) -> int:
    """Print what is in each file; see the module."""
    if not names:
        print(__doc__)
        return 2
    bad, total, lost = 0, 0, 0
    for name in names:
        try:
            seen, steps = measured(Path(name), Policy())
        except (OSError, ValueError, UnicodeError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            return 2
        report(name, seen, steps)
        bad, total, lost = bad + seen.lost_protected, total + seen.bytes, lost + seen.lost_volume
    if len(names) > 1:
        print(f"\nall files: {_percent(lost, total)} of {total:,} bytes saved, {bad} protected lines touched")
    return 1 if bad else 0


def measured(path: Path, policy: Policy) -> tuple[Seen, Mapping[LogClass, Step]]:
    """Read once for the shares, then once more to let the plan decide about every line."""
    seen = Seen()
    for entry, log_class in classified(entries(path)):
        seen.lines[log_class] += 1
        seen.volume[log_class] += entry.line_bytes
        seen.formats[entry.format] += 1
        if entry.sent_bytes is not None:
            counts = seen.sent[entry.file_kind or "(none)"]
            counts[0], counts[1] = counts[0] + 1, counts[1] + entry.sent_bytes
    steps = {each: step_of(stream_of(each, seen.volume[each]), policy) for each in seen.volume}
    for number, (entry, log_class) in enumerate(classified(entries(path))):
        if not _is_taken(steps[log_class].keep_share, number):
            seen.lost_lines += 1
            seen.lost_volume += entry.line_bytes
            seen.lost_protected += is_protected(log_class) or says_protected(entry)
    return seen, steps


def stream_of(log_class: LogClass, size: int) -> Stream:
    """All lines of a class, at the list price; how often they are asked for is not known."""
    return Stream(str(log_class), log_class, size, Decimal(size) / GB * LIST.log_gb)


def says_protected(entry: Entry) -> bool:
    """A second opinion that shares no code with the first: by the plain level and status alone."""
    if entry.status is not None and (entry.status >= 500 or entry.status in (401, 403)):
        return True
    if entry.level is None:
        return entry.status is None and not entry.is_continued
    return entry.level.strip().upper().startswith(_BAD)


def _is_taken(share: Decimal, number: int) -> bool:
    """Whether a sampler of so large a share takes a line; the same lines every time."""
    place = int.from_bytes(sha256(str(number).encode()).digest()[:8])
    return place < share * 2**64


def entries(path: Path) -> Iterator[Entry]:
    """What is in a file, by the ending of its name."""
    endings = [ending.lower() for ending in path.suffixes if ending.lower() != ".gz"]
    if endings[-1:] == [".parquet"]:
        for batch in parquet.ParquetFile(path).iter_batches():
            yield from map(read_row, batch.to_pylist())
        return
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    with opened(path, "rt", encoding="utf-8", errors="replace", newline="") as text:
        yield from _rows(text, endings) if endings[-1:] in ([".csv"], [".tsv"]) else read_lines(text)


def _rows(text: TextIO, endings: Sequence[str]) -> Iterator[Entry]:
    reader = csv.DictReader(text, delimiter="\t" if endings[-1:] == [".tsv"] else ",")
    yield from map(read_row, reader)


def report(name: str, seen: Seen, steps: Mapping[LogClass, Step]) -> None:
    """Print one file's tables."""
    total = seen.bytes
    print(f"\n{name}: {seen.lines.total():,} lines, {total:,} bytes")
    print(f"  read as: {', '.join(f'{each} {count:,}' for each, count in seen.formats.most_common())}")
    unknown = seen.lines[LogClass.unknown]
    print(f"  not classified, so kept: {unknown:,} lines ({_percent(seen.volume[LogClass.unknown], total)} of bytes), "
          f"of which no reader understood {seen.formats[UNREAD]:,}")  # fmt: skip
    rows = [
        (
            str(each),
            f"{seen.lines[each]:,}",
            _percent(seen.volume[each], total),
            str(step.action),
            f"{step.keep_share:.0%}",
            f"{step.archive_days}",
            step.reason,
        )
        for each, step in sorted(steps.items(), key=lambda item: list(LogClass).index(item[0]))
    ]
    _table(("class", "lines", "bytes", "plan", "kept", "archive days", "because"), rows)
    if seen.sent:
        _table(("sent by file kind", "requests", "bytes", "share"), list(_sent(seen)))
    print(f"  effect: {_percent(seen.lost_volume, total)} of the volume is not taken in ({seen.lost_lines:,} lines), "
          f"{seen.lost_protected} protected lines touched")  # fmt: skip
    saving = sum((step.monthly_saving or Decimal(0) for step in steps.values()), Decimal(0))
    if total:
        back = sum((step.restore_cost for step in steps.values()), Decimal(0))
        print(f"  a terabyte of such logs: {1000 * LIST.log_gb:.0f} € taken in as it is, "
              f"{saving * 1000 * GB / total:.0f} € less by the plan, net of the archive; "
              f"{back * 1000 * GB / total:.0f} € to have all of the archive back")  # fmt: skip


def _sent(seen: Seen) -> Iterable[tuple[str, ...]]:
    whole = sum(size for _, size in seen.sent.values())
    largest = sorted(seen.sent.items(), key=lambda item: (-item[1][1], item[0]))
    for kind, (requests, size) in largest[:_SHOWN]:
        yield kind, f"{requests:,}", f"{size:,}", _percent(size, whole)
    if len(largest) > _SHOWN:
        rest = [counts for _, counts in largest[_SHOWN:]]
        requests, size = sum(each for each, _ in rest), sum(each for _, each in rest)
        yield f"({len(rest)} others)", f"{requests:,}", f"{size:,}", _percent(size, whole)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    for row in (head, *rows):
        print("  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "none"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
