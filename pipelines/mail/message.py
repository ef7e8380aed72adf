"""A letter as an e-mail (RFC 5322): plain text, HTML with its pictures inside, and headers that programs rely on."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Final

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NOWHERE: Final = "finops.invalid"


@dataclass(frozen=True)
class Content:
    """What is sent, the same for everyone; `pictures` are PNG files by content id, as the HTML names them."""

    report: str
    period: str
    subject: str
    text: str
    html: str
    pictures: Mapping[str, bytes]


@dataclass(frozen=True)
class Envelope:
    """Who sends to whom, for which organisation; without a recipient it is a draft."""

    organization_id: str
    sender: str | None
    recipient: str | None
    unsubscribe: str | None = None


def email(content: Content, envelope: Envelope, now: datetime) -> EmailMessage:
    """The message. The same report, period and recipient always have the same Message-ID."""
    message = EmailMessage(policy=SMTP)
    message["Subject"] = " ".join(_CONTROL.sub(" ", content.subject).split())
    message["From"] = _address(envelope.sender) if envelope.sender else f"finops@{_NOWHERE}"
    if envelope.recipient:
        message["To"] = _address(envelope.recipient)
    else:
        message["X-Unsent"] = "1"
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id(content.report, content.period, envelope)
    message["List-Id"] = f"FinOps {content.report} <{content.report}.{_domain(envelope.sender)}>"
    message["List-Unsubscribe"] = f"<mailto:{envelope.unsubscribe or _plain(envelope.sender)}?subject=unsubscribe>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(content.text)
    message.add_alternative(content.html, subtype="html")
    page = message.get_payload()[1]  # type: ignore[index]
    assert isinstance(page, EmailMessage)
    for name, picture in content.pictures.items():
        page.add_related(picture, "image", "png", cid=f"<{name}>", filename=f"{name}.png", disposition="inline")
    return message


def message_id(report: str, period: str, envelope: Envelope) -> str:
    """Told by who sends what of when to whom, and by nothing else: however often a run is repeated it stays."""
    told = "\n".join((envelope.organization_id, report, period, _plain(envelope.recipient).lower()))
    name = hashlib.sha256(told.encode()).hexdigest()[:32]
    return f"<{report}.{name}@{_domain(envelope.sender)}>"


def recipient_key(recipient: str) -> str:
    """A recipient as it is kept: addresses of people are not."""
    return hashlib.sha256(_plain(recipient).lower().encode()).hexdigest()[:16]


def _address(text: str) -> Address:
    name, plain = parseaddr(text)
    user, _, domain = plain.rpartition("@")
    return Address(display_name=name, username=user, domain=domain)


def _plain(text: str | None) -> str:
    return parseaddr(text)[1] if text else f"finops@{_NOWHERE}"


def _domain(text: str | None) -> str:
    return _plain(text).rpartition("@")[2].lower()
