"""Lines of logs in the usual formats, read one after the other. A line of none of them is told, never guessed.

JSON lines, logfmt, common and combined log format of web servers, syslog (RFC 3164 and 5424), and the layouts of log4j,
logback, Python, Go, Android and Apache that write a level near the beginning of the line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pipelines.telemetry.classes import PROTECTED, SLOW_SECONDS, LogClass, class_of_level
from pipelines.telemetry.entries import UNREAD, Entry, entry_of, file_kind

_WEB = re.compile(
    r'^\S+ \S+ \S+ \[[^\]]+\] "(?:(?P<method>[A-Z]+) (?P<path>\S+)[^"]*|[^"]*)" (?P<status>\d{3}) (?P<sent>\d+|-)'
    r"(?P<rest>.*)$"
)
_PRIORITY = re.compile(r"^<(?P<priority>\d{1,3})>(?:1 )?(?P<rest>.*)$")
_SYSLOG = re.compile(
    r"^(?:\S+ )?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\S+) (?P<host>\S+) "
    r"(?P<app>[\w./-]+(?:\([^)]*\))?)(?:\[\d+\])?:? (?P<words>.*)$"
)
_LOGFMT = re.compile(r'(?P<name>[A-Za-z_][\w.@-]*)=(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s"]*))')
_CONTINUED = re.compile(r"^(?:\s+\S|at \S+\(|Caused by: |\.\.\. \d+ more|Traceback \(most recent|\}|\]|\)\s*$)")
_UPPER = re.compile(
    r"(?<![\w./-])(TRACE|DEBUG|FINEST|FINER|FINE|VERBOSE|INFORMATION|INFO|NOTICE|WARNING|WARN|ERROR|SEVERE|FATAL"
    r"|CRITICAL|CRIT|ALERT|EMERGENCY|EMERG|PANIC|AUDIT|SECURITY|FAILURE)(?![\w/])"
    r"|(?<=\w\.)(DEBUG|INFO|NOTICE|WARNING|ERROR|CRITICAL|ALERT|EMERGENCY)(?=:)"
)
_APART = re.compile(
    r"[\[<(]\s*(?:\w+:)?([A-Za-z]{4,11})\s*[\])>]|[,|]\s?([A-Z][a-z]{3,10})(?=,|\||\s\s)|\t([a-z]{4,7})(?=\t)"
)
_POSTGRES = re.compile(r"^[\d-]+ [\d:.]+ \S+ \[\d+\].*?\bLOG:  ")
_DURATION = re.compile(
    r"\b(?:took|duration|elapsed|latency|time|(?:completed|finished|done) in)\b[ =:]*(?P<count>\d+(?:\.\d+)?) ?"
    r"(?P<unit>ms|milliseconds|us|µs|s|sec|secs|seconds|min|minutes)\b",
    re.IGNORECASE,
)
_UNITS = {"ms": 1e-3, "mi": 60.0, "us": 1e-6, "µs": 1e-6, "s": 1.0, "se": 1.0}
_ANDROID = re.compile(r"^\d\d-\d\d \d\d:\d\d:\d\d\.\d+\s+\d+\s+\d+ (?P<level>[VDIWEF]) (?P<words>.*)$")
_KLOG = re.compile(r"^(?P<level>[IWEF])\d{4} \d\d:\d\d:\d\d\.\d+\s+\d+ \S+\] (?P<words>.*)$")
_LINES = ("line", "raw", "log", "message", "msg", "content", "text", "body")
_HEAD, _HEAD_OF_DEBUG = 120, 80
"""How far into a line its level is looked for, and one that lets it go; further in it is a word of the message."""


def read_lines(lines: Iterable[str]) -> Iterator[Entry]:
    """One entry for each line that is not empty, in order."""
    for line in lines:
        text = line.rstrip("\r\n")
        if text.strip():
            yield read_line(text)


def read_row(row: Mapping[str, Any]) -> Entry:
    """A row of a table. One that has neither level nor status is read as the line it holds, where it holds one."""
    entry = entry_of(row)
    if entry.level is not None or entry.status is not None:
        return entry
    text = next((row[name] for name in row if str(name).lower() in _LINES and isinstance(row[name], str)), None)
    return entry if text is None else read_line(text)


def read_line(line: str) -> Entry:
    """What a line says of itself; of format `unread` where no reader understands it, with its words all the same."""
    length = len(line.encode("utf-8", "surrogateescape")) + 1
    for reader in (_json, _web, _syslog, _logfmt, _levelled):
        entry = reader(line, length)
        if entry is not None:
            return entry
    return Entry(UNREAD, length, words=line, is_continued=_CONTINUED.match(line) is not None)


def classified(entries: Iterable[Entry], slow_seconds: float = SLOW_SECONDS) -> Iterator[tuple[Entry, LogClass]]:
    """Each entry with its class. The further lines of an entry are of its class, or of a more protected one."""
    before = LogClass.unknown
    for entry in entries:
        own = entry.log_class(slow_seconds)
        if entry.is_continued and own is LogClass.unknown:
            yield entry, before
            continue
        if entry.is_continued and before in PROTECTED:
            own = before
        if not entry.is_continued:
            before = own
        yield entry, own


def _json(line: str, length: int) -> Entry | None:
    text = line.strip()
    if not (text.startswith("{") and text.endswith("}")):
        return None
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None
    flat = {**told, **{f"{name}.{key}": each for name, value in told.items() if isinstance(value, dict)
                       for key, each in value.items()}}  # fmt: skip
    if isinstance(flat.get("s"), str) and "c" in flat:
        flat.setdefault("level", flat["s"])  # MongoDB's severity: D1, I, W, E, F
    return entry_of(flat, length, "json")


def _web(line: str, length: int) -> Entry | None:
    found = _WEB.match(line)
    if found is None:
        return None
    sent, path = found["sent"], found["path"]
    return Entry(
        format="combined" if found["rest"].count('"') >= 4 else "common",
        line_bytes=length,
        status=int(found["status"]),
        sent_bytes=None if sent == "-" else int(sent),
        file_kind=None if path is None else file_kind(path),
    )


def _syslog(line: str, length: int) -> Entry | None:
    numbered = _PRIORITY.match(line)
    found = _SYSLOG.match(line if numbered is None else numbered["rest"])
    if numbered is None and found is None:
        return None
    level = None if numbered is None else _severity(int(numbered["priority"]))
    app, words = (None, line) if found is None else (found["app"], found["words"])
    inner = _level_in(words)
    # the more important of what syslog says and what the message says
    if inner is not None and (level is None or class_of_level(inner) in PROTECTED):
        level = inner
    return Entry("syslog", length, level, words, app, seconds=_seconds_in(words))


def _severity(priority: int) -> str:
    """A priority of RFC 5424 is eight times the facility plus the severity; 4, 10 and 13 are security and audit."""
    facility, severity = divmod(priority, 8)
    if facility in (4, 10, 13):
        return "audit" if facility == 13 else "security"
    return ("emerg", "alert", "crit", "error", "warning", "notice", "info", "debug")[severity]


def _logfmt(line: str, length: int) -> Entry | None:
    pairs = {found["name"]: found["plain"] if found["quoted"] is None else found["quoted"]
             for found in _LOGFMT.finditer(line)}  # fmt: skip
    names = {name.lower() for name in pairs}
    if not names & {"level", "lvl", "severity", "loglevel"}:
        return None
    return entry_of(pairs, length, "logfmt")


def _levelled(line: str, length: int) -> Entry | None:
    for pattern in (_ANDROID, _KLOG):
        found = pattern.match(line)
        if found is not None:
            return Entry("levelled", length, found["level"], found["words"])
    if line[:1].isspace():
        return None
    level = "info" if _POSTGRES.match(line) else _level_in(line)
    return None if level is None else Entry("levelled", length, level, line, seconds=_seconds_in(line))


def _seconds_in(words: str) -> float | None:
    """How long a message says something took, where it names the unit; the longest of them."""
    told = [
        float(found["count"]) * _UNITS["ms" if found["unit"].lower().startswith("milli") else found["unit"].lower()[:2]]
        for found in _DURATION.finditer(words)
    ]
    return max(told, default=None)


def _level_in(line: str) -> str | None:
    """The first word near the beginning that is a level, in capitals or set apart."""
    found = [(match.start(), match[1] or match[2]) for match in [_UPPER.search(line, 0, _HEAD)] if match]
    for match in _APART.finditer(line, 0, _HEAD):
        word = match[1] or match[2] or match[3]
        if class_of_level(word) is not LogClass.unknown:
            found.append((match.start(), word))
            break
    place, level = min(found, default=(0, None))
    is_late = place > _HEAD_OF_DEBUG and class_of_level(level) is LogClass.debug
    return None if is_late else level
