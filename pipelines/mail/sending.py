"""An e-mail goes to a mail server, encrypted unless the server is on this machine. Nothing of a password is told."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Final

from pipelines.secrets import Secret

TIMEOUT_SECONDS: Final = 30


@dataclass(frozen=True)
class Server:
    """A mail server; `security` is tls (from the first byte), starttls or none."""

    host: str
    port: int
    security: str
    user: str | None = None
    password: Secret | None = None
    timeout_seconds: float = TIMEOUT_SECONDS


class NotTaken(Exception):
    """The server did not take a message; the words hold neither password nor address. `may_have_taken` where the
    connection broke after the whole message was given, so that nobody can know."""

    def __init__(self, words: str, *, may_have_taken: bool = False) -> None:
        super().__init__(words)
        self.may_have_taken = may_have_taken


@contextmanager
def connected(server: Server) -> Iterator[smtplib.SMTP]:
    """A connection that may send, logged in where there is a user. NotTaken when it does not come about."""
    try:
        connection = _opened(server)
    except (OSError, smtplib.SMTPException) as error:
        raise NotTaken(f"the mail server {server.host}:{server.port} {_words(error)}") from None
    try:
        yield connection
    finally:
        _closed(connection)


def send(connection: smtplib.SMTP, message: EmailMessage, recipients: Sequence[str]) -> None:
    """Give one message to the server. NotTaken when it refuses, or does not answer in time."""
    try:
        refused = connection.send_message(message, to_addrs=list(recipients))
    except smtplib.SMTPRecipientsRefused as error:
        status = next(iter(error.recipients.values()))[0]
        raise NotTaken(f"the mail server refused the recipient with {status}") from None
    except (smtplib.SMTPResponseException, smtplib.SMTPException, OSError) as error:
        unknown = not isinstance(error, smtplib.SMTPResponseException)
        raise NotTaken(f"the mail server {_words(error)}", may_have_taken=unknown) from None
    if refused:
        raise NotTaken("the mail server refused some recipients")


def _opened(server: Server) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if server.security == "tls":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, timeout=server.timeout_seconds, context=context
        )
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=server.timeout_seconds)
    try:
        if server.security == "starttls":
            connection.starttls(context=context)
        if server.user and server.password:
            connection.login(server.user, server.password.reveal())
    except BaseException:
        _closed(connection)
        raise
    return connection


def _closed(connection: smtplib.SMTP) -> None:
    try:
        connection.quit()
    except (OSError, smtplib.SMTPException):
        connection.close()


def _words(error: Exception) -> str:
    """What went wrong, by its kind alone: what a server said may repeat what it was given."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"refused user and password with {error.smtp_code}; look at mail.user and FINOPS_SMTP_PASSWORD"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"answered {error.smtp_code}"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "offers no encryption or no log-in this way; look at mail.security"
    if isinstance(error, ssl.SSLError):
        return "offers no encryption that is trusted; look at mail.security and mail.port"
    if isinstance(error, TimeoutError) or "timed out" in str(error):  # smtplib tells of it as a broken connection
        return "did not answer in time"
    return "closed the connection or is not there; look at mail.host and mail.port"
