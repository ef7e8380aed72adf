"""What goes where: results to stdout, logs and errors to stderr, progress to a terminal only.

A result keeps its exact values: decimals as text, never as a float; times as ISO 8601 with Z. Everything
written here is masked: no secret this process holds can be printed.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, TextIO

from pipelines.secrets import masked

SCHEMA_VERSION: Final = 1
"""Raised when a JSON result changes in a way that breaks its readers."""


_OBEYED: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_MARKUP: Final = re.compile(r"[\\`*\[\]<>|~&]|(?<![^\W_])_+|_+(?![^\W_])|@(?=\w)|:(?=//)|www(?=\.)")


class TableFormat(StrEnum):
    """How a command prints rows."""

    table = "table"
    csv = "csv"
    json = "json"
    md = "md"


class LogFormat(StrEnum):
    """How log lines look."""

    console = "console"
    json = "json"


class LogTarget(StrEnum):
    """Where log lines go."""

    stderr = "stderr"
    stdout = "stdout"


def write_line(text: str = "") -> None:
    """One line of a result."""
    sys.stdout.write(visible(masked(text)) + "\n")


def write_hint(text: str) -> None:
    """One line for the person at the screen, never part of the result."""
    sys.stderr.write(visible(masked(text)) + "\n")


def visible(text: str) -> str:
    """The text with what a terminal would obey spelled out: control characters and changes of writing direction, which
    names from outside may hold. They are spelled as JSON does, so that JSON says the same."""
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def write_json(content: Mapping[str, Any]) -> None:
    """A result as one JSON document that says its schema version."""
    document = {"schema_version": SCHEMA_VERSION, **content}
    write_line(json.dumps(document, default=exact_text, ensure_ascii=False, indent=2))


def write_table(
    rows: Sequence[Mapping[str, Any]], format: TableFormat | str, columns: Sequence[str] | None = None
) -> None:
    """Rows in the asked format; `columns` names and orders them, else the first row does."""
    names = list(columns) if columns is not None else list(rows[0]) if rows else []
    chosen = TableFormat(format)
    if chosen is TableFormat.json:
        write_json({"rows": [{name: row.get(name) for name in names} for row in rows]})
    elif chosen is TableFormat.csv:
        _write_csv(rows, names)
    else:
        cells = [[_for_eyes(row.get(name)) for name in names] for row in rows]
        numeric = [_is_numeric([row.get(name) for row in rows]) for name in names]
        draw = _markdown if chosen is TableFormat.md else _aligned
        for line in draw(names, cells, numeric):
            write_line(line)


def exact_text(value: object) -> str:
    """A value as text that loses nothing: decimals with all their digits, times in UTC with Z."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return _iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, default=exact_text, ensure_ascii=False)
    return str(value)


def configure_logging(
    debug: bool = False, log_to: LogTarget = LogTarget.stderr, log_format: LogFormat = LogFormat.console
) -> None:
    """Send structlog and standard logging the same way, each line masked."""
    import structlog

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        mask_event,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = _LogHandler(log_to)
    handler.setFormatter(_formatter(handler.current_stream(), shared, log_format))
    root = logging.getLogger()
    root.handlers[:] = [other for other in root.handlers if not isinstance(other, _LogHandler)] + [handler]
    root.setLevel(logging.INFO if debug else logging.WARNING)
    for ours in ("finops", "assets", "pipelines"):
        # a person at a terminal reads the steps; a program that reads JSON gets every call
        quiet = logging.INFO if log_format is LogFormat.json else logging.WARNING
        logging.getLogger(ours).setLevel(logging.DEBUG if debug else quiet)


def show_warnings_only() -> None:
    """For a command whose result already tells what is done; `--debug` still shows every line."""
    for ours in ("assets", "pipelines"):
        logger = logging.getLogger(ours)
        if logger.level != logging.DEBUG:
            logger.setLevel(logging.WARNING)


