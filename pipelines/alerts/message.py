"""An anomaly as a message of its own: a subject, plain text, and the same as HTML. It measures and formats nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_WIDEST_SUBJECT: Final = 160
_LABEL_WIDTH: Final = 14
_SHOWN: Final = 5  # causes and changes each; the command shows all


@dataclass(frozen=True)
class Alert:
    """What is told of an anomaly; all of it is text already, and a fact that is not known is empty."""

    anomaly_id: str
    severity: str
    what: str
    kind: str
    when: str
    actual: str
    expected: str
    impact: str
    owner: str
    environment: str
    root_cause: str
    explanation: str
    state: str
    confidence: str
    runbook: str
    causes: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """What to type for everything that is known."""
        return f"finops anomalies show {self.anomaly_id}"


@dataclass(frozen=True)
class Message:
    """One message in both forms; `severity` is urgent, high, medium or low."""

    subject: str
    text: str
    html: str
    severity: str


def message(alert: Alert, subject_prefix: str) -> Message:
    """The message that tells of one anomaly."""
    return Message(_subject(alert, subject_prefix), _text(alert), _html(alert), alert.severity)


def _subject(alert: Alert, prefix: str) -> str:
    subject = " ".join(f"{prefix} {alert.severity}: {alert.what}: {alert.impact}".split())
    return subject if len(subject) <= _WIDEST_SUBJECT else subject[: _WIDEST_SUBJECT - 1] + "…"


def _facts(alert: Alert) -> Iterator[tuple[str, str]]:
    """Label and value of what is known, in the order people ask."""
    owner = alert.owner or "nobody: this resource has no owner"
    facts = (
        ("Severity", alert.severity),
        ("Owner", f"{owner} ({alert.environment})" if alert.environment else owner),
        ("When", alert.when),
        ("Impact", alert.impact),
        ("Actual", alert.actual),
        ("Expected", alert.expected),
        ("Root cause", alert.root_cause),
        ("Usage", alert.explanation),
        ("State", alert.state),
        ("Confidence", alert.confidence),
    )
    yield from ((label, value) for label, value in facts if value)


def _lists(alert: Alert) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Title and lines of what is ranked, cut with what was left out said."""
    nothing = ("nothing that is recorded",)
    for title, lines in (("Where it comes from", alert.causes), ("What changed that day", alert.changes or nothing)):
        more = (f"… and {len(lines) - _SHOWN} more",) if len(lines) > _SHOWN else ()
        if lines:
            yield title, (*lines[:_SHOWN], *more)


def _text(alert: Alert) -> str:
    lines = [f"{alert.what}: {alert.kind}", ""]
    lines += [f"{label:<{_LABEL_WIDTH}}{value}" for label, value in _facts(alert)]
    for title, found in _lists(alert):
        lines += ["", title, *(f"  - {line}" for line in found)]
    lines += ["", f"{'Look at it':<{_LABEL_WIDTH}}{alert.command}"]
    if alert.runbook:
        lines.append(f"{'Runbook':<{_LABEL_WIDTH}}{alert.runbook}")
    lines.append(f"{'Close it':<{_LABEL_WIDTH}}finops anomalies close {alert.anomaly_id} --reason TEXT")
    return "\n".join(lines) + "\n"


def _html(alert: Alert) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("anomaly.html.j2")
    return template.render(alert=alert, facts=list(_facts(alert)), lists=list(_lists(alert)))
