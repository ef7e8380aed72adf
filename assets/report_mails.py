"""Reviews by e-mail: written as a file beside the report, and sent once to each recipient. No Dagster here.

Who was sent a period's review is written down at once, recipient by recipient, and the Message-ID follows from report,
period and recipient alone. A run that is repeated skips who is known; one that was killed between the server's answer
and the note sends the very same Message-ID again, which mail programs show once.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.anomaly_feedback import append_rows, rows_of
from assets.made_tables import stale_months_of
from assets.report_mails_tables import MAILS
from pipelines.errors import ConfigurationError, QualityGateError, UsageError
from pipelines.lake.build import build, stale_months
from pipelines.lake.engine import Catalog
from pipelines.mail.message import Content, Envelope, email, recipient_key
from pipelines.mail.sending import NotTaken, Server, connected, send
from pipelines.settings import Settings
from pipelines.settings_mail import SMTP_LOGIN

if TYPE_CHECKING:
    from assets.made_assets import Making
    from pipelines.reporting.letter import Letter


@dataclass(frozen=True)
class Sent:
    """What became of a review's e-mails: taken now, known to have been taken before, and a line for each failure."""

    taken: int
    known: int
    failures: tuple[str, ...]


def monthly_mail(inputs: Sequence[Any], settings: Settings, locale: str) -> Content:
    """The e-mail of a month."""
    from pipelines.reporting.letter_monthly import monthly_letter

    return content_of_letter(monthly_letter(inputs, locale), settings)


def weekly_mail(inputs: Sequence[Any], settings: Settings, locale: str) -> Content:
    """The e-mail of a week."""
    from pipelines.reporting.letter_weekly import weekly_letter

    return content_of_letter(weekly_letter(inputs, locale), settings)


def content_of_letter(letter: Letter, settings: Settings) -> Content:
    """The letter as it goes out, with its pictures where a browser draws them."""
    from pipelines.reporting.letter_page import letter_html, letter_text
    from pipelines.reporting.letter_pictures import pictures

    found = pictures(letter.pictures) if settings.mail.pictures else {}
    url = settings.mail.address_of(letter.file_name)
    return Content(
        report=f"{letter.report}-delayed" if letter.is_delayed else letter.report,
        period=letter.period,
        subject=letter.subject,
        text=letter_text(letter, url),
        html=letter_html(letter, {name: f"cid:{name}" for name in found}, url),
        pictures=found,
    )


def write_draft(content: Content, settings: Settings, file: Path, organization_id: str, now: datetime) -> Path:
    """The e-mail as a file that mail programs open; a folder nobody may write to is a UsageError."""
    message = email(content, _envelope(settings, organization_id, None), now)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(message.as_bytes())
    except OSError as error:
        raise UsageError(f"{file} cannot be written ({error.strerror}); name another folder with --out") from None
    return file


def send_review(
    catalog: Catalog,
    settings: Settings,
    content: Content,
    recipients: Sequence[str],
    organization_id: str,
    now: Callable[[], datetime],
) -> Sent:
    """Send to who was not sent it yet, one message each. What a server does not take is tried again by the next call.

    ConfigurationError where no server or recipient is set.
    """
    server = _server(settings, recipients)
    with _alone(settings.state):
        known = {row["message_id"] for row in rows_of(catalog, MAILS.name)}
        due = {
            each: message
            for each in dict.fromkeys(recipients)
            if (message := email(content, _envelope(settings, organization_id, each), now()))["Message-ID"] not in known
        }
        taken, failures = 0, []
        if due:
            try:
                with connected(server) as connection:
                    for recipient, message in due.items():
                        try:
                            send(connection, message, [_plain(message)])
                        except NotTaken as problem:
                            failures.append(_failure(recipient, problem))
                            continue
                        append_rows(catalog, MAILS, [_row(content, message, recipient, now())], f"{now():%Y-%m}")
                        taken += 1
            except NotTaken as problem:
                failures.append(f"{problem}; {len(due) - taken} e-mails wait for the next run")
        return Sent(taken, len({*recipients}) - len(due), tuple(failures))


def refuse_unfinished(catalog: Catalog, months: Sequence[str]) -> None:
    """QualityGateError where a table of these months is not what its inputs would make it now: the run that reads them
    was cut short, or has not been.

    What came out as it was tells its new inputs with its next change only, so what looks older is made once more.
    """
    from assets.made_assets import MAKINGS  # Dagster is not loaded to write a file

    makings = [each for each in MAKINGS if each.asks_for_months]
    stale = {*stale_months(catalog, months)}
    stale.update(*(stale_months_of(catalog, each.made, months) for each in makings))
    if stale and _come_out_otherwise(catalog, sorted(stale), makings):
        raise QualityGateError(
            f"tables of {', '.join(sorted(stale))} are older than what they are made from, as after a run that was cut "
            "short; run `finops run` to its end, then send"
        )


def _come_out_otherwise(catalog: Catalog, months: Sequence[str], makings: Sequence[Making]) -> bool:
    """Whether a table of these months, made now, is another one than before; the first such is left as it should be."""
    models = (model for model in catalog.models if model.is_stored and model.partition_by)
    return any(build(catalog, model, months).written for model in models) or any(
        making.build(catalog, months).written for making in makings
    )


def _server(settings: Settings, recipients: Sequence[str]) -> Server:
    mail = settings.mail
    if mail.server_host is None:
        raise ConfigurationError("mail.host is not set, so nothing can be sent; set it and mail.sender in finops.toml")
    if not recipients:
        raise ConfigurationError("nobody is set to get this review; set mail.monthly_to or mail.weekly_to")
    password = settings.smtp_password()
    if mail.user and password is None:
        raise ConfigurationError(f"mail.user is set and {SMTP_LOGIN} is not; export it")
    return Server(mail.server_host, mail.server_port, mail.security, mail.user, password, mail.timeout_seconds)


def _envelope(settings: Settings, organization_id: str, recipient: str | None) -> Envelope:
    return Envelope(organization_id, settings.mail.sender, recipient, settings.mail.unsubscribe)


def _plain(message: EmailMessage) -> str:
    return str(message["To"].addresses[0].addr_spec)


def _row(content: Content, message: EmailMessage, recipient: str, at: datetime) -> Mapping[str, Any]:
    return {
        "message_id": str(message["Message-ID"]),
        "report": content.report,
        "period": content.period,
        "recipient": recipient_key(recipient),
        "is_delayed": content.report.endswith("-delayed"),
        "subject": content.subject,
        "sent_at": at,
        "mail_month": f"{at:%Y-%m}",
    }


def _failure(recipient: str, problem: NotTaken) -> str:
    maybe = "; it may have been taken, and is sent again under the same Message-ID" if problem.may_have_taken else ""
    return f"the e-mail to {json.dumps(recipient)}: {problem}{maybe}"


@contextmanager
def _alone(state: Path) -> Iterator[None]:
    """Two runs at once on a machine send one after the other, so that the second knows what the first sent."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "mails.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
