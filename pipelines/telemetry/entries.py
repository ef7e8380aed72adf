"""One log entry, as any of the usual formats writes it, and its class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.telemetry.classes import SLOW_SECONDS, LogClass, classify

UNREAD = "unread"
"""The format of a line that none of the readers understands."""


@dataclass(frozen=True)
class Entry:
    """What could be read from a line; None is what it does not say.

    `is_continued` marks the further lines of an entry, such as those of a stack trace. `line_bytes` is the length of
    the line itself, `sent_bytes` what a web server answered with.
    """

    format: str
    line_bytes: int
    level: str | None = None
    words: str = ""
    source: str | None = None
    status: int | None = None
    seconds: float | None = None
    sent_bytes: int | None = None
    file_kind: str | None = None
    is_continued: bool = False

    def log_class(self, slow_seconds: float = SLOW_SECONDS) -> LogClass:
        """The class of this line by itself."""
        return classify(self.level, f"{self.source or ''} {self.words}", self.status, self.seconds, slow_seconds)


_NAMES = {
    "level": (
        "level",
        "severity",
        "loglevel",
        "log_level",
        "lvl",
        "levelname",
        "log.level",
        "severity_text",
        "priority",
    ),
    "source": ("component", "logger", "logger_name", "source", "service", "service_name", "module", "caller", "stream"),
    "status": ("status", "status_code", "http_status", "http_status_code", "code", "response_code", "http.status_code"),
    "line_bytes": ("line_bytes", "line_length", "length"),
    "bytes": ("bytes", "size"),  # of the line, or of the answer where there is a status
    "sent_bytes": ("response_bytes", "bytes_sent", "body_bytes_sent", "sent_bytes", "response_size"),
    "file_kind": ("ext", "extension", "file_kind"),
    "path": ("path", "uri", "url", "request", "request_uri"),
}
_SECONDS = {
    "seconds": 1.0, "duration_seconds": 1.0, "request_time": 1.0, "response_time": 1.0, "duration_s": 1.0,
    "elapsed": 1.0, "duration_ms": 1e-3, "elapsed_ms": 1e-3, "latency_ms": 1e-3, "took_ms": 1e-3,
    "response_time_ms": 1e-3, "duration_us": 1e-6, "duration_ns": 1e-9,
}  # fmt: skip
_FAILED = ("error", "err", "exception", "stack_trace", "stacktrace", "exc_info", "error.message", "exception.message")
_NOTHING = ("", "0", "null", "none", "nil", "false", "-")
ROW = "row"


def entry_of(row: Mapping[str, Any], line_bytes: int | None = None, format: str = ROW) -> Entry:
    """An entry of named values: a line of JSON or logfmt, or a row of a table with a level column.

    Names are taken in any case. Without a length of its own a row is as long as its values.
    """
    told = {str(name).lower(): value for name, value in row.items() if value is not None and value != ""}
    length = line_bytes if line_bytes is not None else _whole(_first(told, "line_bytes"))
    status, counted = _whole(_first(told, "status")), _whole(_first(told, "bytes"))
    sent = _whole(_first(told, "sent_bytes"))
    if status is None:
        length = counted if length is None else length
    elif sent is None:
        sent = counted
    # all texts are looked at for words that protect a line, whatever their names are
    named = {name for name in _NAMES["level"] if name in told}
    texts = [value for name, value in told.items() if isinstance(value, str) and name not in named]
    if any(str(told.get(name, "")).lower() not in _NOTHING for name in _FAILED):
        texts.append("exception:")
    path = _text(_first(told, "path"))
    kind = _text(_first(told, "file_kind"))
    return Entry(
        format=format,
        line_bytes=sum(len(str(value).encode()) for value in told.values()) if length is None else length,
        level=_text(_first(told, "level")),
        words=" ".join(texts),
        source=_text(_first(told, "source")),
        status=status,
        seconds=_seconds(told),
        sent_bytes=sent,
        file_kind=kind if kind is not None or path is None else file_kind(path),
    )


def file_kind(path: str) -> str:
    """What a web server was asked for, by the ending of its name; empty for a page without one."""
    name = path.split("?", 1)[0].split("#", 1)[0].rsplit("/", 1)[-1]
    ending = name.rsplit(".", 1)[-1].lower() if "." in name else ""
    return f".{ending}" if ending.isalnum() and len(ending) <= 6 else ""


def _first(told: Mapping[str, Any], field: str) -> Any:
    return next((told[name] for name in _NAMES[field] if name in told), None)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _whole(value: Any) -> int | None:
    try:
        return None if value is None else int(float(value))
    except (TypeError, ValueError, OverflowError):
        return None


def _seconds(told: Mapping[str, Any]) -> float | None:
    for name, size in _SECONDS.items():
        try:
            if name in told:
                return float(told[name]) * size
        except (TypeError, ValueError):
            continue
    return None
