"""A message goes to one destination through Apprise: e-mail, webhook, chat. Nothing of a URL is ever told."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from pipelines.alerts.message import Message
from pipelines.secrets import Secret

_APPRISE: Final = "apprise"
_HTTP_STATUS: Final = re.compile(r"\berror=([1-5]\d\d)\b")
_SMTP_STATUS: Final = re.compile(r"\(([45]\d\d), b['\"]")
_CAUSES: Final = (
    (r"AUTH extension not supported", "its mail server takes no user and password on this connection"),
    (r"STARTTLS extension not supported", "its mail server offers no STARTTLS"),
    (r"\bSSL|CERTIFICATE", "no encrypted connection came about"),
    (r"timed out|timeout", "it did not answer in time"),
    (r"Errno|refused|not known|unreachable|Connection error", "nobody answered"),
)
_TYPES: Final = {"urgent": "failure", "high": "warning", "medium": "warning", "low": "info"}
"""How Apprise calls a severity: some services show it as a colour."""


@dataclass(frozen=True)
class Delivery:
    """What became of a message: whether it was taken, and what went wrong, in words that hold nothing of the URL.

    Taken and wrong both: some of its recipients have it.
    """

    is_taken: bool
    problem: str | None = None


def deliver(message: Message, url: Secret) -> Delivery:
    """Send one message. A service that shows HTML gets HTML (an e-mail has both forms), every other one the text."""
    import apprise

    with _listening() as heard:
        service = apprise.Apprise.instantiate(url.reveal())
        if service is None:
            return Delivery(False, "its URL is not understood; correct it, each service has its own form")
        sender = apprise.Apprise()
        sender.add(service)
        shows_html = service.resolve_format() == apprise.NotifyFormat.HTML
        is_taken = sender.notify(
            body=message.html if shows_html else message.text,
            title=message.subject,
            body_format=apprise.NotifyFormat.HTML if shows_html else apprise.NotifyFormat.TEXT,
            notify_type=_TYPES[message.severity],
        )
    if is_taken:
        return Delivery(True)
    reason = _reason(heard)
    if any(line.startswith("Sent ") for line in heard):
        return Delivery(True, f"{reason}, for some of its recipients")
    return Delivery(False, reason)


class _Ear(logging.Handler):
    """Keeps what Apprise logs in memory; it names hosts, users and whole URLs."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record.getMessage())


@contextmanager
def _listening() -> Iterator[list[str]]:
    """What Apprise says comes here and nowhere else."""
    logger, ear = logging.getLogger(_APPRISE), _Ear()
    before = logger.handlers[:], logger.level, logger.propagate
    logger.handlers[:], logger.propagate = [ear], False
    logger.setLevel(logging.DEBUG)
    try:
        yield ear.heard
    finally:
        logger.handlers[:], logger.propagate = before[0], before[2]
        logger.setLevel(before[1])


def _reason(heard: list[str]) -> str:
    """Only what is known to hold no secret is taken from what Apprise said: a status, and whether anybody answered."""
    said = "\n".join(heard)
    if status := _HTTP_STATUS.search(said):
        return f"it answered HTTP {status[1]}"
    if status := _SMTP_STATUS.search(said):
        return f"its mail server answered {status[1]}"
    return next((words for pattern, words in _CAUSES if re.search(pattern, said)), "it was not taken")