class _LogHandler(logging.StreamHandler[TextIO]):
    """Writes to what stdout or stderr is at that moment."""

    def __init__(self, target: LogTarget) -> None:
        self._target = target
        super().__init__(self.current_stream())

    def current_stream(self) -> TextIO:
        return sys.stdout if self._target is LogTarget.stdout else sys.stderr

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = self.current_stream()
        super().emit(record)


def mask_event(_logger: object, _method: str, event: Any) -> Any:
    """The structlog processor that masks secrets in an event's values."""
    return {key: visible(masked(value)) if isinstance(value, str) else value for key, value in event.items()}


@dataclass
class Step:
    """A step under way; one that failed without an exception says so."""

    failed: bool = False


@contextmanager
def step(title: str) -> Iterator[Step]:
    """One line on stderr when the step is over, with its time; a spinner meanwhile on a terminal."""
    started = time.perf_counter()
    sign, this = "✖", Step()
    try:
        if sys.stderr.isatty():
            from rich.console import Console

            with Console(stderr=True).status(masked(title)):
                yield this
        else:
            yield this
        sign = "✖" if this.failed else "✔"
    finally:
        write_hint(f"{sign} {title}  {time.perf_counter() - started:.1f} s")


def _formatter(stream: TextIO, shared: list[Any], log_format: LogFormat) -> logging.Formatter:
    import structlog
    from rich.console import Console

    class Masking(structlog.stdlib.ProcessorFormatter):
        """Masks the finished line too: tracebacks and what other libraries log."""

        def format(self, record: logging.LogRecord) -> str:
            return masked(super().format(record))

    renderer: Any
    if log_format is LogFormat.json:
        renderer = structlog.processors.JSONRenderer(default=exact_text, ensure_ascii=False)
        last = [structlog.processors.format_exc_info, renderer]
    else:
        screen = Console(file=stream)  # knows NO_COLOR and whether this is a terminal
        colors = screen.is_terminal and not screen.no_color
        plain = structlog.dev.plain_traceback
        last = [structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain)]
    return Masking(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )


def _write_csv(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> None:
    """Header, then rows; quoting of RFC 4180, lines end as Unix tools expect."""
    import csv
    import io

    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([exact_text(row.get(name)) for name in names] for row in rows)
    text = masked(buffer.getvalue())
    # a program that reads it gets every character as it is
    sys.stdout.write(visible(text) if sys.stdout.isatty() else text)


def _iso(moment: datetime) -> str:
    """A time without a zone is UTC: everything in the lake is."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _for_eyes(value: object) -> str:
    """Exact too, but without the zeros that only fill a column's scale; cents stay."""
    text = exact_text(value)
    if isinstance(value, Decimal) and "." in text:
        whole, _, digits = text.partition(".")
        return f"{whole}.{digits.rstrip('0').ljust(min(2, len(digits)), '0')}".rstrip(".")
    return " ".join(text.split()) if "\n" in text else text


def _is_numeric(values: Sequence[object]) -> bool:
    given = [value for value in values if value is not None]
    return bool(given) and all(
        isinstance(value, int | float | Decimal) and not isinstance(value, bool) for value in given
    )


def _aligned(names: Sequence[str], cells: Sequence[Sequence[str]], numeric: Sequence[bool]) -> Iterator[str]:
    if not names:
        return
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    for line in (names, ["─" * width for width in widths], *cells):
        padded = (
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, numeric, strict=True)
        )
        yield "  ".join(padded).rstrip()


def _markdown(names: Sequence[str], cells: Sequence[Sequence[str]], numeric: Sequence[bool]) -> Iterator[str]:
    if not names:
        return
    yield "| " + " | ".join(names) + " |"
    yield "| " + " | ".join("--:" if right else "---" for right in numeric) + " |"
    for line in cells:
        yield "| " + " | ".join(_MARKUP.sub(_escaped, text) for text in line) + " |"


def _escaped(found: re.Match[str]) -> str:
    """A sign of Markdown as text; where a backslash does not help, an invisible joiner does."""
    return f"{found[0]}\u2060" if found[0] in ("@", ":", "www") else "".join(f"\\{sign}" for sign in found[0])
